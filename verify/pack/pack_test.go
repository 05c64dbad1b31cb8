package pack_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/fixtures/registry"
	"github.com/carnet-project/carnet/verify/gate"
	"github.com/carnet-project/carnet/verify/pack"
	"github.com/carnet-project/carnet/verify/policy"
)

var requires = map[string]policy.Require{
	"a signature":      {Signatures: &policy.SignaturesClause{}},
	"two signers":      {Signatures: &policy.SignaturesClause{Threshold: 2}},
	"provenance":       {Provenance: &policy.ProvenanceClause{}},
	"an SBOM":          {SBOM: &policy.SBOMClause{}},
	"a young image":    {Image: &policy.ImageClause{MaxAge: 48 * time.Hour}, Signatures: &policy.SignaturesClause{}},
	"a younger image":  {Image: &policy.ImageClause{MaxAge: time.Hour}, Signatures: &policy.SignaturesClause{}},
	"a version":        {Image: &policy.ImageClause{MinVersion: "1"}},
	"a signed base":    {Provenance: &policy.ProvenanceClause{}, Base: &policy.BaseClause{Evidence: policy.BaseSignature}},
	"an attested base": {Provenance: &policy.ProvenanceClause{}, Base: &policy.BaseClause{Evidence: policy.BaseProvenance}},
}

// same fails the test unless two verdicts end alike, with the same findings.
func same(t *testing.T, name string, a, b policy.Verdict) {
	t.Helper()
	if a.Outcome() != b.Outcome() || len(a.Findings()) != len(b.Findings()) || len(a.Rejected()) != len(b.Rejected()) || len(a.Unknown()) != len(b.Unknown()) {
		t.Errorf("%s: %s by %+v, and saved %s by %+v", name, a.Outcome(), a.Findings(), b.Outcome(), b.Findings())
		return
	}
	for i, f := range a.Findings() {
		if g := b.Findings()[i]; f.Rule != g.Rule || f.Status != g.Status || f.Reason != g.Reason || f.Subject != g.Subject {
			t.Errorf("%s: %+v, and saved %+v", name, f, g)
		}
	}
}

// A saved case is judged as the registry is, whatever is asked.
func TestASavedCaseIsJudgedAsTheRegistry(t *testing.T) {
	p := newPort(t)
	files, gaps := p.save(nil)
	if len(gaps) != 1 || !strings.Contains(gaps[0].What, "base image") { // what the unsigned statement names
		t.Errorf("gaps: %+v", gaps)
	}
	c := open(t, files)
	allowed := 0
	for name, require := range requires {
		here := p.here(require)
		p.registry.Reset()
		p.registry.Fail(func(*http.Request) bool { return true }, registry.Always, registry.Status(http.StatusInternalServerError))
		same(t, name, here, p.there(c, require))
		if n := p.count(); n != 0 {
			t.Errorf("%s: the saved case made %d requests", name, n)
		}
		p.registry.Reset()
		if here.Allowed() {
			allowed++
		}
	}
	if allowed != 5 {
		t.Errorf("%d of the policies allow", allowed)
	}
	if c.Name() != p.name("app") || c.Tag() != "1" || !c.At().Equal(moment) {
		t.Errorf("%s %s %s", c.Name(), c.Tag(), c.At())
	}
	roots, _ := c.TrustedRoots()
	policies, _ := c.Policies()
	keys, err := c.Files()
	if err != nil || len(roots) != 1 || roots[0].Name != "public" || len(policies) != 1 || string(policies[0].Content) != "kind: Policy\n" || len(keys) != 1 {
		t.Errorf("%+v %+v %+v %v", roots, policies, keys, err)
	}
	if _, err := c.Gate(nil).Source.Discover(t.Context(), artifact.Artifact{Digest: attest.SHA256(nil)}, gate.Near); err == nil {
		t.Error("what was never asked for is an empty listing")
	}
	covered, err := c.Gate(p.policy(requires["a signature"])).Covered(t.Context(), predicate.Provenance)
	if err != nil || len(covered) != 1 || covered[0].Statement.PredicateType() != typeSLSA {
		t.Errorf("%+v, %v", covered, err)
	}
	if sboms, err := c.Gate(p.policy(requires["a signature"])).Covered(t.Context(), predicate.SBOM); err != nil || len(sboms) != 0 {
		t.Errorf("provenance is an SBOM: %+v, %v", sboms, err)
	}
}

// What could not be read when it was recorded can't be read in the case.
func TestASavedCaseKeepsWhatWasUnreadable(t *testing.T) {
	for label, part := range map[string]string{"listings": "/app/referrers/", "evidence": "/app/blobs/", "tags": ".sig", "a base": "/base/referrers/"} {
		p := newPort(t)
		fault := func(q *http.Request) bool { return strings.Contains(q.URL.Path, part) }
		files, gaps := p.save(fault)
		if len(gaps) < 2 {
			t.Errorf("%s: gaps %+v", label, gaps)
		}
		c := open(t, files)
		for name, require := range requires {
			p.registry.Reset()
			p.registry.Fail(fault, registry.Always, registry.Status(http.StatusInternalServerError))
			here := p.here(require)
			p.registry.Reset()
			there := p.there(c, require)
			if here.Outcome() != there.Outcome() {
				t.Errorf("%s, %s: %s by %+v, and saved %s by %+v", label, name, here.Outcome(), here.Findings(), there.Outcome(), there.Findings())
			}
		}
	}
}

// Every piece can be taken out alone, and what needs it is then denied.
func TestWithoutPieces(t *testing.T) {
	p := newPort(t)
	files, _ := p.save(nil)
	c := open(t, files)
	pieces := c.Pieces()
	kinds := map[string]int{}
	for _, x := range pieces {
		kinds[fmt.Sprint(x.Place, " ", x.PredicateType, " ", x.Problem != "", " ", c.Base(x))]++
		less := c.Without(x)
		if n := len(less.Pieces()); n != len(pieces)-1 || len(c.Pieces()) != len(pieces) {
			t.Errorf("without %+v there are %d of %d", x, n, len(pieces))
		}
		for name, kind := range map[string]string{"a signature": predicate.SignV1, "provenance": typeSLSA} {
			needed := x.PredicateType == kind && x.Problem == "" && !c.Base(x)
			if v := p.there(less, requires[name]); v.Allowed() == needed {
				t.Errorf("%s without %+v: %s", name, x, v.Outcome())
			}
		}
		if v := p.there(less, requires["a signed base"]); v.Allowed() == (x.Problem == "" && (c.Base(x) || x.PredicateType == typeSLSA)) {
			t.Errorf("a signed base without %+v: %s %+v", x, v.Outcome(), v.Findings())
		}
		if x.Place == attest.PlaceBuildKit {
			covered, err := less.Gate(p.policy(requires["a signature"])).Covered(t.Context(), predicate.Provenance)
			if err != nil || len(covered) != 0 {
				t.Errorf("%+v, %v", covered, err)
			}
		}
	}
	want := map[string]int{
		"referrers " + predicate.SignV1 + " false false": 1, "referrers " + typeSLSA + " false false": 1, "referrers " + typeSPDX + " false false": 1,
		"referrers " + predicate.SignV1 + " false true": 1, "cosign-sig  false false": 2, "buildkit " + typeSLSA + " true false": 1,
	}
	if fmt.Sprint(kinds) != fmt.Sprint(want) {
		t.Errorf("pieces %v, want %v", kinds, want)
	}
	none := c.Without(pieces...)
	if len(none.Pieces()) != 0 || p.there(none, requires["a signature"]).Allowed() {
		t.Error("allowed without evidence")
	}
	more := none.With(c.Artifact().Digest, p.says(c.Artifact().Digest, predicate.SignV1, `{}`))
	if v := p.there(more, requires["a signature"]); !v.Allowed() || len(more.Pieces()) != 1 {
		t.Errorf("%+v", v.Findings())
	}
	if last := more.Without(more.Pieces()...); len(last.Pieces()) != 0 {
		t.Error("what was put in can't be taken out")
	}
	i := slices.IndexFunc(pieces, func(x pack.Piece) bool { return x.PredicateType == predicate.SignV1 && !c.Base(x) })
	foreign := newPort(t).says(c.Artifact().Digest, predicate.SignV1, `{}`)
	if v := p.there(c.Replace(pieces[i], foreign), requires["a signature"]); v.Outcome() != policy.Denied || v.Findings()[0].Status != policy.StatusUntrusted {
		t.Errorf("%+v", v.Findings())
	}
	if v := p.there(c.AsOf(moment.Add(100*24*time.Hour)), requires["a young image"]); v.Allowed() {
		t.Error("an old image is young")
	}
}

// What is written is what the published schema says.
func TestSchema(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile("../../docs/schema/case-v1.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"none", "/app/blobs/", "/app/referrers/"} {
		files, _ := newPort(t).save(func(q *http.Request) bool { return strings.Contains(q.URL.Path, part) })
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(files["case.json"].Data)))
		if err == nil {
			err = schema.Validate(doc)
		}
		if err != nil {
			t.Errorf("%v in %s", err, files["case.json"].Data)
		}
	}
}

// A folder that is not what it was is not opened.
func TestOpenRefuses(t *testing.T) {
	p := newPort(t)
	files, _ := p.save(nil)
	for name := range files {
		less, changed := fstest.MapFS{}, fstest.MapFS{}
		for n, f := range files {
			if n != name {
				less[n], changed[n] = f, f
			}
		}
		changed[name] = &fstest.MapFile{Data: append([]byte(" "), files[name].Data...)}
		if name == "case.json" {
			changed[name].Data = []byte(strings.Replace(string(files[name].Data), `"schema"`, `"schema":"x","schema"`, 1))
		}
		// Configurations are read when they are asked for.
		_, err := pack.Open(less)
		_, changedErr := pack.Open(changed)
		if config := strings.Contains(string(files[name].Data), "diff_ids"); !config && !inIndexOnly(files[name].Data) && (err == nil || changedErr == nil) {
			t.Errorf("without %s: %v; changed: %v", name, err, changedErr)
		}
	}
	text := string(files["case.json"].Data)
	for label, change := range map[string][2]string{
		"schema": {"case/v1", "case/v2"}, "member": {`"image":`, `"more": 1, "image":`}, "depth": {`"near"`, `"nearer"`},
		"digest": {`"digest": "sha256:`, `"digest": "md5:`}, "twice": {`"far"`, `"near"`}, "type": {`"bytes": `, `"bytes": -`},
	} {
		changed := fstest.MapFS{}
		for n, f := range files {
			changed[n] = f
		}
		changed["case.json"] = &fstest.MapFile{Data: []byte(strings.Replace(text, change[0], change[1], 1))}
		if string(changed["case.json"].Data) == text {
			t.Fatalf("%s changes nothing in %s", label, text)
		}
		if _, err := pack.Open(changed); err == nil {
			t.Errorf("another %s is read: %s", label, changed["case.json"].Data)
		}
	}
	if _, err := pack.Open(fstest.MapFS{}); err == nil {
		t.Error("an empty folder is read")
	}
}

// inIndexOnly says whether a file is a platform's manifest or what an attestation manifest
// holds, which are read when they are asked for.
func inIndexOnly(raw []byte) bool {
	var doc struct {
		Layers      []struct{ MediaType string } `json:"layers"`
		Annotations map[string]string            `json:"annotations"`
		Type        string                       `json:"_type"`
	}
	_ = json.Unmarshal(raw, &doc) // what is no JSON is neither
	return doc.Type != "" || len(doc.Layers) > 0 && (strings.Contains(doc.Layers[0].MediaType, "layer") || doc.Annotations["of"] != "")
}

func FuzzOpen(f *testing.F) {
	p := newPort(f)
	files, _ := p.save(nil)
	f.Add(files["case.json"].Data)
	f.Add([]byte(`{"schema":"https://github.com/carnet-project/carnet/schema/case/v1","image":{"name":"x","digest":"` + attest.SHA256(nil).String() + `","listings":[]}}`))
	signed := p.policy(requires["a signed base"])
	f.Fuzz(func(t *testing.T, raw []byte) {
		other := fstest.MapFS{}
		for n, file := range files {
			other[n] = file
		}
		other["case.json"] = &fstest.MapFile{Data: raw}
		c, err := pack.Open(other)
		if err != nil {
			return
		}
		c.Without(c.Pieces()...).Pieces()
		if v := c.Gate(signed).Check(t.Context(), c.Artifact()); v.Allowed() {
			t.Error("allowed without a root")
		}
	})
}
