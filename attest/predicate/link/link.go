// Package link reads in-toto links as predicates: what one step of a supply chain
// took in and gave out.
package link

import (
	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/internal/strict"
	"github.com/carnet-project/carnet/attest/predicate/resource"
)

// The predicate types: the signed part of a link of the in-toto specification 0.9,
// which is what cosign calls a link, and the predicate of the attestation framework
// (spec/predicates/link.md).
const (
	V1  = "https://in-toto.io/Link/v1"
	V03 = "https://in-toto.io/attestation/link/v0.3"
)

// Validate holds raw to its type's specification. The error is an *[attest.Error]
// whose Where is a JSON pointer.
func Validate(predicateType string, raw []byte) error {
	switch predicateType {
	case V1:
		return strict.Read(raw, v1())
	case V03:
		return strict.Read(raw, v03())
	}
	return strict.Fault(attest.FaultUnsupported, "", "%q is not a version of links that is read here", strict.Clip(predicateType))
}

func v1() strict.Check {
	artifacts := strict.Map(func(string) strict.Check { return resource.DigestSet(nil) })
	return strict.Object(
		strict.Required("_type", strict.OneOf(nil, "link")),
		strict.Required("name", strict.Text(nil)),
		strict.Present("materials", artifacts),
		strict.Present("products", artifacts),
		strict.Optional("command", strict.AnyArray()),
		strict.Optional("byproducts", strict.AnyObject()),
		strict.Optional("environment", strict.AnyObject()),
	)
}

func v03() strict.Check {
	names := map[string]bool{}
	return strict.Object(
		strict.Required("name", strict.Text(nil)),
		strict.Optional("command", strict.AnyArray()),
		strict.Optional("materials", strict.Each(func(r *strict.Reader) (bool, error) {
			var d resource.Descriptor
			filled, err := resource.Check(&d)(r)
			if err != nil || !filled {
				return filled, err
			}
			return true, material(d, names, r.Where())
		})),
		strict.Optional("byproducts", strict.AnyObject()),
		strict.Optional("environment", strict.AnyObject()),
	)
}

func material(d resource.Descriptor, names map[string]bool, where string) error {
	switch {
	case d.Name == "":
		return strict.Missing(where + "/name")
	case len(d.Digest) == 0:
		return strict.Missing(where + "/digest")
	case names[d.Name]:
		return strict.Fault(attest.FaultMalformed, where+"/name", "is %q, as another material's is: names are unique", strict.Clip(d.Name))
	}
	names[d.Name] = true
	return nil
}
