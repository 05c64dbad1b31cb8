package report

import (
	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/policy"
)

// Schema names the JSON that [JSON] writes. Fields may be added under this name;
// none is removed and none changes its meaning.
const Schema = "https://github.com/carnet-project/carnet/schema/verify/v1"

type document struct {
	Schema string `json:"schema"`
	// Tool is what made the document, where the caller said so.
	Tool    *toolJSON    `json:"tool,omitempty"`
	Allowed bool         `json:"allowed"`
	Results []resultJSON `json:"results"`
}

type toolJSON struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
}

type resultJSON struct {
	Target  string         `json:"target"`
	Name    string         `json:"name,omitempty"`
	Digest  string         `json:"digest,omitempty"`
	Kind    string         `json:"kind,omitempty"`
	Outcome policy.Outcome `json:"outcome"`
	// Allowed says whether it may enter, and Effect what became of the outcome: under a
	// policy that audits or warns these differ from it.
	Allowed bool        `json:"allowed"`
	Effect  effect      `json:"effect"`
	Mode    policy.Mode `json:"mode,omitempty"`
	At      string      `json:"at,omitempty"`
	Error   string      `json:"error,omitempty"`
	// Policies are all that were asked, each of which must be met.
	Policies []policyJSON   `json:"policies"`
	Matrix   []cellJSON     `json:"matrix"`
	Findings []findingJSON  `json:"findings"`
	Rejected []rejectedJSON `json:"rejected"`
	Unknown  []unknownJSON  `json:"unknown"`
	Notes    []noteJSON     `json:"notes"`
	// NotChecked are the sections of the chain for which no policy asks.
	NotChecked []string `json:"notChecked"`
}

type policyJSON struct {
	Name    string      `json:"name"`
	Version int         `json:"version,omitempty"`
	Digest  string      `json:"digest,omitempty"`
	URI     string      `json:"uri,omitempty"`
	Scope   string      `json:"scope,omitempty"`
	Mode    policy.Mode `json:"mode"`
	Owner   string      `json:"owner,omitempty"`
	Contact string      `json:"contact,omitempty"`
	Expires string      `json:"expires,omitempty"`
}

type cellJSON struct {
	Requirement string `json:"requirement"`
	Digest      string `json:"digest"`
	Kind        string `json:"kind"`
	Platform    string `json:"platform,omitempty"`
	Required    bool   `json:"required"`
	// Threshold is how many distinct signers are wanted, where that is more than one.
	Threshold int           `json:"threshold,omitempty"`
	Status    policy.Status `json:"status"`
	// Section is what the ids of its rules begin with.
	Section     string      `json:"section"`
	Policy      string      `json:"policy,omitempty"`
	Scope       string      `json:"scope,omitempty"`
	Mode        policy.Mode `json:"mode,omitempty"`
	EnforceFrom string      `json:"enforceFrom,omitempty"`
	// Pending says that it does not deny yet.
	Pending bool `json:"pending,omitempty"`
	// Selection says which of so many Candidates count.
	Selection  policy.Selection `json:"selection,omitempty"`
	Candidates int              `json:"candidates"`
	Evidence   []evidenceJSON   `json:"evidence"`
	// Rules are how its rules ended, those that are met included.
	Rules []ruleJSON `json:"rules"`
}

type evidenceJSON struct {
	Kind          verify.Kind `json:"kind"`
	PredicateType string      `json:"predicateType,omitempty"`
	Subject       string      `json:"subject"`
	Bundle        string      `json:"bundle"`
	Signer        signerJSON  `json:"signer"`
	// TrustedTime is the earliest of Times; null where nobody but the signer vouches for
	// a time.
	TrustedTime *string    `json:"trustedTime"`
	Times       []timeJSON `json:"times,omitempty"`
	Logs        []string   `json:"logs,omitempty"`
	Commits     []string   `json:"commits,omitempty"`
	// Document is what the bundle refers to, where the predicate is not in it.
	Document *documentJSON `json:"document,omitempty"`
}

// documentJSON is a document by its own digest and size, and the blob that holds it.
type documentJSON struct {
	Digest string `json:"digest"`
	Size   int64  `json:"size"`
	Stored string `json:"stored"`
}

// signerJSON is a key, or what a certificate says of its holder.
type signerJSON struct {
	Name      string                  `json:"name,omitempty"`
	Key       string                  `json:"key"`
	Subject   string                  `json:"subject,omitempty"`
	Issuer    string                  `json:"issuer,omitempty"`
	Authority string                  `json:"authority,omitempty"`
	Claims    map[attest.Claim]string `json:"claims,omitempty"`
}

type timeJSON struct {
	Time   string            `json:"time"`
	Source verify.TimeSource `json:"source"`
	URI    string            `json:"uri,omitempty"`
}

// ruleJSON is how a rule ended on the node of its cell.
type ruleJSON struct {
	Rule          string        `json:"rule"`
	Status        policy.Status `json:"status"`
	Reason        verify.Reason `json:"reason,omitempty"`
	Expected      string        `json:"expected"`
	Found         string        `json:"found"`
	Fix           string        `json:"fix,omitempty"`
	Evidence      string        `json:"evidence,omitempty"`
	Vulnerability string        `json:"vulnerability,omitempty"`
	Package       string        `json:"package,omitempty"`
	Check         string        `json:"check,omitempty"`
	Follows       string        `json:"follows,omitempty"`
	Exception     string        `json:"exception,omitempty"`
	Policy        string        `json:"policy,omitempty"`
	Scope         string        `json:"scope,omitempty"`
	Line          int           `json:"line,omitempty"`
	Owner         string        `json:"owner,omitempty"`
}

// findingJSON is a rule that is not met, and of what.
type findingJSON struct {
	ruleJSON
	Level    level  `json:"level"`
	Subject  string `json:"subject"`
	Platform string `json:"platform,omitempty"`
}

type noteJSON struct {
	Rule   string `json:"rule"`
	Text   string `json:"text"`
	Policy string `json:"policy,omitempty"`
	Line   int    `json:"line,omitempty"`
}

type rejectedJSON struct {
	Subject       string        `json:"subject"`
	Place         string        `json:"place"`
	Manifest      string        `json:"manifest,omitempty"`
	Bundle        string        `json:"bundle,omitempty"`
	PredicateType string        `json:"unverifiedPredicateType,omitempty"`
	Reason        verify.Reason `json:"reason"`
	Expected      string        `json:"expected"`
	Found         string        `json:"found"`
}

type unknownJSON struct {
	Subject string        `json:"subject"`
	Place   string        `json:"place,omitempty"`
	Reason  verify.Reason `json:"reason,omitempty"`
	Detail  string        `json:"detail"`
}
