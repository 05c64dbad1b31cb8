package report

import (
	"encoding/json"
	"io"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/policy"
)

// Schema names the JSON that [JSON] writes. Fields may be added under this name;
// none is removed and none changes its meaning.
const Schema = "https://github.com/carnet-project/carnet/schema/verify/v1"

// A Result is what became of one target: a verdict, or the error that kept it from
// being judged.
type Result struct {
	// Target is what the user wrote, and Name what it is called without tag or digest.
	Target, Name string
	Verdict      policy.Verdict
	Err          error
	// Tampered says that Err is content that is not what its digest says.
	Tampered bool
}

// Outcome is the verdict's, or what the error amounts to: nothing was decided, unless
// the error itself is a sign of tampering.
func (r Result) Outcome() policy.Outcome {
	switch {
	case r.Err == nil:
		return r.Verdict.Outcome()
	case r.Tampered:
		return policy.Invalid
	}
	return policy.Undecided
}

// Reference is name@digest: the one spelling of the target that cannot move.
// A digest without a name is its own reference.
func (r Result) Reference() string {
	digest := r.Verdict.Artifact().Digest.String()
	if r.Name == "" {
		return digest
	}
	return r.Name + "@" + digest
}

type document struct {
	Schema  string       `json:"schema"`
	Allowed bool         `json:"allowed"`
	Results []resultJSON `json:"results"`
}

type resultJSON struct {
	Target   string         `json:"target"`
	Name     string         `json:"name,omitempty"`
	Digest   string         `json:"digest,omitempty"`
	Kind     string         `json:"kind,omitempty"`
	Outcome  policy.Outcome `json:"outcome"`
	Allowed  bool           `json:"allowed"`
	Error    string         `json:"error,omitempty"`
	Matrix   []cellJSON     `json:"matrix"`
	Findings []findingJSON  `json:"findings"`
	Rejected []rejectedJSON `json:"rejected"`
	Unknown  []unknownJSON  `json:"unknown"`
}

type cellJSON struct {
	Requirement string `json:"requirement"`
	Digest      string `json:"digest"`
	Kind        string `json:"kind"`
	Platform    string `json:"platform,omitempty"`
	Required    bool   `json:"required"`
	// Threshold is how many distinct signers are wanted, where that is more than one.
	Threshold int            `json:"threshold,omitempty"`
	Status    policy.Status  `json:"status"`
	Evidence  []evidenceJSON `json:"evidence"`
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

type findingJSON struct {
	Rule     string        `json:"rule"`
	Status   policy.Status `json:"status"`
	Reason   verify.Reason `json:"reason,omitempty"`
	Subject  string        `json:"subject"`
	Platform string        `json:"platform,omitempty"`
	Expected string        `json:"expected"`
	Found    string        `json:"found"`
	Fix      string        `json:"fix"`
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

// JSON writes results as one document of [Schema].
func JSON(w io.Writer, results []Result) error {
	doc := document{Schema: Schema, Allowed: len(results) > 0, Results: []resultJSON{}}
	for _, r := range results {
		doc.Allowed = doc.Allowed && r.Err == nil && r.Verdict.Allowed()
		doc.Results = append(doc.Results, toJSON(r))
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(doc)
}

func toJSON(r Result) resultJSON {
	a := r.Verdict.Artifact()
	out := resultJSON{
		Target: r.Target, Name: r.Name, Digest: a.Digest.String(), Kind: string(a.Kind),
		Outcome: r.Outcome(), Allowed: r.Err == nil && r.Verdict.Allowed(),
		Matrix: []cellJSON{}, Findings: []findingJSON{}, Rejected: []rejectedJSON{}, Unknown: []unknownJSON{},
	}
	if r.Err != nil {
		out.Error = r.Err.Error()
	}
	for _, c := range r.Verdict.Cells() {
		out.Matrix = append(out.Matrix, cellToJSON(c))
	}
	for _, f := range r.Verdict.Findings() {
		out.Findings = append(out.Findings, findingJSON{f.Rule, f.Status, f.Reason, f.Subject.String(), f.Platform, f.Expected, f.Found, Fix(f)})
	}
	for _, x := range r.Verdict.Rejected() {
		out.Rejected = append(out.Rejected, rejectedJSON{
			x.Subject.String(), string(x.Place), x.Manifest.String(), x.Bundle.String(), x.PredicateType,
			x.Refusal.Reason, x.Refusal.Expected, x.Refusal.Found,
		})
	}
	for _, u := range r.Verdict.Unknown() {
		out.Unknown = append(out.Unknown, unknownJSON{u.Subject.String(), string(u.Place), u.Reason, u.Detail})
	}
	return out
}

func cellToJSON(c policy.Cell) cellJSON {
	out := cellJSON{
		Requirement: c.Requirement.Name(), Digest: c.Node.Digest.String(), Kind: string(c.Node.Kind),
		Platform: c.Node.Platform, Required: c.Required, Status: c.Status, Evidence: []evidenceJSON{},
	}
	if c.Threshold > 1 {
		out.Threshold = c.Threshold
	}
	for _, e := range c.Evidence {
		out.Evidence = append(out.Evidence, evidenceToJSON(e))
	}
	return out
}

func evidenceToJSON(e *verify.Evidence) evidenceJSON {
	out := evidenceJSON{
		Kind: e.Kind(), PredicateType: e.PredicateType(), Subject: e.Subject().String(), Bundle: e.Bundle().String(),
		Signer: signerJSON{Name: e.By().Name, Key: e.By().Key.String()},
	}
	if c := e.By().Certificate; c != nil {
		out.Signer.Subject, out.Signer.Issuer, out.Signer.Authority, out.Signer.Claims = c.Subject, c.Issuer, c.Authority, c.Claims
	}
	for _, t := range e.Times() {
		out.Times = append(out.Times, timeJSON{moment(t.At), t.Source, t.URI})
	}
	if at := e.SignedAt(); !at.IsZero() {
		earliest := moment(at)
		out.TrustedTime = &earliest
	}
	return out
}

func moment(t time.Time) string { return t.UTC().Format(time.RFC3339) }
