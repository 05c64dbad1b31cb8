// Package vuln reads the predicates by which scanners report vulnerabilities:
// cosign's (specs/COSIGN_VULN_ATTESTATION_SPEC.md) and in-toto's (spec/predicates,
// vuln.md and vulns_02.md).
package vuln

import (
	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/internal/strict"
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
	_, _, err := read(predicateType, raw)
	return err
}

// Parse reads a report. The error is Validate's; what a scanner's own report in it says
// is not part of any specification, so that a Report whose findings could not be read
// says so itself.
func Parse(predicateType string, raw []byte) (*Report, error) {
	r, result, err := read(predicateType, raw)
	if err != nil {
		return nil, err
	}
	r.Scanner.Name = scannerName(r.Scanner.URI)
	if predicateType == Cosign {
		r.recognise(result)
	}
	return r, nil
}

// read reads a report but for a scanner's own one, whose bytes it returns.
func read(predicateType string, raw []byte) (*Report, []byte, error) {
	r := &Report{}
	var result []byte
	var err error
	switch predicateType {
	case Cosign:
		err = strict.Read(raw, r.cosign(&result))
	case InToto01:
		err = strict.Read(raw, r.inToto(r.finding01))
	case InToto02:
		err = strict.Read(raw, r.inToto(r.finding02))
	default:
		err = strict.Fault(attest.FaultUnsupported, "", "%q is not a type of vulnerability report that is read here", strict.Clip(predicateType))
	}
	return r, result, err
}

func (r *Report) cosign(result *[]byte) strict.Check {
	return strict.Object(
		strict.Optional("invocation", strict.Object(
			strict.Optional("parameters", strict.Any()),
			strict.Optional("uri", strict.Text(nil)),
			strict.Optional("event_id", strict.Text(nil)),
			strict.Optional("builder.id", strict.Text(nil)),
		)),
		strict.Required("scanner", strict.Object(
			strict.Optional("uri", strict.Text(&r.Scanner.URI)),
			strict.Optional("version", strict.Text(&r.Scanner.Version)),
			strict.Optional("db", strict.Object(
				strict.Optional("uri", strict.Text(&r.Database.URI)),
				strict.Optional("version", strict.Text(&r.Database.Version)),
			)),
			strict.Present("result", strict.Raw(result, strict.Any())),
		)),
		strict.Required("metadata", r.scanned()),
	)
}

func (r *Report) inToto(finding strict.Check) strict.Check {
	return strict.Object(
		strict.Required("scanner", strict.Object(
			strict.Required("uri", strict.URI(&r.Scanner.URI)),
			strict.Optional("version", strict.Text(&r.Scanner.Version)),
			strict.Required("db", strict.Object(
				strict.Optional("uri", strict.URI(&r.Database.URI)),
				strict.Optional("version", strict.Text(&r.Database.Version)),
				strict.Required("lastUpdate", strict.Time(&r.Database.Updated)),
			)),
			strict.Present("result", strict.Each(finding)),
		)),
		strict.Required("metadata", r.scanned()),
	)
}

func (r *Report) scanned() strict.Check {
	return strict.Object(
		strict.Required("scanStartedOn", strict.Time(&r.Started)),
		strict.Required("scanFinishedOn", strict.Time(&r.Finished)),
	)
}

func (r *Report) finding02(in *strict.Reader) (bool, error) {
	f, annotations := Finding{EPSS: -1, Severity: Unknown}, []byte(nil)
	filled, err := strict.Object(
		strict.Required("id", strict.Text(&f.ID)),
		strict.Required("severity", severities(&f.Severity)),
		strict.Optional("annotations", strict.Raw(&annotations, strict.Any())),
	)(in)
	if err == nil && filled {
		r.annotate(&f, annotations)
	}
	return filled, err
}

// finding01 is a finding inside a member "vulnerability", as the text of v0.1 has
// it, or on its own, as its example does.
func (r *Report) finding01(in *strict.Reader) (bool, error) {
	f, annotations := Finding{EPSS: -1, Severity: Unknown}, []byte(nil)
	wrapped := false
	filled, err := strict.Object(
		strict.Optional("vulnerability", func(in *strict.Reader) (bool, error) { wrapped = true; return r.finding02(in) }),
		strict.Optional("id", strict.Text(&f.ID)),
		strict.Optional("severity", severities(&f.Severity)),
		strict.Optional("annotations", strict.Raw(&annotations, strict.Any())),
	)(in)
	if err != nil || !filled {
		return filled, err
	}
	if f.ID != "" {
		r.annotate(&f, annotations)
	} else if !wrapped {
		return false, strict.Missing(in.Where() + "/id")
	}
	return true, nil
}

// severities keeps the gravest of several ratings: a policy that fears the worst must
// not be talked out of it by a milder second opinion.
func severities(worst *Severity) strict.Check {
	return strict.Each(func(in *strict.Reader) (bool, error) {
		var score string
		filled, err := strict.Object(
			strict.Required("method", strict.Text(nil)),
			strict.Required("score", strict.Text(&score)),
		)(in)
		*worst = Worse(*worst, scored(score))
		return filled, err
	})
}
