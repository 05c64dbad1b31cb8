package report

import (
	"cmp"
	"encoding/json"
	"io"
	"time"

	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/policy"
)

// JSON writes results as one document of [Schema].
func JSON(w io.Writer, results []Result) error { return writeJSON(w, results, Tool{}) }

func writeJSON(w io.Writer, results []Result, tool Tool) error {
	doc := document{Schema: Schema, Allowed: len(results) > 0, Results: []resultJSON{}}
	if tool != (Tool{}) {
		doc.Tool = &toolJSON{tool.Name, tool.Version}
	}
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
	a, v := r.Verdict.Artifact(), r.Verdict
	out := resultJSON{
		Target: r.Target, Name: r.Name, Digest: a.Digest.String(), Kind: string(a.Kind),
		Outcome: r.Outcome(), Allowed: r.Err == nil && v.Allowed(), Effect: effectOf(r), At: stamp(v.At()),
		Policies: policiesToJSON(v), Matrix: []cellJSON{}, Findings: []findingJSON{},
		Rejected: []rejectedJSON{}, Unknown: []unknownJSON{}, Notes: []noteJSON{}, NotChecked: []string{},
	}
	if r.Err != nil {
		out.Error = r.Err.Error()
	}
	if v.Policy() != nil {
		out.Mode, out.NotChecked = v.Mode(), append(out.NotChecked, v.Policy().NotChecked()...)
	}
	for _, c := range v.Cells() {
		out.Matrix = append(out.Matrix, cellToJSON(c))
	}
	for _, e := range entries(v) {
		out.Findings = append(out.Findings, findingJSON{ruleToJSON(e.Finding), e.level, e.Subject.String(), e.Platform})
	}
	for _, x := range v.Rejected() {
		out.Rejected = append(out.Rejected, rejectedJSON{
			x.Subject.String(), string(x.Place), x.Manifest.String(), x.Bundle.String(), x.PredicateType,
			x.Refusal.Reason, x.Refusal.Expected, x.Refusal.Found,
		})
	}
	for _, u := range v.Unknown() {
		out.Unknown = append(out.Unknown, unknownJSON{u.Subject.String(), string(u.Place), u.Reason, u.Detail})
	}
	for _, n := range v.Notes() {
		out.Notes = append(out.Notes, noteJSON(n))
	}
	return out
}

func policiesToJSON(v policy.Verdict) []policyJSON {
	all := []policyJSON{}
	if v.Policy() == nil {
		return all
	}
	scopes := v.Policy().Scopes()
	for i, d := range v.Policy().Documents() {
		all = append(all, policyJSON{
			Name: d.Name, Version: d.Version, Digest: d.Digest.String(), URI: d.URI, Scope: scopes[i],
			Mode: modeOf(v, d), Owner: d.Owner, Contact: d.Contact, Expires: stamp(d.Expires),
		})
	}
	return all
}

// modeOf is the mode under which a document was judged: its scope's may be stricter.
func modeOf(v policy.Verdict, d *policy.Document) policy.Mode {
	for _, c := range v.Cells() {
		if c.Policy == d.Name {
			return c.Mode
		}
	}
	return cmp.Or(d.Mode, policy.ModeEnforce)
}

func cellToJSON(c policy.Cell) cellJSON {
	out := cellJSON{
		Requirement: c.Requirement.Name(), Digest: c.Node.Digest.String(), Kind: string(c.Node.Kind),
		Platform: c.Node.Platform, Required: c.Required, Status: c.Status, Section: c.Requirement.Section(),
		Policy: c.Policy, Scope: c.Scope, Mode: c.Mode, EnforceFrom: stamp(c.EnforceFrom), Pending: c.Pending,
		Selection: c.Requirement.Selection(), Candidates: max(c.Candidates, len(c.Evidence)),
		Evidence: []evidenceJSON{}, Rules: []ruleJSON{},
	}
	if c.Threshold > 1 {
		out.Threshold = c.Threshold
	}
	for _, e := range c.Evidence {
		out.Evidence = append(out.Evidence, evidenceToJSON(e))
	}
	for _, f := range c.Findings {
		out.Rules = append(out.Rules, ruleToJSON(f))
	}
	return out
}

func ruleToJSON(f policy.Finding) ruleJSON {
	return ruleJSON{
		Rule: f.Rule, Status: f.Status, Reason: f.Reason, Expected: f.Expected, Found: f.Found, Fix: Fix(f),
		Evidence: f.Evidence.String(), Vulnerability: f.Vulnerability, Package: f.Package, Check: f.Check,
		Follows: f.Follows, Exception: f.Exception, Policy: f.Policy, Scope: f.Scope, Line: f.Line, Owner: f.Owner,
	}
}

func evidenceToJSON(e *verify.Evidence) evidenceJSON {
	out := evidenceJSON{
		Kind: e.Kind(), PredicateType: e.PredicateType(), Subject: e.Subject().String(), Bundle: e.Bundle().String(),
		Signer: signerJSON{Name: e.By().Name, Key: e.By().Key.String()}, Logs: e.Logs(), Commits: e.Commits(),
	}
	if d := e.Document(); d != nil {
		out.Document = &documentJSON{Digest: d.Digest().String(), Size: d.Size, Stored: d.Stored.Digest.String()}
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
