// Package resource has in-toto's ResourceDescriptor, by which predicates name
// what they are not themselves about: sources, dependencies, by-products
// (in-toto attestation framework, spec/v1/resource_descriptor.md and digest_set.md).
package resource

import (
	"cmp"
	"encoding/base64"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/internal/strict"
)

// A Descriptor names a resource. It has at least one of URI, Digest and Content.
type Descriptor struct {
	Name             string            `json:"name,omitempty"`
	URI              string            `json:"uri,omitempty"`
	Digest           map[string]string `json:"digest,omitempty"`
	Content          []byte            `json:"content,omitempty"`
	DownloadLocation string            `json:"downloadLocation,omitempty"`
	MediaType        string            `json:"mediaType,omitempty"`
	// Annotations are written, sorted by name; they are not read.
	Annotations map[string]any `json:"annotations,omitempty"`
}

// Compare orders descriptors by URI, then name, then digest.
func Compare(a, b Descriptor) int {
	// The digests are put in order only where they decide, for there may be many thousands
	// of descriptors.
	if order := cmp.Or(strings.Compare(a.URI, b.URI), strings.Compare(a.Name, b.Name)); order != 0 {
		return order
	}
	return strings.Compare(digests(a.Digest), digests(b.Digest))
}

func digests(set map[string]string) string {
	var s strings.Builder
	for _, algorithm := range slices.Sorted(maps.Keys(set)) {
		s.WriteString(algorithm + ":" + set[algorithm] + " ")
	}
	return s.String()
}

// Check reads a descriptor and keeps it in into unless that is nil.
func Check(into *Descriptor) strict.Check { return check(into, specified) }

func check(into *Descriptor, l language) strict.Check {
	return func(r *strict.Reader) (bool, error) {
		var d Descriptor
		filled, err := strict.Object(
			strict.Optional("name", strict.Text(&d.Name)),
			strict.Optional("uri", l.uri(&d.URI)),
			strict.Optional("digest", l.digests(&d.Digest)),
			strict.Optional("content", content(&d.Content)),
			strict.Optional("downloadLocation", strict.URI(&d.DownloadLocation)),
			strict.Optional("mediaType", strict.Text(&d.MediaType)),
			strict.Optional("annotations", strict.AnyObject()),
		)(r)
		if err != nil || !filled {
			return filled, err
		}
		if d.URI == "" && len(d.Digest) == 0 && d.Content == nil {
			return false, strict.Fault(attest.FaultMalformed, r.Where(), "has none of uri, digest and content: a resource has at least one")
		}
		if into != nil {
			*into = d
		}
		return true, nil
	}
}

// Each reads an array of descriptors and appends them to into unless that is nil.
func Each(into *[]Descriptor) strict.Check { return each(into, specified) }

// EachLoose is Each as builders write it: a URI may be any one word, for Google Cloud Build
// and slsa-github-generator name images without a scheme; and what GitLab's runner writes as
// a sha256 and is none, but the 40 characters of a commit's name, is read as a gitCommit.
func EachLoose(into *[]Descriptor) strict.Check { return each(into, loose) }

func each(into *[]Descriptor, l language) strict.Check {
	return strict.Each(func(r *strict.Reader) (bool, error) {
		var d Descriptor
		filled, err := check(&d, l)(r)
		if err == nil && filled && into != nil {
			*into = append(*into, d)
		}
		return filled, err
	})
}

func content(into *[]byte) strict.Check {
	return strict.Pattern(nil, "base64", func(s string) bool {
		b, err := base64.StdEncoding.DecodeString(s)
		*into = b
		return err == nil
	})
}

// DigestSet reads a map of algorithm to value. Values of the algorithms that the
// specification names are lower-case hex of the right length; those of others are
// kept as they are.
func DigestSet(into *map[string]string) strict.Check { return specified.digests(into) }

// DigestSetLoose is DigestSet as [EachLoose] reads it.
func DigestSetLoose(into *map[string]string) strict.Check { return loose.digests(into) }

// A language is how strictly descriptors are read.
type language bool

const (
	specified language = false
	loose     language = true
)

func (l language) uri(into *string) strict.Check {
	if l == loose {
		return strict.Pattern(into, "a URI", func(s string) bool {
			return !strings.ContainsFunc(s, func(c rune) bool { return unicode.IsSpace(c) || unicode.IsControl(c) })
		})
	}
	return strict.URI(into)
}

// misnamed says whether a digest is a commit's name under the wrong one.
func (l language) misnamed(algorithm, value string) bool {
	return l == loose && algorithm == "sha256" && len(value) == 40 && mismatch("gitCommit", value) == ""
}

func (l language) digests(into *map[string]string) strict.Check {
	set := map[string]string{}
	each := strict.Map(func(algorithm string) strict.Check {
		return func(r *strict.Reader) (bool, error) {
			var value string
			if _, err := strict.Text(&value)(r); err != nil {
				return false, err
			}
			if l.misnamed(algorithm, value) {
				algorithm = "gitCommit"
			}
			if want := mismatch(algorithm, value); want != "" {
				return false, strict.Fault(attest.FaultDigestMalformed, r.Where(), "is %q, want %s", strict.Clip(value), want)
			}
			if other, taken := set[algorithm]; taken && other != value {
				return false, strict.Fault(attest.FaultMalformed, r.Where(), "is %q, and another digest says %q", value, other)
			}
			set[algorithm] = value
			return true, nil
		}
	})
	return func(r *strict.Reader) (bool, error) {
		filled, err := each(r)
		if err == nil && filled && into != nil {
			*into = set
		}
		return filled, err
	}
}

// mismatch says what value should have been as a digest of algorithm, or nothing.
func mismatch(algorithm, value string) string {
	if value == "" {
		return "a digest"
	}
	lengths := hexLengths(algorithm)
	if lengths == nil || slices.Contains(lengths, len(value)) && strings.Trim(value, "0123456789abcdef") == "" {
		return ""
	}
	if len(lengths) == 2 {
		return "40 or 64 characters of lower-case hex"
	}
	return itoa(lengths[0]) + " characters of lower-case hex"
}
