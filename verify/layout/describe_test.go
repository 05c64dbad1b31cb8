package layout_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/verify/layout"
)

func TestDescribe(t *testing.T) {
	bob := newPerson(t, "p384")
	l, err := layout.Describe([]byte(description), func(file string) ([]byte, error) {
		if file != "bob.pub" {
			t.Errorf("asked for %q", file)
		}
		return bob.pem, nil
	})
	must(t, err)
	build := l.Steps[1]
	if l.Expires != "2027-01-01T00:00:00Z" || build.Name != "build" || build.Threshold != 1 || !slices.Equal(build.PubKeys, []string{bob.private.KeyID}) {
		t.Errorf("%+v", l)
	}
	if r := build.ExpectedMaterials; !slices.Equal(r[0], []string{"MATCH", "*", "WITH", "PRODUCTS", "FROM", "write"}) || r[1][1] != "a name with spaces" {
		t.Errorf("%q", r)
	}
	raw, err := layout.New(l, layout.DSSE)
	must(t, err)
	d, err := layout.Parse(raw)
	must(t, err)
	if found := d.Check(); len(found) > 0 {
		t.Errorf("%+v", found)
	}
	if notes := strings.Join(d.Notes(), "\n"); strings.Count(notes, "an ALLOW *") != 2 {
		t.Errorf("what is left open: %s", notes)
	}
}

func TestDescriptionsThatAreRefused(t *testing.T) {
	bob := newPerson(t, "p256")
	for change, says := range map[string]string{
		"expires: 2027-01-01\n=>":                "expires",
		"threshold: 1=>threshold: 0":             "threshold",
		"[bob]=>[eve]":                           `"eve" is no name of keys`,
		"[bob]=>[bob, bob]":                      "twice",
		"CREATE *=>MAKE *":                       "no rule of in-toto",
		"bob: bob.pub=>bob: lost.pub":            "3:8: no such file",
		"bob: bob.pub=>ben: x.pub\n  bob: y.pub": "the key of another name",
		"name: build=>name: build\n    a: 1":     "a",
	} {
		from, to, _ := strings.Cut(change, "=>")
		text := strings.Replace(description, from, to, 1)
		if change == "bob: bob.pub=>bob: lost.pub" {
			text = strings.Replace(text, "readme: how the program is made\n", "", 1)
		}
		_, err := layout.Describe([]byte(text), func(file string) ([]byte, error) {
			if file == "lost.pub" {
				return nil, errors.New("no such file")
			}
			return bob.pem, nil
		})
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", change, err)
		}
	}
}

// Several sign one after the other, again is as once, and a layout that is changed is
// signed anew.
func TestSigningInTurn(t *testing.T) {
	s := newScene(t)
	for _, w := range []layout.Wrapping{layout.DSSE, layout.Metablock} {
		s.wrapping = w
		both := s.bob.signs(t, s.signed(t))
		if again := s.alice.signs(t, both); len(again) > len(both)+16 {
			t.Errorf("%s: signed twice by one", w)
		}
		s.owners = []layout.Owner{s.alice.owner(t, "alice.pub"), s.bob.owner(t, "bob.pub")}
		if v := s.verification(both).Judge(s.product); !v.Allowed() || len(v.Owners) != 2 {
			t.Errorf("%s: %+v", w, v.Findings)
		}
	}
	changed := strings.Replace(string(s.bob.signs(t, s.signed(t))), "2027-01-01", "2028-01-01", 1)
	d, err := layout.Parse([]byte(changed))
	must(t, err)
	if good, bad := d.SignedBy(s.owners[0]); good || !bad {
		t.Error("alice signed another layout")
	}
	if v := s.verification(s.bob.signs(t, s.alice.signs(t, []byte(changed)))).Judge(s.product); !v.Allowed() {
		t.Errorf("%+v", v.Findings)
	}
	// A signature of another kind, or by another, is not written.
	if _, err := d.Signed(s.owners[0], []byte("x")); err == nil {
		t.Error("took what is no signature")
	}
}
