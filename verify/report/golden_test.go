package report_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/fixtures/vectors"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/gate"
	"github.com/carnet-project/carnet/verify/policy"
	"github.com/carnet-project/carnet/verify/report"
)

var update = flag.Bool("update", false, "write the golden files anew")

// store is the store of a vector as a gate.Source.
type store struct{ vectors.Vector }

func (s store) Discover(_ context.Context, subject artifact.Artifact, depth gate.Depth) ([]attest.Found, error) {
	return s.Found(subject.Digest, depth == gate.Far)
}

// result is what became of a vector.
func result(t testing.TB, name string) report.Result {
	t.Helper()
	return resultOf(t, vector(t, name))
}

func resultOf(t testing.TB, v vectors.Vector) report.Result {
	t.Helper()
	roots, err := v.Roots()
	if err != nil {
		t.Fatal(err)
	}
	p, err := v.Policy()
	if err != nil {
		t.Fatal(err)
	}
	tree, err := v.Tree()
	if err != nil {
		t.Fatal(err)
	}
	verdict := gate.Gate{Source: store{v}, Roots: roots, Policy: p, Documents: v.Open}.Check(t.Context(), tree)
	return report.Result{Target: "registry.example.com/shop:v1", Name: "registry.example.com/shop", Verdict: verdict}
}

// goldens are the vectors whose reports are kept: one for each way to end.
var goldens = []string{
	"index-all-good", "index-sbom-of-one-platform", "index-buildkit-unsigned", "tampered-subject", "subject-other",
	"kind-sbom-by-another-key", "predicate-sbom-empty", "platform-not-in-index", "store-content-lost", "store-invalid-beats-lost", "file-p384",
}

// The reports are kept word for word; go test ./verify/report -update writes them.
func TestGoldens(t *testing.T) {
	for _, name := range goldens {
		r := result(t, name)
		var text, doc bytes.Buffer
		if err := report.Text(&text, r, report.Style{}); err != nil {
			t.Fatal(err)
		}
		if err := report.JSON(&doc, []report.Result{r}); err != nil {
			t.Fatal(err)
		}
		golden(t, name+".txt", text.Bytes())
		golden(t, name+".json", doc.Bytes())
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (go test ./verify/report -update):\n%s", name, got)
	}
}

// Every report of every vector says what the verdict says.
func TestJSONOfEveryVector(t *testing.T) {
	all, err := load()
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range all {
		r := resultOf(t, v)
		var out bytes.Buffer
		if err := report.JSON(&out, []report.Result{r}); err != nil {
			t.Fatal(err)
		}
		var doc document
		dec := json.NewDecoder(&out)
		dec.DisallowUnknownFields()
		if err := dec.Decode(&doc); err != nil {
			t.Fatalf("%s: %v", v.Name, err)
		}
		allowed := v.Want.Outcome == policy.Allowed
		got := doc.Results[0]
		if doc.Schema != report.Schema || doc.Allowed != allowed || got.Allowed != allowed || got.Outcome != string(v.Want.Outcome) || allowed != (len(got.Findings) == 0) {
			t.Errorf("%s: %+v", v.Name, got)
		}
		for _, f := range got.Findings {
			if f.Rule == "" || f.Status == "" || f.Expected == "" || f.Found == "" || f.Fix == "" || f.Subject == "" {
				t.Errorf("%s: finding %+v", v.Name, f)
			}
		}
		if got.Matrix == nil || got.Rejected == nil || got.Unknown == nil {
			t.Errorf("%s: a list is null", v.Name)
		}
	}
}

// document is the schema, written down a second time: a field that changes its name
// or goes away breaks those who read it.
type document struct {
	Schema  string `json:"schema"`
	Tool    *struct{ Name, Version string }
	Allowed bool `json:"allowed"`
	Results []struct {
		Target   string `json:"target"`
		Name     string `json:"name"`
		Digest   string `json:"digest"`
		Kind     string `json:"kind"`
		Outcome  string `json:"outcome"`
		Allowed  bool   `json:"allowed"`
		Effect   string `json:"effect"`
		Mode     string `json:"mode"`
		At       string `json:"at"`
		Error    string `json:"error"`
		Policies []struct {
			Name                                              string
			Version                                           int
			Digest, URI, Scope, Mode, Owner, Contact, Expires string
		} `json:"policies"`
		Matrix []struct {
			Requirement string `json:"requirement"`
			Digest      string `json:"digest"`
			Kind        string `json:"kind"`
			Platform    string `json:"platform"`
			Required    bool   `json:"required"`
			Threshold   int    `json:"threshold"`
			Status      string `json:"status"`
			Section     string `json:"section"`
			Policy      string `json:"policy"`
			Scope       string `json:"scope"`
			Mode        string `json:"mode"`
			EnforceFrom string `json:"enforceFrom"`
			Pending     bool   `json:"pending"`
			Selection   string `json:"selection"`
			Candidates  int    `json:"candidates"`
			Evidence    []struct {
				Kind          string `json:"kind"`
				PredicateType string `json:"predicateType"`
				Subject       string `json:"subject"`
				Bundle        string `json:"bundle"`
				Signer        struct {
					Name      string            `json:"name"`
					Key       string            `json:"key"`
					Subject   string            `json:"subject"`
					Issuer    string            `json:"issuer"`
					Authority string            `json:"authority"`
					Claims    map[string]string `json:"claims"`
				} `json:"signer"`
				Document struct {
					Digest string `json:"digest"`
					Size   int64  `json:"size"`
					Stored string `json:"stored"`
				} `json:"document"`
				TrustedTime *string `json:"trustedTime"`
				Times       []struct {
					Time   string `json:"time"`
					Source string `json:"source"`
					URI    string `json:"uri"`
				} `json:"times"`
				Logs    []string `json:"logs"`
				Commits []string `json:"commits"`
			} `json:"evidence"`
			Rules []ruled `json:"rules"`
		} `json:"matrix"`
		Findings []struct {
			ruled
			Level    string `json:"level"`
			Subject  string `json:"subject"`
			Platform string `json:"platform"`
		} `json:"findings"`
		Rejected []struct {
			Subject       string `json:"subject"`
			Place         string `json:"place"`
			Manifest      string `json:"manifest"`
			Bundle        string `json:"bundle"`
			PredicateType string `json:"unverifiedPredicateType"`
			Reason        string `json:"reason"`
			Expected      string `json:"expected"`
			Found         string `json:"found"`
		} `json:"rejected"`
		Unknown []struct {
			Subject string `json:"subject"`
			Place   string `json:"place"`
			Reason  string `json:"reason"`
			Detail  string `json:"detail"`
		} `json:"unknown"`
		Notes []struct {
			Rule, Text, Policy string
			Line               int
		} `json:"notes"`
		NotChecked []string `json:"notChecked"`
	} `json:"results"`
}

// ruled is how a rule ended.
type ruled struct {
	Rule          string `json:"rule"`
	Status        string `json:"status"`
	Reason        string `json:"reason"`
	Expected      string `json:"expected"`
	Found         string `json:"found"`
	Fix           string `json:"fix"`
	Evidence      string `json:"evidence"`
	Vulnerability string `json:"vulnerability"`
	Package       string `json:"package"`
	Check         string `json:"check"`
	Follows       string `json:"follows"`
	Exception     string `json:"exception"`
	Policy        string `json:"policy"`
	Scope         string `json:"scope"`
	Line          int    `json:"line"`
	Owner         string `json:"owner"`
}

// A report allows only if there are results and every one is allowed.
func TestAllowedTogether(t *testing.T) {
	good, bad := result(t, "index-all-good"), result(t, "subject-other")
	failed := good
	failed.Err = errors.New("no answer")
	for name, c := range map[string]struct {
		results []report.Result
		want    bool
	}{
		"none":             {nil, false},
		"one good":         {[]report.Result{good}, true},
		"good and bad":     {[]report.Result{good, bad}, false},
		"an error":         {[]report.Result{failed}, false},
		"good and error":   {[]report.Result{good, failed}, false},
		"the zero verdict": {[]report.Result{{Target: "x"}}, false},
	} {
		var out bytes.Buffer
		if err := report.JSON(&out, c.results); err != nil {
			t.Fatal(err)
		}
		var doc document
		if err := json.Unmarshal(out.Bytes(), &doc); err != nil || doc.Allowed != c.want {
			t.Errorf("%s: allowed is %t, %v", name, doc.Allowed, err)
		}
	}
	var text bytes.Buffer
	if err := report.Text(&text, failed, report.Style{}); err != nil || !strings.HasPrefix(text.String(), "UNDECIDED") || strings.Contains(text.String(), "ALLOWED") {
		t.Errorf("an error reads %q, %v", text.String(), err)
	}
}

// Nothing that a store or a signer wrote reaches the terminal as anything but text.
func TestForeignTextCannotForgeLines(t *testing.T) {
	const evil = "x\x1b[2K\r\nALLOWED  everything\u202e\u2066\u200f\u2028\u0085\x7f\x00"
	d := attest.SHA256([]byte("image"))
	signature, err := policy.ParseRequirement("signature")
	if err != nil {
		t.Fatal(err)
	}
	p, err := policy.New([]policy.Requirement{signature})
	if err != nil {
		t.Fatal(err)
	}
	verdict := p.Judge(policy.Case{
		Artifact: artifact.Artifact{Kind: artifact.KindImage, Digest: d, Platform: evil},
		Rejected: []policy.Rejected{{Subject: d, Place: evil, Refusal: &verify.Error{Reason: verify.ReasonMalformed, Expected: evil, Found: evil}}},
		Unknown:  []policy.Unknown{{Subject: d, Place: evil, Detail: evil}},
	})
	for _, r := range []report.Result{
		{Target: evil, Name: evil, Verdict: verdict},
		{Target: evil, Name: evil, Err: errors.New(evil)},
	} {
		var out bytes.Buffer
		if err := report.Text(&out, r, report.Style{}); err != nil {
			t.Fatal(err)
		}
		for _, c := range []string{"\x1b", "\r", "\x00", "\x7f", "\u202e", "\u2066", "\u200f", "\u2028", "\u0085", "\nALLOWED"} {
			if strings.Contains(out.String(), c) {
				t.Errorf("%q is in %q", c, out.String())
			}
		}
	}
	if got := report.Clean("plain ü 🎉 \u200b"); got != "plain ü 🎉 \u200b" {
		t.Errorf("plain text became %q", got)
	}
}

// A writer that fails is no report.
func TestWriteErrors(t *testing.T) {
	r := result(t, "signer-good")
	if err := report.Text(full{}, r, report.Style{}); err == nil {
		t.Error("text on a full disk")
	}
	if err := report.JSON(full{}, []report.Result{r}); err == nil {
		t.Error("JSON on a full disk")
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, fmt.Errorf("no space") }

func TestColour(t *testing.T) {
	var plain, coloured bytes.Buffer
	r := result(t, "subject-other")
	if err := errors.Join(report.Text(&plain, r, report.Style{}), report.Text(&coloured, r, report.Style{Colour: true})); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(plain.String(), "\x1b") || !strings.Contains(coloured.String(), "\x1b[1;31mINVALID\x1b[0m") {
		t.Errorf("%q", coloured.String())
	}
}
