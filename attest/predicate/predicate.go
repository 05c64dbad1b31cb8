// Package predicate is the one place that knows the types of predicates: their
// names, what they are evidence of, and, in the packages below it, what they must
// hold.
package predicate

import (
	"errors"
	"strings"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/internal/strict"
	"github.com/carnet-project/carnet/attest/predicate/custom"
)

// Resolve gives the URI of a predicate type from one of cosign's aliases (see
// [Aliases]) or the URI itself, which is absolute. It accepts URIs of types and
// versions that nothing here knows. The error is an *[attest.Error].
func Resolve(aliasOrURI string) (string, error) {
	var names []string
	for _, a := range Aliases() {
		if aliasOrURI == a.Name {
			return a.URI, nil
		}
		names = append(names, a.Name)
	}
	if !strict.IsURI(aliasOrURI) {
		return "", strict.Fault(attest.FaultMalformed, "", "predicate type %q is neither an absolute URI nor one of %s",
			strict.Clip(aliasOrURI), strings.Join(names, ", "))
	}
	return aliasOrURI, nil
}

// Validate holds a predicate to the specification of its type. Of types that
// nothing here knows it asks only that the predicate is a JSON object; a version
// that is not known of a family that is, is [attest.FaultUnsupported]. The error is
// an *[attest.Error] whose Where is a JSON pointer into the predicate.
func Validate(uri string, predicate []byte) error {
	if !strict.IsURI(uri) {
		return strict.Fault(attest.FaultMalformed, "", "predicate type %q is not an absolute URI", strict.Clip(uri))
	}
	f, version, found := familyOf(uri)
	if !found {
		return object(uri, predicate)
	}
	validate, known := f.versions[version]
	if !known {
		return strict.Fault(attest.FaultUnsupported, "", "predicate type %q is a version of %s that is not known here", strict.Clip(uri), f.base)
	}
	return validate(uri, predicate)
}

// FromFile makes the predicate of a type from the content of a user's file, and
// validates it. The bytes stay as they are, except those of cosign's custom type,
// which are wrapped as cosign does, with the time (see [custom.Wrap]). The error is
// an *[attest.Error] whose Where is a JSON pointer into content.
func FromFile(uri string, content []byte, at time.Time) ([]byte, error) {
	if uri == custom.Type {
		return custom.Wrap(content, at)
	}
	err := Validate(uri, content)
	if err == nil && ClassOf(uri) != Other {
		return content, nil
	}
	if what := wrapped(content); what != "" {
		return nil, strict.Fault(attest.FaultMalformed, "", "is %s, want the predicate alone", what)
	}
	if err != nil {
		return nil, err
	}
	return content, nil
}

// wrapped names what content is if it is something around a predicate. Each of
// these would be signed without complaint as a predicate of an unknown type.
func wrapped(content []byte) string {
	var statement, envelope, bundle string
	err := strict.Read(content, strict.Object(
		strict.Optional("_type", strict.Text(&statement)),
		strict.Optional("payloadType", strict.Text(&envelope)),
		strict.Optional("mediaType", strict.Text(&bundle)),
	))
	var refused *attest.Error
	switch {
	case errors.As(err, &refused):
		return ""
	case strings.HasPrefix(statement, "https://in-toto.io/Statement/"):
		return "a whole in-toto statement"
	case envelope == attest.PayloadType:
		return "a signed DSSE envelope"
	case strings.HasPrefix(bundle, "application/vnd.dev.sigstore.bundle"):
		return "a Sigstore bundle"
	}
	return ""
}

// object asks only for a JSON object.
func object(_ string, predicate []byte) error { return strict.Read(predicate, strict.AnyObject()) }

// objectOrNothing is for types whose statements may do without a predicate.
func objectOrNothing(uri string, predicate []byte) error {
	if len(predicate) == 0 {
		return nil
	}
	return object(uri, predicate)
}
