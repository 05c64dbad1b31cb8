package attest

import (
	"maps"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// A Subject is what a statement is about. Only its digests count; the name is
// decoration (in-toto attestation framework, Statement v1, "subject").
type Subject struct {
	name    string
	digests map[string]string
}

// NewSubject makes a subject with one digest.
func NewSubject(name string, d Digest) Subject {
	return Subject{name, map[string]string{d.algorithm: d.hex}}
}

// NewGitSubject makes a subject that is a git commit, named by its object id.
func NewGitSubject(name, commit string) Subject {
	return Subject{name, map[string]string{"gitCommit": commit}}
}

// Name is the subject's untrusted name; it may be empty.
func (s Subject) Name() string { return s.name }

// Digests is the subject's DigestSet, algorithm to value, as it was written.
func (s Subject) Digests() map[string]string { return maps.Clone(s.digests) }

// Is says whether d is among the subject's digests.
func (s Subject) Is(d Digest) bool { return !d.IsZero() && s.digests[d.algorithm] == d.hex }

// Digest is the subject's strongest digest, or the zero Digest if it has none of
// an accepted algorithm.
func (s Subject) Digest() Digest {
	for _, algorithm := range []string{"sha512", "sha384", "sha256"} {
		if value, ok := s.digests[algorithm]; ok {
			return Digest{algorithm, value}
		}
	}
	return Digest{}
}

// check holds a DigestSet to its spec: values of the algorithms that carnet relies
// on are exact, the others (gitCommit, sha1, …) are kept and bind nothing.
func (s Subject) check(where string) error {
	if len(s.digests) == 0 {
		return fault(FaultNoSubject, where+"/digest", "has no digest")
	}
	for _, algorithm := range slices.Sorted(maps.Keys(s.digests)) {
		if _, accepted := digestBytes(algorithm); !accepted {
			continue
		}
		if _, err := newDigest(algorithm, s.digests[algorithm]); err != nil {
			e := err.(*Error)
			return fault(e.Fault, where+"/digest/"+algorithm, "%s", e.Detail)
		}
	}
	return nil
}

// maxSubjects bounds one statement's subjects; a release's checksum file has
// tens, a distribution's a few thousand.
const maxSubjects = 10_000

func parseSubjects(raw jsontext.Value) ([]Subject, error) {
	var subjects []Subject
	err := elements(raw, "/subject", func(i int, value jsontext.Value) error {
		if i >= maxSubjects {
			return fault(FaultTooLarge, "/subject", "has more than %d subjects", maxSubjects)
		}
		s, err := parseSubject(value, pointer("/subject", i))
		subjects = append(subjects, s)
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(subjects) == 0 {
		return nil, fault(FaultNoSubject, "/subject", "is empty: the statement is about nothing")
	}
	return subjects, nil
}

func parseSubject(raw jsontext.Value, where string) (Subject, error) {
	s := Subject{digests: map[string]string{}}
	err := object(raw, where, []string{"name", "digest"}, func(name string, value jsontext.Value) (err error) {
		switch name {
		case "name":
			s.name, err = text(value, where+"/name")
		case "digest":
			err = object(value, where+"/digest", acceptedAlgorithms, func(algorithm string, value jsontext.Value) (err error) {
				s.digests[algorithm], err = text(value, where+"/digest/"+algorithm)
				return err
			})
		}
		return err
	})
	if err != nil {
		return Subject{}, err
	}
	return s, s.check(where)
}

var acceptedAlgorithms = []string{"sha256", "sha384", "sha512"}
