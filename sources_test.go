package carnet_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestSources holds the text of the code to what the import graph can't show.
func TestSources(t *testing.T) {
	for dir, files := range readSources(t) {
		noInit(t, files)
		if !strings.HasPrefix(dir, "cmd") {
			noSelector(t, files, "only cmd reads the environment", "os.Getenv", "os.LookupEnv", "os.Environ", "os.ExpandEnv", "os.Setenv", "os.Unsetenv", "syscall.Getenv")
		}
		if files.files[0].Name.Name != "main" {
			noSelector(t, files, "only main ends the process", "os.Exit", "log.Fatal", "log.Fatalf")
		}
		if slices.Contains([]string{"attest", "attest/artifact", "sbom", "sign", "verify", "verify/policy", "verify/report", "verify/key", "verify/gate"}, dir) {
			noSelector(t, files, "time is a value that the caller has", "time.Now", "time.Since", "time.Until", "time.Sleep", "time.After")
		}
		noState(t, files)
	}
}

// sources are the files of one package.
type sources struct {
	set   *token.FileSet
	files []*ast.File
}

// readSources parses all code of this module but its tests, by folder.
func readSources(t *testing.T) map[string]*sources {
	t.Helper()
	all := map[string]*sources{}
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			_, nested := os.Stat(filepath.Join(path, "go.mod"))
			if path != "." && (nested == nil || strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata") {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		dir := filepath.ToSlash(filepath.Dir(path))
		if all[dir] == nil {
			all[dir] = &sources{set: token.NewFileSet()}
		}
		file, err := parser.ParseFile(all[dir].set, path, nil, parser.ParseComments)
		all[dir].files = append(all[dir].files, file)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 20 {
		t.Fatalf("only %d packages were found", len(all))
	}
	return all
}

// Code that runs before main slows every start and hides what it does.
func noInit(t *testing.T, s *sources) {
	for _, f := range s.files {
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				t.Errorf("%s: an init function; say it where it is used", s.set.Position(fn.Pos()))
			}
		}
	}
}

func noSelector(t *testing.T, s *sources, why string, banned ...string) {
	for _, f := range s.files {
		ast.Inspect(f, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, ok := sel.X.(*ast.Ident); ok && slices.Contains(banned, x.Name+"."+sel.Sel.Name) {
				t.Errorf("%s: %s.%s: %s", s.set.Position(n.Pos()), x.Name, sel.Sel.Name, why)
			}
			return true
		})
	}
}

// noState refuses package variables that change: those without a value, which can
// only be filled later, and those that any function assigns to. The parser resolves
// names within a file; those it leaves open are of the package.
func noState(t *testing.T, s *sources) {
	vars := map[string]bool{}
	for _, f := range s.files {
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.VAR {
				continue
			}
			for _, spec := range g.Specs {
				v := spec.(*ast.ValueSpec)
				for _, name := range v.Names {
					vars[name.Name] = true
					if len(v.Values) == 0 && !embedded(g, v) {
						t.Errorf("%s: package variable %s has no value: it is state", s.set.Position(v.Pos()), name.Name)
					}
				}
			}
		}
	}
	for _, f := range s.files {
		for _, target := range assigned(f) {
			if vars[target.Name] && (target.Obj == nil || f.Scope.Lookup(target.Name) == target.Obj) {
				t.Errorf("%s: package variable %s is changed: it is state", s.set.Position(target.Pos()), target.Name)
			}
		}
	}
}

func embedded(g *ast.GenDecl, v *ast.ValueSpec) bool {
	for _, doc := range []*ast.CommentGroup{g.Doc, v.Doc} {
		if doc != nil && strings.Contains(doc.List[len(doc.List)-1].Text, "//go:embed") {
			return true
		}
	}
	return false
}

// assigned lists the names whose value, or a part of it, is assigned to in a file, or
// whose address is taken.
func assigned(f *ast.File) []*ast.Ident {
	var found []*ast.Ident
	add := func(e ast.Expr) {
		if id := root(e); id != nil {
			found = append(found, id)
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if n.Tok != token.DEFINE {
				for _, e := range n.Lhs {
					add(e)
				}
			}
		case *ast.IncDecStmt:
			add(n.X)
		case *ast.UnaryExpr:
			if n.Op == token.AND {
				add(n.X)
			}
		}
		return true
	})
	return found
}

func root(e ast.Expr) *ast.Ident {
	for {
		switch x := e.(type) {
		case *ast.Ident:
			return x
		case *ast.IndexExpr:
			e = x.X
		case *ast.SelectorExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		default:
			return nil
		}
	}
}
