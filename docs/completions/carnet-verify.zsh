#compdef carnet-verify
# Written by go run ./cmd/internal/clidoc. To load it: source carnet-verify.zsh after compinit, or put it in $fpath as _carnet-verify
_carnet_verify() {
  local command= word
  local -a flags commands
  for word in "${(@)words[2,CURRENT-1]}"; do
    case "$command/$word" in
      (/verify|/tree|/inspect|/evidence|evidence/save|/policy|policy/explain|policy/lint|policy/schema|policy/import|policy/init|policy/test|policy/diff|/trust|trust/show|trust/update|trust/init|trust/import|trust/remove|trust/create|/version) command=${command:+$command/}$word ;;
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
    (verify:--policy) _files; return ;;
    (verify:--policy-key) _files; return ;;
    (verify:--policy-certificate-identity) _files; return ;;
    (verify:--policy-certificate-oidc-issuer) _files; return ;;
    (verify:--at) _files; return ;;
    (verify:--image-name) _files; return ;;
    (verify:--deploy) _files; return ;;
    (verify:--layout) _files; return ;;
    (verify:--layout-key) _files; return ;;
    (verify:--layout-threshold) _files; return ;;
    (verify:--links) _files; return ;;
    (verify:--layout-param) _files; return ;;
    (verify:--product-of) _files; return ;;
    (verify:--require) compadd -- signature provenance sbom; return ;;
    (verify:--platform) _files; return ;;
    (verify:--bundle) _files; return ;;
    (verify:--max-document-size) _files; return ;;
    (verify:--output|verify:-o) compadd -- spdx-json spdx-tag-value cyclonedx-json cyclonedx-xml syft-json; return ;;
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
    (evidence/save:--output|evidence/save:-o) _files; return ;;
    (evidence/save:--base-depth) _files; return ;;
    (evidence/save:--image-name) _files; return ;;
    (evidence/save:--policy) _files; return ;;
    (evidence/save:--policy-key) _files; return ;;
    (evidence/save:--policy-certificate-identity) _files; return ;;
    (evidence/save:--policy-certificate-oidc-issuer) _files; return ;;
    (evidence/save:--trusted-root) _files; return ;;
    (evidence/save:--registry-username) _files; return ;;
    (evidence/save:--registry-cacert) _files; return ;;
    (evidence/save:--timeout|evidence/save:-t) _files; return ;;
    (evidence/save:--max-referrers) _files; return ;;
    (evidence/save:--max-bundle-size) _files; return ;;
    (policy/explain:--scope) _files; return ;;
    (policy/explain:--output|policy/explain:-o) compadd -- text json; return ;;
    (policy/lint:--since) _files; return ;;
    (policy/lint:--output|policy/lint:-o) compadd -- text json; return ;;
    (policy/schema:--output-file) _files; return ;;
    (policy/import:--output-file) _files; return ;;
    (policy/import:--name) _files; return ;;
    (policy/import:--owner) _files; return ;;
    (policy/init:--from) _files; return ;;
    (policy/init:--output-file) _files; return ;;
    (policy/init:--name) _files; return ;;
    (policy/init:--owner) _files; return ;;
    (policy/init:--image-name) _files; return ;;
    (policy/init:--key|policy/init:-k) _files; return ;;
    (policy/init:--trusted-root) _files; return ;;
    (policy/init:--registry-username) _files; return ;;
    (policy/init:--registry-cacert) _files; return ;;
    (policy/init:--timeout|policy/init:-t) _files; return ;;
    (policy/init:--max-referrers) _files; return ;;
    (policy/init:--max-bundle-size) _files; return ;;
    (policy/test:--policy) _files; return ;;
    (policy/test:--output|policy/test:-o) compadd -- text json; return ;;
    (policy/diff:--images) _files; return ;;
    (policy/diff:--at) _files; return ;;
    (policy/diff:--image-name) _files; return ;;
    (policy/diff:--output|policy/diff:-o) compadd -- text json; return ;;
    (policy/diff:--trusted-root) _files; return ;;
    (policy/diff:--registry-username) _files; return ;;
    (policy/diff:--registry-cacert) _files; return ;;
    (policy/diff:--timeout|policy/diff:-t) _files; return ;;
    (policy/diff:--max-referrers) _files; return ;;
    (policy/diff:--max-bundle-size) _files; return ;;
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
    ("") flags=('--help:explain the command') commands=('verify:check the whole chain of an artifact and say whether it may enter' 'tree:show all evidence of an artifact and where it lies, unverified' 'inspect:show what a bundle says, unverified' 'evidence:keep the evidence of images' 'policy:write, publish and try policies' 'trust:say which Sigstore instances are trusted' 'version:print the version') ;;
    ("verify") flags=('--key:trust what the public key in KEY signed' '-k:trust what the public key in KEY signed' '--trust:trust the keys in the trust file FILE, each while it is valid and not revoked' '--certificate-identity:trust certificates for WHO' '--certificate-oidc-issuer:the issuer URL that must vouch for them, with the same wildcards, or none for certificates that name no issuer' '--certificate-identity-regexp:the same by a regular expression RE, which must match the whole identity' '--certificate-oidc-issuer-regexp:the same by a regular expression RE, which must match the whole issuer' '--unsafe-unanchored:let the regular expressions match any part' '--github:trust the workflows of OWNER/REPO on github.com, or of https\://HOST/OWNER/REPO, started by push, release, workflow_dispatch or create' '--gitlab:trust the pipelines of GROUP/PROJECT on gitlab.com, or of https\://HOST/GROUP/PROJECT, started by push, web or api' '--workflow:only of this workflow FILE, or of OWNER/REPO/.github/workflows/FILE or GROUP/PROJECT//FILE elsewhere' '--ref:only of this REF' '--trigger:only if started by EVENT, such as schedule, instead of the usual ones' '--runner:only on runners of KIND' '--environment:only in the deployment environment NAME' '--threshold:want signatures by N distinct signers' '--trusted-root:trust the Sigstore instance of FILE, a trusted_root.json, and no other' '--require-log:want every signature in a transparency log' '--require-timestamp:want every signature stamped by a timestamp authority' '--insecure-ignore-tlog:trust certificates'\'' signatures that are in no transparency log' '--insecure-ignore-sct:trust certificates that are in no certificate transparency log' '--policy:judge by the policy in POLICY' '--policy-key:accept policies that the public key in KEY signed, and no others' '--policy-certificate-identity:accept policies that WHO signed, as --certificate-identity has it' '--policy-certificate-oidc-issuer:the issuer URL that must vouch for them' '--unsafe-unsigned-policy:take a policy from a registry by its tag although nobody is named who signs it' '--allow-policy-rollback:accept an older version of a policy than before, and count from there' '--at:judge for TIME, such as 2027-01-01 or 2027-01-01T12\:00\:00Z, and not for now' '--fail-on-audit:end as if the policy enforced what it only audits or warns of' '--image-name:a layout or a file is called NAME in the policy'\''s scopes' '--deploy:it is to run where KEY=VALUE says, of which the policy'\''s rules may ask' '--layout:judge files by the in-toto layout in FILE, and by nothing else' '--layout-key:the layout must be signed by the public KEY, given as for --key' '--layout-threshold:N of the --layout-key are enough' '--links:the links are in DIR, in files called *.link, *.json and *.jsonl, or are in that file' '--layout-param:NAME=VALUE stands for {NAME} in the layout' '--product-of:what is judged is a product of STEP (default' '--require:require KINDs of evidence, separated by commas' '--platform:judge only OS/ARCH[/VARIANT] of an index' '--bundle:the bundle FILE that proves a file or a digest, or several as JSON lines' '--offline:open no socket' '--max-document-size:follow references to documents of at most BYTES, packed or not' '--output:print FORMAT[=FILE]' '-o:print FORMAT[=FILE]' '--registry-username:log in to the registry as NAME, with the password from stdin' '--registry-cacert:trust the certificate authorities in FILE (PEM) for registries, too' '--allow-http-registry:reach registries by plain http' '--timeout:give up after DURATION' '-t:give up after DURATION' '--max-referrers:list at most N pieces of evidence for one digest' '--max-bundle-size:fetch bundles of at most BYTES' '--help:explain the command') commands=() ;;
    ("tree") flags=('--offline:open no socket' '--output:print FORMAT' '-o:print FORMAT' '--registry-username:log in to the registry as NAME, with the password from stdin' '--registry-cacert:trust the certificate authorities in FILE (PEM) for registries, too' '--allow-http-registry:reach registries by plain http' '--timeout:give up after DURATION' '-t:give up after DURATION' '--max-referrers:list at most N pieces of evidence for one digest' '--max-bundle-size:fetch bundles of at most BYTES' '--help:explain the command') commands=() ;;
    ("inspect") flags=('--offline:open no socket' '--predicate:print the whole predicate, too' '--output:print FORMAT' '-o:print FORMAT' '--registry-username:log in to the registry as NAME, with the password from stdin' '--registry-cacert:trust the certificate authorities in FILE (PEM) for registries, too' '--allow-http-registry:reach registries by plain http' '--timeout:give up after DURATION' '-t:give up after DURATION' '--max-referrers:list at most N pieces of evidence for one digest' '--max-bundle-size:fetch bundles of at most BYTES' '--help:explain the command') commands=() ;;
    ("evidence") flags=('--help:explain the command') commands=('save:save all that a verdict about an image depends on') ;;
    ("evidence/save") flags=('--output:write the folder DIR, which must not be there yet' '-o:write the folder DIR, which must not be there yet' '--base-depth:follow base images N levels down' '--image-name:what an image in a layout is called in the registry' '--offline:open no socket' '--policy:judge by the policy in POLICY' '--policy-key:accept policies that the public key in KEY signed, and no others' '--policy-certificate-identity:accept policies that WHO signed, as --certificate-identity has it' '--policy-certificate-oidc-issuer:the issuer URL that must vouch for them' '--unsafe-unsigned-policy:take a policy from a registry by its tag although nobody is named who signs it' '--allow-policy-rollback:accept an older version of a policy than before, and count from there' '--trusted-root:trust the Sigstore instance of FILE, a trusted_root.json, and no other' '--registry-username:log in to the registry as NAME, with the password from stdin' '--registry-cacert:trust the certificate authorities in FILE (PEM) for registries, too' '--allow-http-registry:reach registries by plain http' '--timeout:give up after DURATION' '-t:give up after DURATION' '--max-referrers:list at most N pieces of evidence for one digest' '--max-bundle-size:fetch bundles of at most BYTES' '--help:explain the command') commands=() ;;
    ("policy") flags=('--help:explain the command') commands=('explain:say in sentences what a policy asks, and what it does not check' 'lint:find what is valid in a policy and probably not meant' 'schema:print the JSON Schema of policies, for editors' 'import:make a policy of another program'\''s configuration' 'init:draft a policy of what images show today' 'test:try a policy on saved cases, and look for what it does not notice' 'diff:tell what two versions of a policy differ in, and which images would be judged otherwise') ;;
    ("policy/explain") flags=('--scope:only the scope NAME' '--output:print FORMAT' '-o:print FORMAT' '--help:explain the command') commands=() ;;
    ("policy/lint") flags=('--since:since DATE, as 2026-01-31, the policy is in use' '--output:print FORMAT' '-o:print FORMAT' '--help:explain the command') commands=() ;;
    ("policy/schema") flags=('--output-file:write the schema to FILE' '--help:explain the command') commands=() ;;
    ("policy/import") flags=('--output-file:write the policy to FILE' '--name:call the policy NAME' '--owner:whose it is' '--strict:fail if the policy would ask for less than its source' '--help:explain the command') commands=() ;;
    ("policy/init") flags=('--from:an IMAGE, as an argument' '--output-file:write the policy to FILE' '--name:call the policy NAME' '--owner:whose it is' '--image-name:what an image in a layout is called in the registry' '--key:trust what the public key in KEY signed' '-k:trust what the public key in KEY signed' '--offline:open no socket' '--trusted-root:trust the Sigstore instance of FILE, a trusted_root.json, and no other' '--registry-username:log in to the registry as NAME, with the password from stdin' '--registry-cacert:trust the certificate authorities in FILE (PEM) for registries, too' '--allow-http-registry:reach registries by plain http' '--timeout:give up after DURATION' '-t:give up after DURATION' '--max-referrers:list at most N pieces of evidence for one digest' '--max-bundle-size:fetch bundles of at most BYTES' '--help:explain the command') commands=() ;;
    ("policy/test") flags=('--policy:judge by the policy FILE' '--record:write the verdicts of now as what is expected' '--fail-on-holes:exit with 1 also where a hole is found' '--no-mutations:only compare verdicts' '--output:print FORMAT' '-o:print FORMAT' '--help:explain the command') commands=() ;;
    ("policy/diff") flags=('--images:judge the images in FILE, one in each line, by both' '--at:judge as of TIME, such as 2026-03-01T12\:00\:00Z or 2026-03-01' '--offline:open no socket' '--image-name:what an image in a layout is called in the registry' '--output:print FORMAT' '-o:print FORMAT' '--trusted-root:trust the Sigstore instance of FILE, a trusted_root.json, and no other' '--registry-username:log in to the registry as NAME, with the password from stdin' '--registry-cacert:trust the certificate authorities in FILE (PEM) for registries, too' '--allow-http-registry:reach registries by plain http' '--timeout:give up after DURATION' '-t:give up after DURATION' '--max-referrers:list at most N pieces of evidence for one digest' '--max-bundle-size:fetch bundles of at most BYTES' '--help:explain the command') commands=() ;;
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
