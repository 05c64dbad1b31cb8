#compdef carnet-verify
# Written by go run ./cmd/internal/clidoc. To load it: source carnet-verify.zsh after compinit, or put it in $fpath as _carnet-verify
_carnet_verify() {
  local command= word
  local -a flags commands
  for word in "${(@)words[2,CURRENT-1]}"; do
    case "$command/$word" in
      (/verify|/tree|/inspect|/version) command=${command:+$command/}$word ;;
    esac
  done
  case "$command:$words[CURRENT-1]" in
    (verify:--key|verify:-k) _files; return ;;
    (verify:--require) compadd -- signature provenance sbom; return ;;
    (verify:--platform) _files; return ;;
    (verify:--bundle) _files; return ;;
    (verify:--output|verify:-o) compadd -- text json; return ;;
    (verify:--registry-username) _files; return ;;
    (verify:--registry-cacert) _files; return ;;
    (verify:--timeout|verify:-t) _files; return ;;
    (verify:--max-referrers) _files; return ;;
    (verify:--max-bundle-size) _files; return ;;
    (tree:--output|tree:-o) compadd -- text json; return ;;
    (tree:--registry-username) _files; return ;;
    (tree:--registry-cacert) _files; return ;;
    (tree:--timeout|tree:-t) _files; return ;;
    (tree:--max-referrers) _files; return ;;
    (tree:--max-bundle-size) _files; return ;;
    (inspect:--output|inspect:-o) compadd -- text json; return ;;
    (inspect:--registry-username) _files; return ;;
    (inspect:--registry-cacert) _files; return ;;
    (inspect:--timeout|inspect:-t) _files; return ;;
    (inspect:--max-referrers) _files; return ;;
    (inspect:--max-bundle-size) _files; return ;;
    (version:--output|version:-o) compadd -- text json; return ;;
  esac
  case "$command" in
    ("") flags=('--help:explain the command') commands=('verify:check the whole chain of an artifact and say whether it may enter' 'tree:show all evidence of an artifact and where it lies, unverified' 'inspect:show what a bundle says, unverified' 'version:print the version') ;;
    ("verify") flags=('--key:trust what the public key in KEY signed' '-k:trust what the public key in KEY signed' '--require:require KINDs of evidence, separated by commas' '--platform:judge only OS/ARCH[/VARIANT] of an index' '--bundle:the bundle FILE that proves a file or a digest' '--offline:open no socket' '--output:print FORMAT' '-o:print FORMAT' '--registry-username:log in to the registry as NAME, with the password from stdin' '--registry-cacert:trust the certificate authorities in FILE (PEM) for registries, too' '--allow-http-registry:reach registries by plain http' '--timeout:give up after DURATION' '-t:give up after DURATION' '--max-referrers:list at most N pieces of evidence for one digest' '--max-bundle-size:fetch bundles of at most BYTES' '--help:explain the command') commands=() ;;
    ("tree") flags=('--offline:open no socket' '--output:print FORMAT' '-o:print FORMAT' '--registry-username:log in to the registry as NAME, with the password from stdin' '--registry-cacert:trust the certificate authorities in FILE (PEM) for registries, too' '--allow-http-registry:reach registries by plain http' '--timeout:give up after DURATION' '-t:give up after DURATION' '--max-referrers:list at most N pieces of evidence for one digest' '--max-bundle-size:fetch bundles of at most BYTES' '--help:explain the command') commands=() ;;
    ("inspect") flags=('--offline:open no socket' '--predicate:print the whole predicate, too' '--output:print FORMAT' '-o:print FORMAT' '--registry-username:log in to the registry as NAME, with the password from stdin' '--registry-cacert:trust the certificate authorities in FILE (PEM) for registries, too' '--allow-http-registry:reach registries by plain http' '--timeout:give up after DURATION' '-t:give up after DURATION' '--max-referrers:list at most N pieces of evidence for one digest' '--max-bundle-size:fetch bundles of at most BYTES' '--help:explain the command') commands=() ;;
    ("version") flags=('--output:print FORMAT' '-o:print FORMAT' '--help:explain the command') commands=() ;;
  esac
  if [[ $words[CURRENT] == -* ]]; then
    _describe -o flag flags
  elif (( $#commands )); then
    _describe command commands
  else
    _files
  fi
}
if [[ $funcstack[1] == _carnet-verify ]]; then
  _carnet_verify "$@"
else
  compdef _carnet_verify carnet-verify
fi
