# Written by go run ./cmd/internal/clidoc. To load it: source carnet-verify.bash
_carnet_verify() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command= word words=
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$command/$word" in
      /verify|/tree|/inspect|/trust|trust/show|trust/update|trust/init|trust/import|trust/remove|trust/create|/version) command=${command:+$command/}$word ;;
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
    verify:--require) mapfile -t COMPREPLY < <(compgen -W "signature provenance sbom" -- "$current"); return ;;
    verify:--platform) return ;;
    verify:--bundle) return ;;
    verify:--output|verify:-o) mapfile -t COMPREPLY < <(compgen -W "text json" -- "$current"); return ;;
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
    "") if [[ $current == -* ]]; then words="--help"; else words="verify tree inspect trust version"; fi ;;
    verify) if [[ $current == -* ]]; then words="--key -k --trust --certificate-identity --certificate-oidc-issuer --certificate-identity-regexp --certificate-oidc-issuer-regexp --unsafe-unanchored --github --gitlab --workflow --ref --trigger --runner --environment --threshold --trusted-root --require-log --require-timestamp --insecure-ignore-tlog --insecure-ignore-sct --require --platform --bundle --offline --output -o --registry-username --registry-cacert --allow-http-registry --timeout -t --max-referrers --max-bundle-size --help"; else words=""; fi ;;
    tree) if [[ $current == -* ]]; then words="--offline --output -o --registry-username --registry-cacert --allow-http-registry --timeout -t --max-referrers --max-bundle-size --help"; else words=""; fi ;;
    inspect) if [[ $current == -* ]]; then words="--offline --predicate --output -o --registry-username --registry-cacert --allow-http-registry --timeout -t --max-referrers --max-bundle-size --help"; else words=""; fi ;;
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
