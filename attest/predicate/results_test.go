package predicate_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/predicate/commit"
	"github.com/carnet-project/carnet/attest/predicate/scai"
	"github.com/carnet-project/carnet/attest/predicate/svr"
	"github.com/carnet-project/carnet/attest/predicate/testresult"
)

// What is read is what is there.
func TestResultsAreRead(t *testing.T) {
	r, err := testresult.Parse(testresult.V01, []byte(`{"name":"unit","result":"FAILED","configuration":[{"name":"ci.yml","digest":{"gitBlob":"7fd1a60b01f91b314f59955a4e4d4e80d8edf11d"}}],
		"url":"https://example.com/run","passedTests":["a"],"warnedTests":["b"],"failedTests":["c","d"]}`))
	if err != nil || r.Name != "unit" || r.Result != testresult.Failed || r.Configuration[0].Name != "ci.yml" || r.URL != "https://example.com/run" ||
		!slices.Equal(r.PassedTests, []string{"a"}) || !slices.Equal(r.WarnedTests, []string{"b"}) || !slices.Equal(r.FailedTests, []string{"c", "d"}) {
		t.Errorf("%+v, %v", r, err)
	}
	s, err := scai.Parse(scai.V03, []byte(good[scai.V03]))
	if err != nil || len(s.Attributes) != 1 || s.Attributes[0].Name != "WITH_STACK_PROTECTION" || string(s.Attributes[0].Conditions) != `{"flags":"-fstack-protector*"}` ||
		s.Attributes[0].Evidence.Name != "e" || s.Producer.URI != "file:///usr/bin/gcc" {
		t.Errorf("%+v, %v", s, err)
	}
	v, err := svr.Parse(svr.V02, []byte(good[svr.V02]))
	if err != nil || v.VerifierID != "https://example.com/v" || len(v.Policies) != 1 || v.TimeCreated.Year() != 1985 || !v.States("COMPANY_RELEASE_APPROVED") || v.States("COMPANY") {
		t.Errorf("%+v, %v", v, err)
	}
	c, err := commit.Parse(commit.V1, []byte(good[commit.V1]))
	if err != nil || string(c.Object) != "tree" || c.ID != "7fd1a60b01f91b314f59955a4e4d4e80d8edf11d" {
		t.Errorf("%+v, %v", c, err)
	}
	if raw, err := c.Predicate(); err != nil || string(raw) != good[commit.V1] {
		t.Errorf("%s, %v", raw, err)
	}
	if _, err := (commit.Commit{ID: `7fd1a60b01f91b314f59955a4e4d4e80d8edf11d","x":"`, Object: []byte("tree")}).Predicate(); err == nil {
		t.Error("a name that is none is written")
	}
	if _, err := (commit.Commit{ID: c.ID, Object: []byte(strings.Repeat("x", 1<<20+1))}).Predicate(); err == nil {
		t.Error("an object over the bound is written")
	}
}

func FuzzResults(f *testing.F) {
	for _, uri := range []string{testresult.V01, scai.V03, svr.V02, commit.V1} {
		f.Add(good[uri])
	}
	f.Fuzz(func(t *testing.T, text string) {
		raw := []byte(text)
		r, err1 := testresult.Parse(testresult.V01, raw)
		s, err2 := scai.Parse(scai.V03, raw)
		v, err3 := svr.Parse(svr.V02, raw)
		c, err4 := commit.Parse(commit.V1, raw)
		for _, err := range []error{err1, err2, err3, err4} {
			var e *attest.Error
			if err != nil && !errors.As(err, &e) {
				t.Fatalf("%T: %v", err, err)
			}
		}
		if err1 == nil && (r.Result == "" || len(r.Configuration) == 0) || err2 == nil && len(s.Attributes) == 0 || err3 == nil && len(v.Properties) == 0 {
			t.Fatal("a result without what it requires")
		}
		if err4 == nil {
			again, err := c.Predicate()
			if err != nil {
				t.Fatal(err)
			}
			if d, err := commit.Parse(commit.V1, again); err != nil || d.ID != c.ID || string(d.Object) != string(c.Object) {
				t.Fatalf("%v: read back differently", err)
			}
		}
	})
}
