#compdef carnet-verify
# Written by go run ./cmd/internal/clidoc. To load it: source carnet-verify.zsh after compinit, or put it in $fpath as _carnet-verify
_carnet_verify() {
  local command= word
  local -a flags commands
  for word in "${(@)words[2,CURRENT-1]}"; do
    case "$command/$word" in
      (/verify|/tree|/inspect|/trust|trust/show|trust/update|trust/init|trust/import|trust/remove|trust/create|/version) command=${command:+$command/}$word ;;
    esac
  done
  case "$command:$words[CURRENT-1]" in
    (verify:--key|verify:-k) _files; return ;;
    (verify:--trust) _files; return ;;
    (verify:--certificate-identity) _files; return ;;
    (verify:--certificate-oidc-issuer) _files; return ;;
    (verify:--certificate-identity-regexp) _files; return ;;
    (verify:--certificate-oidc-issuer-regexp) _files; return ;;
    (verify:--github) _files; return ;;
    (verify:--gitlab) _files; return ;;
    (verify:--workflow) _files; return ;;
    (verify:--ref) _files; return ;;
    (verify:--trigger) _files; return ;;
    (verify:--runner) _files; return ;;
    (verify:--environment) _files; return ;;
    (verify:--threshold) _files; return ;;
    (verify:--trusted-root) _files; return ;;
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
    (trust/show:--output|trust/show:-o) compadd -- text json; return ;;
    (trust/update:--timeout) _files; return ;;
    (trust/init:--mirror) _files; return ;;
    (trust/init:--root) _files; return ;;
    (trust/init:--root-checksum) _files; return ;;
    (trust/init:--name) _files; return ;;
    (trust/init:--timeout) _files; return ;;
    (trust/import:--name) _files; return ;;
    (trust/import:--signing-config) _files; return ;;
    (trust/create:--fulcio) _files; return ;;
    (trust/create:--ctfe) _files; return ;;
    (trust/create:--rekor) _files; return ;;
    (trust/create:--tsa) _files; return ;;
    (trust/create:--oidc-provider) _files; return ;;
    (trust/create:--output-dir|trust/create:-d) _files; return ;;
    (version:--output|version:-o) compadd -- text json; return ;;
  esac
  case "$command" in
    ("") flags=('--help:explain the command') commands=('verify:check the whole chain of an artifact and say whether it may enter' 'tree:show all evidence of an artifact and where it lies, unverified' 'inspect:show what a bundle says, unverified' 'trust:say which Sigstore instances are trusted' 'version:print the version') ;;
    ("verify") flags=('--key:trust what the public key in KEY signed' '-k:trust what the public key in KEY signed' '--trust:trust the keys in the trust file FILE, each while it is valid and not revoked' '--certificate-identity:trust certificates for WHO' '--certificate-oidc-issuer:the issuer URL that must vouch for them, with the same wildcards, or none for certificates that name no issuer' '--certificate-identity-regexp:the same by a regular expression RE, which must match the whole identity' '--certificate-oidc-issuer-regexp:the same by a regular expression RE, which must match the whole issuer' '--unsafe-unanchored:let the regular expressions match any part' '--github:trust the workflows of OWNER/REPO on github.com, or of https\://HOST/OWNER/REPO, started by push, release, workflow_dispatch or create' '--gitlab:trust the pipelines of GROUP/PROJECT on gitlab.com, or of https\://HOST/GROUP/PROJECT, started by push, web or api' '--workflow:only of this workflow FILE, or of OWNER/REPO/.github/workflows/FILE or GROUP/PROJECT//FILE elsewhere' '--ref:only of this REF' '--trigger:only if started by EVENT, such as schedule, instead of the usual ones' '--runner:only on runners of KIND' '--environment:only in the deployment environment NAME' '--threshold:want signatures by N distinct signers' '--trusted-root:trust the Sigstore instance of FILE, a trusted_root.json, and no other' '--require-log:want every signature in a transparency log' '--require-timestamp:want every signature stamped by a timestamp authority' '--insecure-ignore-tlog:trust certificates'\'' signatures that are in no transparency log' '--insecure-ignore-sct:trust certificates that are in no certificate transparency log' '--require:require KINDs of evidence, separated by commas' '--platform:judge only OS/ARCH[/VARIANT] of an index' '--bundle:the bundle FILE that proves a file or a digest' '--offline:open no socket' '--output:print FORMAT' '-o:print FORMAT' '--registry-username:log in to the registry as NAME, with the password from stdin' '--registry-cacert:trust the certificate authorities in FILE (PEM) for registries, too' '--allow-http-registry:reach registries by plain http' '--timeout:give up after DURATION' '-t:give up after DURATION' '--max-referrers:list at most N pieces of evidence for one digest' '--max-bundle-size:fetch bundles of at most BYTES' '--help:explain the command') commands=() ;;
    ("tree") flags=('--offline:open no socket' '--output:print FORMAT' '-o:print FORMAT' '--registry-username:log in to the registry as NAME, with the password from stdin' '--registry-cacert:trust the certificate authorities in FILE (PEM) for registries, too' '--allow-http-registry:reach registries by plain http' '--timeout:give up after DURATION' '-t:give up after DURATION' '--max-referrers:list at most N pieces of evidence for one digest' '--max-bundle-size:fetch bundles of at most BYTES' '--help:explain the command') commands=() ;;
    ("inspect") flags=('--offline:open no socket' '--predicate:print the whole predicate, too' '--output:print FORMAT' '-o:print FORMAT' '--registry-username:log in to the registry as NAME, with the password from stdin' '--registry-cacert:trust the certificate authorities in FILE (PEM) for registries, too' '--allow-http-registry:reach registries by plain http' '--timeout:give up after DURATION' '-t:give up after DURATION' '--max-referrers:list at most N pieces of evidence for one digest' '--max-bundle-size:fetch bundles of at most BYTES' '--help:explain the command') commands=() ;;
    ("trust") flags=('--help:explain the command') commands=('show:show what is trusted' 'update:fetch the newest trust of instances' 'init:trust an instance by its TUF repository' 'import:trust an instance by its trusted_root.json' 'remove:trust an instance no longer' 'create:write the trusted root and signing configuration of one'\''s own Sigstore') ;;
    ("trust/show") flags=('--output:print FORMAT' '-o:print FORMAT' '--help:explain the command') commands=() ;;
    ("trust/update") flags=('--timeout:give up after TIME' '--help:explain the command') commands=() ;;
    ("trust/init") flags=('--mirror:the TUF repository at URL' '--root:begin with the root.json in FILE, or at an https URL' '--root-checksum:the SHA256 that root.json must have, in hex' '--name:call the instance NAME (default' '--force:replace an instance of that name' '--timeout:give up after TIME' '--help:explain the command') commands=() ;;
    ("trust/import") flags=('--name:call the instance NAME (default' '--signing-config:store the signing_config.json in FILE with it' '--force:replace an instance of that name' '--help:explain the command') commands=() ;;
    ("trust/remove") flags=('--ignore-missing:succeed if there is none of that name' '--help:explain the command') commands=() ;;
    ("trust/create") flags=('--fulcio:the PARTS of a certificate authority' '--ctfe:the PARTS of a certificate transparency log' '--rekor:the PARTS of a transparency log' '--tsa:the PARTS of a timestamp authority' '--oidc-provider:the PARTS of an issuer of tokens, for signers' '--output-dir:write both files into DIR' '-d:write both files into DIR' '--force:overwrite the files' '--help:explain the command') commands=() ;;
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
