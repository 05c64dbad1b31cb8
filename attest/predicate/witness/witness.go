// Package witness reads the collections of attestations that witness makes of a step of a
// pipeline (witness.dev/docs/docs/concepts/collection): what was checked out, run, taken in and
// given out, and what other tools said of it. The signer of a collection says all of it, and
// nothing in it earns an SLSA level.
package witness

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/internal/strict"
	"github.com/carnet-project/carnet/attest/predicate/slsa"
)

// The predicate types of collections: that of every witness, and those that some write in its
// place.
const (
	Type       = "https://witness.testifysec.com/attestation-collection/v0.1"
	TypeDev    = "https://witness.dev/attestation-collection/v0.1"
	TypeAflock = "https://aflock.ai/attestation-collection/v0.1"
)

// The types of attestations in collections begin with one of these.
const (
	attestations       = "https://witness.dev/attestations/"
	attestationsAflock = "https://aflock.ai/attestations/"
)

// Types are the predicate types of collections.
func Types() []string { return []string{Type, TypeDev, TypeAflock} }

// A Collection is what is said of one step.
type Collection struct {
	// Name is the step's.
	Name string
	// Attestations are there in the order of the document.
	Attestations []Attestation
}

// An Attestation is one part of a collection.
type Attestation struct {
	// Type is the URI of the part's type.
	Type string
	// Started and Ended are when the part was made, by the machine's clock; zero where it does
	// not say.
	Started, Ended time.Time
	// Content is the part as it was written, an object. It must not be changed.
	Content []byte
}

// Kind is the name in a type of witness's own, such as git or command-run, else "".
func (a Attestation) Kind() string {
	for _, base := range []string{attestations, attestationsAflock} {
		if rest, own := strings.CutPrefix(a.Type, base); own {
			name, _, _ := strings.Cut(rest, "/")
			return name
		}
	}
	return ""
}

// version is what follows the kind.
func (a Attestation) version() string { return a.Type[strings.LastIndexByte(a.Type, '/')+1:] }

// Parse reads a collection of one of [Types]. The error is an *[attest.Error] whose Where is a
// JSON pointer; of other types it is [attest.FaultUnsupported].
func Parse(predicateType string, raw []byte) (*Collection, error) {
	if !slices.Contains(Types(), predicateType) {
		return nil, strict.Fault(attest.FaultUnsupported, "", "%q is not a type of collections that is read here", strict.Clip(predicateType))
	}
	c := &Collection{}
	return c, strict.Read(raw, strict.Object(
		strict.Required("name", strict.Text(&c.Name)),
		strict.Present("attestations", strict.Each(func(r *strict.Reader) (bool, error) {
			var a Attestation
			filled, err := strict.Object(
				strict.Required("type", strict.URI(&a.Type)),
				strict.Present("attestation", strict.Raw(&a.Content, strict.AnyObject())),
				strict.Optional("starttime", strict.Time(&a.Started)),
				strict.Optional("endtime", strict.Time(&a.Ended)),
			)(r)
			if err == nil {
				c.Attestations = append(c.Attestations, a)
			}
			return filled, err
		})),
	))
}

// Validate holds raw to its type, and the parts of it that are read here to theirs. Types and
// versions of parts that are not known are passed over.
func Validate(predicateType string, raw []byte) error {
	c, err := Parse(predicateType, raw)
	if err != nil {
		return err
	}
	for i, a := range c.Attestations {
		var err error
		switch a.Kind() {
		case "git":
			_, err = a.Git()
		case "command-run":
			_, err = a.CommandRun()
		case "material", "product":
			_, err = a.Files()
		case "github", "gitlab", "jenkins":
			_, err = a.CI()
		default:
			if a.isProvenance() {
				_, err = a.Provenance()
			}
		}
		var e *attest.Error
		if err != nil && !(errors.As(err, &e) && e.Fault == attest.FaultUnsupported) {
			return Within(i, err)
		}
	}
	return nil
}

func (a Attestation) isProvenance() bool {
	return a.Type == slsa.V1 || a.Type == slsa.V1+".0" || a.Type == slsa.V02
}

// Provenance reads a part that is SLSA provenance. It is about the subjects of the collection,
// and said by the collection's signer alone.
func (a Attestation) Provenance() (*slsa.Provenance, error) { return slsa.Parse(a.Type, a.Content) }

// Within is an error of the part i as one of the collection.
func Within(i int, err error) error {
	e, ok := err.(*attest.Error)
	if !ok {
		return err
	}
	return &attest.Error{Fault: e.Fault, Where: place(i) + e.Where, Detail: e.Detail}
}
