package ingest

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/carnet-project/carnet/attest/internal/strict"
)

// counts are what a suite holds, or what it says that it holds.
type counts struct {
	tests int
	// skipped are the tests that were not run, and disabled those of them that say so by their
	// status, which GoogleTest counts apart.
	skipped, disabled int
	// failed are the tests that failed, and faults their elements failure and error, of which a
	// test may have several.
	failed, faults int
}

func (c *counts) add(o counts) {
	c.tests += o.tests
	c.skipped += o.skipped
	c.disabled += o.disabled
	c.failed += o.failed
	c.faults += o.faults
}

// agree holds what a suite says that it holds to what it does. Some dialects count what lies
// in suites below it, and others do not; some count the failures of a test, and others tests.
func (j *junitReader) agree(attributes map[string]string, own, all counts) error {
	if own == (counts{}) {
		own = all // what only holds suites speaks of them
	}
	tests, told, err := j.sum(attributes, "tests")
	if err == nil && told && tests != own.tests && tests != all.tests {
		err = j.unlike(fmt.Sprintf("the %d tests that the suite says it has", tests), "%d", all.tests)
	}
	if err != nil {
		return err
	}
	faults, told, err := j.sum(attributes, "failures", "errors")
	if err == nil && told && !slices.Contains([]int{own.failed, own.faults, all.failed, all.faults}, faults) {
		err = j.unlike(fmt.Sprintf("the %d failures and errors that the suite says it has", faults), "%d", all.failed)
	}
	if err != nil {
		return err
	}
	skipped, told, err := j.sum(attributes, "skipped", "ignored")
	if err == nil && told && !slices.Contains([]int{own.skipped, own.skipped - own.disabled, all.skipped, all.skipped - all.disabled}, skipped) {
		err = j.unlike(fmt.Sprintf("the %d skipped tests that the suite says it has", skipped), "%d", all.skipped)
	}
	if err != nil {
		return err
	}
	disabled, told, err := j.sum(attributes, "disabled")
	if err == nil && told && !slices.Contains([]int{own.skipped, own.disabled, all.skipped, all.disabled}, disabled) {
		err = j.unlike(fmt.Sprintf("the %d disabled tests that the suite says it has", disabled), "%d", all.disabled)
	}
	return err
}

// sum adds up counts, which are whole numbers; told says whether any is there.
func (j *junitReader) sum(attributes map[string]string, names ...string) (n int, told bool, err error) {
	for _, name := range names {
		text, found := attributes[name]
		if !found || text == "" {
			continue
		}
		v, err := strconv.Atoi(text)
		if err != nil || v < 0 || v > 1<<30 {
			return 0, false, j.unlike("a whole number for "+name, "%q", strict.Clip(text))
		}
		n, told = n+v, true
	}
	return n, told, nil
}
