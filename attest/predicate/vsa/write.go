package vsa

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/internal/strict"
	"github.com/carnet-project/carnet/attest/predicate/resource"
)

// predicate is the JSON of a summary, its members in the specification's order.
type predicate struct {
	Verifier struct {
		ID      string            `json:"id"`
		Version map[string]string `json:"version,omitempty"`
	} `json:"verifier"`
	TimeVerified       string                `json:"timeVerified,omitempty"`
	ResourceURI        string                `json:"resourceUri"`
	Policy             resource.Descriptor   `json:"policy"`
	InputAttestations  []resource.Descriptor `json:"inputAttestations,omitempty"`
	VerificationResult string                `json:"verificationResult"`
	VerifiedLevels     []string              `json:"verifiedLevels"`
	DependencyLevels   map[string]uint64     `json:"dependencyLevels,omitzero"`
	SLSAVersion        string                `json:"slsaVersion,omitempty"`
}

// Predicate is the summary as a predicate of type [V1]. Equal summaries give equal bytes,
// in whatever order their attestations and levels are. Levels that begin with SLSA_ are
// those that the specification names, and each attestation has a digest. The error is
// an *[attest.Error] whose Where is a JSON pointer into the predicate.
func (s Summary) Predicate() ([]byte, error) {
	if err := s.sound(); err != nil {
		return nil, err
	}
	var p predicate
	p.Verifier.ID, p.Verifier.Version = s.VerifierID, s.VerifierVersion
	if !s.TimeVerified.IsZero() {
		p.TimeVerified = s.TimeVerified.UTC().Truncate(time.Second).Format(time.RFC3339)
	}
	p.ResourceURI, p.Policy = s.ResourceURI, s.Policy
	p.InputAttestations = slices.SortedFunc(slices.Values(s.InputAttestations), resource.Compare)
	p.InputAttestations = slices.CompactFunc(p.InputAttestations, func(a, b resource.Descriptor) bool { return resource.Compare(a, b) == 0 })
	p.VerificationResult = s.Result
	p.VerifiedLevels = slices.AppendSeq([]string{}, slices.Values(slices.Compact(slices.Sorted(slices.Values(s.Levels)))))
	p.DependencyLevels, p.SLSAVersion = s.DependencyLevels, s.SLSAVersion
	raw, err := json.Marshal(p, json.Deterministic(true))
	if err != nil {
		return nil, strict.Fault(attest.FaultMalformed, "", "cannot be JSON: %v", err)
	}
	return raw, Validate(V1, raw)
}

// sound asks of a summary that is written what is not asked of one that is read.
func (s Summary) sound() error {
	if !strict.IsURI(s.ResourceURI) {
		return strict.Fault(attest.FaultMalformed, "/resourceUri", "is %q, want an absolute URI", strict.Clip(s.ResourceURI))
	}
	if !strict.IsURI(s.Policy.URI) {
		return strict.Fault(attest.FaultMalformed, "/policy/uri", "is %q, want an absolute URI", strict.Clip(s.Policy.URI))
	}
	for i, d := range s.InputAttestations {
		if len(d.Digest) == 0 {
			return strict.Fault(attest.FaultMalformed, "/inputAttestations/"+strconv.Itoa(i)+"/digest", "is missing: every attestation is named by its digest")
		}
	}
	for i, level := range s.Levels {
		if strings.HasPrefix(level, "SLSA_") && !specified(level) {
			return strict.Fault(attest.FaultMalformed, "/verifiedLevels/"+strconv.Itoa(i), "is %q, and what the specification does not name must not begin with SLSA_", strict.Clip(level))
		}
	}
	for _, level := range slices.Sorted(maps.Keys(s.DependencyLevels)) {
		if _, _, ok := Track(level); !ok {
			return strict.Fault(attest.FaultMalformed, "/dependencyLevels/"+level, "is not a level of a SLSA track")
		}
	}
	return nil
}

// specified says whether SLSA 1.2 names the level or property.
func specified(level string) bool {
	if track, n, ok := Track(level); ok {
		return track == Build && n <= 3 || track == Source && n <= 4
	}
	return level == "SLSA_SOURCE_TWO_PARTY_REVIEWED" || level == "SLSA_BUILD_REPRODUCED"
}
