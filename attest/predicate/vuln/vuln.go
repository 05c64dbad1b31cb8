// Package vuln reads the predicates by which scanners report vulnerabilities:
// cosign's (specs/COSIGN_VULN_ATTESTATION_SPEC.md) and in-toto's (spec/predicates,
// vuln.md and vulns_02.md).
package vuln

import (
	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/predicate/internal/strict"
)

// The predicate types. Cosign's holds a scanner's own report and no date of its
// database; in-toto's have one list of findings for all scanners.
const (
	Cosign   = "https://cosign.sigstore.dev/attestation/vuln/v1"
	InToto01 = "https://in-toto.io/attestation/vulns/v0.1"
	InToto02 = "https://in-toto.io/attestation/vulns/v0.2"
)

// Validate holds raw to its type's specification. The error is an *[attest.Error]
// whose Where is a JSON pointer.
func Validate(predicateType string, raw []byte) error {
	switch predicateType {
	case Cosign:
		return strict.Read(raw, cosign())
	case InToto01:
		return strict.Read(raw, inToto(finding01()))
	case InToto02:
		return strict.Read(raw, inToto(finding02()))
	}
	return strict.Fault(attest.FaultUnsupported, "", "%q is not a type of vulnerability report that is read here", strict.Clip(predicateType))
}

func cosign() strict.Check {
	return strict.Object(
		strict.Optional("invocation", strict.Object(
			strict.Optional("parameters", strict.Any()),
			strict.Optional("uri", strict.Text(nil)),
			strict.Optional("event_id", strict.Text(nil)),
			strict.Optional("builder.id", strict.Text(nil)),
		)),
		strict.Required("scanner", strict.Object(
			strict.Optional("uri", strict.Text(nil)),
			strict.Optional("version", strict.Text(nil)),
			strict.Optional("db", strict.Object(
				strict.Optional("uri", strict.Text(nil)),
				strict.Optional("version", strict.Text(nil)),
			)),
			strict.Present("result", strict.Any()),
		)),
		strict.Required("metadata", scanned()),
	)
}

func inToto(finding strict.Check) strict.Check {
	return strict.Object(
		strict.Required("scanner", strict.Object(
			strict.Required("uri", strict.URI(nil)),
			strict.Optional("version", strict.Text(nil)),
			strict.Required("db", strict.Object(
				strict.Optional("uri", strict.URI(nil)),
				strict.Optional("version", strict.Text(nil)),
				strict.Required("lastUpdate", strict.Time(nil)),
			)),
			strict.Present("result", strict.Each(finding)),
		)),
		strict.Required("metadata", scanned()),
	)
}

func scanned() strict.Check {
	return strict.Object(
		strict.Required("scanStartedOn", strict.Time(nil)),
		strict.Required("scanFinishedOn", strict.Time(nil)),
	)
}

func finding02() strict.Check {
	return strict.Object(
		strict.Required("id", strict.Text(nil)),
		strict.Required("severity", severities()),
		strict.Optional("annotations", strict.Any()),
	)
}

// finding01 is a finding inside a member "vulnerability", as the text of v0.1 has
// it, or on its own, as its example does.
func finding01() strict.Check {
	return func(r *strict.Reader) (bool, error) {
		var id string
		wrapped := false
		inner := finding02()
		filled, err := strict.Object(
			strict.Optional("vulnerability", func(r *strict.Reader) (bool, error) { wrapped = true; return inner(r) }),
			strict.Optional("id", strict.Text(&id)),
			strict.Optional("severity", severities()),
			strict.Optional("annotations", strict.Any()),
		)(r)
		if err == nil && filled && !wrapped && id == "" {
			err = strict.Missing(r.Where() + "/id")
		}
		return filled, err
	}
}

func severities() strict.Check {
	return strict.Each(strict.Object(
		strict.Required("method", strict.Text(nil)),
		strict.Required("score", strict.Text(nil)),
	))
}
