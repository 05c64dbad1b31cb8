// Package vsa reads and writes SLSA verification summaries: what a verifier found about an
// artifact (slsa.dev, spec/verification_summary.md).
//
// Reading is as lenient as the public summaries need: Google's have no digest of the policy and
// Ampel's no URI, those of slsa-framework/source-tool name it DEFAULT, and Ampel's resource may be a
// file's path. What is empty protobuf leaves out, such as the levels of a FAILED one. What a summary
// must have to be accepted in place of a check is a policy's to say. Writing keeps to the specification.
package vsa

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/internal/strict"
	"github.com/carnet-project/carnet/attest/predicate/resource"
)

// V1 is the predicate type. V02 and V01 are the types before it, which said less and are
// recognised and not read.
const (
	V1  = "https://slsa.dev/verification_summary/v1"
	V02 = "https://slsa.dev/verification_summary/v0.2"
	V01 = "https://slsa.dev/verification_summary/v0.1"
)

// The results.
const (
	Passed = "PASSED"
	Failed = "FAILED"
)

// The tracks of SLSA 1.2.
const (
	Build  = "BUILD"
	Source = "SOURCE"
)

// A Summary is what a verifier found. Nothing in it is verified by having been parsed.
type Summary struct {
	// VerifierID is the URI of who verified, and VerifierVersion its components' versions.
	VerifierID      string
	VerifierVersion map[string]string
	// TimeVerified is when, by the verifier's clock; zero where it does not say.
	TimeVerified time.Time
	// ResourceURI is where the artifact is expected to be found.
	ResourceURI string
	// Policy is what it was verified by. It has a URI or a digest.
	Policy resource.Descriptor
	// InputAttestations are what was looked at: all of it, or none is listed.
	InputAttestations []resource.Descriptor
	// Result is Passed or Failed.
	Result string
	// Levels are levels of tracks, at most one of each, and other properties.
	Levels []string
	// DependencyLevels counts dependencies by the levels that they reached. Nil claims
	// nothing; empty says that there are none.
	DependencyLevels map[string]uint64
	// SLSAVersion is the version of SLSA whose levels are meant: "1.2".
	SLSAVersion string
}

// Parse reads a summary of type [V1]. The error is an *[attest.Error] whose Where is a JSON
// pointer into the predicate; other versions are [attest.FaultUnsupported].
func Parse(predicateType string, raw []byte) (*Summary, error) {
	if predicateType != V1 {
		return nil, strict.Fault(attest.FaultUnsupported, "", "%q is not a version of verification summaries that is read here: want %q", strict.Clip(predicateType), V1)
	}
	var s Summary
	if err := strict.Read(raw, s.v1()); err != nil {
		return nil, err
	}
	switch {
	case s.Policy.URI == "" && len(s.Policy.Digest) == 0:
		return nil, strict.Missing("/policy/uri")
	case s.Levels == nil && s.Result != Failed:
		return nil, strict.Missing("/verifiedLevels")
	}
	if err := s.oncePerTrack(); err != nil {
		return nil, err
	}
	return &s, nil
}

// Validate holds raw to the specification, as [Parse] does.
func Validate(predicateType string, raw []byte) error {
	_, err := Parse(predicateType, raw)
	return err
}

func (s *Summary) v1() strict.Check {
	return strict.Object(
		strict.Required("verifier", strict.Object(
			strict.Required("id", strict.URI(&s.VerifierID)),
			strict.Optional("version", s.versions),
		)),
		strict.Optional("timeVerified", strict.Time(&s.TimeVerified)),
		strict.Required("resourceUri", strict.Text(&s.ResourceURI)),
		strict.Required("policy", strict.Object(
			strict.Optional("uri", strict.Text(&s.Policy.URI)),
			strict.Optional("digest", resource.DigestSet(&s.Policy.Digest)),
			strict.Optional("name", strict.Text(&s.Policy.Name)),
		)),
		strict.Optional("inputAttestations", resource.Each(&s.InputAttestations)),
		strict.Required("verificationResult", strict.OneOf(&s.Result, Passed, Failed)),
		strict.Optional("verifiedLevels", s.levels),
		strict.Optional("dependencyLevels", s.dependencies),
		strict.Optional("slsaVersion", strict.Text(&s.SLSAVersion)),
	)
}

func (s *Summary) versions(r *strict.Reader) (bool, error) {
	s.VerifierVersion = map[string]string{}
	return strict.Map(func(name string) strict.Check {
		return func(r *strict.Reader) (bool, error) {
			var version string
			filled, err := strict.Text(&version)(r)
			s.VerifierVersion[name] = version
			return filled, err
		}
	})(r)
}

// levels makes the list even where it is empty, which says something.
func (s *Summary) levels(r *strict.Reader) (bool, error) {
	s.Levels = []string{}
	return strict.Each(func(r *strict.Reader) (bool, error) {
		var level string
		filled, err := strict.Text(&level)(r)
		s.Levels = append(s.Levels, level)
		return filled, err
	})(r)
}

// dependencies reads counts: numbers or, as protobuf writes them, strings.
func (s *Summary) dependencies(r *strict.Reader) (bool, error) {
	s.DependencyLevels = map[string]uint64{}
	return strict.Map(func(level string) strict.Check {
		return func(r *strict.Reader) (bool, error) {
			n, err := count(r)
			s.DependencyLevels[level] = n
			return true, err
		}
	})(r)
}

func count(r *strict.Reader) (uint64, error) {
	var text string
	check := strict.Pattern(&text, "a whole number", func(s string) bool {
		_, err := strconv.ParseUint(s, 10, 64)
		return err == nil
	})
	if r.Kind() != '"' {
		var raw []byte
		_, err := strict.Raw(&raw, strict.Count(0))(r)
		text = string(raw)
		if err != nil {
			return 0, err
		}
	} else if _, err := check(r); err != nil {
		return 0, err
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, strict.Fault(attest.FaultMalformed, r.Where(), "is %q, want a whole number", strict.Clip(text))
	}
	return n, nil
}

// oncePerTrack refuses a summary with two levels of one track, of which a reader could take
// the higher and another the lower.
func (s *Summary) oncePerTrack() error {
	seen := map[string]string{}
	for i, level := range s.Levels {
		track, _, ok := Track(level)
		if !ok {
			continue
		}
		if other, twice := seen[track]; twice {
			return strict.Fault(attest.FaultMalformed, "/verifiedLevels/"+strconv.Itoa(i), "is %q beside %q, want at most one level of a track", strict.Clip(level), strict.Clip(other))
		}
		seen[track] = level
	}
	return nil
}

// Unevaluated is the level of a track that was not looked at.
const Unevaluated = -1

// Track splits a level of a SLSA track, SLSA_BUILD_LEVEL_3, into the track and the number,
// which is [Unevaluated] for SLSA_BUILD_LEVEL_UNEVALUATED. Other properties are none.
func Track(level string) (track string, n int, ok bool) {
	rest, ok := strings.CutPrefix(level, "SLSA_")
	if !ok {
		return "", 0, false
	}
	track, number, ok := strings.Cut(rest, "_LEVEL_")
	if !ok || track == "" {
		return "", 0, false
	}
	if number == "UNEVALUATED" {
		return track, Unevaluated, true
	}
	n, err := strconv.Atoi(number)
	if err != nil || n < 0 || n > 9 || number != strconv.Itoa(n) {
		return "", 0, false
	}
	return track, n, true
}

// Level is the level of a track that was verified, or [Unevaluated] where the summary
// states none or says so.
func (s *Summary) Level(track string) int {
	for _, level := range s.Levels {
		if t, n, ok := Track(level); ok && t == track {
			return n
		}
	}
	return Unevaluated
}

// Has says whether the summary states level, or a higher one of the same track: who
// reached SLSA_BUILD_LEVEL_3 reached SLSA_BUILD_LEVEL_2.
func (s *Summary) Has(level string) bool {
	if track, n, ok := Track(level); ok && n >= 0 {
		return s.Level(track) >= n
	}
	return slices.Contains(s.Levels, level)
}
