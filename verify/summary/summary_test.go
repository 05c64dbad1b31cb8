package summary_test

import (
	"crypto"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/attest/predicate/vsa"
	"github.com/carnet-project/carnet/sign"
	signkey "github.com/carnet-project/carnet/sign/key"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/key"
	"github.com/carnet-project/carnet/verify/policy"
	"github.com/carnet-project/carnet/verify/summary"
)

var at = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

const (
	typeSLSA = "https://slsa.dev/provenance/v1"
	slsa     = `{"buildDefinition":{"buildType":"https://example.com/b","externalParameters":{"a":1}},"runDetails":{"builder":{"id":"https://example.com/builder"}}}`
	typeSPDX = "https://spdx.dev/Document"
	spdx     = `{"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT","name":"n","dataLicense":"CC0-1.0","documentNamespace":"https://example.com/n",` +
		`"creationInfo":{"created":"2026-01-02T03:04:05Z","creators":["Tool: t"]},"packages":[{"SPDXID":"SPDXRef-a","name":"a","versionInfo":"1","downloadLocation":"NOASSERTION"}]}`
)

// A desk is an index of two platforms, somebody who signs, and a policy.
type desk struct {
	t                   *testing.T
	signer              *signkey.Signer
	root                verify.Root
	index, amd64, arm64 artifact.Artifact
	document            *policy.Document
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	pair, err := signkey.Generate(signkey.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{t: t}
	if d.signer, err = pair.Signer(); err != nil {
		t.Fatal(err)
	}
	root, err := key.Parse("k", pair.PublicPEM())
	if err != nil {
		t.Fatal(err)
	}
	d.root = root.Timed(func(*attest.Bundle, crypto.PublicKey) ([]verify.Time, []string, error) {
		return []verify.Time{{At: at, Source: verify.TimeTimestamp}}, nil, nil
	})
	image := func(platform string) artifact.Artifact {
		return artifact.Artifact{Kind: artifact.KindImage, Digest: attest.SHA256([]byte(platform)), Platform: platform}
	}
	d.amd64, d.arm64 = image("linux/amd64"), image("linux/arm64")
	d.index = artifact.Artifact{Kind: artifact.KindIndex, Digest: attest.SHA256([]byte("index")), Children: []artifact.Artifact{d.amd64, d.arm64}}
	us := []string{"us"}
	d.document = &policy.Document{
		Name: "office", Version: 3, Digest: attest.SHA256([]byte("office.yaml")), Identities: []policy.Identity{{Name: "us", Key: &policy.Key{PEM: string(pair.PublicPEM())}}},
		Builders: []policy.Builder{{Name: "b", IDs: []string{"https://example.com/builder"}, SignedBy: us, Level: 2}},
		Scopes: []policy.Scope{{Name: "all", Images: []string{"**"}, Require: policy.Require{
			Signatures: &policy.SignaturesClause{From: us}, Provenance: &policy.ProvenanceClause{Builders: []string{"b"}}, SBOM: &policy.SBOMClause{From: us}, Agree: []string{},
		}}},
		Summaries: &policy.Summaries{Accept: &policy.AcceptSummary{From: us}},
	}
	return d
}

func (d *desk) says(a artifact.Artifact, predicateType, body string) *verify.Evidence {
	d.t.Helper()
	st, err := attest.NewStatement(predicateType, []byte(body), attest.NewSubject("", a.Digest))
	if err != nil {
		d.t.Fatal(err)
	}
	return d.signed(st, a.Digest)
}

func (d *desk) signed(st *attest.Statement, about attest.Digest) *verify.Evidence {
	d.t.Helper()
	b, err := sign.Statement(d.t.Context(), st, d.signer)
	if err != nil {
		d.t.Fatal(err)
	}
	e, err := verify.Bundle(b, about, d.root)
	if err != nil {
		d.t.Fatal(err)
	}
	return e
}

func (d *desk) everything() []*verify.Evidence {
	return []*verify.Evidence{
		d.says(d.index, predicate.SignV1, `{}`), d.says(d.index, typeSLSA, slsa), d.says(d.amd64, typeSPDX, spdx), d.says(d.arm64, typeSPDX, spdx),
	}
}

func (d *desk) judge(evidence ...*verify.Evidence) policy.Verdict {
	d.t.Helper()
	p, err := policy.Bind("ghcr.io/acme/shop", nil, d.document)
	if err != nil {
		d.t.Fatal(err)
	}
	return p.Judge(policy.Case{Artifact: d.index, Evidence: evidence, At: at})
}

var options = summary.Options{VerifierID: "https://example.com/verifier", Version: "1.0.0"}

func (d *desk) read(v policy.Verdict) *vsa.Summary {
	d.t.Helper()
	raw, err := summary.Predicate(v, options)
	if err != nil {
		d.t.Fatal(err)
	}
	s, err := vsa.Parse(vsa.V1, raw)
	if err != nil {
		d.t.Fatal(err)
	}
	return s
}

func TestPredicate(t *testing.T) {
	d := newDesk(t)
	evidence := d.everything()
	v := d.judge(evidence...)
	if !v.Allowed() {
		t.Fatalf("%+v", v.Findings())
	}
	s := d.read(v)
	if s.Result != vsa.Passed || s.TimeVerified != at || s.ResourceURI != "oci://ghcr.io/acme/shop" || s.Policy.URI != "urn:carnet:policy:office:3" || s.Policy.Digest["sha256"] != d.document.Digest.Hex() ||
		s.VerifierID != options.VerifierID || s.VerifierVersion["carnet"] != "1.0.0" || s.SLSAVersion != "1.2" {
		t.Errorf("%+v", s)
	}
	if want := []string{"CARNET_SBOM", "CARNET_SIGNED", "SLSA_BUILD_LEVEL_2"}; !slices.Equal(s.Levels, want) {
		t.Errorf("levels %q, want %q", s.Levels, want)
	}
	var inputs []string
	for _, i := range s.InputAttestations {
		inputs = append(inputs, "sha256:"+i.Digest["sha256"])
	}
	for _, e := range evidence {
		if !slices.Contains(inputs, e.Bundle().String()) {
			t.Errorf("%s is no input", e.PredicateType())
		}
	}
	if len(inputs) != len(evidence) {
		t.Errorf("%d inputs", len(inputs))
	}
	slices.Reverse(evidence)
	again, err := summary.Predicate(d.judge(evidence...), options)
	if raw, _ := summary.Predicate(v, options); err != nil || string(raw) != string(again) {
		t.Errorf("in another order: %s, %v", again, err)
	}
}

func TestFailed(t *testing.T) {
	d := newDesk(t)
	for name, mode := range map[string]policy.Mode{"enforced": policy.ModeEnforce, "audited": policy.ModeAudit} {
		d.document.Mode = mode
		s := d.read(d.judge(d.everything()[:3]...))
		if s.Result != vsa.Failed || len(s.Levels) != 0 || len(s.InputAttestations) != 3 {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

// The level of the platform with the lowest counts, and no level is stated that no rule reached.
func TestLevels(t *testing.T) {
	d := newDesk(t)
	d.document.Builders[0].Level = 0
	if s := d.read(d.judge(d.everything()...)); slices.ContainsFunc(s.Levels, func(l string) bool { return strings.HasPrefix(l, "SLSA_") }) {
		t.Errorf("of a builder of level 0: %q", s.Levels)
	}
	d = newDesk(t)
	d.document.Exceptions = []policy.Exception{{ID: "EX-1", Rule: "sbom.missing", Images: []string{"**"}, Reason: "r", Created: at.Add(-time.Hour), Expires: at.Add(time.Hour)}}
	if v := d.judge(d.everything()[:3]...); v.Allowed() {
		if s := d.read(v); slices.Contains(s.Levels, "CARNET_SBOM") {
			t.Errorf("a section that is excepted is stated: %q", s.Levels)
		}
	} else {
		t.Errorf("the exception does not apply: %+v", v.Findings())
	}
}

// What a summary says is accepted again by the policy that it is of, for the index and for
// each platform; and no summary is made of that verdict.
func TestRoundTrip(t *testing.T) {
	d := newDesk(t)
	st, err := summary.Statement(d.judge(d.everything()...), options)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(st.Subjects()); n != 3 {
		t.Errorf("%d subjects", n)
	}
	for _, a := range []artifact.Artifact{d.index, d.amd64, d.arm64} {
		p, err := policy.Bind("ghcr.io/acme/shop", nil, d.document)
		if err != nil {
			t.Fatal(err)
		}
		v := p.Judge(policy.Case{Artifact: a, Evidence: []*verify.Evidence{d.signed(st, a.Digest)}, At: at.Add(time.Hour)})
		if !v.Allowed() {
			t.Errorf("%s: %+v %+v", a.Platform, v.Findings(), v.Notes())
		}
		if raw, err := summary.Predicate(v, options); err == nil || !strings.Contains(err.Error(), "rests on a summary") {
			t.Errorf("a summary of a summary: %s, %v", raw, err)
		}
	}
}

func TestWhatHasNoSummary(t *testing.T) {
	d := newDesk(t)
	p, err := policy.Bind("ghcr.io/acme/shop", nil, d.document)
	if err != nil {
		t.Fatal(err)
	}
	undecided := policy.Case{Artifact: d.index, At: at, Unknown: []policy.Unknown{{Subject: d.index.Digest, Reason: verify.ReasonUnreadable, Detail: "timeout"}}}
	undigested := *d.document
	undigested.Digest = attest.Digest{}
	q, err := policy.Bind("ghcr.io/acme/shop", nil, &undigested)
	if err != nil {
		t.Fatal(err)
	}
	for want, v := range map[string]policy.Verdict{
		"nothing was judged": {}, "is for no time": p.Judge(policy.Case{Artifact: d.index}), "undecided": p.Judge(undecided),
		"has no digest": q.Judge(policy.Case{Artifact: d.index, At: at}),
	} {
		if raw, err := summary.Predicate(v, options); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %s, %v", want, raw, err)
		}
	}
	if raw, err := summary.Predicate(d.judge(d.everything()...), summary.Options{}); err == nil {
		t.Errorf("without a verifier: %s", raw)
	}
}
