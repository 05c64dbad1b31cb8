// Package commit has carnet's predicate that carries a git commit: the object itself, so
// that its author and its signature can be judged without the repository. docs/predicates.md
// specifies it.
package commit

import (
	"encoding/base64"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/internal/strict"
)

// V1 is the predicate type.
const V1 = "https://github.com/carnet-project/carnet/predicates/git-commit/v1"

// maxObject bounds a commit object, in bytes. Commits are a few hundred; merges of signed tags
// and long messages make tens of thousands.
const maxObject = 1 << 20

// A Commit is a commit object under its name. That the object has that name, and who signed
// it, is for package verify to say.
type Commit struct {
	// ID is the commit's name: 40 or 64 characters of lower-case hex.
	ID string
	// Object is the content of the object, as git cat-file commit prints it.
	Object []byte
}

// Parse reads the predicate. The error is an *[attest.Error] whose Where is a JSON pointer.
func Parse(predicateType string, raw []byte) (*Commit, error) {
	if predicateType != V1 {
		return nil, strict.Fault(attest.FaultUnsupported, "", "%q is not a version of git commits that is read here", strict.Clip(predicateType))
	}
	var c Commit
	err := strict.Read(raw, strict.Object(
		strict.Required("commit", strict.Pattern(&c.ID, "40 or 64 characters of lower-case hex", strict.IsCommit)),
		strict.Required("object", strict.Pattern(nil, "base64 of at most 1 MiB", c.decode)),
	))
	if err != nil {
		return nil, err
	}
	return &c, nil
}

func (c *Commit) decode(text string) bool {
	if base64.StdEncoding.DecodedLen(len(text)) > maxObject+2 {
		return false
	}
	object, err := base64.StdEncoding.Strict().DecodeString(text)
	c.Object = object
	return err == nil && len(object) <= maxObject
}

// Predicate is the commit as a predicate of type [V1]. The error is an *[attest.Error].
func (c Commit) Predicate() ([]byte, error) {
	if !strict.IsCommit(c.ID) {
		return nil, strict.Fault(attest.FaultDigestMalformed, "/commit", "is %q, want 40 or 64 characters of lower-case hex", strict.Clip(c.ID))
	}
	raw := []byte(`{"commit":"` + c.ID + `","object":"` + base64.StdEncoding.EncodeToString(c.Object) + `"}`)
	if _, err := Parse(V1, raw); err != nil {
		return nil, err
	}
	return raw, nil
}

// Validate holds raw to the specification, as [Parse] does.
func Validate(predicateType string, raw []byte) error {
	_, err := Parse(predicateType, raw)
	return err
}
