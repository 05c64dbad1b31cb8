// Package trustfile reads trust files: which keys are trusted, when each of them is
// valid, which were revoked, and which Sigstore instances are trusted beside them.
//
//	apiVersion: carnet.dev/v1
//	kind: Trust
//	key:
//	  - name: release-2026
//	    file: release-2026.pub        # relative to this file; or pem: with the key itself
//	    validFrom: 2026-01-01T00:00:00Z
//	    validUntil: 2026-12-31T23:59:59Z
//	  - name: release-2025
//	    file: release-2025.pub
//	    revokedAt: 2025-11-03T09:00:00Z
//	    reason: the laptop was stolen
//	root:
//	  - public
//	  - file: trusted_root.json
//
// The words are those of the policy file's identities. A file is YAML, and is read
// strictly: what is unknown, there twice, or could be meant in two ways is refused with
// its line and column, for a trust file that is half understood is one that trusts
// somebody else. Files that it names are the caller's to read.
package trustfile
