package sarif

import (
	"strings"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/internal/strict"
)

// maxRuns bounds how many runs a log has, and maxExtensions how many extensions a tool.
const (
	maxRuns       = 1000
	maxExtensions = 1000
)

// A log is a SARIF log as it is read: members come in any order, so that what refers to
// what is settled at the end.
type log struct {
	runs []run
	// detail, unless nil, gets what is not read of a log in a predicate.
	detail *Log
}

type run struct {
	Run
	driver     component
	extensions []component
	results    []result
	// overrides are levels that invocations set for rules (section 3.20.5).
	overrides map[override]string
	detail    *Log
}

// A component is a driver or an extension: its rules' ids and default levels.
type component struct{ rules []rule }

type rule struct{ id, level string }

type result struct {
	ruleID, level, kind string
	detail              Result
	// rule and extension are indices, -1 where there is none.
	rule, extension int64
	suppressed      bool
	gone            bool
}

// An override is for a rule of a component, by its id or, where rule is not -1, by its index.
type override struct {
	ruleID          string
	rule, extension int64
}

// check reads a SARIF log (section 3.13). Other versions than 2.1.0 are unsupported.
func (l *log) check() strict.Check {
	return func(r *strict.Reader) (bool, error) {
		var version string
		filled, err := strict.Object(
			strict.Required("version", strict.Text(&version)),
			strict.Present("runs", strict.Each(l.run)),
		)(r)
		if err != nil {
			return false, err
		}
		if filled && version != "2.1.0" {
			return false, strict.Fault(attest.FaultUnsupported, r.Where()+"/version", "is %q, want SARIF %q", strict.Clip(version), "2.1.0")
		}
		return filled, nil
	}
}

func (l *log) run(r *strict.Reader) (bool, error) {
	if len(l.runs) == maxRuns {
		return false, strict.Fault(attest.FaultTooLarge, r.Where(), "has more than %d runs", maxRuns)
	}
	x := run{Run: Run{Succeeded: true}, overrides: map[override]string{}, detail: l.detail}
	var semantic string
	filled, err := strict.Object(append(x.detail.run(),
		strict.Required("tool", strict.Object(
			strict.Required("driver", x.driver.check(append(x.detail.driver(),
				strict.Required("name", strict.Text(&x.Tool)),
				strict.Optional("version", strict.Text(&x.Version)),
				strict.Optional("semanticVersion", strict.Text(&semantic)),
			)...)),
			strict.Optional("extensions", strict.Each(x.extension)),
		)),
		strict.Optional("invocations", strict.Each(x.invocation)),
		strict.Optional("automationDetails", strict.Object(strict.Optional("id", strict.Text(&x.ID)))),
		strict.Optional("results", x.listed),
	)...)(r)
	if err != nil || !filled {
		return filled, err
	}
	if x.Version == "" {
		x.Version = semantic
	}
	if err := x.settle(r.Where()); err != nil {
		return false, err
	}
	l.runs = append(l.runs, run{Run: x.Run})
	return true, nil
}

func (c *component) check(fields ...strict.Field) strict.Check {
	return strict.Object(append(fields, strict.Optional("rules", strict.Each(c.descriptor)))...)
}

// descriptor reads a rule (section 3.49) and its default level (3.50).
func (c *component) descriptor(r *strict.Reader) (bool, error) {
	var x rule
	filled, err := strict.Object(
		strict.Required("id", strict.Text(&x.id)),
		strict.Optional("defaultConfiguration", strict.Object(strict.Optional("level", level(&x.level)))),
	)(r)
	if err == nil && filled {
		c.rules = append(c.rules, x)
	}
	return filled, err
}

func (x *run) extension(r *strict.Reader) (bool, error) {
	if len(x.extensions) == maxExtensions {
		return false, strict.Fault(attest.FaultTooLarge, r.Where(), "has more than %d extensions", maxExtensions)
	}
	var c component
	filled, err := c.check(strict.Required("name", strict.Text(nil)))(r)
	if err == nil && filled {
		x.extensions = append(x.extensions, c)
	}
	return filled, err
}

// invocation reads whether the tool did what it was to do (section 3.20).
func (x *run) invocation(r *strict.Reader) (bool, error) {
	succeeded := false
	ended := x.Ended
	filled, err := strict.Object(
		strict.Required("executionSuccessful", strict.Bool(&succeeded)),
		strict.Optional("endTimeUtc", strict.Time(&ended)),
		strict.Optional("ruleConfigurationOverrides", strict.Each(x.override)),
	)(r)
	if err != nil {
		return filled, err
	}
	x.Succeeded = x.Succeeded && succeeded
	if ended.After(x.Ended) {
		x.Ended = ended
	}
	return filled, nil
}

func (x *run) override(r *strict.Reader) (bool, error) {
	o, set := override{rule: -1, extension: -1}, ""
	filled, err := strict.Object(
		strict.Required("descriptor", reference(&o.ruleID, &o.rule, &o.extension)),
		strict.Required("configuration", strict.Object(strict.Optional("level", level(&set)))),
	)(r)
	if err != nil || !filled || set == "" {
		return filled, err
	}
	for _, o := range []override{{ruleID: o.ruleID, rule: -1, extension: o.extension}, {rule: o.rule, extension: o.extension}} {
		if (o.ruleID != "" || o.rule >= 0) && grave(set) > grave(x.overrides[o]) {
			x.overrides[o] = set
		}
	}
	return true, nil
}

// listed reads the results. That they are listed says that the tool looked.
func (x *run) listed(r *strict.Reader) (bool, error) {
	x.Scanned = true
	return strict.Each(x.result)(r)
}

// result reads one result (section 3.27).
func (x *run) result(r *strict.Reader) (bool, error) {
	one := result{kind: "fail", rule: -1, extension: -1}
	index, baseline := int64(-1), ""
	standing := suppressions{}
	filled, err := strict.Object(append(x.detail.result(&one.detail),
		strict.Optional("ruleId", strict.Text(&one.ruleID)),
		strict.Optional("ruleIndex", strict.Index(&index)),
		strict.Optional("rule", reference(&one.ruleID, &one.rule, &one.extension)),
		strict.Optional("level", level(&one.level)),
		strict.Optional("kind", strict.OneOf(&one.kind, "fail", "pass", "open", "informational", "notApplicable", "review")),
		strict.Optional("baselineState", strict.OneOf(&baseline, "new", "unchanged", "updated", "absent")),
		strict.Optional("suppressions", strict.Each(standing.one)),
		strict.Required("message", x.detail.message(&one.detail)),
	)...)(r)
	if err != nil || !filled {
		return filled, err
	}
	if one.rule < 0 {
		one.rule = index
	}
	one.suppressed, one.gone = standing.hold(), baseline == "absent"
	x.results = append(x.results, one)
	return true, nil
}

// suppressions hide a result if there are any and all are accepted (section 3.27.23).
type suppressions struct{ accepted, others int }

func (s *suppressions) one(r *strict.Reader) (bool, error) {
	status := "accepted"
	filled, err := strict.Object(
		strict.Required("kind", strict.OneOf(nil, "inSource", "external")),
		strict.Optional("status", strict.OneOf(&status, "accepted", "underReview", "rejected")),
	)(r)
	if status == "accepted" {
		s.accepted++
	} else {
		s.others++
	}
	return filled, err
}

func (s *suppressions) hold() bool { return s.accepted > 0 && s.others == 0 }

// reference points at a rule of a component (section 3.52). The driver is what it points
// into where it names no other.
func reference(id *string, rule, extension *int64) strict.Check {
	return strict.Object(
		strict.Optional("id", strict.Text(id)),
		strict.Optional("index", strict.Index(rule)),
		strict.Optional("toolComponent", strict.Object(strict.Optional("index", strict.Index(extension)))),
	)
}

func level(into *string) strict.Check {
	return strict.OneOf(into, "none", "note", "warning", "error")
}

// parents are the id and what it is a part of: "CA1000/1" is of the rule CA1000 (section 3.27.5).
func parents(id string) []string {
	all := []string{id}
	for i := strings.LastIndexByte(id, '/'); i > 0 && len(all) < 16; i = strings.LastIndexByte(id, '/') {
		id = id[:i]
		all = append(all, id)
	}
	return all
}
