# Written by go run ./cmd/internal/clidoc. To load it: source carnet-verify.bash
_carnet_verify() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command= word words=
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$command/$word" in
      /verify|/tree|/inspect|/version) command=${command:+$command/}$word ;;
    esac
  done
  case "$command:$previous" in
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
    version:--output|version:-o) mapfile -t COMPREPLY < <(compgen -W "text json" -- "$current"); return ;;
  esac
  case "$command" in
    "") if [[ $current == -* ]]; then words="--help"; else words="verify tree inspect version"; fi ;;
    verify) if [[ $current == -* ]]; then words="--key -k --require --platform --bundle --offline --output -o --registry-username --registry-cacert --allow-http-registry --timeout -t --max-referrers --max-bundle-size --help"; else words=""; fi ;;
    tree) if [[ $current == -* ]]; then words="--offline --output -o --registry-username --registry-cacert --allow-http-registry --timeout -t --max-referrers --max-bundle-size --help"; else words=""; fi ;;
    inspect) if [[ $current == -* ]]; then words="--offline --predicate --output -o --registry-username --registry-cacert --allow-http-registry --timeout -t --max-referrers --max-bundle-size --help"; else words=""; fi ;;
    version) if [[ $current == -* ]]; then words="--output -o --help"; else words=""; fi ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -o default -F _carnet_verify carnet-verify
