package trustfile

import (
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/carnet-project/carnet/verify/internal/strictyaml"
	"github.com/carnet-project/carnet/verify/key"
)

const (
	apiVersion = "carnet.dev/v1"
	kindTrust  = "Trust"
	// maxKeys and maxRoots bound what one file lists.
	maxKeys, maxRoots = 100, 20
)

// MaxBytes bounds a trust file.
const MaxBytes = strictyaml.MaxBytes

// An Error is what is wrong with a trust file, and where. Line and Column count from 1;
// they are 0 if it is the whole file.
type Error = strictyaml.Error

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
	doc, err := strictyaml.Document(raw, "a trust file")
	if err != nil {
		return nil, err
	}
	f := &File{}
	err = strictyaml.Mapping(doc, "a trust file",
		strictyaml.Required("apiVersion", exactly("apiVersion", apiVersion)),
		strictyaml.Required("kind", exactly("kind", kindTrust)),
		strictyaml.Optional("key", func(n *yaml.Node) error { return strictyaml.List(n, "key", maxKeys, f.addKey) }),
		strictyaml.Optional("root", func(n *yaml.Node) error { return strictyaml.List(n, "root", maxRoots, f.addRoot) }),
	)
	if err != nil {
		return nil, err
	}
	if len(f.Keys)+len(f.Roots) == 0 {
		return nil, strictyaml.At(doc, "it trusts nobody: it has neither a key nor a root")
	}
	return f, nil
}

func exactly(what, want string) func(*yaml.Node) error {
	return func(n *yaml.Node) error {
		got, err := strictyaml.Text(n, what)
		if err == nil && got != want {
			return strictyaml.At(n, "%s is %q, and this carnet reads %q", what, got, want)
		}
		return err
	}
}

func (f *File) addKey(n *yaml.Node) error {
	k := Key{Line: n.Line}
	v := &k.Validity
	str := func(name string, to *string) strictyaml.Field {
		return strictyaml.Optional(name, func(n *yaml.Node) (err error) { *to, err = strictyaml.Text(n, name); return err })
	}
	err := strictyaml.Mapping(n, "a key",
		strictyaml.Required("name", func(n *yaml.Node) (err error) { k.Name, err = strictyaml.Label(n, "name"); return err }),
		str("file", &k.File), str("pem", &k.PEM),
		strictyaml.Optional("validFrom", func(n *yaml.Node) (err error) { v.From, err = strictyaml.Moment(n, "validFrom"); return err }),
		strictyaml.Optional("validUntil", func(n *yaml.Node) (err error) { v.Until, err = strictyaml.Moment(n, "validUntil"); return err }),
		strictyaml.Optional("revokedAt", func(n *yaml.Node) (err error) { v.RevokedAt, err = strictyaml.Moment(n, "revokedAt"); return err }),
		strictyaml.Optional("reason", func(n *yaml.Node) (err error) { v.Reason, err = strictyaml.Label(n, "reason"); return err }),
	)
	switch {
	case err != nil:
		return err
	case (k.File == "") == (k.PEM == ""):
		return strictyaml.At(n, "the key %q must have a file or a pem, and one of the two", k.Name)
	case !v.From.IsZero() && !v.Until.IsZero() && v.Until.Before(v.From):
		return strictyaml.At(n, "the key %q is never valid: validUntil is before validFrom", k.Name)
	case v.Reason != "" && v.RevokedAt.IsZero():
		return strictyaml.At(n, "the key %q has a reason, and is not revoked: revokedAt is missing", k.Name)
	}
	if other := slices.IndexFunc(f.Keys, func(o Key) bool { return o.Name == k.Name }); other >= 0 {
		return strictyaml.At(n, "the key %q is there already, in line %d", k.Name, f.Keys[other].Line)
	}
	f.Keys = append(f.Keys, k)
	return nil
}

func (f *File) addRoot(n *yaml.Node) error {
	r := Root{Line: n.Line}
	if n.Kind == yaml.MappingNode {
		err := strictyaml.Mapping(n, "a root", strictyaml.Required("file", func(n *yaml.Node) (err error) { r.File, err = strictyaml.Text(n, "file"); return err }))
		if err != nil {
			return err
		}
	} else {
		name, err := strictyaml.Text(n, "a root")
		if err != nil {
			return err
		}
		if name != "public" {
			return strictyaml.At(n, "a root is public, or file: with the path of a trusted_root.json; and is %s", strictyaml.Kind(n))
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
