package trustfile

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"

	"github.com/carnet-project/carnet/verify/key"
)

const (
	apiVersion = "carnet.dev/v1"
	kindTrust  = "Trust"
	// maxKeys and maxRoots bound what one file lists; maxName the characters of a name
	// and of a reason.
	maxKeys, maxRoots, maxName = 100, 20, 200
)

// A File is what a trust file says.
type File struct {
	Keys  []Key
	Roots []Root
}

// A Key is a public key that is trusted, and when.
type Key struct {
	Name string
	// File is the path of the key, as it is written; or PEM is the key itself.
	File, PEM string
	// Validity is when signatures by the key count; see [key.Validity].
	Validity key.Validity
	// Line is where the file names it, counted from 1.
	Line int
}

// A Root is a Sigstore instance that is trusted: the public one, or that of a
// trusted_root.json.
type Root struct {
	Public bool
	File   string
	Line   int
}

// Parse reads a trust file of at most [MaxBytes]. Errors are of type *[Error].
func Parse(raw []byte) (*File, error) {
	doc, err := document(raw)
	if err != nil {
		return nil, err
	}
	f := &File{}
	err = mapping(doc, "a trust file",
		field{"apiVersion", true, exactly("apiVersion", apiVersion)},
		field{"kind", true, exactly("kind", kindTrust)},
		field{"key", false, func(n *yaml.Node) error { return list(n, "key", maxKeys, f.addKey) }},
		field{"root", false, func(n *yaml.Node) error { return list(n, "root", maxRoots, f.addRoot) }},
	)
	if err != nil {
		return nil, err
	}
	if len(f.Keys)+len(f.Roots) == 0 {
		return nil, at(doc, "it trusts nobody: it has neither a key nor a root")
	}
	return f, nil
}

func exactly(what, want string) func(*yaml.Node) error {
	return func(n *yaml.Node) error {
		got, err := text(n, what)
		if err == nil && got != want {
			return at(n, "%s is %q, and this carnet reads %q", what, got, want)
		}
		return err
	}
}

func (f *File) addKey(n *yaml.Node) error {
	k := Key{Line: n.Line}
	v := &k.Validity
	str := func(name string, to *string) field {
		return field{name, false, func(n *yaml.Node) (err error) { *to, err = text(n, name); return err }}
	}
	err := mapping(n, "a key",
		field{"name", true, func(n *yaml.Node) (err error) { k.Name, err = label(n, "name"); return err }},
		str("file", &k.File), str("pem", &k.PEM),
		field{"validFrom", false, func(n *yaml.Node) (err error) { v.From, err = moment(n, "validFrom"); return err }},
		field{"validUntil", false, func(n *yaml.Node) (err error) { v.Until, err = moment(n, "validUntil"); return err }},
		field{"revokedAt", false, func(n *yaml.Node) (err error) { v.RevokedAt, err = moment(n, "revokedAt"); return err }},
		field{"reason", false, func(n *yaml.Node) (err error) { v.Reason, err = label(n, "reason"); return err }},
	)
	switch {
	case err != nil:
		return err
	case (k.File == "") == (k.PEM == ""):
		return at(n, "the key %q must have a file or a pem, and one of the two", k.Name)
	case !v.From.IsZero() && !v.Until.IsZero() && v.Until.Before(v.From):
		return at(n, "the key %q is never valid: validUntil is before validFrom", k.Name)
	case v.Reason != "" && v.RevokedAt.IsZero():
		return at(n, "the key %q has a reason, and is not revoked: revokedAt is missing", k.Name)
	}
	if other := slices.IndexFunc(f.Keys, func(o Key) bool { return o.Name == k.Name }); other >= 0 {
		return at(n, "the key %q is there already, in line %d", k.Name, f.Keys[other].Line)
	}
	f.Keys = append(f.Keys, k)
	return nil
}

// label reads a line of text that is shown to people.
func label(n *yaml.Node, what string) (string, error) {
	s, err := text(n, what)
	if err != nil {
		return "", err
	}
	if len(s) > maxName || strings.TrimSpace(s) != s || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return "", at(n, "%s must be one line of at most %d bytes, without space around it", what, maxName)
	}
	return s, nil
}

func (f *File) addRoot(n *yaml.Node) error {
	r := Root{Line: n.Line}
	if n.Kind == yaml.MappingNode {
		err := mapping(n, "a root", field{"file", true, func(n *yaml.Node) (err error) { r.File, err = text(n, "file"); return err }})
		if err != nil {
			return err
		}
	} else {
		name, err := text(n, "a root")
		if err != nil {
			return err
		}
		if name != "public" {
			return at(n, "a root is public, or file: with the path of a trusted_root.json; and is %s", kind(n))
		}
		r.Public = true
	}
	f.Roots = append(f.Roots, r)
	return nil
}

// Root is a root of trust of the key alone, in its validity. The bytes are those of its
// file; without one they are nil.
func (k Key) Root(pem []byte) (*key.Root, error) {
	if k.PEM != "" {
		pem = []byte(k.PEM)
	}
	r, err := key.Parse(k.Name, pem)
	if err != nil {
		return nil, err
	}
	if n := len(r.Identities()); n != 1 {
		return nil, fmt.Errorf("%s: has %d keys: list each by itself, with its validity", k.Name, n)
	}
	return r.Within(k.Validity), nil
}
