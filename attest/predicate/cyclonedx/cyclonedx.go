// Package cyclonedx holds CycloneDX documents to the little that makes one. It
// reads the head of a document and skips the rest, which the sbom package reads.
package cyclonedx

import (
	"io"
	"slices"
	"strings"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/internal/strict"
)

// Type is the predicate type that leaves the version to the document. The others
// add /v and a version of CycloneDX (in-toto attestation framework,
// spec/predicates/cyclonedx.md).
const Type = "https://cyclonedx.org/bom"

// Versions are the versions of CycloneDX that have a JSON form and are read.
func Versions() []string { return []string{"1.2", "1.3", "1.4", "1.5", "1.6", "1.7"} }

// Validate holds raw to the specification's required head. The error is an
// *[attest.Error] whose Where is a JSON pointer.
func Validate(predicateType string, raw []byte) error {
	return validate(predicateType, func(c strict.Check) error { return strict.Read(raw, c) })
}

// ValidateFrom is [Validate] of a document that is not in memory. An error of from is given as
// it is.
func ValidateFrom(predicateType string, from io.Reader) error {
	return validate(predicateType, func(c strict.Check) error { return strict.ReadFrom(from, c) })
}

func validate(predicateType string, read func(strict.Check) error) error {
	promised := strings.TrimPrefix(predicateType, Type+"/v")
	if predicateType != Type && !slices.Contains(Versions(), promised) {
		return strict.Fault(attest.FaultUnsupported, "", "%q is not a version of CycloneDX that is read here", strict.Clip(predicateType))
	}
	var version string
	err := read(strict.Object(
		strict.Required("bomFormat", strict.OneOf(nil, "CycloneDX")),
		strict.Required("specVersion", strict.Text(&version)),
		strict.Optional("serialNumber", strict.Pattern(nil, "urn:uuid: and a UUID", func(s string) bool {
			return strings.HasPrefix(s, "urn:uuid:") && len(s) == len("urn:uuid:")+36
		})),
		strict.Optional("version", strict.Count(0)),
		strict.Optional("metadata", strict.Object(
			strict.Optional("timestamp", strict.Time(nil)),
			strict.Optional("component", strict.AnyObject()),
		)),
		strict.Optional("components", strict.AnyArray()),
		strict.Optional("services", strict.AnyArray()),
		strict.Optional("dependencies", strict.AnyArray()),
	))
	if err != nil {
		return err
	}
	if !slices.Contains(Versions(), version) {
		return strict.Fault(attest.FaultUnsupported, "/specVersion", "is %q, want one of %s", strict.Clip(version), strings.Join(Versions(), ", "))
	}
	if predicateType != Type && version != promised {
		return strict.Fault(attest.FaultMalformed, "/specVersion", "is %q, want %q, which the predicate type promises", version, promised)
	}
	return nil
}
