#compdef carnet
# Written by go run ./cmd/internal/clidoc. To load it: source carnet.zsh after compinit, or put it in $fpath as _carnet
_carnet() {
  local command= word
  local -a flags commands
  for word in "${(@)words[2,CURRENT-1]}"; do
    case "$command/$word" in
      (/sbom|/attest|attest/provenance|attest/sbom|/sign|/push|/key|key/generate|key/import|key/public|/seal|/resume|/verify|/tree|/inspect|/quickstart|/trust|trust/show|trust/update|trust/init|trust/import|trust/remove|trust/create|/version) command=${command:+$command/}$word ;;
    esac
  done
  case "$command:$words[CURRENT-1]" in
    (sbom:--output|sbom:-o) compadd -- spdx-json spdx-tag-value cyclonedx-json cyclonedx-xml syft-json; return ;;
    (sbom:--platform) _files; return ;;
    (sbom:--registry-username) _files; return ;;
    (sbom:--registry-cacert) _files; return ;;
    (sbom:--timeout|sbom:-t) _files; return ;;
    (attest:--type) compadd -- slsaprovenance1 slsaprovenance02 slsaprovenance spdxjson spdx cyclonedx vuln openvex link custom; return ;;
    (attest:--predicate) _files; return ;;
    (attest:--key|attest:-k) _files; return ;;
    (attest:--certificate) _files; return ;;
    (attest:--certificate-chain) _files; return ;;
    (attest:--log) _files; return ;;
    (attest:--timestamp) _files; return ;;
    (attest:--signing-config) _files; return ;;
    (attest:--spool) _files; return ;;
    (attest:--identity-token) _files; return ;;
    (attest:--fulcio-auth-flow) _files; return ;;
    (attest:--oidc-client-id) _files; return ;;
    (attest:--retry-for) _files; return ;;
    (attest:--password-file) _files; return ;;
    (attest:--trusted-root) _files; return ;;
    (attest:--platform) _files; return ;;
    (attest:--statement) _files; return ;;
    (attest:--bundle) _files; return ;;
    (attest:--output|attest:-o) compadd -- text json; return ;;
    (attest:--registry-username) _files; return ;;
    (attest:--registry-cacert) _files; return ;;
    (attest:--timeout|attest:-t) _files; return ;;
    (attest:--max-referrers) _files; return ;;
    (attest:--max-bundle-size) _files; return ;;
    (attest/provenance:--builder-id) _files; return ;;
    (attest/provenance:--build-type) _files; return ;;
    (attest/provenance:--source) _files; return ;;
    (attest/provenance:--parameter) _files; return ;;
    (attest/provenance:--material) _files; return ;;
    (attest/provenance:--invocation-id) _files; return ;;
    (attest/provenance:--started-on) _files; return ;;
    (attest/provenance:--finished-on) _files; return ;;
    (attest/provenance:--key|attest/provenance:-k) _files; return ;;
    (attest/provenance:--certificate) _files; return ;;
    (attest/provenance:--certificate-chain) _files; return ;;
    (attest/provenance:--log) _files; return ;;
    (attest/provenance:--timestamp) _files; return ;;
    (attest/provenance:--signing-config) _files; return ;;
    (attest/provenance:--spool) _files; return ;;
    (attest/provenance:--identity-token) _files; return ;;
    (attest/provenance:--fulcio-auth-flow) _files; return ;;
    (attest/provenance:--oidc-client-id) _files; return ;;
    (attest/provenance:--retry-for) _files; return ;;
    (attest/provenance:--password-file) _files; return ;;
    (attest/provenance:--trusted-root) _files; return ;;
    (attest/provenance:--platform) _files; return ;;
    (attest/provenance:--statement) _files; return ;;
    (attest/provenance:--bundle) _files; return ;;
    (attest/provenance:--output|attest/provenance:-o) compadd -- text json; return ;;
    (attest/provenance:--registry-username) _files; return ;;
    (attest/provenance:--registry-cacert) _files; return ;;
    (attest/provenance:--timeout|attest/provenance:-t) _files; return ;;
    (attest/provenance:--max-referrers) _files; return ;;
    (attest/provenance:--max-bundle-size) _files; return ;;
    (attest/sbom:--format) compadd -- spdx-json cyclonedx-json; return ;;
    (attest/sbom:--key|attest/sbom:-k) _files; return ;;
    (attest/sbom:--certificate) _files; return ;;
    (attest/sbom:--certificate-chain) _files; return ;;
    (attest/sbom:--log) _files; return ;;
    (attest/sbom:--timestamp) _files; return ;;
    (attest/sbom:--signing-config) _files; return ;;
    (attest/sbom:--spool) _files; return ;;
    (attest/sbom:--identity-token) _files; return ;;
    (attest/sbom:--fulcio-auth-flow) _files; return ;;
    (attest/sbom:--oidc-client-id) _files; return ;;
    (attest/sbom:--retry-for) _files; return ;;
    (attest/sbom:--password-file) _files; return ;;
    (attest/sbom:--trusted-root) _files; return ;;
    (attest/sbom:--platform) _files; return ;;
    (attest/sbom:--statement) _files; return ;;
    (attest/sbom:--bundle) _files; return ;;
    (attest/sbom:--output|attest/sbom:-o) compadd -- text json; return ;;
    (attest/sbom:--registry-username) _files; return ;;
    (attest/sbom:--registry-cacert) _files; return ;;
    (attest/sbom:--timeout|attest/sbom:-t) _files; return ;;
    (attest/sbom:--max-referrers) _files; return ;;
    (attest/sbom:--max-bundle-size) _files; return ;;
    (sign:--key|sign:-k) _files; return ;;
    (sign:--certificate) _files; return ;;
    (sign:--certificate-chain) _files; return ;;
    (sign:--log) _files; return ;;
    (sign:--timestamp) _files; return ;;
    (sign:--signing-config) _files; return ;;
    (sign:--spool) _files; return ;;
    (sign:--identity-token) _files; return ;;
    (sign:--fulcio-auth-flow) _files; return ;;
    (sign:--oidc-client-id) _files; return ;;
    (sign:--retry-for) _files; return ;;
    (sign:--password-file) _files; return ;;
    (sign:--trusted-root) _files; return ;;
    (sign:--bundle) _files; return ;;
    (sign:--checksums) _files; return ;;
    (sign:--statement) _files; return ;;
    (sign:--output|sign:-o) compadd -- text json; return ;;
    (sign:--registry-username) _files; return ;;
    (sign:--registry-cacert) _files; return ;;
    (sign:--timeout|sign:-t) _files; return ;;
    (sign:--max-referrers) _files; return ;;
    (sign:--max-bundle-size) _files; return ;;
    (push:--output|push:-o) compadd -- text json; return ;;
    (push:--registry-username) _files; return ;;
    (push:--registry-cacert) _files; return ;;
    (push:--timeout|push:-t) _files; return ;;
    (push:--max-referrers) _files; return ;;
    (push:--max-bundle-size) _files; return ;;
    (key/generate:--algorithm|key/generate:-a) compadd -- ecdsa-p256 ecdsa-p384 ecdsa-p521 ed25519 rsa-3072 rsa-4096; return ;;
    (key/generate:--output-key-prefix|key/generate:-o) _files; return ;;
    (key/generate:--password-file) _files; return ;;
    (key/import:--output-key-prefix|key/import:-o) _files; return ;;
    (key/import:--password-file) _files; return ;;
    (key/public:--key|key/public:-k) _files; return ;;
    (key/public:--password-file) _files; return ;;
    (key/public:--output|key/public:-o) _files; return ;;
    (seal:--key|seal:-k) _files; return ;;
    (seal:--certificate) _files; return ;;
    (seal:--certificate-chain) _files; return ;;
    (seal:--log) _files; return ;;
    (seal:--timestamp) _files; return ;;
    (seal:--signing-config) _files; return ;;
    (seal:--spool) _files; return ;;
    (seal:--identity-token) _files; return ;;
    (seal:--fulcio-auth-flow) _files; return ;;
    (seal:--oidc-client-id) _files; return ;;
    (seal:--retry-for) _files; return ;;
    (seal:--password-file) _files; return ;;
    (seal:--trusted-root) _files; return ;;
    (seal:--format) compadd -- spdx-json cyclonedx-json; return ;;
    (seal:--output|seal:-o) compadd -- text json; return ;;
    (seal:--builder-id) _files; return ;;
    (seal:--build-type) _files; return ;;
    (seal:--source) _files; return ;;
    (seal:--parameter) _files; return ;;
    (seal:--material) _files; return ;;
    (seal:--invocation-id) _files; return ;;
    (seal:--started-on) _files; return ;;
    (seal:--finished-on) _files; return ;;
    (seal:--registry-username) _files; return ;;
    (seal:--registry-cacert) _files; return ;;
    (seal:--timeout|seal:-t) _files; return ;;
    (seal:--max-referrers) _files; return ;;
    (seal:--max-bundle-size) _files; return ;;
    (resume:--output|resume:-o) compadd -- text json; return ;;
    (resume:--identity-token) _files; return ;;
    (resume:--fulcio-auth-flow) _files; return ;;
    (resume:--oidc-client-id) _files; return ;;
    (resume:--retry-for) _files; return ;;
    (resume:--password-file) _files; return ;;
    (resume:--registry-username) _files; return ;;
    (resume:--registry-cacert) _files; return ;;
    (resume:--timeout|resume:-t) _files; return ;;
    (resume:--max-referrers) _files; return ;;
    (resume:--max-bundle-size) _files; return ;;
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
    (quickstart:--registry-username) _files; return ;;
    (quickstart:--registry-cacert) _files; return ;;
    (quickstart:--timeout|quickstart:-t) _files; return ;;
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
    ("") flags=('--help:explain the command') commands=('sbom:list what is in an image, a directory or a file' 'attest:say something about an artifact, sign it and store it' 'sign:sign images, files and statements' 'push:store bundles beside an image' 'key:make, import and show signing keys' 'seal:make, sign and store all evidence of a release' 'resume:finish signatures that services were not there for' 'verify:check the whole chain of an artifact and say whether it may enter' 'tree:show all evidence of an artifact and where it lies, unverified' 'inspect:show what a bundle says, unverified' 'quickstart:see it all work, with no key, registry or network needed' 'trust:say which Sigstore instances are trusted' 'version:print the version') ;;
    ("sbom") flags=('--output:write FORMAT[=FILE], FILE being a directory if it ends in /' '-o:write FORMAT[=FILE], FILE being a directory if it ends in /' '--platform:of an index, scan OS/ARCH[/VARIANT], or all for every runnable platform' '--registry-username:log in to the registry as NAME, with the password from stdin' '--registry-cacert:trust the certificate authorities in FILE (PEM) for registries, too' '--allow-http-registry:reach registries by plain http' '--timeout:give up after DURATION' '-t:give up after DURATION' '--help:explain the command') commands=() ;;
    ("attest") flags=('--type:the predicate'\''s TYPE' '--predicate:the predicate in FILE, or - for stdin' '--key:sign with the private key KEY' '-k:sign with the private key KEY' '--certificate:with --key' '--certificate-chain:with --certificate' '--log:record the signature in the transparency log of LOG' '--timestamp:have the signature timestamped by TSA' '--signing-config:use the services in FILE, a signing_config.json' '--spool:where services can'\''t be reached, keep what is done in FILE for carnet resume' '--identity-token:sign as whom the OIDC token in FILE names (a token itself is taken, too, but others may read command lines)' '--fulcio-auth-flow:get the token by FLOW' '--oidc-client-id:the AUDIENCE that tokens are for' '--oidc-disable-ambient-providers:take no token from the CI system, the cloud, SPIFFE or a token file' '--allow-public:let the name of a private repository go to a public log' '--yes:do not ask before something goes to a public log' '-y:do not ask before something goes to a public log' '--retry-for:ask services that can'\''t be reached again for DURATION' '--password-file:read the key'\''s password from the first line of FILE' '--trusted-root:trust the Sigstore instance of FILE, a trusted_root.json, and no other' '--platform:speak about OS/ARCH[/VARIANT] of an index' '--statement:write only the unsigned statement, to FILE (- is stdout)' '--bundle:write the signed bundle to OUT (- is stdout) instead of storing it' '--output:print FORMAT' '-o:print FORMAT' '--registry-username:log in to the registry as NAME, with the password from stdin' '--registry-cacert:trust the certificate authorities in FILE (PEM) for registries, too' '--allow-http-registry:reach registries by plain http' '--timeout:give up after DURATION' '-t:give up after DURATION' '--max-referrers:list at most N pieces of evidence for one digest' '--max-bundle-size:fetch bundles of at most BYTES' '--help:explain the command') commands=('provenance:say where and from what an artifact was built' 'sbom:scan every platform and attest what is in it') ;;
    ("attest/provenance") flags=('--builder-id:the URI of who built it' '--build-type:the URI that says what the parameters mean' '--source:what was built, as URI@COMMIT' '--parameter:a parameter of the build, as NAME=VALUE' '--material:something that went into it, as URI@ALGORITHM\:HEX' '--invocation-id:the URI or id of the build run' '--started-on:when the build started, as RFC 3339 TIME' '--finished-on:when the build ended, as RFC 3339 TIME' '--key:sign with the private key KEY' '-k:sign with the private key KEY' '--certificate:with --key' '--certificate-chain:with --certificate' '--log:record the signature in the transparency log of LOG' '--timestamp:have the signature timestamped by TSA' '--signing-config:use the services in FILE, a signing_config.json' '--spool:where services can'\''t be reached, keep what is done in FILE for carnet resume' '--identity-token:sign as whom the OIDC token in FILE names (a token itself is taken, too, but others may read command lines)' '--fulcio-auth-flow:get the token by FLOW' '--oidc-client-id:the AUDIENCE that tokens are for' '--oidc-disable-ambient-providers:take no token from the CI system, the cloud, SPIFFE or a token file' '--allow-public:let the name of a private repository go to a public log' '--yes:do not ask before something goes to a public log' '-y:do not ask before something goes to a public log' '--retry-for:ask services that can'\''t be reached again for DURATION' '--password-file:read the key'\''s password from the first line of FILE' '--trusted-root:trust the Sigstore instance of FILE, a trusted_root.json, and no other' '--platform:speak about OS/ARCH[/VARIANT] of an index' '--statement:write only the unsigned statement, to FILE (- is stdout)' '--bundle:write the signed bundle to OUT (- is stdout) instead of storing it' '--output:print FORMAT' '-o:print FORMAT' '--registry-username:log in to the registry as NAME, with the password from stdin' '--registry-cacert:trust the certificate authorities in FILE (PEM) for registries, too' '--allow-http-registry:reach registries by plain http' '--timeout:give up after DURATION' '-t:give up after DURATION' '--max-referrers:list at most N pieces of evidence for one digest' '--max-bundle-size:fetch bundles of at most BYTES' '--help:explain the command') commands=() ;;
    ("attest/sbom") flags=('--format:the SBOM'\''s FORMAT' '--key:sign with the private key KEY' '-k:sign with the private key KEY' '--certificate:with --key' '--certificate-chain:with --certificate' '--log:record the signature in the transparency log of LOG' '--timestamp:have the signature timestamped by TSA' '--signing-config:use the services in FILE, a signing_config.json' '--spool:where services can'\''t be reached, keep what is done in FILE for carnet resume' '--identity-token:sign as whom the OIDC token in FILE names (a token itself is taken, too, but others may read command lines)' '--fulcio-auth-flow:get the token by FLOW' '--oidc-client-id:the AUDIENCE that tokens are for' '--oidc-disable-ambient-providers:take no token from the CI system, the cloud, SPIFFE or a token file' '--allow-public:let the name of a private repository go to a public log' '--yes:do not ask before something goes to a public log' '-y:do not ask before something goes to a public log' '--retry-for:ask services that can'\''t be reached again for DURATION' '--password-file:read the key'\''s password from the first line of FILE' '--trusted-root:trust the Sigstore instance of FILE, a trusted_root.json, and no other' '--platform:speak about OS/ARCH[/VARIANT] of an index' '--statement:write only the unsigned statement, to FILE (- is stdout)' '--bundle:write the signed bundle to OUT (- is stdout) instead of storing it' '--output:print FORMAT' '-o:print FORMAT' '--registry-username:log in to the registry as NAME, with the password from stdin' '--registry-cacert:trust the certificate authorities in FILE (PEM) for registries, too' '--allow-http-registry:reach registries by plain http' '--timeout:give up after DURATION' '-t:give up after DURATION' '--max-referrers:list at most N pieces of evidence for one digest' '--max-bundle-size:fetch bundles of at most BYTES' '--help:explain the command') commands=() ;;
    ("sign") flags=('--key:sign with the private key KEY' '-k:sign with the private key KEY' '--certificate:with --key' '--certificate-chain:with --certificate' '--log:record the signature in the transparency log of LOG' '--timestamp:have the signature timestamped by TSA' '--signing-config:use the services in FILE, a signing_config.json' '--spool:where services can'\''t be reached, keep what is done in FILE for carnet resume' '--identity-token:sign as whom the OIDC token in FILE names (a token itself is taken, too, but others may read command lines)' '--fulcio-auth-flow:get the token by FLOW' '--oidc-client-id:the AUDIENCE that tokens are for' '--oidc-disable-ambient-providers:take no token from the CI system, the cloud, SPIFFE or a token file' '--allow-public:let the name of a private repository go to a public log' '--yes:do not ask before something goes to a public log' '-y:do not ask before something goes to a public log' '--retry-for:ask services that can'\''t be reached again for DURATION' '--password-file:read the key'\''s password from the first line of FILE' '--trusted-root:trust the Sigstore instance of FILE, a trusted_root.json, and no other' '--recursive:sign every platform of an index, too' '-r:sign every platform of an index, too' '--bundle:write the bundle of the one file, checksum file or statement to OUT (- is stdout)' '--checksums:sign one statement over all files that SHA256SUMS lists' '--statement:sign the in-toto statement in FILE (- is stdin), its bytes exactly' '--output:print FORMAT' '-o:print FORMAT' '--registry-username:log in to the registry as NAME, with the password from stdin' '--registry-cacert:trust the certificate authorities in FILE (PEM) for registries, too' '--allow-http-registry:reach registries by plain http' '--timeout:give up after DURATION' '-t:give up after DURATION' '--max-referrers:list at most N pieces of evidence for one digest' '--max-bundle-size:fetch bundles of at most BYTES' '--help:explain the command') commands=() ;;
    ("push") flags=('--output:print FORMAT' '-o:print FORMAT' '--registry-username:log in to the registry as NAME, with the password from stdin' '--registry-cacert:trust the certificate authorities in FILE (PEM) for registries, too' '--allow-http-registry:reach registries by plain http' '--timeout:give up after DURATION' '-t:give up after DURATION' '--max-referrers:list at most N pieces of evidence for one digest' '--max-bundle-size:fetch bundles of at most BYTES' '--help:explain the command') commands=() ;;
    ("key") flags=('--help:explain the command') commands=('generate:make a new key pair' 'import:turn a private key from elsewhere into a key pair' 'public:print the public key of a private key') ;;
    ("key/generate") flags=('--algorithm:the key'\''s ALGORITHM' '-a:the key'\''s ALGORITHM' '--output-key-prefix:write PREFIX.key and PREFIX.pub' '-o:write PREFIX.key and PREFIX.pub' '--force:overwrite the files' '--password-file:read the key'\''s password from the first line of FILE' '--help:explain the command') commands=() ;;
    ("key/import") flags=('--output-key-prefix:write PREFIX.key and PREFIX.pub' '-o:write PREFIX.key and PREFIX.pub' '--force:overwrite the files' '--password-file:read the key'\''s password from the first line of FILE' '--help:explain the command') commands=() ;;
    ("key/public") flags=('--key:the private key KEY, as carnet sign takes it' '-k:the private key KEY, as carnet sign takes it' '--password-file:read the key'\''s password from the first line of FILE' '--output:write to FILE instead' '-o:write to FILE instead' '--help:explain the command') commands=() ;;
    ("seal") flags=('--key:sign with the private key KEY' '-k:sign with the private key KEY' '--certificate:with --key' '--certificate-chain:with --certificate' '--log:record the signature in the transparency log of LOG' '--timestamp:have the signature timestamped by TSA' '--signing-config:use the services in FILE, a signing_config.json' '--spool:where services can'\''t be reached, keep what is done in FILE for carnet resume' '--identity-token:sign as whom the OIDC token in FILE names (a token itself is taken, too, but others may read command lines)' '--fulcio-auth-flow:get the token by FLOW' '--oidc-client-id:the AUDIENCE that tokens are for' '--oidc-disable-ambient-providers:take no token from the CI system, the cloud, SPIFFE or a token file' '--allow-public:let the name of a private repository go to a public log' '--yes:do not ask before something goes to a public log' '-y:do not ask before something goes to a public log' '--retry-for:ask services that can'\''t be reached again for DURATION' '--password-file:read the key'\''s password from the first line of FILE' '--trusted-root:trust the Sigstore instance of FILE, a trusted_root.json, and no other' '--format:the SBOM'\''s FORMAT' '--output:print FORMAT' '-o:print FORMAT' '--builder-id:the URI of who built it' '--build-type:the URI that says what the parameters mean' '--source:what was built, as URI@COMMIT' '--parameter:a parameter of the build, as NAME=VALUE' '--material:something that went into it, as URI@ALGORITHM\:HEX' '--invocation-id:the URI or id of the build run' '--started-on:when the build started, as RFC 3339 TIME' '--finished-on:when the build ended, as RFC 3339 TIME' '--registry-username:log in to the registry as NAME, with the password from stdin' '--registry-cacert:trust the certificate authorities in FILE (PEM) for registries, too' '--allow-http-registry:reach registries by plain http' '--timeout:give up after DURATION' '-t:give up after DURATION' '--max-referrers:list at most N pieces of evidence for one digest' '--max-bundle-size:fetch bundles of at most BYTES' '--help:explain the command') commands=() ;;
    ("resume") flags=('--output:print FORMAT' '-o:print FORMAT' '--identity-token:sign as whom the OIDC token in FILE names (a token itself is taken, too, but others may read command lines)' '--fulcio-auth-flow:get the token by FLOW' '--oidc-client-id:the AUDIENCE that tokens are for' '--oidc-disable-ambient-providers:take no token from the CI system, the cloud, SPIFFE or a token file' '--allow-public:let the name of a private repository go to a public log' '--yes:do not ask before something goes to a public log' '-y:do not ask before something goes to a public log' '--retry-for:ask services that can'\''t be reached again for DURATION' '--password-file:read the key'\''s password from the first line of FILE' '--registry-username:log in to the registry as NAME, with the password from stdin' '--registry-cacert:trust the certificate authorities in FILE (PEM) for registries, too' '--allow-http-registry:reach registries by plain http' '--timeout:give up after DURATION' '-t:give up after DURATION' '--max-referrers:list at most N pieces of evidence for one digest' '--max-bundle-size:fetch bundles of at most BYTES' '--help:explain the command') commands=() ;;
    ("verify") flags=('--key:trust what the public key in KEY signed' '-k:trust what the public key in KEY signed' '--trust:trust the keys in the trust file FILE, each while it is valid and not revoked' '--certificate-identity:trust certificates for WHO' '--certificate-oidc-issuer:the issuer URL that must vouch for them, with the same wildcards, or none for certificates that name no issuer' '--certificate-identity-regexp:the same by a regular expression RE, which must match the whole identity' '--certificate-oidc-issuer-regexp:the same by a regular expression RE, which must match the whole issuer' '--unsafe-unanchored:let the regular expressions match any part' '--github:trust the workflows of OWNER/REPO on github.com, or of https\://HOST/OWNER/REPO, started by push, release, workflow_dispatch or create' '--gitlab:trust the pipelines of GROUP/PROJECT on gitlab.com, or of https\://HOST/GROUP/PROJECT, started by push, web or api' '--workflow:only of this workflow FILE, or of OWNER/REPO/.github/workflows/FILE or GROUP/PROJECT//FILE elsewhere' '--ref:only of this REF' '--trigger:only if started by EVENT, such as schedule, instead of the usual ones' '--runner:only on runners of KIND' '--environment:only in the deployment environment NAME' '--threshold:want signatures by N distinct signers' '--trusted-root:trust the Sigstore instance of FILE, a trusted_root.json, and no other' '--require-log:want every signature in a transparency log' '--require-timestamp:want every signature stamped by a timestamp authority' '--insecure-ignore-tlog:trust certificates'\'' signatures that are in no transparency log' '--insecure-ignore-sct:trust certificates that are in no certificate transparency log' '--require:require KINDs of evidence, separated by commas' '--platform:judge only OS/ARCH[/VARIANT] of an index' '--bundle:the bundle FILE that proves a file or a digest' '--offline:open no socket' '--output:print FORMAT' '-o:print FORMAT' '--registry-username:log in to the registry as NAME, with the password from stdin' '--registry-cacert:trust the certificate authorities in FILE (PEM) for registries, too' '--allow-http-registry:reach registries by plain http' '--timeout:give up after DURATION' '-t:give up after DURATION' '--max-referrers:list at most N pieces of evidence for one digest' '--max-bundle-size:fetch bundles of at most BYTES' '--help:explain the command') commands=() ;;
    ("tree") flags=('--offline:open no socket' '--output:print FORMAT' '-o:print FORMAT' '--registry-username:log in to the registry as NAME, with the password from stdin' '--registry-cacert:trust the certificate authorities in FILE (PEM) for registries, too' '--allow-http-registry:reach registries by plain http' '--timeout:give up after DURATION' '-t:give up after DURATION' '--max-referrers:list at most N pieces of evidence for one digest' '--max-bundle-size:fetch bundles of at most BYTES' '--help:explain the command') commands=() ;;
    ("inspect") flags=('--offline:open no socket' '--predicate:print the whole predicate, too' '--output:print FORMAT' '-o:print FORMAT' '--registry-username:log in to the registry as NAME, with the password from stdin' '--registry-cacert:trust the certificate authorities in FILE (PEM) for registries, too' '--allow-http-registry:reach registries by plain http' '--timeout:give up after DURATION' '-t:give up after DURATION' '--max-referrers:list at most N pieces of evidence for one digest' '--max-bundle-size:fetch bundles of at most BYTES' '--help:explain the command') commands=() ;;
    ("quickstart") flags=('--serve:keep the registry and the key until interrupted, so that the commands can be repeated' '--registry-username:log in to the registry as NAME, with the password from stdin' '--registry-cacert:trust the certificate authorities in FILE (PEM) for registries, too' '--allow-http-registry:reach registries by plain http' '--timeout:give up after DURATION' '-t:give up after DURATION' '--help:explain the command') commands=() ;;
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
if [[ $funcstack[1] == _carnet ]]; then
  _carnet "$@"
else
  compdef _carnet carnet
fi
