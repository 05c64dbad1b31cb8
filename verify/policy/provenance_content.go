package policy

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// parameters refuses what a user set and the policy does not list: an unknown parameter may
// change what is built (SLSA v1.2, verifying-artifacts.md, step 2).
func (x *candidate) parameters(t *provenanceTest) {
	const rule = "provenance.parameters"
	if t.Allow != nil {
		var unknown []string
		for _, name := range slices.Sorted(maps.Keys(x.view.Parameters)) {
			if !x.allowed(t, name) {
				unknown = append(unknown, name+"="+shown(x.view.Parameters[name]))
			}
		}
		expected := "no parameters"
		if len(t.Allow) > 0 {
			expected = "only " + list(t.Allow, 5)
		}
		found := "no others"
		if len(unknown) > 0 {
			found = "also " + list(unknown, 5)
		}
		x.ended(rule, len(unknown) == 0, StatusFail, expected, found)
	}
	for _, name := range slices.Sorted(maps.Keys(t.values)) {
		value, there := x.view.Parameters[name]
		found := "no " + name
		if there {
			found = name + "=" + shown(value)
		}
		x.ended(rule, there && t.values[name].Match(scalarText(value)), StatusFail, name+"="+t.values[name].String(), found)
	}
}

// allowed says whether the policy has heard of a parameter: it is listed, it must have a
// value, it only repeats the source, which other rules judge, or it is the empty place for
// parameters that are listed.
func (x *candidate) allowed(t *provenanceTest, name string) bool {
	if _, named := t.values[name]; named || x.view.Told(name) || matchAny(t.allow, name) {
		return true
	}
	return x.view.Parameters[name] == nil && slices.ContainsFunc(t.Allow, func(pattern string) bool { return strings.HasPrefix(pattern, name+".") })
}

// scalarText is a parameter as a policy writes it.
func scalarText(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return "null"
}

func shown(value any) string {
	const most = 40
	text := scalarText(value)
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
}

// materials asks that everything that went in is pinned, and that nothing else could.
func (x *candidate) materials(t *provenanceTest) {
	if t.Digests {
		var loose []string
		for i, m := range x.view.Materials {
			if len(m.Digest) == 0 {
				loose = append(loose, clipped(or(or(m.URI, m.Name), fmt.Sprintf("material %d", i+1))))
			}
		}
		found := plural(len(x.view.Materials), "material") + ", each with a digest"
		switch {
		case len(x.view.Materials) == 0:
			found = "no materials at all"
		case len(loose) > 0:
			found = "none of " + list(loose, 3)
		}
		x.ended("provenance.materials", len(loose) == 0 && len(x.view.Materials) > 0, StatusFail, "a digest of every material", found)
	}
	if t.Hermetic {
		found := "the provenance does not say so"
		if x.view.Hermetic {
			found = "one, as the provenance says"
		}
		x.ended("provenance.hermetic", x.view.Hermetic, StatusFail, "a build without a network", found)
	}
}
