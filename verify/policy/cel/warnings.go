package cel

import (
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	celast "cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
)

// Warnings tells what is suspicious in an expression that compiles, for a policy's lint: an
// all() that an empty list passes, an error that || or a negated && hides, and a rule that reads
// nothing. It is nil for an expression that does not compile.
func Warnings(expression string) []string {
	program, err := Compile(expression)
	if err != nil {
		return nil
	}
	var found []string
	if len(program.Reads) == 0 {
		found = append(found, "the rule reads no variable: it is the same for every image")
	}
	// Without macros the expression is as it was written.
	env, err := cel.NewCustomEnv(cel.ClearMacros())
	if err != nil {
		return found
	}
	ast, issues := env.Parse(expression)
	if issues.Err() != nil {
		return found
	}
	c := critic{checked: map[string]bool{}}
	c.collect(ast.NativeRep().Expr())
	c.read(ast.NativeRep().Expr(), false)
	return append(found, c.found...)
}

// A critic reads an expression as it was written.
type critic struct {
	// checked are the texts of what the expression makes sure of: that it is there, or that it
	// is not empty.
	checked map[string]bool
	found   []string
}

// collect notes what has(), size(), exists() and "in" make sure of.
func (c *critic) collect(e celast.Expr) {
	for _, part := range parts(e) {
		c.collect(part)
	}
	switch {
	case e.Kind() == celast.CallKind && slices.Contains([]string{"has", "size", "exists", "exists_one"}, e.AsCall().FunctionName()):
		call := e.AsCall()
		if call.IsMemberFunction() {
			c.checked[text(call.Target())] = true
		} else if len(call.Args()) == 1 {
			c.checked[text(call.Args()[0])] = true
		}
	case e.Kind() == celast.CallKind && e.AsCall().FunctionName() == operators.In:
		key, of := e.AsCall().Args()[0], e.AsCall().Args()[1]
		c.checked[text(of)+"["+text(key)+"]"] = true
		if key.Kind() == celast.LiteralKind {
			c.checked[text(of)+"."+fmt.Sprint(key.AsLiteral().Value())] = true
		}
	}
}

// read looks for all() and for alternatives. Under a negation && hides what || does else.
func (c *critic) read(e celast.Expr, negated bool) {
	if e.Kind() == celast.CallKind {
		call := e.AsCall()
		switch name := call.FunctionName(); {
		case name == operators.LogicalNot:
			negated = !negated
		case name == operators.LogicalOr && !negated, name == operators.LogicalAnd && negated:
			if risk := c.risk(call.Args()[0]); risk != "" {
				c.warn("where %s cannot be read, the other side of %s decides alone: ask first with has() or in", risk, map[bool]string{false: "||", true: "a negated &&"}[negated])
			}
		case name == "all" && call.IsMemberFunction() && len(call.Args()) == 2:
			if of := text(call.Target()); !c.checked[of] && !neverEmpty(of) {
				c.warn("%s.all() is true where the list is empty: add size(%s) > 0 if that is not meant", of, of)
			}
		}
	}
	for _, part := range parts(e) {
		c.read(part, negated)
	}
}

func (c *critic) warn(format string, args ...any) {
	if w := clip(fmt.Sprintf(format, args...)); !slices.Contains(c.found, w) {
		c.found = append(c.found, w)
	}
}

// neverEmpty says whether a rule is not evaluated where the list is empty; and a scan
// without vulnerabilities is what one hopes for.
func neverEmpty(name string) bool {
	return slices.Contains([]string{"provenance", "signatures", "checks", "approvals", "base", "vulnerabilities", "image.platforms"}, name)
}

// risk is the first part of e that can fail, or "".
func (c *critic) risk(e celast.Expr) string {
	switch e.Kind() {
	case celast.SelectKind:
		if t := text(e); !c.checked[t] && !always(t) {
			return t
		}
	case celast.CallKind:
		switch call := e.AsCall(); call.FunctionName() {
		case "has", "size", operators.In:
			return ""
		case operators.Index:
			if t := text(e); !c.checked[t] {
				return t
			}
		case "int", "uint", "double", "timestamp", "duration", operators.Divide, operators.Modulo:
			if len(call.Args()) > 0 && call.Args()[0].Kind() != celast.LiteralKind {
				return text(e)
			}
		}
	}
	for _, part := range parts(e) {
		if r := c.risk(part); r != "" {
			return r
		}
	}
	return ""
}

// always says whether the field is there in whatever a rule is evaluated with.
func always(path string) bool {
	of, field, _ := strings.Cut(path, ".")
	if _, ours := Types()["carnet"][of]; !ours && slices.Contains([]string{
		"name", "version", "purl", "licenses", "hashes", "id", "severity", "package", "scanner", "fixedIn", "type", "result", "by", "logged", "claims",
		"properties", "digest", "builder", "buildType", "source", "parameters", "materials", "raw",
	}, field) {
		return true // of an element of a list
	}
	return strings.HasPrefix(path, "deploy.") || slices.Contains([]string{
		"image.registry", "image.repository", "image.digest", "image.platforms", "image.labels", "image.annotations", "sbom.format", "sbom.packages",
	}, path)
}

// parts are the expressions directly inside e.
func parts(e celast.Expr) []celast.Expr {
	switch e.Kind() {
	case celast.SelectKind:
		return []celast.Expr{e.AsSelect().Operand()}
	case celast.CallKind:
		call := e.AsCall()
		if call.IsMemberFunction() {
			return append([]celast.Expr{call.Target()}, call.Args()...)
		}
		return call.Args()
	case celast.ListKind:
		return e.AsList().Elements()
	case celast.MapKind:
		var all []celast.Expr
		for _, entry := range e.AsMap().Entries() {
			all = append(all, entry.AsMapEntry().Key(), entry.AsMapEntry().Value())
		}
		return all
	}
	return nil
}

// text is e as one would write it, as far as names, fields, indexes and literals go.
func text(e celast.Expr) string {
	switch e.Kind() {
	case celast.IdentKind:
		return e.AsIdent()
	case celast.LiteralKind:
		return fmt.Sprintf("%#v", e.AsLiteral().Value())
	case celast.SelectKind:
		return text(e.AsSelect().Operand()) + "." + e.AsSelect().FieldName()
	case celast.CallKind:
		call := e.AsCall()
		var args []string
		for _, a := range call.Args() {
			args = append(args, text(a))
		}
		switch {
		case call.FunctionName() == operators.Index && len(args) == 2:
			return args[0] + "[" + args[1] + "]"
		case call.IsMemberFunction():
			return text(call.Target()) + "." + call.FunctionName() + "(" + strings.Join(args, ", ") + ")"
		}
		return call.FunctionName() + "(" + strings.Join(args, ", ") + ")"
	}
	return "…"
}
