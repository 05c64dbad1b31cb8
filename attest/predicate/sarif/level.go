package sarif

import (
	"slices"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/internal/strict"
)

// settle counts the results, now that the rules are known. The error is of a reference to a
// rule that is not there.
func (x *run) settle(where string) error {
	index := make([]map[string]string, len(x.extensions)+1)
	for i, c := range append([]component{x.driver}, x.extensions...) {
		index[i] = c.levels()
	}
	for i := range x.results {
		one := &x.results[i]
		if one.gone || one.suppressed || one.kind == "pass" || one.kind == "notApplicable" {
			continue
		}
		level, ok := x.level(one, index)
		if !ok {
			return strict.Fault(attest.FaultMalformed, where, "has a result of a rule that the tool does not have: number %d", i)
		}
		x.Counts.add(level)
		x.detail.add(x, one, level)
	}
	return nil
}

func (c *Counts) add(level string) {
	switch level {
	case "error":
		c.Errors++
	case "warning":
		c.Warnings++
	case "note":
		c.Notes++
	}
}

// levels are the default levels by rule id. Of rules with one id the gravest counts, for a
// result that names the id alone may be of each.
func (c component) levels() map[string]string {
	all := make(map[string]string, len(c.rules))
	for _, r := range c.rules {
		level := r.orWarning()
		if known, ok := all[r.id]; !ok || grave(level) > grave(known) {
			all[r.id] = level
		}
	}
	return all
}

func (r rule) orWarning() string {
	if r.level == "" {
		return "warning"
	}
	return r.level
}

func grave(level string) int {
	return slices.Index([]string{"none", "note", "warning", "error"}, level)
}

// level is a result's (section 3.27.10): its own, else none if it is no failure, else what an
// invocation sets for its rule, else the rule's default, else warning.
func (x *run) level(one *result, index []map[string]string) (string, bool) {
	if one.extension >= int64(len(x.extensions)) {
		return "", false
	}
	c := x.driver
	if one.extension >= 0 {
		c = x.extensions[one.extension]
	}
	if one.rule >= int64(len(c.rules)) && one.rule >= 0 && len(c.rules) > 0 {
		return "", false
	}
	switch {
	case one.level != "":
		return one.level, true
	case one.kind != "fail":
		return "none", true
	}
	level, id := "", one.ruleID
	if one.rule >= 0 && one.rule < int64(len(c.rules)) {
		level = c.rules[one.rule].orWarning()
		if id == "" {
			id = c.rules[one.rule].id
		}
	}
	for _, id := range parents(id) {
		if known, ok := index[one.extension+1][id]; ok && level == "" {
			level = known
		}
	}
	if set := x.overridden(one, id); set != "" {
		level = set
	}
	if level == "" {
		level = "warning"
	}
	return level, true
}

// overridden is the gravest level that an invocation sets for the result's rule, or "". A
// result may say which invocation is its own; to take the gravest of all is never too mild.
func (x *run) overridden(one *result, id string) string {
	gravest := x.overrides[override{rule: one.rule, extension: one.extension}]
	for _, id := range parents(id) {
		if level := x.overrides[override{ruleID: id, rule: -1, extension: one.extension}]; level != "" && grave(level) > grave(gravest) {
			gravest = level
		}
	}
	return gravest
}

func (l *log) report() *Report {
	var p Report
	for _, r := range l.runs {
		p.Runs = append(p.Runs, r.Run)
	}
	return &p
}
