# Written by go run ./cmd/internal/clidoc. To load it: source carnet.bash
_carnet() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command= word words=
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$command/$word" in
      /sbom|/attest|attest/provenance|attest/sbom|/sign|/push|/key|key/generate|key/import|key/public|/seal|/verify|/tree|/inspect|/quickstart|/version) command=${command:+$command/}$word ;;
    esac
  done
  case "$command:$previous" in
    sbom:--output|sbom:-o) mapfile -t COMPREPLY < <(compgen -W "spdx-json spdx-tag-value cyclonedx-json cyclonedx-xml syft-json" -- "$current"); return ;;
    sbom:--platform) return ;;
    sbom:--registry-username) return ;;
    sbom:--registry-cacert) return ;;
    sbom:--timeout|sbom:-t) return ;;
    attest:--type) mapfile -t COMPREPLY < <(compgen -W "slsaprovenance1 slsaprovenance02 slsaprovenance spdxjson spdx cyclonedx vuln openvex link custom" -- "$current"); return ;;
    attest:--predicate) return ;;
    attest:--key|attest:-k) return ;;
    attest:--password-file) return ;;
    attest:--platform) return ;;
    attest:--statement) return ;;
    attest:--bundle) return ;;
    attest:--output|attest:-o) mapfile -t COMPREPLY < <(compgen -W "text json" -- "$current"); return ;;
    attest:--registry-username) return ;;
    attest:--registry-cacert) return ;;
    attest:--timeout|attest:-t) return ;;
    attest:--max-referrers) return ;;
    attest:--max-bundle-size) return ;;
    attest/provenance:--builder-id) return ;;
    attest/provenance:--build-type) return ;;
    attest/provenance:--source) return ;;
    attest/provenance:--parameter) return ;;
    attest/provenance:--material) return ;;
    attest/provenance:--invocation-id) return ;;
    attest/provenance:--started-on) return ;;
    attest/provenance:--finished-on) return ;;
    attest/provenance:--key|attest/provenance:-k) return ;;
    attest/provenance:--password-file) return ;;
    attest/provenance:--platform) return ;;
    attest/provenance:--statement) return ;;
    attest/provenance:--bundle) return ;;
    attest/provenance:--output|attest/provenance:-o) mapfile -t COMPREPLY < <(compgen -W "text json" -- "$current"); return ;;
    attest/provenance:--registry-username) return ;;
    attest/provenance:--registry-cacert) return ;;
    attest/provenance:--timeout|attest/provenance:-t) return ;;
    attest/provenance:--max-referrers) return ;;
    attest/provenance:--max-bundle-size) return ;;
    attest/sbom:--format) mapfile -t COMPREPLY < <(compgen -W "spdx-json cyclonedx-json" -- "$current"); return ;;
    attest/sbom:--key|attest/sbom:-k) return ;;
    attest/sbom:--password-file) return ;;
    attest/sbom:--platform) return ;;
    attest/sbom:--statement) return ;;
    attest/sbom:--bundle) return ;;
    attest/sbom:--output|attest/sbom:-o) mapfile -t COMPREPLY < <(compgen -W "text json" -- "$current"); return ;;
    attest/sbom:--registry-username) return ;;
    attest/sbom:--registry-cacert) return ;;
    attest/sbom:--timeout|attest/sbom:-t) return ;;
    attest/sbom:--max-referrers) return ;;
    attest/sbom:--max-bundle-size) return ;;
    sign:--key|sign:-k) return ;;
    sign:--password-file) return ;;
    sign:--bundle) return ;;
    sign:--checksums) return ;;
    sign:--statement) return ;;
    sign:--output|sign:-o) mapfile -t COMPREPLY < <(compgen -W "text json" -- "$current"); return ;;
    sign:--registry-username) return ;;
    sign:--registry-cacert) return ;;
    sign:--timeout|sign:-t) return ;;
    sign:--max-referrers) return ;;
    sign:--max-bundle-size) return ;;
    push:--output|push:-o) mapfile -t COMPREPLY < <(compgen -W "text json" -- "$current"); return ;;
    push:--registry-username) return ;;
    push:--registry-cacert) return ;;
    push:--timeout|push:-t) return ;;
    push:--max-referrers) return ;;
    push:--max-bundle-size) return ;;
    key/generate:--algorithm|key/generate:-a) mapfile -t COMPREPLY < <(compgen -W "ecdsa-p256 ecdsa-p384 ecdsa-p521 ed25519 rsa-3072 rsa-4096" -- "$current"); return ;;
    key/generate:--output-key-prefix|key/generate:-o) return ;;
    key/generate:--password-file) return ;;
    key/import:--output-key-prefix|key/import:-o) return ;;
    key/import:--password-file) return ;;
    key/public:--key|key/public:-k) return ;;
    key/public:--password-file) return ;;
    key/public:--output|key/public:-o) return ;;
    seal:--key|seal:-k) return ;;
    seal:--password-file) return ;;
    seal:--format) mapfile -t COMPREPLY < <(compgen -W "spdx-json cyclonedx-json" -- "$current"); return ;;
    seal:--output|seal:-o) mapfile -t COMPREPLY < <(compgen -W "text json" -- "$current"); return ;;
    seal:--builder-id) return ;;
    seal:--build-type) return ;;
    seal:--source) return ;;
    seal:--parameter) return ;;
    seal:--material) return ;;
    seal:--invocation-id) return ;;
    seal:--started-on) return ;;
    seal:--finished-on) return ;;
    seal:--registry-username) return ;;
    seal:--registry-cacert) return ;;
    seal:--timeout|seal:-t) return ;;
    seal:--max-referrers) return ;;
    seal:--max-bundle-size) return ;;
    verify:--key|verify:-k) return ;;
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
    quickstart:--registry-username) return ;;
    quickstart:--registry-cacert) return ;;
    quickstart:--timeout|quickstart:-t) return ;;
    version:--output|version:-o) mapfile -t COMPREPLY < <(compgen -W "text json" -- "$current"); return ;;
  esac
  case "$command" in
    "") if [[ $current == -* ]]; then words="--help"; else words="sbom attest sign push key seal verify tree inspect quickstart version"; fi ;;
    sbom) if [[ $current == -* ]]; then words="--output -o --platform --registry-username --registry-cacert --allow-http-registry --timeout -t --help"; else words=""; fi ;;
    attest) if [[ $current == -* ]]; then words="--type --predicate --key -k --password-file --platform --statement --bundle --output -o --registry-username --registry-cacert --allow-http-registry --timeout -t --max-referrers --max-bundle-size --help"; else words="provenance sbom"; fi ;;
    attest/provenance) if [[ $current == -* ]]; then words="--builder-id --build-type --source --parameter --material --invocation-id --started-on --finished-on --key -k --password-file --platform --statement --bundle --output -o --registry-username --registry-cacert --allow-http-registry --timeout -t --max-referrers --max-bundle-size --help"; else words=""; fi ;;
    attest/sbom) if [[ $current == -* ]]; then words="--format --key -k --password-file --platform --statement --bundle --output -o --registry-username --registry-cacert --allow-http-registry --timeout -t --max-referrers --max-bundle-size --help"; else words=""; fi ;;
    sign) if [[ $current == -* ]]; then words="--key -k --password-file --recursive -r --bundle --checksums --statement --output -o --registry-username --registry-cacert --allow-http-registry --timeout -t --max-referrers --max-bundle-size --help"; else words=""; fi ;;
    push) if [[ $current == -* ]]; then words="--output -o --registry-username --registry-cacert --allow-http-registry --timeout -t --max-referrers --max-bundle-size --help"; else words=""; fi ;;
    key) if [[ $current == -* ]]; then words="--help"; else words="generate import public"; fi ;;
    key/generate) if [[ $current == -* ]]; then words="--algorithm -a --output-key-prefix -o --force --password-file --help"; else words=""; fi ;;
    key/import) if [[ $current == -* ]]; then words="--output-key-prefix -o --force --password-file --help"; else words=""; fi ;;
    key/public) if [[ $current == -* ]]; then words="--key -k --password-file --output -o --help"; else words=""; fi ;;
    seal) if [[ $current == -* ]]; then words="--key -k --password-file --format --output -o --builder-id --build-type --source --parameter --material --invocation-id --started-on --finished-on --registry-username --registry-cacert --allow-http-registry --timeout -t --max-referrers --max-bundle-size --help"; else words=""; fi ;;
    verify) if [[ $current == -* ]]; then words="--key -k --require --platform --bundle --offline --output -o --registry-username --registry-cacert --allow-http-registry --timeout -t --max-referrers --max-bundle-size --help"; else words=""; fi ;;
    tree) if [[ $current == -* ]]; then words="--offline --output -o --registry-username --registry-cacert --allow-http-registry --timeout -t --max-referrers --max-bundle-size --help"; else words=""; fi ;;
    inspect) if [[ $current == -* ]]; then words="--offline --predicate --output -o --registry-username --registry-cacert --allow-http-registry --timeout -t --max-referrers --max-bundle-size --help"; else words=""; fi ;;
    quickstart) if [[ $current == -* ]]; then words="--serve --registry-username --registry-cacert --allow-http-registry --timeout -t --help"; else words=""; fi ;;
    version) if [[ $current == -* ]]; then words="--output -o --help"; else words=""; fi ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -o default -F _carnet carnet
