# Written by go run ./cmd/internal/clidoc. To load it: source carnet-verify.fish
function __carnet_verify_at
  set -l command
  for word in (commandline -opc)[2..-1]
    switch "$command/$word"
      case /verify /tree /inspect /version
        set command (string trim --left --chars=/ "$command/$word")
    end
  end
  test "$command" = "$argv[1]"
end
complete -c carnet-verify -l help -s h -d 'explain the command'
complete -c carnet-verify -n '__carnet_verify_at ""' -f
complete -c carnet-verify -n '__carnet_verify_at ""' -a verify -d 'check the whole chain of an artifact and say whether it may enter'
complete -c carnet-verify -n '__carnet_verify_at "verify"' -l key -s k -r -d 'trust what the public key in KEY signed'
complete -c carnet-verify -n '__carnet_verify_at "verify"' -l require -x -a 'signature provenance sbom' -d 'require KINDs of evidence, separated by commas'
complete -c carnet-verify -n '__carnet_verify_at "verify"' -l platform -r -d 'judge only OS/ARCH[/VARIANT] of an index'
complete -c carnet-verify -n '__carnet_verify_at "verify"' -l bundle -r -d 'the bundle FILE that proves a file or a digest'
complete -c carnet-verify -n '__carnet_verify_at "verify"' -l offline -d 'open no socket'
complete -c carnet-verify -n '__carnet_verify_at "verify"' -l output -s o -x -a 'text json' -d 'print FORMAT'
complete -c carnet-verify -n '__carnet_verify_at "verify"' -l registry-username -r -d 'log in to the registry as NAME, with the password from stdin'
complete -c carnet-verify -n '__carnet_verify_at "verify"' -l registry-cacert -r -d 'trust the certificate authorities in FILE (PEM) for registries, too'
complete -c carnet-verify -n '__carnet_verify_at "verify"' -l allow-http-registry -d 'reach registries by plain http'
complete -c carnet-verify -n '__carnet_verify_at "verify"' -l timeout -s t -r -d 'give up after DURATION'
complete -c carnet-verify -n '__carnet_verify_at "verify"' -l max-referrers -r -d 'list at most N pieces of evidence for one digest'
complete -c carnet-verify -n '__carnet_verify_at "verify"' -l max-bundle-size -r -d 'fetch bundles of at most BYTES'
complete -c carnet-verify -n '__carnet_verify_at ""' -a tree -d 'show all evidence of an artifact and where it lies, unverified'
complete -c carnet-verify -n '__carnet_verify_at "tree"' -l offline -d 'open no socket'
complete -c carnet-verify -n '__carnet_verify_at "tree"' -l output -s o -x -a 'text json' -d 'print FORMAT'
complete -c carnet-verify -n '__carnet_verify_at "tree"' -l registry-username -r -d 'log in to the registry as NAME, with the password from stdin'
complete -c carnet-verify -n '__carnet_verify_at "tree"' -l registry-cacert -r -d 'trust the certificate authorities in FILE (PEM) for registries, too'
complete -c carnet-verify -n '__carnet_verify_at "tree"' -l allow-http-registry -d 'reach registries by plain http'
complete -c carnet-verify -n '__carnet_verify_at "tree"' -l timeout -s t -r -d 'give up after DURATION'
complete -c carnet-verify -n '__carnet_verify_at "tree"' -l max-referrers -r -d 'list at most N pieces of evidence for one digest'
complete -c carnet-verify -n '__carnet_verify_at "tree"' -l max-bundle-size -r -d 'fetch bundles of at most BYTES'
complete -c carnet-verify -n '__carnet_verify_at ""' -a inspect -d 'show what a bundle says, unverified'
complete -c carnet-verify -n '__carnet_verify_at "inspect"' -l offline -d 'open no socket'
complete -c carnet-verify -n '__carnet_verify_at "inspect"' -l predicate -d 'print the whole predicate, too'
complete -c carnet-verify -n '__carnet_verify_at "inspect"' -l output -s o -x -a 'text json' -d 'print FORMAT'
complete -c carnet-verify -n '__carnet_verify_at "inspect"' -l registry-username -r -d 'log in to the registry as NAME, with the password from stdin'
complete -c carnet-verify -n '__carnet_verify_at "inspect"' -l registry-cacert -r -d 'trust the certificate authorities in FILE (PEM) for registries, too'
complete -c carnet-verify -n '__carnet_verify_at "inspect"' -l allow-http-registry -d 'reach registries by plain http'
complete -c carnet-verify -n '__carnet_verify_at "inspect"' -l timeout -s t -r -d 'give up after DURATION'
complete -c carnet-verify -n '__carnet_verify_at "inspect"' -l max-referrers -r -d 'list at most N pieces of evidence for one digest'
complete -c carnet-verify -n '__carnet_verify_at "inspect"' -l max-bundle-size -r -d 'fetch bundles of at most BYTES'
complete -c carnet-verify -n '__carnet_verify_at ""' -a version -d 'print the version'
complete -c carnet-verify -n '__carnet_verify_at "version"' -l output -s o -x -a 'text json' -d 'print FORMAT'
