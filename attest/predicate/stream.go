package predicate

import (
	"io"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/internal/strict"
	"github.com/carnet-project/carnet/attest/predicate/cyclonedx"
	"github.com/carnet-project/carnet/attest/predicate/spdx"
)

// Streams says whether a predicate of a type can be validated and read without being in memory:
// an SBOM.
func Streams(uri string) bool {
	f, _, found := familyOf(uri)
	return found && (f.base == spdx.Type || f.base == cyclonedx.Type)
}

// ValidateFrom is [Validate] of a predicate of a type that [Streams], which is read to its end.
// An error of from is given as it is.
func ValidateFrom(uri string, from io.Reader) error {
	f, version, found := familyOf(uri)
	if !found || !Streams(uri) {
		return strict.Fault(attest.FaultUnsupported, "", "predicate type %q is read in memory only", strict.Clip(uri))
	}
	if _, known := f.versions[version]; !known {
		return strict.Fault(attest.FaultUnsupported, "", "predicate type %q is a version of %s that is not known here", strict.Clip(uri), f.base)
	}
	if f.base == spdx.Type {
		return spdx.ValidateFrom(uri, from)
	}
	return cyclonedx.ValidateFrom(uri, from)
}

// MediaType is the media type of a document that is a predicate of the type: the one that is
// registered with IANA, or application/json.
func MediaType(uri string) string {
	f, _, _ := familyOf(uri)
	switch f.base {
	case spdx.Type:
		return "application/spdx+json"
	case cyclonedx.Type:
		return "application/vnd.cyclonedx+json"
	}
	return "application/json"
}
