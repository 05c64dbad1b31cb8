package report

import (
	"strings"

	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/policy"
)

// Fix says what to do about a finding: what the policy says itself, else what the reason
// for a refusal asks for, else what the table of rules has. The verdict states facts; this
// is the advice. A pass needs none.
func Fix(f policy.Finding) string {
	switch {
	case f.Fix != "":
		return f.Fix
	case f.Status.Allows():
		return ""
	case f.Reason != "" && (f.Line == 0 || !flagged(f.Reason)):
		return ReasonFix(f.Reason)
	}
	if fix := ruleFix(f.Rule); fix != "" {
		return fix
	}
	for _, r := range policy.Rules() {
		if r.ID == f.Rule {
			return r.Fix
		}
	}
	if f.Reason != "" {
		return ReasonFix(f.Reason)
	}
	return sectionFix(f.Rule)
}

// flagged says whether the advice about a reason is a flag, which is none to somebody who
// has written a policy.
func flagged(r verify.Reason) bool {
	return r == verify.ReasonUnknownSigner || r == verify.ReasonIdentityMismatch
}

// ruleFix has the commands that make what is missing.
func ruleFix(rule string) string {
	switch rule {
	case "image.platforms":
		return "build for this platform, or choose one of those found with --platform"
	case "verify.incomplete":
		return "this is the store or the network, not your artifact: look at the cause and try again"
	case "signature.missing":
		return "sign it: carnet sign --key KEY TARGET; after copying an image, copy its referrers too"
	case "provenance.missing":
		return "state where it was built: carnet attest provenance --key KEY TARGET, or carnet seal"
	case "sbom.missing":
		return "attest an SBOM of every platform: carnet attest sbom --key KEY TARGET, or carnet seal"
	}
	return ""
}

// sectionFix is what can be said of a rule of which nothing else is known.
func sectionFix(rule string) string {
	section, state, _ := strings.Cut(rule, ".")
	switch {
	case state == "unsupported":
		return "use a newer carnet: this one does not evaluate the section"
	case state == "time":
		return "give a time with --at"
	case section == "bundle":
		return "name the bundle that was made for this file"
	case section == "rule":
		return "ask the policy's owner what the rule wants"
	}
	return "attest it: carnet attest --type TYPE --predicate FILE --key KEY TARGET"
}

// ReasonFix says what to do about evidence that was refused for a reason.
func ReasonFix(r verify.Reason) string {
	if fix := keylessFix(r); fix != "" {
		return fix
	}
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
	case verify.ReasonDocumentMissing:
		return "copy the document, too, which is a referrer of the image (oras cp -r), or attest it again: carnet attest stores it anew"
	case verify.ReasonTooLarge:
		return "remove what does not belong there, or raise the bound with --max-referrers, --max-bundle-size or --max-document-size"
	case verify.ReasonDigestWeak:
		return "state the subject with its sha256 digest, and sign again"
	case verify.ReasonUnsupported:
		return "use a newer carnet, or write the evidence in a version that is supported"
	}
	return "do not use it: the evidence is not well-formed; make it again with a tool that follows the specification"
}

// keylessFix says the same for what proves a signature beside itself: certificates, logs
// and times; "" for anything else.
func keylessFix(r verify.Reason) string {
	switch r {
	case verify.ReasonCertificateUntrusted:
		return "if the authority found is yours, add its trusted root with --trusted-root FILE; else sign with a Sigstore that is trusted here"
	case verify.ReasonCertificateMalformed:
		return "do not use it: the certificate or its chain is not what the bundle's version allows; sign again with a tool that follows the specification"
	case verify.ReasonCertificateExpired:
		return "sign again while the certificate is valid: a certificate counts only at the trusted times of its signature"
	case verify.ReasonIdentityMismatch:
		return "if the signer found is meant to be trusted, accept it with --certificate-identity and --certificate-oidc-issuer, or --github or --gitlab; else sign as one who is"
	case verify.ReasonInstanceMismatch:
		return "add the trusted root of the instance that is named with --trusted-root FILE (the word public is the public one), or sign in the one that is trusted"
	case verify.ReasonSCTMissing:
		return "sign with an authority that logs its certificates; if yours keeps no such log, leave ctlogs out of its trusted root, or give --insecure-ignore-sct"
	case verify.ReasonSCTInvalid:
		return "if your trusted root is old, run carnet trust update; else do not use it: nobody who is trusted has made the certificate public"
	case verify.ReasonLogMissing:
		return "sign again with a transparency log; if yours keeps none, give --insecure-ignore-tlog and rely on timestamps alone"
	case verify.ReasonLogUnknown:
		return "if your trusted root is old, run carnet trust update; if the log is yours, add its trusted root with --trusted-root FILE"
	case verify.ReasonLogProof, verify.ReasonLogPromise, verify.ReasonLogMismatch, verify.ReasonLogDuplicate:
		return "do not use it: what the log proves is not this signature; find out how the bundle came about, and sign again"
	case verify.ReasonTimeMissing:
		return "sign again with a timestamp authority (--timestamp): nobody who is trusted says when this was signed"
	case verify.ReasonTimestampInvalid:
		return "do not use it: the timestamp is broken or of something else; sign again, or stamp the signature again"
	case verify.ReasonTimestampUnknown:
		return "if your trusted root is old, run carnet trust update; if the authority is yours, add its trusted root with --trusted-root FILE"
	case verify.ReasonKeyValidity:
		return "sign with a key that is in use, or correct the key's validity in the trust file if it is wrong"
	case verify.ReasonKeyRevoked:
		return "do not use it: the key was revoked by then; build again and sign with another key"
	}
	return ""
}
