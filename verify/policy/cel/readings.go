package cel

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	celast "cel.dev/cel-go/common/ast"
)

// A walker finds what an expression reads.
type walker struct {
	variables    map[string]*cel.Type
	reads, paths map[string]bool
	source       *celast.SourceInfo
	err          error
}

// walk notes what e reads, where local has the paths of the variables of macros.
func (w *walker) walk(e celast.Expr, local map[string]string) {
	if path, ok := w.path(e, local); ok {
		if path != "" {
			w.paths[path] = true
		}
		return
	}
	switch e.Kind() {
	case celast.SelectKind:
		w.walk(e.AsSelect().Operand(), local)
	case celast.CallKind:
		call := e.AsCall()
		if call.IsMemberFunction() {
			w.walk(call.Target(), local)
		}
		w.all(call.Args(), local)
	case celast.ListKind:
		w.all(e.AsList().Elements(), local)
	case celast.MapKind:
		for _, entry := range e.AsMap().Entries() {
			w.walk(entry.AsMapEntry().Key(), local)
			w.walk(entry.AsMapEntry().Value(), local)
		}
	case celast.StructKind:
		w.refuse(e, "a rule makes no objects: it reads those that are there")
	case celast.ComprehensionKind:
		w.comprehension(e, local)
	}
}

func (w *walker) all(exprs []celast.Expr, local map[string]string) {
	for _, e := range exprs {
		w.walk(e, local)
	}
}

// comprehension is what a macro becomes: its variable stands for an element of its range.
func (w *walker) comprehension(e celast.Expr, local map[string]string) {
	c := e.AsComprehension()
	w.shadows(e, c.IterVar())
	inside := map[string]string{c.AccuVar(): "", c.IterVar(): ""}
	for name, path := range local {
		if _, hidden := inside[name]; !hidden {
			inside[name] = path
		}
	}
	if path, ok := w.path(c.IterRange(), local); ok && path != "" {
		inside[c.IterVar()] = path + "[]"
		w.paths[path+"[]"] = true
	} else {
		w.walk(c.IterRange(), local)
	}
	w.all([]celast.Expr{c.AccuInit(), c.LoopCondition(), c.LoopStep(), c.Result()}, inside)
	if path := inside[c.IterVar()]; path != "" {
		w.narrow(path)
	}
}

// narrow forgets that a whole element is read where fields of it are.
func (w *walker) narrow(path string) {
	for other := range w.paths {
		if strings.HasPrefix(other, path+".") {
			delete(w.paths, path)
			return
		}
	}
}

// shadows refuses a macro's variable with the name of one of ours: a reader would take the
// one for the other.
func (w *walker) shadows(e celast.Expr, name string) {
	if w.variables[name] != nil {
		w.refuse(e, fmt.Sprintf("the name %s is a variable's: choose another for the elements of a list", name))
	}
}

func (w *walker) refuse(e celast.Expr, detail string) {
	if at := w.source.GetStartLocation(e.ID()); w.err == nil {
		w.err = &Error{at.Line(), at.Column() + 1, detail}
	}
}

// path is the dotted path of a name and the fields selected of it. It is "" for what belongs
// to a macro and stands for no variable.
func (w *walker) path(e celast.Expr, local map[string]string) (string, bool) {
	switch e.Kind() {
	case celast.IdentKind:
		name := e.AsIdent()
		if path, ok := local[name]; ok {
			return path, true
		}
		if w.variables[name] == nil {
			return "", true // a type, such as int
		}
		w.reads[name] = true
		return name, true
	case celast.SelectKind:
		path, ok := w.path(e.AsSelect().Operand(), local)
		if ok && path != "" {
			path += "." + e.AsSelect().FieldName()
		}
		return path, ok
	}
	return "", false
}

// firstLine is the first line of what CEL says, bounded.
func firstLine(err error) string {
	text, _, _ := strings.Cut(err.Error(), "\n")
	return clip(strings.TrimPrefix(text, "ERROR: "))
}

// clip bounds what CEL says, for it repeats what it was given.
func clip(s string) string {
	const most = 200
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "?"), "\n", " ")
	if len(s) <= most {
		return s
	}
	end := most
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "…"
}
