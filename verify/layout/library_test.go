package layout_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Of in-toto-golang only types, constants, the grammar of rules and the reading of keys are
// used: all else in it may run commands, read files or print.
func TestLittleOfTheLibraryIsUsed(t *testing.T) {
	allowed := []string{"Layout", "Step", "Inspection", "Link", "Key", "PayloadType", "ISO8601DateSchema", "UnpackRule"}
	methods := []string{"LoadKeyReader", "LoadKey", "LoadKeyDefaults", "Dump", "Load", "VerifySignature", "Sign", "CheckCertConstraints", "Filter"}
	paths, err := filepath.Glob("*.go")
	must(t, err)
	used := map[string]bool{}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		must(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == "in_toto" {
				used[sel.Sel.Name] = true
				if !slices.Contains(allowed, sel.Sel.Name) {
					t.Errorf("%s uses in_toto.%s: is it known what that does?", path, sel.Sel.Name)
				}
			} else if slices.Contains(methods, sel.Sel.Name) {
				t.Errorf("%s calls %s", path, sel.Sel.Name)
			}
			return true
		})
	}
	if len(used) != len(allowed) {
		t.Errorf("only %v are used", used)
	}
}
