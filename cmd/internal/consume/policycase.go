package consume

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/cmd/internal/policy/load"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/pack"
	"github.com/carnet-project/carnet/verify/policy"
	"github.com/carnet-project/carnet/verify/policy/cel"
	"github.com/carnet-project/carnet/verify/policy/trial"
	"github.com/carnet-project/carnet/verify/sigstore"
)

// expectFile is what a case is expected to end as, beside it.
const expectFile = "expect.yaml"

// caseFolders are the folders themselves, where they are cases, else those in them that are.
func caseFolders(args []string) ([]string, error) {
	var dirs []string
	for _, dir := range args {
		if isCase(dir) {
			dirs = append(dirs, dir)
			continue
		}
		below, err := filepath.Glob(filepath.Join(dir, "*", pack.FileName))
		if err != nil {
			return nil, cli.Usagef("%s: %v", dir, err)
		}
		if len(below) == 0 {
			return nil, &cli.UsageError{Message: dir + " is no case, and there is none in it", Hint: "save one: carnet evidence save -o " + filepath.Join(dir, "NAME") + " IMAGE"}
		}
		for _, b := range below {
			dirs = append(dirs, filepath.Dir(b))
		}
	}
	return dirs, nil
}

func isCase(dir string) bool {
	info, err := os.Stat(filepath.Join(dir, pack.FileName))
	return err == nil && info.Mode().IsRegular()
}

// openTrial reads a case, the policies that it is tried with, and what is expected.
func openTrial(c *cli.Call, dir string) (trial.Trial, *expectation, error) {
	saved, err := pack.Open(os.DirFS(dir))
	if err != nil {
		return trial.Trial{}, nil, cli.Usagef("%v", err)
	}
	want, err := readExpectation(dir)
	if err != nil {
		return trial.Trial{}, nil, err
	}
	docs, err := triedPolicies(c, saved)
	if err != nil {
		return trial.Trial{}, nil, err
	}
	trusted, err := savedTrust(saved, docs)
	if err != nil {
		return trial.Trial{}, nil, err
	}
	engine := cel.New()
	t := trial.Trial{Case: saved, Bind: func(name string) (*policy.Policy, []verify.Root, error) {
		p, err := policy.Bind(name, engine, docs...)
		if err != nil {
			return nil, nil, cli.Usagef("%v", err)
		}
		roots, err := trusted.Roots(p)
		return p, roots, err
	}}
	if want != nil {
		t.At = want.At
	}
	return t, want, nil
}

// triedPolicies are those that flags name, else those that were saved with the case.
func triedPolicies(c *cli.Call, saved *pack.Case) ([]*policy.Document, error) {
	var docs []*policy.Document
	paths := c.StringSlice("policy")
	if len(paths) == 0 {
		dir, err := os.MkdirTemp("", "carnet-case-")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir)
		if paths, err = unpackPolicies(saved, dir); err != nil {
			return nil, err
		}
	}
	if len(paths) == 0 {
		return nil, &cli.UsageError{Message: "no policy was saved with the case", Hint: "name one with --policy"}
	}
	engine := cel.New()
	for _, path := range paths {
		p, err := load.File(c, path, engine)
		if err != nil {
			return nil, err
		}
		docs = append(docs, p.Document)
	}
	return docs, nil
}

// unpackPolicies writes the policies of a case, and the files that these name, into dir.
func unpackPolicies(saved *pack.Case, dir string) ([]string, error) {
	policies, err := saved.Policies()
	if err != nil {
		return nil, err
	}
	files, err := saved.Files()
	if err != nil {
		return nil, err
	}
	var paths []string
	for i, f := range slices.Concat(policies, files) {
		name := f.Name
		if i < len(policies) {
			name = fmt.Sprintf("policy-%d.yaml", i)
			paths = append(paths, filepath.Join(dir, name))
		} else if !filepath.IsLocal(name) {
			continue // it is read from where it is
		}
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, err
		}
		if err := os.WriteFile(path, f.Content, 0o600); err != nil {
			return nil, err
		}
	}
	return paths, nil
}

// savedTrust trusts the Sigstore instances as they were when the case was saved.
func savedTrust(saved *pack.Case, docs []*policy.Document) (load.Trust, error) {
	roots, err := saved.TrustedRoots()
	if err != nil {
		return load.Trust{}, err
	}
	var instances []cli.TrustedRoot
	for _, r := range roots {
		instances = append(instances, cli.TrustedRoot{Name: r.Name, JSON: r.Content})
	}
	materials, err := load.Materials(instances, docs[0].Trust)
	return load.Trust{Instances: func() ([]*sigstore.Material, error) { return materials, nil }}, err
}

func record(c *cli.Call, dir string, out tried) error {
	path := filepath.Join(dir, expectFile)
	text := "outcome: " + string(out.Outcome) + "\n"
	if len(out.Rules) > 0 {
		text += "rules: [" + strings.Join(out.Rules, ", ") + "]\n"
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		c.Sayf("%s: written again", path)
	}
	return c.WriteFile(path, []byte(text))
}
