// Package summary says in a SLSA verification summary (VSA, slsa.dev,
// spec/verification_summary.md) how a verdict came out, so that others need not verify again.
// It signs nothing: a summary that nobody signed says nothing.
package summary

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/predicate/resource"
	"github.com/carnet-project/carnet/attest/predicate/vsa"
	"github.com/carnet-project/carnet/verify/policy"
)

// SLSAVersion is the version of SLSA whose levels are stated.
const SLSAVersion = "1.2"

// Options are what a verdict does not say.
type Options struct {
	// VerifierID is the URI of whoever verifies, which consumers trust together with the
	// signer, and Version the version of carnet; it may be empty.
	VerifierID, Version string
	// ResourceURI is where the artifact is expected to be; empty is oci:// and the name that
	// the policy is bound to.
	ResourceURI string
	// PolicyURI is where the policy is; empty is the document's own URI if that is one, and else a
	// urn with the names of the documents.
	PolicyURI string
}

// Statement is the summary of a verdict, about what was judged: the artifact, and of an
// index each platform too, for what runs a container sees only that.
func Statement(v policy.Verdict, o Options) (*attest.Statement, error) {
	raw, err := Predicate(v, o)
	if err != nil {
		return nil, err
	}
	var subjects []attest.Subject
	for i, d := range judged(v) {
		name := ""
		if i == 0 && v.Policy().Name() != "" {
			name = v.Policy().Name()
		}
		subjects = append(subjects, attest.NewSubject(name, d))
	}
	return attest.NewStatement(vsa.V1, raw, subjects...)
}

// judged are the digests of the artifact, first, and of its platforms that were judged.
func judged(v policy.Verdict) []attest.Digest {
	all := []attest.Digest{v.Artifact().Digest}
	for _, c := range v.Cells() {
		of := slices.ContainsFunc(v.Artifact().Runnable(), func(n artifact.Artifact) bool { return n.Digest == c.Node.Digest })
		if of && c.Required && !slices.Contains(all, c.Node.Digest) {
			all = append(all, c.Node.Digest)
		}
	}
	return all
}

// Predicate is the predicate of the summary of a verdict: PASSED where it allows and FAILED
// where it denies, whatever the mode of the policy makes of that. An undecided verdict has no summary,
// nor one that was reached by a summary, which would make the same evidence ever younger, nor one by a
// policy that no digest names.
func Predicate(v policy.Verdict, o Options) ([]byte, error) {
	p := v.Policy()
	switch {
	case p == nil:
		return nil, errors.New("nothing was judged: there is no summary of it")
	case v.At().IsZero():
		return nil, errors.New("the verdict is for no time: a summary says when was verified")
	case v.Outcome() == policy.Undecided:
		return nil, errors.New("the verdict is undecided: a summary says PASSED or FAILED; verify again when everything can be read")
	case p.Digest().IsZero():
		return nil, errors.New("the policy has no digest: a summary names it; verify with a policy file alone")
	case slices.ContainsFunc(v.Cells(), func(c policy.Cell) bool { return c.Requirement.Section() == "summary" }):
		return nil, errors.New("the verdict rests on a summary: a new one is issued for a whole check")
	}
	s := vsa.Summary{
		VerifierID: o.VerifierID, TimeVerified: v.At(), ResourceURI: o.ResourceURI, Result: vsa.Failed, SLSAVersion: SLSAVersion,
		Policy: resource.Descriptor{URI: policyURI(p, o), Digest: map[string]string{string(p.Digest().Algorithm()): p.Digest().Hex()}},
	}
	if o.Version != "" {
		s.VerifierVersion = map[string]string{"carnet": o.Version}
	}
	if s.ResourceURI == "" && p.Name() != "" {
		s.ResourceURI = "oci://" + p.Name()
	}
	for _, e := range v.Evidence() {
		d := e.Bundle()
		s.InputAttestations = append(s.InputAttestations, resource.Descriptor{Name: nameOf(e.PredicateType()), Digest: map[string]string{string(d.Algorithm()): d.Hex()}})
	}
	if v.Outcome() == policy.Allowed {
		s.Result, s.Levels = vsa.Passed, levels(v)
	}
	return s.Predicate()
}

func nameOf(predicateType string) string {
	if predicateType == "" {
		return "signature"
	}
	return predicateType
}

func policyURI(p *policy.Policy, o Options) string {
	documents := p.Documents()
	if o.PolicyURI != "" {
		return o.PolicyURI
	}
	if len(documents) == 1 && strings.Contains(documents[0].URI, "://") {
		return documents[0].URI
	}
	var names []string
	for _, d := range documents {
		names = append(names, fmt.Sprintf("%s:%d", d.Name, d.Version))
	}
	slices.Sort(names)
	return "urn:carnet:policy:" + strings.Join(names, ":")
}

// levels are the levels that were reached in all that was judged, and what else was
// verified, as properties of carnet's own.
func levels(v policy.Verdict) []string {
	var all []string
	build, source := -1, -1
	met := map[string]bool{}
	for _, c := range v.Cells() {
		section := c.Requirement.Section()
		if !c.Required || section == "" {
			continue
		}
		passed, seen := met[section]
		met[section] = c.Status == policy.StatusPass && (passed || !seen)
		switch section {
		case policy.RequireProvenance:
			build = lower(build, c.Level)
		case "source":
			for _, e := range c.Evidence {
				if summary, err := vsa.Parse(e.PredicateType(), e.Predicate()); err == nil {
					source = lower(source, summary.Level(vsa.Source))
				}
			}
		}
	}
	if met[policy.RequireProvenance] && build > 0 {
		all = append(all, fmt.Sprintf("SLSA_BUILD_LEVEL_%d", build))
	}
	if met["source"] && source > 0 {
		all = append(all, fmt.Sprintf("SLSA_SOURCE_LEVEL_%d", source))
	}
	for section, property := range Properties() {
		if met[section] {
			all = append(all, property)
		}
	}
	return all
}

// lower is the lower of what was found so far, -1 for nothing, and a level.
func lower(so, level int) int {
	if so < 0 {
		return max(level, 0)
	}
	return min(so, max(level, 0))
}

// Properties are carnet's own properties in a summary, by the sections of a policy that were
// all met, without exception.
func Properties() map[string]string {
	return map[string]string{
		policy.RequireSignature: "CARNET_SIGNED", policy.RequireSBOM: "CARNET_SBOM", "vulnerabilities": "CARNET_VULNERABILITIES",
		"checks": "CARNET_CHECKED", "approvals": "CARNET_APPROVED", "base": "CARNET_BASE",
	}
}
