package policy

import (
	"slices"
	"strings"
	"time"

	"github.com/carnet-project/carnet/attest/predicate/sarif"
	"github.com/carnet-project/carnet/attest/predicate/scai"
	"github.com/carnet-project/carnet/attest/predicate/testresult"
	"github.com/carnet-project/carnet/verify"
)

// A result is what one piece of evidence says of a check.
type result struct {
	of *verify.Evidence
	// names are what the check can be called by what the evidence says; nil means any name.
	names []string
	// url is where to look, commit what the report says it is of, and ended when the
	// check ended by its own clock.
	url, commit string
	ended       time.Time
	tests       *testresult.Result
	// whole says that the report as such has the name, so that all of its runs count.
	whole []string
	runs  []sarif.Run
	// present is a statement that says what it says by being there.
	present string
}

// result reads the evidence of a check of a type.
func (b *bench) result(e *verify.Evidence, kind string) (result, error) {
	return remember(b.c.Facts, e, "check "+kind, func() (result, error) { return readResult(e, kind) })
}

func readResult(e *verify.Evidence, kind string) (result, error) {
	x := result{of: e}
	switch kind {
	case checkTests:
		r, err := testresult.Parse(e.PredicateType(), e.Predicate())
		if err != nil {
			return x, err
		}
		x.tests, x.url, x.names = r, r.URL, testNames(r)
	case checkSARIF:
		r, err := sarif.Parse(e.PredicateType(), e.Predicate())
		if err != nil {
			return x, err
		}
		x.commit, x.runs = r.Commit, r.Runs
		if r.Name != "" {
			x.whole = []string{r.Name}
		}
		x.names = slices.Clone(x.whole)
		for _, run := range r.Runs {
			x.names = append(x.names, run.Names()...)
			if run.Ended.After(x.ended) {
				x.ended = run.Ended
			}
		}
		x.names = nonNil(x.names)
	case checkSCAI:
		r, err := scai.Parse(e.PredicateType(), e.Predicate())
		if err != nil {
			return x, err
		}
		for _, a := range r.Attributes {
			x.names = append(x.names, a.Name)
		}
		x.present = "asserted"
	default:
		x.present = "an attestation of type " + e.PredicateType()
	}
	return x, nil
}

// titles are the result's names for people.
func (x result) titles() []string {
	if len(x.names) == 0 {
		return []string{"nothing"}
	}
	return x.names
}

func nonNil(names []string) []string {
	if names == nil {
		return []string{}
	}
	return names
}

// testNames are what the tests can be called: the name that the result gives itself, and
// those of its configurations, whole and without directory and extension.
func testNames(r *testresult.Result) []string {
	names := []string{}
	if r.Name != "" {
		names = append(names, r.Name)
	}
	for _, c := range r.Configuration {
		if c.Name == "" {
			continue
		}
		names = append(names, c.Name)
		if short := trimExtension(c.Name); short != c.Name {
			names = append(names, short)
		}
	}
	return names
}

// only is the part of the result that has the name; false if none has. Names differ by more
// than case.
func (x result) only(name string) (result, bool) {
	is := func(n string) bool { return strings.EqualFold(n, name) }
	switch {
	case x.names == nil, slices.ContainsFunc(x.whole, is):
		return x, true
	case !slices.ContainsFunc(x.names, is):
		return x, false
	}
	if x.runs != nil {
		x.runs = slices.DeleteFunc(slices.Clone(x.runs), func(r sarif.Run) bool { return !slices.ContainsFunc(r.Names(), is) })
	}
	return x, true
}

// judge says what the result is, and what is wrong with it, or "".
func (x result) judge(denyLevel string) (found, problem string) {
	switch {
	case x.tests != nil:
		if x.tests.Result == testresult.Failed || len(x.tests.FailedTests) > 0 {
			return "", testsFailed(x.tests.FailedTests)
		}
		return x.tests.Result, ""
	case x.present != "":
		return x.present, ""
	case len(x.runs) == 0:
		return "", "a report without a run of any tool"
	}
	var good []string
	for _, r := range x.runs {
		by := strings.TrimSpace(r.Tool + " " + r.Version)
		switch {
		case !r.Succeeded:
			return "", by + " itself failed"
		case !r.Scanned:
			return "", by + " did not come to look: its report has no list of results"
		case r.Counts.AtLeast(denyLevel) > 0:
			return "", r.Counts.String() + " by " + by
		}
		good = append(good, r.Counts.String()+" by "+by)
	}
	return list(good, 3), ""
}

// newestResults are the newest of each signer, all of the last second, and what has no
// trusted time.
func newestResults(all []result) []result {
	return slices.DeleteFunc(slices.Clone(all), func(x result) bool {
		return slices.ContainsFunc(all, func(y result) bool { return replaces(y.of, x.of) })
	})
}

// replaces says whether a newer statement stands for an older one: of the same signer, and
// later by a whole second of trusted time.
func replaces(newer, older *verify.Evidence) bool {
	if newer.SignedAt().IsZero() || older.SignedAt().IsZero() {
		return false
	}
	return newer.By().Same(older.By()) && newer.SignedAt().Unix() > older.SignedAt().Unix()
}
