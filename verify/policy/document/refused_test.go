package document_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/verify/policy/document"
)

// small is a document to be spoiled, line by line.
const small = `apiVersion: carnet/v1
kind: Policy
metadata: {name: small, version: 1, owner: me}
mode: warn
identities:
  ci: {github: {repository: acme/shop, workflow: release.yml, refs: [refs/heads/main]}}
  key: {key: {file: release.pub}}
  ssh: {git: {allowedSigners: allowed}}
builders:
  actions: {known: github-actions, signedBy: [ci]}
scopes:
  - name: shop
    images: [ghcr.io/acme/shop/**]
    require:
      signatures: {from: [ci]}
exceptions:
  - {id: EX-1, rule: signature.missing, images: [ghcr.io/acme/shop/api], reason: r, ticket: t, owner: o, created: 2026-11-01, expires: 2026-12-01}
`

// A refusal is what becomes of small where old is replaced by new.
type refusal struct{ old, new, want string }

func refusals() map[string]refusal {
	const (
		identity = `{repository: acme/shop, workflow: release.yml, refs: [refs/heads/main]}`
		require  = "signatures: {from: [ci]}"
		images   = "ghcr.io/acme/shop/**"
		created  = "created: 2026-11-01, expires: 2026-12-01"
		end      = "created: 2026-11-01, expires: 2026-12-01}\n"
	)
	key := func(fields string) refusal { return refusal{"{file: release.pub}", fields, ""} }
	as := func(r refusal, want string) refusal { r.want = want; return r }
	return map[string]refusal{
		// The file.
		"unknown field":        {"metadata:", "labels: {}\nmetadata:", `3:1: a policy has no field "labels": it has apiVersion, kind, metadata,`},
		"misspelt field":       {"from: [ci]", "form: [ci], from: [ci]", `15:20: signatures has no field "form": it has from,`},
		"another case":         {"metadata:", "Metadata:", `3:1: a policy has no field "Metadata": did you mean metadata? it has`},
		"another dialect":      {require, "vulnerabilities: {from: [ci], max_scan_age: 1d}", `15:37: vulnerabilities has no field "max_scan_age": did you mean maxScanAge? it has`},
		"field twice":          {"mode: warn", "mode: warn\nmode: enforce", "5:1: mode is there twice"},
		"name twice":           {"  key: {key", "  ci: {key", "7:3: ci is there twice: it is in line 6 already"},
		"second document":      {"exceptions:", "---\nexceptions:", "16:1: a second document begins: a policy is one"},
		"anchor":               {"mode: warn", "mode: &m warn", "4:7: an anchor, &m: a policy has none"},
		"merge":                {"  - name: shop", "  - <<: {}\n    name: shop", `12:5: a scope has no field "<<": it has name,`},
		"tag":                  {"mode: warn", "mode: !!str warn", "4:7: a tag, !!str: a policy has none"},
		"tab":                  {"    images:", "\timages:", "12:1: is not YAML: "},
		"other version":        {"carnet/v1", "carnet/v2", `1:13: apiVersion must be carnet/v1, and is "carnet/v2"`},
		"trust file's version": {"carnet/v1", "carnet.dev/v1", `1:13: apiVersion must be carnet/v1, and is "carnet.dev/v1"`},
		"other kind":           {"kind: Policy", "kind: Trust", `2:7: kind must be Policy, and is "Trust"`},
		"no kind":              {"kind: Policy\n", "", "1:1: a policy has no kind"},
		"no owner":             {", owner: me", "", "3:11: metadata has no owner"},
		"a list for a mapping": {require, "signatures: [ci]", "15:19: signatures must be a mapping of from, threshold, log, timestamp, enforceFrom, and is a list"},
		"text for a list":      {"from: [ci]", "from: ci", `15:26: from must be a list, and is "ci"`},
		"empty list":           {"from: [ci]", "from: []", "15:26: from is empty: leave it out, or say what is meant"},
		"nothing":              {"from: [ci]", "from: null", "15:26: from must be a list, and is nothing"},
		"text twice":           {"from: [ci]", "from: [ci, ci]", `15:31: from has "ci" twice`},
		"empty section":        {require, "image: {}", "15:14: image is empty: leave it out, or say what is meant"},
		"no scopes":            {"scopes:\n  - name: shop\n    images: [ghcr.io/acme/shop/**]\n    require:\n      signatures: {from: [ci]}\n", "", "1:1: a policy has no scopes"},
		// Values.
		"number for text":           {"owner: me", "owner: 010", `3:44: owner must be text, and is "010": put it in quotes if it is meant`},
		"truth for text":            {"owner: me", "owner: yes", `3:44: owner must be text, and is "yes": put it in quotes if it is meant`},
		"nothing for text":          {"owner: me", "owner: null", `3:44: owner must be text, and is nothing: put it in quotes if it is meant`},
		"date for text":             {"owner: me", "owner: 2026-01-01", `3:44: owner must be text, and is "2026-01-01": put it in quotes if it is meant`},
		"octal version":             {"version: 1", "version: 010", `3:34: version must be a whole number from 1 to 1000000000, and is "010"`},
		"version of nothing":        {"version: 1", "version: 0", `3:34: version must be a whole number from 1 to 1000000000, and is "0"`},
		"version of text":           {"version: 1", `version: "1"`, `3:34: version must be a whole number from 1 to 1000000000, and is "1"`},
		"date of text":              {"owner: me", "owner: me, expires: soon", `3:57: expires must be a date as in 2026-01-31, or a time with its zone`},
		"no such day":               {"owner: me", "owner: me, expires: 2026-02-30", `3:57: expires must be a date`},
		"time without zone":         {"owner: me", "owner: me, expires: 2026-02-03T00:00:00", `3:57: expires must be a date`},
		"mode":                      {"mode: warn", "mode: deny", `4:7: mode must be enforce, warn or audit, and is "deny"`},
		"duration":                  {require, "image: {maxAge: 2w}", `15:23: maxAge must be minutes, hours or days as in 90m, 36h or 14d, and is "2w"`},
		"no duration":               {require, "image: {maxAge: 0d}", `15:23: maxAge must be more than zero and at most 36500d, and is "0d"`},
		"platform":                  {require, "image: {platforms: [amd64]}", `15:27: platforms "amd64" is not os/arch or os/arch/variant, as in linux/amd64`},
		"platform word":             {require, "image: {platforms: any}", `15:26: platforms must be all, and is "any"`},
		"name of a package":         {require, `sbom: {from: [ci], packages: {deny: [log4j]}}`, `15:44: deny "log4j" is no package URL, as in pkg:maven/log4j/log4j@1.*: `},
		"package without a name":    {require, `sbom: {from: [ci], packages: {deny: ["pkg:npm/x", "pkg:maven"]}}`, `15:57: deny "pkg:maven" is no package URL`},
		"star in a qualifier":       {require, `sbom: {from: [ci], packages: {deny: ["pkg:deb/debian/curl?arch=*"]}}`, `15:44: deny "pkg:deb/debian/curl?arch=*" has a star in the qualifier arch, which is compared as it is`},
		"licences in one":           {require, `sbom: {from: [ci], licenses: {deny: [GPL-2.0-only OR MIT]}}`, `15:44: deny "GPL-2.0-only OR MIT" is an expression: deny each of its licences by itself`},
		"licence without exception": {require, `sbom: {from: [ci], licenses: {deny: [GPL-2.0-only WITH]}}`, `15:44: deny "GPL-2.0-only WITH" is no licence with an exception`},
		"exception without licence": {require, `sbom: {from: [ci], licenses: {deny: ["WITH *"]}}`, `15:44: deny "WITH *" is no licence with an exception`},
		"two exceptions":            {require, `sbom: {from: [ci], licenses: {deny: ["GPL-* WITH a WITH b"]}}`, `15:44: deny "GPL-* WITH a WITH b" is no licence with an exception`},
		"version number":            {require, "image: {minVersion: latest}", `15:27: minVersion must be a version as in 1.4.0, and in quotes where it would be a number`},
		"level":                     {require, "provenance: {builders: [actions], minLevel: 4}", `15:51: minLevel must be a whole number from 0 to 3, and is "4"`},
		"source level":              {require, "source: {from: [ci], minLevel: 5}", `15:38: minLevel must be a whole number from 0 to 4, and is "5"`},
		"severity":                  {require, "vulnerabilities: {from: [ci], maxScanAge: 1d, deny: [{severity: Critical}]}", `15:71: severity must be critical, high, medium, low or negligible, and is "Critical"`},
		"probability":               {require, "vulnerabilities: {from: [ci], maxScanAge: 1d, deny: [{epss: 95}]}", `15:67: epss must be a number from 0 to 1 as in 0.25, and is "95"`},
		"truth":                     {require, "vulnerabilities: {from: [ci], maxScanAge: 1d, deny: [{fixed: yes}]}", `15:68: fixed must be true or false, and is "yes"`},
		"when and not what":         {require, "vulnerabilities: {from: [ci], maxScanAge: 1d, deny: [{grace: 3d}]}", `15:60: an item of deny says when, and not what`},
		"no scan age":               {require, "vulnerabilities: {from: [ci]}", "15:24: vulnerabilities has no maxScanAge"},
		"log":                       {"from: [ci]", "from: [ci], log: true", `15:37: log must be text, and is "true"`},
		"log word":                  {"from: [ci]", "from: [ci], log: maybe", `15:37: log must be optional or required, and is "maybe"`},
		"format":                    {require, "sbom: {from: [ci], formats: [syft]}", `15:36: formats must be spdx or cyclonedx`},
		"agreement":                 {require, require + "\n      agree: [branch]", `16:15: agree must be repository, commit, run or builder, and is "branch"`},
		"check's predicate":         {require, "checks: [{name: a, type: predicate, from: [ci]}]", "15:16: a check must have a predicate with the type predicate, and with no other"},
		"presence of a result":      {require, "checks: [{name: a, type: predicate, predicate: 'https://in-toto.io/attestation/test-result/v0.1', from: [ci]}]", "15:16: a check is met by the presence alone of a result that may say FAILED"},
		"level of a test":           {require, "checks: [{name: a, type: test-result, from: [ci], denyLevel: note}]", "15:16: a check has a denyLevel, which only results of the type sarif have"},
		"base of anything":          {require, "base: {evidence: listed}", "15:13: base accepts any base image: it needs allow, or evidence that is more than listed"},
		"source by nobody":          {require, "source: {minLevel: 2}", "15:15: source asks for a level or properties and has no from: who verifies the source?"},
		"a rule's message":          {require, "rules: [{id: a, require: 'true'}]", "15:15: a rule has no message"},
		"a long rule":               {require, "rules: [{id: a, message: m, require: 'true" + strings.Repeat(" ", 4<<10) + "'}]", "15:44: require is over 4096 bytes"},
		"wrong CEL":                 {require, "rules: [{id: a, message: m, require: '1 +'}]", "15:44: the rule a: Syntax error: no end"},
		"instance":                  {"mode: warn", "trust: {sigstore: staging}", `4:19: sigstore must be public, and is "staging"`},
		"instance of nothing":       {"mode: warn", "trust: {sigstore: {name: a}}", "4:19: sigstore must have a trustedRoot or a tuf, and one of the two"},
		"public twice":              {"mode: warn", "trust: {sigstore: [public, public]}", "4:28: sigstore has public twice"},
		"clock":                     {"mode: warn", "trust: {clock: any}", `4:16: clock must be trusted or claimed, and is "any"`},
		// Patterns.
		"tag in a pattern":        {images, "ghcr.io/acme/shop:v1", `13:14: images "ghcr.io/acme/shop:v1" names a tag: patterns name repositories, and tags move`},
		"digest in a pattern":     {images, `"ghcr.io/acme/shop@sha256:aa"`, `13:14: images "ghcr.io/acme/shop@sha256:aa" names a digest: patterns name repositories`},
		"no registry":             {images, "acme/shop", `13:14: images "acme/shop" matches no image: names begin with the registry's host, as in docker.io/library/alpine`},
		"registry alone":          {images, "ghcr.io", `13:14: images "ghcr.io" matches no image: it names a registry alone; add /** for all that is in it`},
		"URL":                     {images, "https://ghcr.io/acme", `13:14: images "https://ghcr.io/acme" is a URL`},
		"slash at the end":        {images, "ghcr.io/acme/", `13:14: images "ghcr.io/acme/" matches no image: it has an empty segment`},
		"upper case":              {images, "ghcr.io/Acme/shop", `13:14: images "ghcr.io/Acme/shop" matches no image: names of repositories are in lower case`},
		"anchors of a regexp":     {images, `"^ghcr.io/acme/.*$"`, `13:14: images "^ghcr.io/acme/.*$" looks like a regular expression`},
		"regexp":                  {images, `'ghcr\.io/acme/**'`, `13:14: images "ghcr\\.io/acme/**" looks like a regular expression`},
		"regexp by name":          {images, `"regex:ghcr.io/.*"`, `13:14: images "regex:ghcr.io/.*" looks like a regular expression`},
		"regexp's dot and star":   {images, `"ghcr.io/acme/.*"`, `13:14: images "ghcr.io/acme/.*" looks like a regular expression`},
		"alternatives":            {images, `"ghcr.io/(acme|beta)/**"`, `13:14: images "ghcr.io/(acme|beta)/**" looks like a regular expression`},
		"brace":                   {images, `"ghcr.io/{repo"`, `13:14: images "ghcr.io/{repo" has a brace that does not name a capture, as in {repo}`},
		"capture twice":           {images, `"ghcr.io/{a}/{a}"`, `13:14: images "ghcr.io/{a}/{a}" captures {a} twice`},
		"capture's name":          {images, `"ghcr.io/{Repo}/**"`, `13:14: images "ghcr.io/{Repo}/**" has a brace that does not name a capture, as in {repo}`},
		"capture in an exception": {"images: [ghcr.io/acme/shop/api]", `images: ["ghcr.io/acme/{repo}"]`, `17:50: images "ghcr.io/acme/{repo}" has a brace: captures have no meaning here`},
		"capture in a trigger":    {"refs: [refs/heads/main]", `triggers: ["{repo}"]`, `6:74: triggers "{repo}" has a brace: captures have no meaning here`},
		"tag of a base":           {require, `base: {allow: ["alpine:3"]}`, `15:22: allow "docker.io/library/alpine:3" names a tag`},
		"control character":       {images, `"ghcr.io/a\u0007"`, `13:14: images "ghcr.io/a\a" has control characters or is not UTF-8`},
		"no whole ref":            {"refs: [refs/heads/main]", "refs: [main]", `6:70: refs "main" is not a whole ref: write refs/heads/NAME for a branch and refs/tags/NAME for a tag`},
		"no URL":                  {require, "provenance: {builders: [actions], source: {repositories: [acme/shop]}}", `15:65: repositories "acme/shop" is no URL: write it with its server, as in https://github.com/acme/{repo}`},
		// Captures.
		"capture that is not there":               {require, `provenance: {builders: [actions], source: {repositories: ["https://github.com/acme/{repo}"]}}`, `15:65: "https://github.com/acme/{repo}" uses {repo}, which the pattern "ghcr.io/acme/shop/**" of the scope shop (line 12) does not capture`},
		"capture in one pattern of two":           {"[ghcr.io/acme/shop/**]\n    require:\n      " + require, "[\"ghcr.io/acme/{repo}/**\", ghcr.io/acme/shop]\n    require:\n      provenance: {builders: [actions], source: {repositories: [\"https://github.com/acme/{repo}\"]}}", `15:65: "https://github.com/acme/{repo}" uses {repo}, which the pattern "ghcr.io/acme/shop" of the scope shop (line 12) does not capture`},
		"capture in a base":                       {require, `base: {allow: ["ghcr.io/acme/{repo}-base"]}`, `15:22: "ghcr.io/acme/{repo}-base" uses {repo}, which the pattern`},
		"capture in a ref":                        {"refs: [refs/heads/main]", `refs: ["refs/heads/{repo}"]`, `6:70: "refs/heads/{repo}" uses {repo}, which the pattern`},
		"capture in an identity":                  {"acme/shop,", `"acme/{repo}",`, `6:29: "acme/{repo}" uses {repo}, which the pattern`},
		"capture in an identity behind a builder": {"acme/shop, workflow: release.yml, refs: [refs/heads/main]}}\n  key: {key: {file: release.pub}}\n  ssh: {git: {allowedSigners: allowed}}\nbuilders:\n  actions: {known: github-actions, signedBy: [ci]}\nscopes:\n  - name: shop\n    images: [ghcr.io/acme/shop/**]\n    require:\n      " + require, "\"acme/{repo}\"}}\nbuilders:\n  actions: {known: github-actions, signedBy: [ci]}\nscopes:\n  - name: shop\n    images: [ghcr.io/acme/shop/**]\n    require:\n      provenance: {builders: [actions]}", `6:29: "acme/{repo}" uses {repo}, which the pattern`},
		"capture in a builder":                    {"{known: github-actions, signedBy: [ci]}\nscopes:\n  - name: shop\n    images: [ghcr.io/acme/shop/**]\n    require:\n      " + require, "{id: [\"https://github.com/acme/{repo}/x\"], signedBy: [ci]}\nscopes:\n  - name: shop\n    images: [ghcr.io/acme/shop/**]\n    require:\n      provenance: {builders: [actions]}", `10:18: "https://github.com/acme/{repo}/x" uses {repo}, which the pattern`},
		// Names.
		"identity":              {"from: [ci]", "from: [keys]", "15:27: there is no identity keys: did you mean key?"},
		"identity of none":      {"from: [ci]", "from: [nobody]", "15:27: there is no identity nobody: there are ci, key, ssh"},
		"builder":               {require, "provenance: {builders: [action]}", "15:31: there is no builder action: did you mean actions?"},
		"builder's signer":      {"signedBy: [ci]", "signedBy: [other]", "10:47: there is no identity other: there are ci, key, ssh"},
		"VEX by nobody":         {require, "vulnerabilities: {from: [ci], maxScanAge: 1d, vex: {from: [psirt]}}", "15:66: there is no identity psirt"},
		"baseline by nobody":    {"mode: warn", "baseline: {sbom: {from: [x]}}", "4:26: there is no identity x"},
		"approver":              {require, "approvals: [{name: a, from: [boss]}]", "15:36: there is no identity boss"},
		"summaries by nobody":   {"mode: warn", "summaries: {accept: {from: [vsa]}}", "4:29: there is no identity vsa"},
		"issuer is nobody":      {"mode: warn", "summaries: {issue: {signer: vsa}}", "4:29: there is no identity vsa"},
		"git signs no evidence": {"from: [ci]", "from: [ssh]", "15:27: the identity ssh signs commits, and can't sign evidence"},
		"CI signs no commits":   {require, "source: {commits: {signedBy: [ci]}}", "15:37: the identity ci is not of the kind git, and only these sign commits"},
		"name with a space":     {"name: shop", "name: my shop", `12:11: name is "my shop", and must be letters, digits, dots, hyphens and underscores`},
		"scope twice":           {"exceptions:", "  - {name: shop, images: [ghcr.io/acme/other], require: {signatures: {from: [ci]}}}\nexceptions:", "16:12: the scope shop is there twice: it is in line 12 already"},
		"check twice":           {require, "checks: [{name: a, type: sarif, from: [ci]}, {name: a, type: scai, from: [ci]}]", "15:59: the check a is there twice: it is in line 15 already"},
		"approval twice":        {require, "approvals: [{name: a, from: [ci]}, {name: a, from: [key]}]", "15:49: the approval a is there twice: it is in line 15 already"},
		"rule of two meanings":  {require, "rules: [{id: a, require: 'true', message: m}]\n  - name: other\n    images: [ghcr.io/x/y]\n    require:\n      rules: [{id: a, require: 'false', message: m}]", "19:32: the rule a asks for something else in line 15: an id has one meaning"},
		"check of the baseline": {"    require:\n      signatures: {from: [ci]}\n", "    require:\n      checks: [{name: a, type: scai, from: [ci]}]\nbaseline: {checks: [{name: a, type: scai, from: [ci]}]}\n", "15:23: the check a is there twice: it is in line 16 already"},
		"rule twice":            {require, "rules: [{id: a, require: 'true', message: m}, {id: a, require: 'true', message: m}]", "15:58: the rule a is there twice: it is in line 15 already"},
		"scope without require": {"    require:\n      signatures: {from: [ci]}\n", "", "12:5: the scope shop requires nothing: it would allow anything"},
		"scope of nothing":      {require, "agree: [commit]", "14:5: the scope shop requires nothing: it would allow anything"},
		"milder mode":           {"    images:", "    mode: audit\n    images:", "13:11: the scope shop has mode audit, and the policy's is warn: a scope may only be stricter"},
		// Identities and builders.
		"no kind of identity":        {"{github: " + identity + "}", "{revokedAt: 2026-01-01}", "6:7: the identity ci has no kind: it must be one of github, gitlab, oidc, key, x509, people, kubernetes, git"},
		"two kinds of identity":      {"{github: " + identity + "}", "{github: " + identity + ", key: {file: a}}", "6:7: the identity ci is both github and key: an identity is of one kind"},
		"reason alone":               {"{github: " + identity + "}", "{github: " + identity + ", reason: r}", "6:7: the identity ci has a reason, and is not revoked: revokedAt is missing"},
		"whose workflow":             {identity, "{workflow: a.yml}", "6:16: github must have a repository or an owner, and one of the two"},
		"repository and owner":       {identity, "{repository: a/b, owner: a}", "6:16: github must have a repository or an owner, and one of the two"},
		"owner of anything":          {identity, `{owner: "*"}`, `6:16: github has the owner "*", which must be one name without wildcards`},
		"repository of anybody":      {identity, `{repository: "*/shop"}`, `6:16: github is wrong: the repository "*/shop" is not OWNER/NAME; NAME may have wildcards, OWNER may not`},
		"repository as a URL":        {identity, `{repository: "https://github.com/a/b"}`, `6:16: github is wrong: the repository`},
		"refs of no builder":         {identity, `{repository: a/b, builderRefs: [refs/heads/main]}`, `6:16: github has builderRefs and no builder`},
		"builder with a ref":         {identity, `{repository: a/b, builder: a/b/.github/workflows/c.yml@main}`, `6:16: github has the builder "a/b/.github/workflows/c.yml@main", which must be OWNER/REPO/.github/workflows/FILE, with its refs in builderRefs`},
		"builder without repository": {identity, `{repository: a/b, builder: .github/workflows/c.yml}`, `6:16: github has the builder ".github/workflows/c.yml"`},
		"number as a name":           {identity, `{owner: a, ownerId: 1234567}`, `6:36: ownerId must be text, and is "1234567": put it in quotes if it is meant`},
		"letters as a number":        {identity, `{owner: a, ownerId: acme}`, `6:36: ownerId is "acme", and must be digits in quotes`},
		"runner":                     {identity, `{owner: a, runner: self-hosted}`, `6:35: runner must be github-hosted or any, and is "self-hosted"`},
		"host":                       {identity, `{owner: a, host: "https://github.com"}`, `6:33: host "https://github.com" is not a host name in lower case`},
		"no key":                     as(key("{validFrom: 2026-01-01}"), "7:14: key must have a file, a pem or a kms, and one of the three"),
		"two keys":                   as(key("{file: a, kms: 'awskms:///a'}"), "7:14: key must have a file, a pem or a kms, and one of the three"),
		"file and pem":               as(key("{file: a, pem: b}"), "7:14: key must have a file, a pem or a kms, and one of the three"),
		"never valid":                as(key("{file: a, validFrom: 2026-02-01, validUntil: 2026-01-01}"), "7:14: key is never valid: validUntil is not after validFrom"),
		"no PEM":                     as(key("{pem: abc}"), "7:14: key has a pem that is none"),
		"private key":                as(key(`{pem: "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"}`), `7:14: key has a pem that is a "PRIVATE KEY", and not a PUBLIC KEY`),
		"revocation":                 {"{key: {file: release.pub}}", "{x509: {roots: [a], subjects: [b], revocation: required}}", "7:15: x509 has revocation: required, which is not supported: no revocation list is fetched; use best-effort, and revokedAt on the identity"},
		"everybody":                  {"{key: {file: release.pub}}", `{oidc: {issuer: "**", subject: "**"}}`, "7:15: oidc is wrong: the identity and the issuer match everybody"},
		"name of a claim":            {"{key: {file: release.pub}}", `{oidc: {issuer: a, subject: b, claims: {trigger: push}}}`, `7:48: a name in claims must be buildConfigDigest,`},
		"person without address":     {"{key: {file: release.pub}}", `{people: {issuer: a, emails: [ana]}}`, `7:17: people has "ana", which is no e-mail address`},
		"account of a stranger":      {"{key: {file: release.pub}}", `{people: {issuer: a, emails: [ana@acme.example, "*@ops.example"], accounts: {bo@acme.example: [github.com/bo]}}}`, `7:17: people has accounts of bo@acme.example, which is not among its emails`},
		"account of several":         {"{key: {file: release.pub}}", `{people: {issuer: a, emails: [ana@acme.example, "*@ops.example"], accounts: {"*@ops.example": [github.com/bo]}}}`, `7:17: people has accounts of *@ops.example: an account is one address's`},
		"account of two":             {"{key: {file: release.pub}}", `{people: {issuer: a, emails: [ana@acme.example, "*@ops.example"], accounts: {ana@acme.example: [github.com/ana], bo@ops.example: [github.com/Ana]}}}`, `7:17: people has the account github.com/ana of both ana@acme.example and bo@ops.example`},
		"account on no host":         {"{key: {file: release.pub}}", `{people: {issuer: a, emails: [ana@acme.example, "*@ops.example"], accounts: {ana@acme.example: [ana]}}}`, `7:104: ana@acme.example has "ana", which is not HOST/LOGIN, as in github.com/ana`},
		"account by its URL":         {"{key: {file: release.pub}}", `{people: {issuer: a, emails: [ana@acme.example, "*@ops.example"], accounts: {ana@acme.example: ["https://github.com/ana"]}}}`, `7:104: ana@acme.example has "https://github.com/ana", which is not HOST/LOGIN`},
		"no accounts":                {"{key: {file: release.pub}}", `{people: {issuer: a, emails: [ana@acme.example, "*@ops.example"], accounts: {}}}`, `7:84: accounts is empty`},
		"git without a file":         {"{allowedSigners: allowed}", "{allowedSigners: a, keyring: b}", "8:14: git must have allowedSigners or a keyring, and one of the two"},
		"builder without signer":     {", signedBy: [ci]", "", "10:12: the builder actions has no signedBy"},
		"builder that is not known":  {"known: github-actions", "known: github-action", "10:20: no known builder is called github-action: did you mean github-actions?"},
		"builder of two ids":         {"known: github-actions", "known: github-actions, id: [a]", "10:12: the builder actions must have known or id, and one of the two"},
		"level of the builder":       {"signedBy: [ci]", "signedBy: [ci], level: 4", `10:59: level must be a whole number from 0 to 3, and is "4"`},
		"level without signature":    {"signedBy: [ci]", "signedBy: [ci], level: 2, evidence: covered-by-index-signature", "10:12: the builder actions has level 2 on the evidence of an index signature, which is at most 1: nobody signed the statement"},
		"threshold":                  {"from: [ci]", "from: [key], threshold: 2", "15:44: the threshold is 2, and key can be 1 distinct signers at most"},
		"threshold of none":          {"from: [ci]", "from: [key], threshold: 0", `15:44: threshold must be a whole number from 1 to 100, and is "0"`},
		"count":                      {require, "approvals: [{name: a, from: [key], count: 3}]", "15:49: the count is 3, and key can be 1 distinct signers at most"},
		// Exceptions.
		"exception without owner":  {"owner: o, ", "", "17:5: an exception has no owner"},
		"exception without reason": {"reason: r, ", "", "17:5: an exception has no reason"},
		"exception without ticket": {"ticket: t, ", "", "17:5: an exception has no ticket"},
		"exception without end":    {", expires: 2026-12-01", "", "17:5: an exception has no expires"},
		"long exception":           {created, "created: 2026-11-01, expires: 2027-01-31", "17:136: the exception EX-1 lasts 91 days, and may last 90 at most"},
		"backward exception":       {created, "created: 2026-11-01, expires: 2026-10-31", "17:136: the exception EX-1 expires before it was created"},
		"exception twice":          {end, end + "  - {id: EX-1, rule: signature.missing, images: [ghcr.io/a/b], reason: r, ticket: t, owner: o, " + created + "}\n", "18:10: the exception EX-1 is there twice: it is in line 17 already"},
		"exception of no rule":     {"rule: signature.missing", "rule: signature.absent", "17:22: the exception EX-1: there is no rule signature.absent"},
		"exception of a typo":      {"rule: signature.missing", "rule: signature.mising", "17:22: the exception EX-1: there is no rule signature.mising: did you mean signature.missing?"},
		"exception of a CEL rule":  {"rule: signature.missing", "rule: rule.labels", "17:22: the exception EX-1: there is no rule rule.labels"},
		"exception of a section":   {"rule: signature.missing", `rule: "signature.*"`, "17:22: the exception EX-1 is for signature.*: it must be for one rule"},
		"exception of expiry":      {"rule: signature.missing", "rule: policy.expired", "17:22: the exception EX-1 is for policy.expired, which may never be excepted"},
		"exception of tampering":   {"rule: signature.missing", "rule: signature.invalid", "17:22: the exception EX-1 is for signature.invalid, which may never be excepted"},
		"exception of the digest":  {"rule: signature.missing", "rule: image.digest", "17:22: the exception EX-1 is for image.digest, which may never be excepted"},
		"forbidden exception":      {"mode: warn", "neverExcept: [signature.missing]", "17:22: the exception EX-1 is for signature.missing, which neverExcept forbids by signature.missing"},
		"forbidden exceptions":     {"mode: warn", `never-except: ["signature.*"]`, "17:22: the exception EX-1 is for signature.missing, which neverExcept forbids by signature.*"},
		"never what is not":        {"mode: warn", "neverExcept: [signature.absent]", "4:15: neverExcept: there is no rule signature.absent"},
		"never twice":              {"mode: warn", "neverExcept: [image.digest]\nnever-except: [image.digest]", "5:15: never-except is neverExcept, which is there already"},
		"never, in a section":      {"mode: warn", `never-except: ["absent.*"]`, "4:16: never-except: there is no rule absent.*"},
		"control of no rule":       {"mode: warn", "controls: {C-1: [signature.absent]}", "4:18: the control C-1: there is no rule signature.absent"},
	}
}

// Whatever could be meant in two ways, or means nothing, is refused with its place.
func TestParseRefuses(t *testing.T) {
	cel := func(expression string) error {
		if strings.HasSuffix(expression, "+") {
			return errors.New("Syntax error: no end")
		}
		return nil
	}
	if _, err := document.Parse("policy.yaml", []byte(small), cel); err != nil {
		t.Fatal(err)
	}
	for name, test := range refusals() {
		t.Run(name, func(t *testing.T) {
			if strings.Count(small, test.old) < 1 {
				t.Fatalf("%q is not in the document", test.old)
			}
			raw := strings.Replace(small, test.old, test.new, 1)
			d, err := document.Parse("policy.yaml", []byte(raw), cel)
			var wrong *document.Error
			if d != nil || !errors.As(err, &wrong) {
				t.Fatalf("it says %+v; the error is %v", d, err)
			}
			if want := "policy.yaml:" + test.want; !strings.HasPrefix(err.Error(), want) {
				t.Errorf("the error is\n%s, want\n%s", err, want)
			}
			if err.Error() != fmt.Sprintf("policy.yaml:%d:%d: %s", wrong.Line, wrong.Column, wrong.Message) {
				t.Errorf("the error's parts are %+v", wrong)
			}
		})
	}
}

// What is wrong with the whole file has no line.
func TestParseRefusesFiles(t *testing.T) {
	utf16 := "\xff\xfe"
	for _, r := range small {
		utf16 += string([]byte{byte(r), 0})
	}
	for name, test := range map[string]struct{ raw, want string }{
		"nothing":         {"", "is empty"},
		"a comment":       {"# nothing\n", "is empty"},
		"UTF-16":          {utf16, "is not plain text in UTF-8"},
		"byte order mark": {"\ufeff" + small, "is not plain text in UTF-8"},
		"NUL":             {small + "#\x00\n", "is not plain text in UTF-8"},
		"too long":        {small + strings.Repeat("#", document.MaxBytes-len(small)+1), "is over 262144 bytes"},
		"alias":           {strings.Replace(small, "mode: warn", "mode: *m", 1), "is not YAML: unknown anchor 'm' referenced"},
		"text":            {"policy", "must be a mapping"},
		"bomb":            {"a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\nd: [*c,*c]\n" + small, "an anchor, &a"},
		"deep":            {"a: " + strings.Repeat("[", 1000) + strings.Repeat("]", 1000), "is nested over 32 deep"},
		"very deep":       {strings.Repeat("[", 100_000), "is not YAML"},
		"wide":            {"scopes: [" + strings.Repeat("{},", 80_000) + "]", "scopes has over 200 items"},
		"keys":            {"identities: {" + strings.Repeat("a,", 60_000) + "}", "identities has over 200 entries"},
	} {
		d, err := document.Parse("policy.yaml", []byte(test.raw), compile)
		if d != nil || err == nil || !strings.HasPrefix(err.Error(), "policy.yaml:") || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, %v", name, d, err)
		}
	}
	longest := small + strings.Repeat("#", document.MaxBytes-len(small))
	if _, err := document.Parse("policy.yaml", []byte(longest), compile); err != nil {
		t.Errorf("the longest document: %v", err)
	}
}

// Without anything that compiles rules there are none.
func TestRulesNeedCompiler(t *testing.T) {
	raw := strings.Replace(small, "signatures: {from: [ci]}", "rules: [{id: a, require: 'true', message: m}]", 1)
	if _, err := document.Parse("policy.yaml", []byte(raw), nil); err == nil || !strings.Contains(err.Error(), "nothing here that compiles rules") {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(small))
	f.Add([]byte(whole))
	for _, name := range []string{"starter", "slsa-l3-github", "cardholder-environment"} {
		f.Add(example(f, name))
	}
	for _, test := range refusals() {
		f.Add([]byte(strings.Replace(small, test.old, test.new, 1)))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, err := document.Parse("fuzz.yaml", raw, compile)
		if err != nil {
			var wrong *document.Error
			if d != nil || !errors.As(err, &wrong) || strings.ContainsAny(wrong.Message, "\n\x1b") {
				t.Fatalf("%+v, %q", d, err)
			}
			return
		}
		roundTrip(t, d)
	})
}
