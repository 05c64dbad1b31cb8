// Package document reads and writes policy documents in YAML:
//
//	apiVersion: carnet/v1
//	kind: Policy
//	metadata: {name: starter, version: 1, owner: platform-team}
//	identities:
//	  release-ci:
//	    github: {repository: acme/shop, workflow: release.yml, refs: ["refs/tags/v*"]}
//	scopes:
//	  - name: shop
//	    images: [ghcr.io/acme/shop/**]
//	    require:
//	      signatures: {from: [release-ci]}
//
// A document is refused as a whole, with the line and the column, if any of it could be
// meant in two ways or means nothing: a policy that is half understood allows what nobody
// wanted. Each field is described once, in a table from which the reader, the writer and
// the JSON Schema are made, so that the three agree.
//
// The package touches no files: keys and roots that a document names are the caller's to
// read before it is bound.
package document
