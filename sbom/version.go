package sbom

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// A Range is some versions of a format: all, those from Least on, or Only one.
type Range struct {
	Format      Format
	Least, Only string
}

// ParseRange reads "spdx", "cyclonedx>=1.6" or "spdx=2.3". Versions are numbers with dots.
func ParseRange(text string) (Range, error) {
	name, version := text, ""
	if i := strings.IndexAny(text, "<>=!~^ "); i >= 0 {
		name, version = text[:i], text[i:]
	}
	var r Range
	switch strings.ToLower(name) {
	case "spdx":
		r.Format = SPDX
	case "cyclonedx":
		r.Format = CycloneDX
	default:
		return Range{}, fmt.Errorf("format %q is neither spdx nor cyclonedx", text)
	}
	if version == "" {
		return r, nil
	}
	into := &r.Only
	rest, found := strings.CutPrefix(version, ">=")
	if found {
		into = &r.Least
	} else if rest, found = strings.CutPrefix(version, "="); !found {
		return Range{}, fmt.Errorf("format %q: want %s, %s>=VERSION or %s=VERSION", text, name, name, name)
	}
	if _, err := numbers(rest); err != nil {
		return Range{}, fmt.Errorf("format %q: %w", text, err)
	}
	*into = rest
	return r, nil
}

func (r Range) String() string {
	name := strings.ToLower(string(r.Format))
	switch {
	case r.Least != "":
		return name + ">=" + r.Least
	case r.Only != "":
		return name + "=" + r.Only
	}
	return name
}

// Has says whether a document is of the format and in the range. A version that is not made of numbers is in
// no range that has a bound.
func (r Range) Has(h Header) bool {
	if h.Format != r.Format {
		return false
	}
	switch {
	case r.Least != "":
		order, err := compare(h.SpecVersion, r.Least)
		return err == nil && order >= 0
	case r.Only != "":
		order, err := compare(h.SpecVersion, r.Only)
		return err == nil && order == 0
	}
	return true
}

// compare orders versions number by number; what is not there is 0.
func compare(a, b string) (int, error) {
	x, err := numbers(a)
	if err != nil {
		return 0, err
	}
	y, err := numbers(b)
	if err != nil {
		return 0, err
	}
	for i := range max(len(x), len(y)) {
		var m, n int
		if i < len(x) {
			m = x[i]
		}
		if i < len(y) {
			n = y[i]
		}
		if order := cmp.Compare(m, n); order != 0 {
			return order, nil
		}
	}
	return 0, nil
}

func numbers(version string) ([]int, error) {
	var all []int
	for part := range strings.SplitSeq(version, ".") {
		n, err := strconv.ParseUint(part, 10, 16)
		if err != nil {
			return nil, fmt.Errorf("version %q is not made of numbers with dots", version)
		}
		all = append(all, int(n))
	}
	return all, nil
}
