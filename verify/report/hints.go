package report

import (
	"strings"

	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/policy"
)

// Fix says what to do about a finding. The verdict states facts; this is the advice.
func Fix(f policy.Finding) string {
	if f.Reason != "" {
		return ReasonFix(f.Reason)
	}
	kind, state, _ := strings.Cut(f.Rule, ".")
	switch {
	case f.Rule == "image.platforms":
		return "build for this platform, or choose one of those found with --platform"
	case state == "incomplete":
		return "this is the store or the network, not your artifact: look at the cause and try again"
	case kind == policy.RequireSignature:
		return "sign it: carnet sign --key KEY TARGET; after copying an image, copy its referrers too"
	case kind == policy.RequireProvenance:
		return "state where it was built: carnet attest provenance --key KEY TARGET, or carnet seal"
	case kind == policy.RequireSBOM:
		return "attest an SBOM of every platform: carnet attest sbom --key KEY TARGET, or carnet seal"
	case kind == "bundle":
		return "name the bundle that was made for this file"
	}
	return "attest it: carnet attest --type TYPE --predicate FILE --key KEY TARGET"
}

// ReasonFix says what to do about evidence that was refused for a reason.
func ReasonFix(r verify.Reason) string {
	switch r {
	case verify.ReasonUnknownSigner:
		return "if the signer found is meant to be trusted, add its public key with --key; else sign with a trusted key"
	case verify.ReasonKeyAlgorithm:
		return "give the public key that belongs to the signer: this one is of another algorithm"
	case verify.ReasonSignatureInvalid:
		return "do not use it: the content was changed after signing; find out by whom, and build and sign again"
	case verify.ReasonSubjectMismatch:
		return "do not use it: the evidence is about another artifact; find out how it came here, and sign this one"
	case verify.ReasonPredicateMalformed:
		return "make the predicate again with a tool that follows the specification, and attest it again"
	case verify.ReasonUnsigned:
		return "sign the statement: carnet sign --key KEY --statement FILE, or attest it with carnet attest"
	case verify.ReasonUnreadable:
		return "this is the store or the network, not your artifact: look at the cause and try again"
	case verify.ReasonContentMismatch:
		return "the store returned other bytes than it was asked for: do not trust it; push the evidence again"
	case verify.ReasonTooLarge:
		return "remove what does not belong there, or raise the bound with --max-referrers or --max-bundle-size"
	case verify.ReasonDigestWeak:
		return "state the subject with its sha256 digest, and sign again"
	case verify.ReasonUnsupported:
		return "use a newer carnet, or write the evidence in a version that is supported"
	}
	return "do not use it: the evidence is not well-formed; make it again with a tool that follows the specification"
}
