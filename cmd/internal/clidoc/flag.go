package main

import (
	"slices"
	"strings"

	urfave "github.com/urfave/cli/v2"

	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/sbom/scan"
	"github.com/carnet-project/carnet/sign/key"
	"github.com/carnet-project/carnet/verify/policy"
)

// A flag is what the reference says of a command's flag.
type flag struct {
	// names are the spellings with their dashes, the long one first.
	names []string
	// value is what the value is called; empty for flags without one.
	value string
	// usage says what it is for, the value's name in backquotes.
	usage   string
	initial string
	many    bool
}

func (c command) flags() []flag {
	var all []flag
	for _, f := range c.Flags {
		if d, ok := f.(urfave.DocGenerationFlag); ok {
			all = append(all, describe(f, d))
		}
	}
	return all
}

func describe(f urfave.Flag, d urfave.DocGenerationFlag) flag {
	out := flag{usage: d.GetUsage()}
	_, out.many = f.(*urfave.StringSliceFlag)
	for _, n := range f.Names() {
		dashes := "--"
		if len(n) == 1 {
			dashes = "-"
		}
		out.names = append(out.names, dashes+n)
	}
	if !d.TakesValue() {
		return out
	}
	out.value = "VALUE"
	if _, rest, found := strings.Cut(out.usage, "`"); found {
		out.value, _, _ = strings.Cut(rest, "`")
	}
	out.initial = strings.Trim(d.GetDefaultText(), `"`)
	return out
}

// plain is the usage without the backquotes, and with the default.
func (f flag) plain() string {
	text := strings.ReplaceAll(f.usage, "`", "")
	if f.initial != "" {
		text += " (default: " + f.initial + ")"
	}
	return text
}

// brief is the usage as far as it fits on a line of a completion.
func (f flag) brief() string {
	text, _, _ := strings.Cut(strings.ReplaceAll(f.usage, "`", ""), ";")
	text, _, _ = strings.Cut(text, ": ")
	return text
}

// choices are the values that can be completed, if there are few of them.
func (f flag) choices() []string {
	switch f.names[0] {
	case "--type":
		var names []string
		for _, a := range predicate.Aliases() {
			names = append(names, a.Name)
		}
		return names
	case "--algorithm":
		return text(key.Algorithms())
	case "--require":
		return []string{policy.RequireSignature, policy.RequireProvenance, policy.RequireSBOM}
	case "--format":
		return text(slices.DeleteFunc(scan.Formats(), func(s scan.Format) bool { return s.PredicateType() == "" }))
	case "--output":
		switch f.value {
		case "FORMAT":
			return []string{"text", "json"}
		case "FORMAT[=FILE]":
			return text(scan.Formats())
		}
	}
	return nil
}

func text[S ~string](all []S) []string {
	var out []string
	for _, s := range all {
		out = append(out, string(s))
	}
	return out
}
