package policy

import "slices"

// A Rule is one thing that policies ask, under an id that never changes.
type Rule struct {
	// ID is a section and a word: "vulnerabilities.severity".
	ID string
	// Statuses are how it can end where it does not pass.
	Statuses []Status
	// Asks is what it asks, and Fix what to do where it is not met: a sentence each.
	Asks, Fix string
}

// Rules lists every rule, so that documentation, hints and vectors can be held to it. The
// rules of documents in CEL have the ids "rule.<id>", which are theirs.
func Rules() []Rule {
	return slices.Concat(
		policyRules(), imageRules(), signatureRules(), provenanceRules(), agreeRules(), sourceRules(), baseRules(), sbomRules(),
		vulnerabilityRules(), checkRules(), approvalRules(), expressionRules(), exceptionRules(), summaryRules(),
	)
}

func policyRules() []Rule {
	return []Rule{
		{"policy.scope", []Status{StatusFail}, "A scope of every policy names the image.", "name the image in a scope of the policy, or ask the policy's owner"},
		{"policy.expired", []Status{StatusError}, "The policy is in force.", "ask the policy's owner for the next version"},
		{"policy.time", []Status{StatusError}, "There is a time to judge for.", "give a time with --at"},
		{"verify.incomplete", []Status{StatusError}, "All evidence that could matter was readable.", "this is the store or the network, not your artifact: look at the cause and try again"},
	}
}

func signatureRules() []Rule {
	return []Rule{
		{"signature.missing", []Status{StatusMissing}, "The digest is signed.", "sign it: carnet sign TARGET; after copying an image, copy its referrers too"},
		{"signature.identity", []Status{StatusUntrusted}, "An accepted identity signed.", "sign as one who is accepted, or add the signer found to the policy's identities if it is meant"},
		{"signature.threshold", []Status{StatusFail}, "Enough distinct signers signed.", "have another accepted signer sign it: one key or identity counts once, however often it signed"},
		{"signature.invalid", []Status{StatusInvalid}, "The signature is good and over this digest.", "do not use it: the evidence is for another artifact or was changed; find out how it came here"},
		{"signature.proof", []Status{StatusUntrusted}, "Whoever must vouch for the signature does: a log, an authority.", "sign again with a transparency log and a timestamp authority"},
		{"signature.format", []Status{StatusFail}, "The signature is in a form that is read here.", "sign again with a tool that follows the specification"},
	}
}
