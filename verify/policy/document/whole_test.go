package document_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/verify/policy"
	"github.com/carnet-project/carnet/verify/policy/document"
)

// whole has every field that a document can have.
const whole = `apiVersion: carnet/v1
kind: Policy
metadata: {name: whole, version: 3, owner: platform, contact: platform@acme.example, expires: 2027-06-30}
mode: warn
trust:
  sigstore:
    - public
    - {name: corp, trustedRoot: corp/trusted_root.json}
    - {name: other, tuf: {mirror: "https://tuf.acme.example", root: root.json}}
  timestampAuthorities: ["https://tsa.acme.example/**"]
  transparencyLogs: ["https://rekor.acme.example"]
  clock: claimed
identities:
  ci:
    github:
      repository: acme/{repo}
      repositoryId: "1"
      ownerId: "2"
      workflow: .github/workflows/release.yml
      builder: acme/build/.github/workflows/image.yml
      builderRefs: ["refs/tags/v2.*"]
      refs: [refs/heads/main, "refs/tags/v*"]
      triggers: [push]
      environment: production
      runner: github-hosted
      host: github.com
    revokedAt: 2026-11-20T10:30:00Z
    reason: the organisation was sold
  owner:
    github: {owner: acme, triggers: [push]}
  lab:
    gitlab:
      project: "acme/{repo}"
      projectId: "3"
      config: .gitlab-ci.yml
      refs: [refs/heads/main]
      triggers: [push]
      runner: gitlab-hosted
      environment: production
      host: git.acme.example
  any:
    oidc:
      issuer: https://issuer.acme.example
      subject: "https://acme.example/{repo}/**"
      claims: {buildTrigger: push, sourceRepositoryRef: "refs/tags/*"}
  key: {key: {file: release.pub, validFrom: 2026-01-01, validUntil: 2027-01-01}}
  pem:
    key:
      pem: |
        -----BEGIN PUBLIC KEY-----
        MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
        -----END PUBLIC KEY-----
  kms: {key: {kms: "awskms:///alias/release"}}
  own: {x509: {roots: [root.pem], subjects: ["*@acme.example"], revocation: best-effort}}
  us: {people: {issuer: "https://accounts.google.com", emails: [ana@acme.example, "*@ops.acme.example"], accounts: {ana@acme.example: [github.com/ana, gitlab.com/ana.a], bo@ops.acme.example: ["git.acme.example:8443/bo_b"]}}}
  scanner: {kubernetes: {issuer: "https://k8s.acme.example", namespace: scanning, serviceAccount: scanner}}
  ssh: {git: {allowedSigners: allowed_signers}}
  gpg: {git: {keyring: keyring.asc}}
builders:
  service: {known: github-actions, signedBy: [kms]}
  actions: {known: github-actions, signedBy: [ci], level: 2}
  image:
    id: ["https://github.com/acme/{repo}/.github/workflows/image.yml@**"]
    buildTypes: [https://actions.github.io/buildtypes/workflow/v1]
    signedBy: [ci, owner]
    level: 1
    evidence: covered-by-index-signature
baseline:
  signatures: {from: [key], enforceFrom: 2026-12-01}
scopes:
  - name: first
    images: ["ghcr.io/acme/{repo}/**", "docker.io/acme/{repo}"]
    mode: enforce
    require:
      image: {platforms: [linux/amd64, linux/arm64/v8], maxAge: 90d, minVersion: 1.4.0, enforceFrom: 2026-12-01}
      signatures: {from: [ci, lab, any], threshold: 2, log: required, timestamp: required, enforceFrom: 2026-12-01}
      provenance:
        builders: [actions, image]
        minLevel: 1
        source: {repositories: ["https://github.com/acme/{repo}"], refs: ["refs/tags/v*"], trust: certificate}
        parameters: {allow: ["inputs.*"], values: {inputs.version: "v*"}}
        materials: {digests: required}
        hermetic: required
        enforceFrom: 2026-12-01
      source: {from: [ci], minLevel: 2, properties: [SLSA_SOURCE_TWO_PARTY_REVIEWED], commits: {signedBy: [ssh, gpg]}, enforceFrom: 2026-12-01}
      base: {allow: ["ghcr.io/acme/base/*"], evidence: signature, from: [key], maxAge: 45d, depth: 2, enforceFrom: 2026-12-01}
      sbom:
        from: [ci]
        evidence: covered-by-index-signature
        formats: ["cyclonedx>=1.6", spdx]
        minimum: ntia
        dependencies: direct
        licenses: {deny: ["AGPL-*"]}
        packages: {deny: ["pkg:npm/event-stream@*"]}
        enforceFrom: 2026-12-01
      vulnerabilities:
        from: [scanner]
        scanners: [grype, trivy]
        maxScanAge: 36h
        maxDatabaseAge: 90m
        deny:
          - {severity: high, fixed: true, exploited: false, epss: 0.25, grace: 3d, knownFor: 30d}
        vex: {from: [own], maxAge: 90d}
        enforceFrom: 2026-12-01
      checks:
        - {name: sast, type: sarif, from: [ci], on: commit, denyLevel: note, maxAge: 7d, enforceFrom: 2026-12-01}
        - {name: custom, type: predicate, predicate: "https://acme.example/p", from: [ci], on: image}
      approvals:
        - {name: release, from: [us], count: 2, property: APPROVED, environment: production, not: [commit-author, build-trigger], maxAge: 14d, enforceFrom: 2026-12-01}
      agree: [repository, commit, run, builder]
      rules:
        - {id: labels, require: "'team' in image.labels", message: a team must own it, fix: add the label, controls: [C-1], enforceFrom: 2026-12-01}
  - name: second
    images: [ghcr.io/acme/tools]
    require:
      image: {platforms: all}
      agree: []
      provenance: {builders: [service], parameters: {allow: []}, source: {repositories: ["https://github.com/acme/tools"]}}
exceptions:
  - id: EX-1
    rule: rule.labels
    images: [ghcr.io/acme/shop/api]
    match: {vulnerability: CVE-2026-1, package: "pkg:deb/debian/libxml2", check: sast}
    reason: not reachable
    ticket: SEC-1
    owner: shop
    approvedBy: [ana@acme.example]
    created: 2026-11-01
    expires: 2026-12-01T12:00:00+02:00
neverExcept: [signature.missing, "image.*"]
summaries:
  accept: {from: [key], maxAge: 12h, levels: [SLSA_BUILD_LEVEL_3]}
  issue: {signer: key}
controls:
  PCI-DSS 6.3.2: [signature.missing, rule.labels]
`

func wholeDocument(t testing.TB) *policy.Document {
	t.Helper()
	d, err := document.Parse("whole.yaml", []byte(whole), compile)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Every field of a document in Go has a word in the file, and is read back as it was
// written.
func TestWholeDocument(t *testing.T) {
	d := wholeDocument(t)
	missing := map[string]bool{}
	empty(reflect.ValueOf(*d), "Document", missing)
	for _, field := range []string{
		// What the caller fills in, and what only documents made in Go have.
		"Identity.Patterns", "X509.RootsPEM", "Git.Content", "Require.Bundles", "X509.Required",
	} {
		delete(missing, field)
	}
	if len(missing) > 0 {
		t.Errorf("no field of the file sets %v", missing)
	}
	for range 2 {
		written := document.Write(d, map[string]string{"": "all", "identities/ci": "two\nlines", "scopes/first/require/rules/labels": "this", "no/where": "x"})
		again, err := document.Parse("whole.yaml", written, compile)
		if err != nil {
			t.Fatalf("%v\n%s", err, written)
		}
		if !reflect.DeepEqual(same(again), same(d)) {
			t.Fatalf("reads\n%+v\nas it is written, and is\n%+v\n%s", again, d, written)
		}
		for _, comment := range []string{"# all\napiVersion:", "  # two\n  # lines\n  ci:\n", "        # this\n        - id: labels\n"} {
			if !strings.Contains(string(written), comment) {
				t.Errorf("the comment %q is not where it belongs:\n%s", comment, written)
			}
		}
	}
}

// empty collects the exported fields that have the zero value wherever they are.
func empty(v reflect.Value, of string, missing map[string]bool) {
	found := map[string]bool{}
	walk(v, of, found)
	var types func(reflect.Type, map[reflect.Type]bool)
	types = func(t reflect.Type, seen map[reflect.Type]bool) {
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map:
			types(t.Elem(), seen)
		case reflect.Struct:
			if seen[t] || !strings.HasSuffix(t.PkgPath(), "verify/policy") {
				return
			}
			seen[t] = true
			for i := range t.NumField() {
				f := t.Field(i)
				if !f.IsExported() {
					continue
				}
				if name := t.Name() + "." + f.Name; !found[name] {
					missing[name] = true
				}
				types(f.Type, seen)
			}
		}
	}
	types(v.Type(), map[reflect.Type]bool{})
}

func walk(v reflect.Value, of string, found map[string]bool) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			walk(v.Elem(), of, found)
		}
	case reflect.Slice:
		for i := range v.Len() {
			walk(v.Index(i), of, found)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				if !v.Field(i).IsZero() {
					found[v.Type().Name()+"."+f.Name] = true
				}
				walk(v.Field(i), f.Name, found)
			}
		}
	}
}

// A scope may leave all that it needs to the baseline.
func TestBaselineAlone(t *testing.T) {
	raw := strings.Replace(small, "    require:\n      signatures: {from: [ci]}\n", "baseline: {signatures: {from: [ci]}}\n", 1)
	d, err := document.Parse("policy.yaml", []byte(raw), compile)
	if err != nil {
		t.Fatal(err)
	}
	roundTrip(t, d)
}

// Lines are where a person looks for a part.
func TestLines(t *testing.T) {
	d, err := document.Parse("starter.yaml", example(t, "starter"), compile)
	if err != nil {
		t.Fatal(err)
	}
	s := d.Scopes[0]
	for what, got := range map[string][2]int{
		"identity": {d.Identities[0].Line, 10}, "builder": {d.Builders[0].Line, 17}, "scope": {s.Line, 22}, "require": {s.Require.Line, 24},
		"signatures": {s.Require.Signatures.Line, 25}, "provenance": {s.Require.Provenance.Line, 26}, "sbom": {s.Require.SBOM.Line, 29},
	} {
		if got[0] != got[1] {
			t.Errorf("the %s is in line %d, want %d", what, got[0], got[1])
		}
	}
}

// roundTrip writes the document and reads it again.
func roundTrip(t *testing.T, d *policy.Document) {
	t.Helper()
	written := document.Write(d, map[string]string{"": "a\rb: c\u2028d: e\n\x00", "scopes/" + d.Scopes[0].Name: "mode: audit\n\u0085mode: audit"})
	again, err := document.Parse(d.URI, written, compile)
	if err != nil {
		t.Fatalf("%v\n%s", err, written)
	}
	if !reflect.DeepEqual(same(again), same(d)) {
		t.Fatalf("reads\n%+v\nas it is written, and is\n%+v\n%s", again, d, written)
	}
}

// What a scope captures is only wanted of what is used for its images.
func TestScopesBindApart(t *testing.T) {
	raw := strings.Replace(small, "{repository: acme/shop,", `{repository: "acme/{repo}",`, 1)
	raw = strings.Replace(raw, "ghcr.io/acme/shop/**", `"ghcr.io/acme/{repo}/**"`, 1)
	raw = strings.Replace(raw, "  ssh: {git: {allowedSigners: allowed}}\n", "", 1)
	raw = strings.Replace(raw, "exceptions:", "  - {name: tools, images: [ghcr.io/tools], require: {signatures: {from: [key]}}}\nexceptions:", 1)
	d, err := document.Parse("policy.yaml", []byte(raw), compile)
	if err != nil {
		t.Fatal(err)
	}
	d.Identities[1].Key.PEM = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n"
	for name, scope := range map[string]string{"ghcr.io/tools": "tools", "ghcr.io/acme/shop/api": "shop"} {
		p, err := policy.Bind(name, nil, d)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := p.Scopes(); len(got) != 1 || got[0] != scope {
			t.Errorf("%s is bound by %q, want %q", name, got, scope)
		}
	}
	d.Scopes[1].Require.Signatures.From = []string{"ci"}
	if _, err := policy.Bind("ghcr.io/tools", nil, d); err == nil || !strings.Contains(err.Error(), "does not capture") {
		t.Errorf("an identity that needs a capture is bound without it: %v", err)
	}
}
