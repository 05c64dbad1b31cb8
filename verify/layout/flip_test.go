package layout_test

import (
	"bytes"
	"fmt"
	"math/rand"
	"os"
	"slices"
	"testing"

	"github.com/in-toto/in-toto-golang/in_toto"

	"github.com/carnet-project/carnet/verify/layout"
)

// essence is what a verdict accepts: who said what, of which steps and products. File
// digests and notes are left out: they may change with bytes that mean nothing.
func essence(v layout.Verdict) string {
	return fmt.Sprint(v.Allowed(), v.Expires, v.Owners, v.Steps, v.ProductOf, v.Products)
}

// Whatever byte of a layout or a link is changed: it is denied, or means the same.
func TestFlippedBytes(t *testing.T) {
	s := newScene(t)
	for _, w := range []layout.Wrapping{layout.DSSE, layout.Metablock} {
		s.wrapping = w
		root := s.signed(t)
		v := s.verification(root)
		flip(t, string(w)+" layout", root, v.Judge(s.product), func(raw []byte) layout.Verdict {
			changed := v
			changed.Layout = raw
			return changed.Judge(s.product)
		})
	}
	root := s.signed(t)
	build := linkOf("build", source, built)
	for form, raw := range map[string][]byte{"metablock": s.dave.metablock(t, build), "dsse": s.dave.envelope(t, build), "bundle": s.dave.bundle(t, build)} {
		s.links["build.link"] = raw
		flip(t, form+" link", raw, s.verification(root).Judge(s.product), func(changed []byte) layout.Verdict {
			c := s.clone()
			c.links["build.link"] = changed
			return c.verification(root).Judge(s.product)
		})
	}
}

func flip(t *testing.T, what string, raw []byte, want layout.Verdict, judge func([]byte) layout.Verdict) {
	t.Helper()
	if !want.Allowed() {
		t.Fatalf("%s: %+v", what, want.Findings)
	}
	// Of a long layout some bytes are left out, in each run others of every kind.
	step := 1 + len(raw)/400
	denied, tried := 0, 0
	for i := rand.Intn(step); i < len(raw); i += step {
		changed := bytes.Clone(raw)
		changed[i] ^= []byte{0x01, 0x20}[rand.Intn(2)]
		tried++
		v := judge(changed)
		if !v.Allowed() {
			denied++
		} else if essence(v) != essence(want) {
			t.Errorf("%s, byte %d: %q became %q, and is accepted as another", what, i, raw[i], changed[i])
		}
	}
	if denied < tried/2 {
		t.Errorf("%s: only %d of %d changes are denied", what, denied, tried)
	}
}

// What in-toto-golang denies by its artifact rules is denied here, and what is denied here
// is denied there, for rules that both read.
func TestRulesAgreeWithInToto(t *testing.T) {
	s := newScene(t)
	random := rand.New(rand.NewSource(1))
	names := []string{"a", "b", "d/a", "d/b", "d/e/a"}
	patterns := []string{"*", "a", "b", "d/*", "?", "d/?", "[ab]", "[!a]", "d/[a-b]", "*a"}
	some := func() files {
		f := files{}
		for _, n := range names {
			if random.Intn(2) == 0 {
				f[n] = fmt.Sprint(random.Intn(2))
			}
		}
		return f
	}
	ruleset := func() [][]string {
		var all [][]string
		for range random.Intn(4) {
			p := patterns[random.Intn(len(patterns))]
			switch random.Intn(6) {
			case 0:
				all = append(all, []string{"match", p, "WITH", []string{"products", "MATERIALS"}[random.Intn(2)], "FROM", []string{"write", "build"}[random.Intn(2)]})
			case 1:
				all = append(all, []string{"REQUIRE", names[random.Intn(len(names))]})
			default:
				all = append(all, []string{[]string{"CREATE", "DELETE", "MODIFY", "ALLOW"}[random.Intn(4)], p})
			}
		}
		if random.Intn(4) == 0 {
			all = append(all, []string{"DISALLOW", patterns[random.Intn(len(patterns))]})
		}
		return all
	}
	agreed := map[bool]int{}
	for range 200 {
		var steps []any
		metadata := map[string]in_toto.Metadata{}
		for i := range s.layout.Steps {
			step := &s.layout.Steps[i]
			step.ExpectedMaterials, step.ExpectedProducts = ruleset(), ruleset()
			who := []person{s.bob, s.dave}[i]
			l := linkOf(step.Name, some(), some())
			s.links[step.Name+".link"] = who.metablock(t, l)
			steps, metadata[step.Name] = append(steps, *step), &in_toto.Metablock{Signed: l}
		}
		theirs := in_toto.VerifyArtifacts(steps, metadata)
		ours := !slices.Contains(rules(s.judge(t)), layout.RuleArtifact)
		if ours != (theirs == nil) {
			t.Fatalf("here %t, there %v\n%+v\n%+v", ours, theirs, s.layout.Steps, metadata)
		}
		agreed[ours]++
	}
	if agreed[true] < 30 || agreed[false] < 30 {
		t.Errorf("lopsided: %v", agreed)
	}
}

func seeds(f *testing.F) {
	entries, err := os.ReadDir(demo)
	if err != nil {
		f.Fatal(err)
	}
	for _, e := range entries {
		f.Add(read(f, demo+"/"+e.Name()))
	}
	s := newScene(f)
	for _, raw := range s.links {
		f.Add(raw)
	}
	f.Add(s.signed(f))
	f.Add(s.dave.bundle(f, linkOf("build", source, built)))
}

// No layout makes it panic, and none is accepted that its owner did not sign.
func FuzzLayout(f *testing.F) {
	seeds(f)
	s := newScene(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		if v := s.verification(raw).Judge(s.product); v.Allowed() {
			t.Errorf("%s", raw)
		}
		d, err := layout.Parse(raw)
		if err != nil {
			return
		}
		d.Check()
		d.Notes()
		again, err := layout.New(d.Layout(), d.Wrapping())
		must(t, err)
		if _, err := layout.Parse(again); err != nil {
			t.Errorf("%s was read, and not what was written of it: %v", raw, err)
		}
	})
}

// No link makes it panic, and none counts that a functionary did not sign.
func FuzzLink(f *testing.F) {
	seeds(f)
	s := newScene(f)
	root := s.signed(f)
	delete(s.links, "build.link")
	f.Fuzz(func(t *testing.T, raw []byte) {
		s := s.clone()
		s.links["build.link"] = raw
		if v := s.verification(root).Judge(s.product); v.Allowed() {
			t.Errorf("%s", raw)
		}
	})
}

// No description makes it panic, and what it makes can be read.
func FuzzDescribe(f *testing.F) {
	p := newPerson(f, "p256")
	f.Add([]byte(description))
	f.Fuzz(func(t *testing.T, raw []byte) {
		l, err := layout.Describe(raw, func(string) ([]byte, error) { return p.pem, nil })
		if err != nil {
			return
		}
		written, err := layout.New(l, layout.Metablock)
		must(t, err)
		if _, err := layout.Parse(written); err != nil {
			t.Errorf("%s: %v", raw, err)
		}
	})
}

const description = `expires: 2027-01-01
readme: how the program is made
keys:
  bob: bob.pub
steps:
  - name: write
    functionaries: [bob]
    products:
      - CREATE *
      - DISALLOW *
  - name: build
    functionaries: [bob]
    threshold: 1
    command: [make, dist]
    materials:
      - MATCH * WITH PRODUCTS FROM write
      - [ALLOW, a name with spaces]
      - DISALLOW *
`
