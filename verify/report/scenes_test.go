package report_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/fixtures/vectors"
	"github.com/carnet-project/carnet/sign"
	signkey "github.com/carnet-project/carnet/sign/key"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/gate"
	"github.com/carnet-project/carnet/verify/policy"
	"github.com/carnet-project/carnet/verify/report"
)

const shop = "registry.example.com/shop"

// noon is when the scenes are judged.
var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// load reads the vectors once for all tests.
var load = sync.OnceValues(vectors.All)

func vector(t testing.TB, name string) vectors.Vector {
	t.Helper()
	all, err := load()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(v vectors.Vector) bool { return v.Name == name })
	if i < 0 {
		t.Fatalf("there is no vector %q", name)
	}
	return all[i]
}

// written is a policy as a person writes it, with several scopes, whose second names the shop.
func written(v vectors.Vector, change func(*policy.Document)) *policy.Document {
	d := &policy.Document{
		Name: "shop", Owner: "platform-team", Contact: "platform@acme.example", Version: 7, Mode: policy.ModeEnforce,
		Digest: attest.SHA256([]byte("shop.yaml")), URI: "policies/shop.yaml",
		Identities: []policy.Identity{{Name: "release", Key: &policy.Key{PEM: v.Keys[0].PEM}, Line: 8}},
		Scopes: []policy.Scope{
			{Name: "tools", Images: []string{"registry.example.com/tools/**"}, Line: 20, Require: policy.Require{SBOM: &policy.SBOMClause{}}},
			{Name: "first-party", Images: []string{"registry.example.com/{repo}"}, Line: 31, Require: policy.Require{
				Signatures: &policy.SignaturesClause{Clause: policy.Clause{Line: 34}, From: []string{"release"}},
				SBOM:       &policy.SBOMClause{Clause: policy.Clause{Line: 44}, From: []string{"release"}},
			}},
		},
	}
	if change != nil {
		change(d)
	}
	return d
}

// judged is what becomes of a vector's evidence under documents.
func judged(t testing.TB, v vectors.Vector, docs ...*policy.Document) report.Result {
	t.Helper()
	roots, err := v.Roots()
	if err != nil {
		t.Fatal(err)
	}
	tree, err := v.Tree()
	if err != nil {
		t.Fatal(err)
	}
	p, err := policy.Bind(shop, nil, docs...)
	if err != nil {
		t.Fatal(err)
	}
	verdict := gate.Gate{Source: store{v}, Roots: roots, Policy: p, Documents: v.Open, At: noon}.Check(t.Context(), tree)
	return report.Result{Target: shop + ":v1", Name: shop, Verdict: verdict}
}

// scenes are results whose reports are kept in every format.
func scenes(t testing.TB) map[string][]report.Result {
	t.Helper()
	good, partial := vector(t, "index-all-good"), vector(t, "index-sbom-of-one-platform")
	baseline := func(v vectors.Vector) *policy.Document {
		return &policy.Document{
			Name: "organisation", Owner: "security", Version: 2, Digest: attest.SHA256([]byte("organisation.yaml")), URI: "policies/organisation.yaml",
			Expires:    noon.Add(10 * 24 * time.Hour),
			Identities: []policy.Identity{{Name: "security-team", Key: &policy.Key{PEM: vector(t, "file-p256").Keys[0].PEM}}},
			Scopes: []policy.Scope{{Name: "everything", Images: []string{"**"}, Require: policy.Require{
				Signatures: &policy.SignaturesClause{Clause: policy.Clause{Line: 12}, From: []string{"security-team"}},
				Checks:     []policy.CheckClause{{Clause: policy.Clause{Line: 19, EnforceFrom: noon.Add(30 * 24 * time.Hour)}, Name: "licence-review", Type: "predicate", Predicate: "https://example.com/licence-review/v1", OnImage: true}},
			}}},
		}
	}
	audit := func(d *policy.Document) { d.Mode = policy.ModeAudit }
	return map[string][]report.Result{
		"allowed":   {judged(t, good, written(good, nil))},
		"denied":    {judged(t, partial, baseline(partial), written(partial, nil))},
		"invalid":   {judged(t, vector(t, "tampered-subject"), written(vector(t, "tampered-subject"), nil))},
		"undecided": {judged(t, vector(t, "store-content-lost"), written(vector(t, "store-content-lost"), nil))},
		"audit":     {judged(t, partial, written(partial, audit))},
		"several": {
			judged(t, good, written(good, nil)), judged(t, partial, written(partial, nil)),
			{Target: "registry.example.com/gone:v1", Err: errors.New("the registry answered 404 for registry.example.com/gone:v1")},
		},
	}
}

var tool = report.Tool{Name: "carnet", Version: "v1.2.3"}

// extensions are those of the formats' files.
var extensions = map[string]string{"text": "txt", "json": "json", "sarif": "sarif", "junit": "xml", "markdown": "md", "html": "html"}

// The reports are kept word for word in every format; go test ./verify/report -update
// writes them.
func TestGoldensOfEveryFormat(t *testing.T) {
	for name, results := range scenes(t) {
		for _, format := range report.Formats() {
			golden(t, name+"."+extensions[format], encoded(t, format, results))
		}
	}
}

func encoded(t testing.TB, format string, results []report.Result) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := report.Write(&out, format, results, report.Style{Tool: tool}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// workflow is whom certificates in these scenes name.
func workflow() verify.Opening {
	return verify.Opening{
		By: verify.Identity{Certificate: &attest.Certificate{
			Subject: "https://github.com/acme/build/.github/workflows/image.yml@refs/tags/v2.3.1", SubjectType: attest.SubjectURI,
			Issuer: "https://token.actions.githubusercontent.com", Authority: "CN=sigstore-intermediate,O=sigstore.dev",
			Claims: map[attest.Claim]string{
				attest.ClaimSourceRepositoryURI: "https://github.com/acme/shop", attest.ClaimSourceRepositoryRef: "refs/heads/main", attest.ClaimBuildTrigger: "push",
				attest.ClaimSourceRepositoryDigest: "7fd1a60b01f91b314f59955a4e4d4e80d8edf11d", attest.ClaimRunInvocationURI: "https://github.com/acme/shop/actions/runs/991/attempts/1",
			},
		}},
		Times: []verify.Time{{At: noon.Add(-time.Hour), Source: verify.TimeTimestamp, URI: "https://timestamp.example.com"}},
	}
}

// attested is the evidence of an index with everything, as if by a workflow.
func attested(t testing.TB) (artifact.Artifact, []*verify.Evidence) {
	t.Helper()
	v := vector(t, "index-all-good")
	tree, err := v.Tree()
	if err != nil {
		t.Fatal(err)
	}
	var evidence []*verify.Evidence
	for _, s := range v.Stored {
		b, err := attest.ParseBundle([]byte(s.Content))
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range append([]artifact.Artifact{tree}, tree.Children...) {
			if e, err := verify.Bundle(b, n.Digest, believer{workflow()}); err == nil {
				evidence = append(evidence, e)
			}
		}
	}
	return tree, evidence
}

// bound is a policy about all of the chain, with a change.
func bound(t testing.TB, require policy.Require) *policy.Policy {
	t.Helper()
	require.Signatures, require.Provenance, require.Agree = &policy.SignaturesClause{Clause: policy.Clause{Line: 34}}, &policy.ProvenanceClause{Clause: policy.Clause{Line: 40}}, []string{}
	p, err := policy.Bind(shop, nil, &policy.Document{
		Name: "slsa-l3-github", Owner: "platform-team", Version: 4, Digest: attest.SHA256([]byte("policy")), URI: "policies/slsa-l3-github.yaml",
		Scopes: []policy.Scope{{Name: "first-party", Images: []string{"registry.example.com/{repo}"}, Require: require}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// chain is a result with a certificate, trusted times and many platforms and checks, of
// which so many are not there.
func chain(t testing.TB, platforms, checks, missing int) report.Result {
	t.Helper()
	tree, evidence := attested(t)
	for i := len(tree.Children); i < platforms; i++ {
		tree.Children = append(tree.Children, artifact.Artifact{Kind: artifact.KindImage, Digest: attest.SHA256(fmt.Append(nil, i)), Platform: fmt.Sprintf("linux/arch%d/v%d", i, i%9)})
	}
	tree.Children = tree.Children[:max(1, platforms)]
	var require policy.Require
	for i := range checks {
		c := policy.CheckClause{Clause: policy.Clause{Line: 50 + i}, Name: fmt.Sprintf("check-%d", i+1), Type: "predicate", Predicate: fmt.Sprintf("https://example.com/check/%d", i+1), OnImage: true}
		if i >= missing {
			c.Predicate = "https://slsa.dev/provenance/v1"
		}
		require.Checks = append(require.Checks, c)
	}
	verdict := bound(t, require).Judge(policy.Case{Artifact: tree, Evidence: evidence, At: noon})
	return report.Result{Target: shop + ":v1.4.2", Name: shop, Verdict: verdict}
}

// scan is a result whose newest of three scans has so many vulnerabilities.
func scan(t testing.TB, vulnerabilities int) report.Result {
	t.Helper()
	tree, evidence := attested(t)
	tree.Children = tree.Children[:1]
	pair, err := signkey.Generate(signkey.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := pair.Signer()
	if err != nil {
		t.Fatal(err)
	}
	for hours := range 3 {
		at := noon.Add(-time.Duration(hours+1) * time.Hour)
		var flaws []string
		for i := range vulnerabilities {
			flaws = append(flaws, fmt.Sprintf(`{"id":"CVE-2026-%04d","severity":[{"method":"nvd","score":%q}],"annotations":{"purl":"pkg:deb/debian/lib%d@3.0.%d?arch=amd64","package":"lib%d","version":"3.0.%d"}}`,
				i+1, []string{"critical", "high"}[i%2], i%40, i, i%40, i))
		}
		moment := at.Format(time.RFC3339)
		st, err := attest.NewStatement("https://in-toto.io/attestation/vulns/v0.2", fmt.Appendf(nil,
			`{"scanner":{"uri":"https://example.com/grype","version":"1","db":{"lastUpdate":%q},"result":[%s]},"metadata":{"scanStartedOn":%q,"scanFinishedOn":%q}}`,
			moment, strings.Join(flaws, ","), moment, moment), attest.NewSubject("", tree.Children[0].Digest))
		if err != nil {
			t.Fatal(err)
		}
		b, err := sign.Statement(t.Context(), st, signer)
		if err != nil {
			t.Fatal(err)
		}
		by := workflow()
		by.Times[0].At = at.Add(time.Minute)
		e, err := verify.Bundle(b, tree.Children[0].Digest, believer{by})
		if err != nil {
			t.Fatal(err)
		}
		evidence = append(evidence, e)
	}
	verdict := bound(t, policy.Require{
		SBOM:            &policy.SBOMClause{Clause: policy.Clause{Line: 60}},
		Vulnerabilities: &policy.VulnerabilitiesClause{Clause: policy.Clause{Line: 66}, MaxScanAge: 24 * time.Hour, Deny: []policy.DenyVulnerability{{Severity: "high", Line: 70}}},
		Approvals:       []policy.ApprovalClause{{Clause: policy.Clause{Line: 80}, Name: "release-managers", Count: 2}},
		Source:          &policy.SourceClause{Clause: policy.Clause{Line: 90}, MinLevel: 2},
	}).Judge(policy.Case{Artifact: tree, Evidence: evidence, At: noon})
	return report.Result{Target: shop + ":v1.4.2", Name: shop, Verdict: verdict}
}

var samples = flag.String("samples", "", "the folder to keep samples of every format in")

// TestSamples writes the reports that browsers and validators look at: all of them can be
// written, in every format.
func TestSamples(t *testing.T) {
	folder := *samples
	if folder == "" {
		folder = t.TempDir()
	}
	all := scenes(t)
	all["one-platform"] = []report.Result{chain(t, 1, 3, 0)}
	all["fifty-platforms"] = []report.Result{chain(t, 50, 4, 2)}
	all["500-findings"] = []report.Result{chain(t, 50, 10, 10)}
	all["500-requirements"] = []report.Result{chain(t, 1, 500, 500)}
	all["500-vulnerabilities"] = []report.Result{scan(t, 500)}
	all["foreign"] = []report.Result{foreign(t)}
	for name, results := range all {
		for _, format := range report.Formats() {
			if err := os.WriteFile(filepath.Join(folder, name+"."+extensions[format]), encoded(t, format, results), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// evil is text that would be markup, control or a mention wherever it is let.
const evil = "x\x1b[2K\r\nALLOWED \u202e\u2066\u2028\x00\x7f\xff\xfe\ufffe </script><script>alert(1)</script><img src=x onerror=alert(1)> \"'`` ```|\\| [a](javascript:alert(1)) @acme #1 https://evil.example/ ]]> &amp; &#60; --> {{.}}"

// foreign is a result in which all that comes from outside is [evil].
func foreign(t testing.TB) report.Result {
	t.Helper()
	d := attest.SHA256([]byte("image"))
	p, err := policy.Bind("x", nil, &policy.Document{
		Name: evil, Owner: evil, Contact: evil, Version: 1, URI: evil, Digest: attest.SHA256(nil),
		Scopes: []policy.Scope{{Name: evil, Images: []string{"**"}, Require: policy.Require{
			Signatures: &policy.SignaturesClause{Clause: policy.Clause{Line: 1}},
			Checks:     []policy.CheckClause{{Clause: policy.Clause{Line: 2}, Name: evil, Type: "predicate", Predicate: evil, OnImage: true}},
		}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return report.Result{Target: evil, Name: evil, Verdict: p.Judge(policy.Case{
		Artifact: artifact.Artifact{Kind: artifact.KindIndex, Digest: attest.SHA256([]byte("index")), Children: []artifact.Artifact{
			{Kind: artifact.KindImage, Digest: d, Platform: evil}, {Kind: artifact.KindImage, Digest: attest.SHA256([]byte("b")), Platform: "linux/amd64"},
		}},
		Rejected: []policy.Rejected{{Subject: d, Place: evil, PredicateType: evil, Refusal: &verify.Error{Reason: verify.ReasonMalformed, Expected: evil, Found: evil}}},
		Unknown:  []policy.Unknown{{Subject: d, Place: evil, Detail: evil}},
		At:       noon,
	})}
}
