package predicate

import (
	"strings"
	"sync"

	"github.com/carnet-project/carnet/attest/predicate/commit"
	"github.com/carnet-project/carnet/attest/predicate/custom"
	"github.com/carnet-project/carnet/attest/predicate/cyclonedx"
	"github.com/carnet-project/carnet/attest/predicate/link"
	"github.com/carnet-project/carnet/attest/predicate/openvex"
	"github.com/carnet-project/carnet/attest/predicate/reference"
	"github.com/carnet-project/carnet/attest/predicate/sarif"
	"github.com/carnet-project/carnet/attest/predicate/scai"
	"github.com/carnet-project/carnet/attest/predicate/slsa"
	"github.com/carnet-project/carnet/attest/predicate/spdx"
	"github.com/carnet-project/carnet/attest/predicate/svr"
	"github.com/carnet-project/carnet/attest/predicate/testresult"
	"github.com/carnet-project/carnet/attest/predicate/vsa"
	"github.com/carnet-project/carnet/attest/predicate/vuln"
	"github.com/carnet-project/carnet/attest/predicate/witness"
)

// SignV1 is the predicate type by which cosign 3 signs an image. A statement of
// any other type is never a signature.
const SignV1 = "https://sigstore.dev/cosign/sign/v1"

// A Class is what a predicate is evidence of, whatever its format. Policies ask
// for classes.
type Class string

// The classes. Other is all that nothing here knows.
const (
	Signature       Class = "signature"
	Provenance      Class = "provenance"
	SBOM            Class = "sbom"
	Vulnerabilities Class = "vulnerabilities"
	VEX             Class = "vex"
	Summary         Class = "summary"
	Link            Class = "link"
	TestResult      Class = "test-result"
	SARIF           Class = "sarif"
	SCAI            Class = "scai"
	// VerificationResult is a simple verification result: properties that hold.
	VerificationResult Class = "verification-result"
	// Commit is a git commit object, for those who have no repository at hand.
	Commit Class = "git-commit"
	// Reference names documents that are stored elsewhere, each of a type of its own.
	Reference Class = "reference"
	// Collection is attestations of one step, which one signed together.
	Collection Class = "collection"
	Other      Class = "other"
)

// ClassOf gives the class of a predicate type. A version that is not known of a
// family that is has its family's class, so that a reader can tell evidence that is
// too new from evidence that is missing; [Validate] refuses it.
func ClassOf(uri string) Class {
	f, _, found := familyOf(uri)
	if !found {
		return Other
	}
	return f.class
}

// An Alias is a short name of a predicate type.
type Alias struct{ Name, URI string }

// Aliases are cosign 3's names of predicate types. Both SPDX names are for JSON;
// cosign's "spdx" also puts tag-value text in place of the predicate, which is not
// the object that in-toto asks for.
func Aliases() []Alias {
	return []Alias{
		{"slsaprovenance1", slsa.V1},
		{"slsaprovenance02", slsa.V02},
		{"slsaprovenance", slsa.V02},
		{"spdxjson", spdx.Type},
		{"spdx", spdx.Type},
		{"cyclonedx", cyclonedx.Type},
		{"vuln", vuln.Cosign},
		{"openvex", openvex.Type},
		{"link", link.V1},
		{"custom", custom.Type},
	}
}

// A family is the versions of one type of predicate, each with its validator. The
// version is what follows the base and a slash; it is empty where the type does
// without.
type family struct {
	base     string
	class    Class
	versions map[string]func(uri string, predicate []byte) error
}

// families are made once: a gate asks for the class of all that is stored, again and again.
var families = sync.OnceValue(func() []family {
	type versions = map[string]func(uri string, predicate []byte) error
	cdx := versions{"": cyclonedx.Validate}
	for _, v := range cyclonedx.Versions() {
		cdx["v"+v] = cyclonedx.Validate
	}
	return []family{
		{"https://sigstore.dev/cosign/sign", Signature, versions{"v1": objectOrNothing}},
		{"https://slsa.dev/provenance", Provenance, versions{"v1": provenance, "v1.0": provenance, "v0.2": provenance, "v0.1": object}},
		{"https://slsa.dev/verification_summary", Summary, versions{"v1": vsa.Validate, "v0.2": object, "v0.1": object}},
		{spdx.Type, SBOM, versions{"": spdx.Validate, "v2": spdx.Validate, "v2.2": spdx.Validate, "v2.3": spdx.Validate, "v3": spdx.Validate}},
		{cyclonedx.Type, SBOM, cdx},
		{"https://cosign.sigstore.dev/attestation/vuln", Vulnerabilities, versions{"v1": vuln.Validate}},
		{"https://in-toto.io/attestation/vulns", Vulnerabilities, versions{"v0.1": vuln.Validate, "v0.2": vuln.Validate}},
		{openvex.Type, VEX, versions{"": openvex.Validate, "v0.0.1": openvex.Validate, "v0.2.0": openvex.Validate}},
		{"https://in-toto.io/Link", Link, versions{"v1": link.Validate}},
		{"https://in-toto.io/attestation/link", Link, versions{"v0.3": link.Validate}},
		{"https://in-toto.io/attestation/test-result", TestResult, versions{"v0.1": testresult.Validate}},
		{"https://github.com/carnet-project/carnet/predicates/sarif", SARIF, versions{"v1": sarif.Validate}},
		{"https://witness.dev/attestations/sarif", SARIF, versions{"v0.1": sarif.Validate}},
		{"https://in-toto.io/attestation/scai/attribute-report", SCAI, versions{"v0.2": scai.Validate}},
		{"https://in-toto.io/attestation/scai", SCAI, versions{"v0.3": scai.Validate}},
		{"https://in-toto.io/attestation/svr", VerificationResult, versions{"v0.1": svr.Validate, "v0.2": svr.Validate}},
		{"https://github.com/carnet-project/carnet/predicates/git-commit", Commit, versions{"v1": commit.Validate}},
		{"https://in-toto.io/attestation/reference", Reference, versions{"v0.1": reference.Validate}},
		{"https://witness.testifysec.com/attestation-collection", Collection, versions{"v0.1": witness.Validate}},
		{"https://witness.dev/attestation-collection", Collection, versions{"v0.1": witness.Validate}},
		{"https://aflock.ai/attestation-collection", Collection, versions{"v0.1": witness.Validate}},
		{"https://cosign.sigstore.dev/attestation", Other, versions{"v1": custom.Validate}},
	}
})

func provenance(uri string, predicate []byte) error {
	_, err := slsa.Parse(uri, predicate)
	return err
}

// familyOf finds the family of a predicate type and the version in it.
func familyOf(uri string) (family, string, bool) {
	for _, f := range families() {
		rest, found := strings.CutPrefix(uri, f.base)
		if !found {
			continue
		}
		if rest == "" {
			return f, "", true
		}
		if version, found := strings.CutPrefix(rest, "/"); found && isVersion(version) {
			return f, version, true
		}
	}
	return family{}, "", false
}

// isVersion says whether s is a v and a number, as in v1, v0.2 and v2-beta.
func isVersion(s string) bool {
	return len(s) > 1 && s[0] == 'v' && '0' <= s[1] && s[1] <= '9' && !strings.Contains(s, "/")
}
