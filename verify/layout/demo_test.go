package layout_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/verify/layout"
)

const demo = "testdata/in-toto-golang"

func read(t testing.TB, path string) []byte {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func demoLinks(t testing.TB) []layout.Link {
	t.Helper()
	paths, err := filepath.Glob(demo + "/*.link")
	if err != nil || len(paths) < 6 {
		t.Fatalf("%d links, %v", len(paths), err)
	}
	var links []layout.Link
	for _, p := range paths {
		links = append(links, layout.Link{Name: filepath.Base(p), Raw: read(t, p)})
	}
	return links
}

func demoOwner(t testing.TB, name string) []layout.Owner {
	t.Helper()
	owners, err := layout.Owners(name, read(t, filepath.Join(demo, name)))
	if err != nil {
		t.Fatal(err)
	}
	return owners
}

func day(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func digest(t testing.TB, text string) attest.Digest {
	t.Helper()
	d, err := attest.ParseDigest(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// rules are those that denied.
func rules(v layout.Verdict) []layout.Rule {
	var all []layout.Rule
	for _, f := range v.Findings {
		all = append(all, f.Rule)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// in-toto-golang's own demonstration: the layout without inspections that is in an
// envelope, and the classic one once its inspection is taken out.
func TestDemoVerifies(t *testing.T) {
	for _, c := range []struct {
		layout, owner, product, as, at string
	}{
		{"dsse-only.root.layout", "alice.pub", "sha256:0c5c56be1f4d8707fe981f07b0d35a4a1a50e898e3ebc8b1fa12c7c6f364bb7b", "demo-project.tar.gz", "2026-11-22"},
		{"demo-without-inspection.layout", "alice.pub", "sha256:" + attest.SHA256(read(t, demo+"/foo.tar.gz")).Hex(), "foo.tar.gz", "2026-11-22"},
	} {
		t.Run(c.layout, func(t *testing.T) {
			v := layout.Verification{Layout: read(t, filepath.Join(demo, c.layout)), Owners: demoOwner(t, c.owner), Links: demoLinks(t), At: day(t, c.at)}
			verdict := v.Judge(layout.Product{Name: "app", Digests: []attest.Digest{digest(t, c.product)}})
			if !verdict.Allowed() {
				t.Fatalf("%+v", verdict.Findings)
			}
			if as := verdict.Products[0].As; len(as) != 1 || as[0] != c.as {
				t.Errorf("delivered as %q", as)
			}
		})
	}
}

// The layouts with inspections are denied for them alone, and nothing is run.
func TestDemoInspectionsAreRefused(t *testing.T) {
	for _, name := range []string{"demo.layout", "demo.dsse.layout"} {
		v := layout.Verification{Layout: read(t, filepath.Join(demo, name)), Owners: demoOwner(t, "alice.pub"), Links: demoLinks(t), At: day(t, "2026-11-22")}
		verdict := v.Judge(layout.Product{Name: "foo.tar.gz", Digests: []attest.Digest{attest.SHA256(read(t, demo+"/foo.tar.gz"))}})
		if verdict.Allowed() || !slices.Equal(rules(verdict), []layout.Rule{layout.RuleInspection}) {
			t.Fatalf("%s: %+v", name, verdict.Findings)
		}
		if f := verdict.Findings[0]; !strings.Contains(f.Found, `"untar"`) || !strings.Contains(f.Found, "commands") || !strings.Contains(f.Fix, "provenance") {
			t.Errorf("%s: %+v", name, f)
		}
	}
}
