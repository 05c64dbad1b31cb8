# Written by go run ./cmd/internal/clidoc. To load it: source carnet-verify.bash
_carnet_verify() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command= word words=
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$command/$word" in
      /verify|/tree|/inspect|/evidence|evidence/save|/policy|policy/explain|policy/lint|policy/schema|policy/import|policy/init|policy/test|policy/diff|/trust|trust/show|trust/update|trust/init|trust/import|trust/remove|trust/create|/version) command=${command:+$command/}$word ;;
    esac
  done
  case "$command:$previous" in
    verify:--key|verify:-k) return ;;
    verify:--trust) return ;;
    verify:--certificate-identity) return ;;
    verify:--certificate-oidc-issuer) return ;;
    verify:--certificate-identity-regexp) return ;;
    verify:--certificate-oidc-issuer-regexp) return ;;
    verify:--github) return ;;
    verify:--gitlab) return ;;
    verify:--workflow) return ;;
    verify:--ref) return ;;
    verify:--trigger) return ;;
    verify:--runner) return ;;
    verify:--environment) return ;;
    verify:--threshold) return ;;
    verify:--trusted-root) return ;;
    verify:--policy) return ;;
    verify:--policy-key) return ;;
    verify:--policy-certificate-identity) return ;;
    verify:--policy-certificate-oidc-issuer) return ;;
    verify:--at) return ;;
    verify:--image-name) return ;;
    verify:--deploy) return ;;
    verify:--layout) return ;;
    verify:--layout-key) return ;;
    verify:--layout-threshold) return ;;
    verify:--links) return ;;
    verify:--layout-param) return ;;
    verify:--product-of) return ;;
    verify:--require) mapfile -t COMPREPLY < <(compgen -W "signature provenance sbom" -- "$current"); return ;;
    verify:--platform) return ;;
    verify:--bundle) return ;;
    verify:--max-document-size) return ;;
    verify:--output|verify:-o) mapfile -t COMPREPLY < <(compgen -W "spdx-json spdx-tag-value cyclonedx-json cyclonedx-xml syft-json" -- "$current"); return ;;
    verify:--registry-username) return ;;
    verify:--registry-cacert) return ;;
    verify:--timeout|verify:-t) return ;;
    verify:--max-referrers) return ;;
    verify:--max-bundle-size) return ;;
    tree:--output|tree:-o) mapfile -t COMPREPLY < <(compgen -W "text json" -- "$current"); return ;;
    tree:--registry-username) return ;;
    tree:--registry-cacert) return ;;
    tree:--timeout|tree:-t) return ;;
    tree:--max-referrers) return ;;
    tree:--max-bundle-size) return ;;
    inspect:--output|inspect:-o) mapfile -t COMPREPLY < <(compgen -W "text json" -- "$current"); return ;;
    inspect:--registry-username) return ;;
    inspect:--registry-cacert) return ;;
    inspect:--timeout|inspect:-t) return ;;
    inspect:--max-referrers) return ;;
    inspect:--max-bundle-size) return ;;
    evidence/save:--output|evidence/save:-o) return ;;
    evidence/save:--base-depth) return ;;
    evidence/save:--image-name) return ;;
    evidence/save:--policy) return ;;
    evidence/save:--policy-key) return ;;
    evidence/save:--policy-certificate-identity) return ;;
    evidence/save:--policy-certificate-oidc-issuer) return ;;
    evidence/save:--trusted-root) return ;;
    evidence/save:--registry-username) return ;;
    evidence/save:--registry-cacert) return ;;
    evidence/save:--timeout|evidence/save:-t) return ;;
    evidence/save:--max-referrers) return ;;
    evidence/save:--max-bundle-size) return ;;
    policy/explain:--scope) return ;;
    policy/explain:--output|policy/explain:-o) mapfile -t COMPREPLY < <(compgen -W "text json" -- "$current"); return ;;
    policy/lint:--since) return ;;
    policy/lint:--output|policy/lint:-o) mapfile -t COMPREPLY < <(compgen -W "text json" -- "$current"); return ;;
    policy/schema:--output-file) return ;;
    policy/import:--output-file) return ;;
    policy/import:--name) return ;;
    policy/import:--owner) return ;;
    policy/init:--from) return ;;
    policy/init:--output-file) return ;;
    policy/init:--name) return ;;
    policy/init:--owner) return ;;
    policy/init:--image-name) return ;;
    policy/init:--key|policy/init:-k) return ;;
    policy/init:--trusted-root) return ;;
    policy/init:--registry-username) return ;;
    policy/init:--registry-cacert) return ;;
    policy/init:--timeout|policy/init:-t) return ;;
    policy/init:--max-referrers) return ;;
    policy/init:--max-bundle-size) return ;;
    policy/test:--policy) return ;;
    policy/test:--output|policy/test:-o) mapfile -t COMPREPLY < <(compgen -W "text json" -- "$current"); return ;;
    policy/diff:--images) return ;;
    policy/diff:--at) return ;;
    policy/diff:--image-name) return ;;
    policy/diff:--output|policy/diff:-o) mapfile -t COMPREPLY < <(compgen -W "text json" -- "$current"); return ;;
    policy/diff:--trusted-root) return ;;
    policy/diff:--registry-username) return ;;
    policy/diff:--registry-cacert) return ;;
    policy/diff:--timeout|policy/diff:-t) return ;;
    policy/diff:--max-referrers) return ;;
    policy/diff:--max-bundle-size) return ;;
    trust/show:--output|trust/show:-o) mapfile -t COMPREPLY < <(compgen -W "text json" -- "$current"); return ;;
    trust/update:--timeout) return ;;
    trust/init:--mirror) return ;;
    trust/init:--root) return ;;
    trust/init:--root-checksum) return ;;
    trust/init:--name) return ;;
    trust/init:--timeout) return ;;
    trust/import:--name) return ;;
    trust/import:--signing-config) return ;;
    trust/create:--fulcio) return ;;
    trust/create:--ctfe) return ;;
    trust/create:--rekor) return ;;
    trust/create:--tsa) return ;;
    trust/create:--oidc-provider) return ;;
    trust/create:--output-dir|trust/create:-d) return ;;
    version:--output|version:-o) mapfile -t COMPREPLY < <(compgen -W "text json" -- "$current"); return ;;
  esac
  case "$command" in
    "") if [[ $current == -* ]]; then words="--help"; else words="verify tree inspect evidence policy trust version"; fi ;;
    verify) if [[ $current == -* ]]; then words="--key -k --trust --certificate-identity --certificate-oidc-issuer --certificate-identity-regexp --certificate-oidc-issuer-regexp --unsafe-unanchored --github --gitlab --workflow --ref --trigger --runner --environment --threshold --trusted-root --require-log --require-timestamp --insecure-ignore-tlog --insecure-ignore-sct --policy --policy-key --policy-certificate-identity --policy-certificate-oidc-issuer --unsafe-unsigned-policy --allow-policy-rollback --at --fail-on-audit --image-name --deploy --layout --layout-key --layout-threshold --links --layout-param --product-of --require --platform --bundle --offline --max-document-size --output -o --registry-username --registry-cacert --allow-http-registry --timeout -t --max-referrers --max-bundle-size --help"; else words=""; fi ;;
    tree) if [[ $current == -* ]]; then words="--offline --output -o --registry-username --registry-cacert --allow-http-registry --timeout -t --max-referrers --max-bundle-size --help"; else words=""; fi ;;
    inspect) if [[ $current == -* ]]; then words="--offline --predicate --output -o --registry-username --registry-cacert --allow-http-registry --timeout -t --max-referrers --max-bundle-size --help"; else words=""; fi ;;
    evidence) if [[ $current == -* ]]; then words="--help"; else words="save"; fi ;;
    evidence/save) if [[ $current == -* ]]; then words="--output -o --base-depth --image-name --offline --policy --policy-key --policy-certificate-identity --policy-certificate-oidc-issuer --unsafe-unsigned-policy --allow-policy-rollback --trusted-root --registry-username --registry-cacert --allow-http-registry --timeout -t --max-referrers --max-bundle-size --help"; else words=""; fi ;;
    policy) if [[ $current == -* ]]; then words="--help"; else words="explain lint schema import init test diff"; fi ;;
    policy/explain) if [[ $current == -* ]]; then words="--scope --output -o --help"; else words=""; fi ;;
    policy/lint) if [[ $current == -* ]]; then words="--since --output -o --help"; else words=""; fi ;;
    policy/schema) if [[ $current == -* ]]; then words="--output-file --help"; else words=""; fi ;;
    policy/import) if [[ $current == -* ]]; then words="--output-file --name --owner --strict --help"; else words=""; fi ;;
    policy/init) if [[ $current == -* ]]; then words="--from --output-file --name --owner --image-name --key -k --offline --trusted-root --registry-username --registry-cacert --allow-http-registry --timeout -t --max-referrers --max-bundle-size --help"; else words=""; fi ;;
    policy/test) if [[ $current == -* ]]; then words="--policy --record --fail-on-holes --no-mutations --output -o --help"; else words=""; fi ;;
    policy/diff) if [[ $current == -* ]]; then words="--images --at --offline --image-name --output -o --trusted-root --registry-username --registry-cacert --allow-http-registry --timeout -t --max-referrers --max-bundle-size --help"; else words=""; fi ;;
    trust) if [[ $current == -* ]]; then words="--help"; else words="show update init import remove create"; fi ;;
    trust/show) if [[ $current == -* ]]; then words="--output -o --help"; else words=""; fi ;;
    trust/update) if [[ $current == -* ]]; then words="--timeout --help"; else words=""; fi ;;
    trust/init) if [[ $current == -* ]]; then words="--mirror --root --root-checksum --name --force --timeout --help"; else words=""; fi ;;
    trust/import) if [[ $current == -* ]]; then words="--name --signing-config --force --help"; else words=""; fi ;;
    trust/remove) if [[ $current == -* ]]; then words="--ignore-missing --help"; else words=""; fi ;;
    trust/create) if [[ $current == -* ]]; then words="--fulcio --ctfe --rekor --tsa --oidc-provider --output-dir -d --force --help"; else words=""; fi ;;
    version) if [[ $current == -* ]]; then words="--output -o --help"; else words=""; fi ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -o default -F _carnet_verify carnet-verify
