package compare_test

import (
	"testing"
	"time"

	"github.com/carnet-project/carnet/verify/policy"
	"github.com/carnet-project/carnet/verify/policy/compare"
)

func document() *policy.Document {
	yes := true
	return &policy.Document{
		Name: "p", Version: 1, Owner: "team", Mode: policy.ModeWarn,
		Identities: []policy.Identity{{Name: "ci", OIDC: &policy.OIDC{Issuer: "https://issuer.example", Subject: "ci@acme.example"}}},
		Builders:   []policy.Builder{{Name: "b", IDs: []string{"https://builder.example"}, SignedBy: []string{"ci"}, Level: 2}},
		Scopes: []policy.Scope{{Name: "shop", Images: []string{"ghcr.io/acme/**"}, Require: policy.Require{
			Signatures: &policy.SignaturesClause{From: []string{"ci"}, Threshold: 1},
			Vulnerabilities: &policy.VulnerabilitiesClause{From: []string{"ci"}, MaxScanAge: 24 * time.Hour, Deny: []policy.DenyVulnerability{
				{Severity: "critical", Fixed: &yes, Grace: time.Hour},
			}},
		}}},
	}
}

// Each change is named, and what it does is told where that is certain.
func TestDocuments(t *testing.T) {
	for _, c := range []struct {
		change func(*policy.Document)
		path   string
		want   compare.Direction
	}{
		{func(d *policy.Document) { d.Owner = "others" }, "owner", compare.Neutral},
		{func(d *policy.Document) { d.Mode = policy.ModeEnforce }, "mode", compare.Tighter},
		{func(d *policy.Document) { d.Mode = policy.ModeAudit }, "mode", compare.Looser},
		{func(d *policy.Document) { d.Scopes[0].Require.Signatures.Threshold = 2 }, "scopes.shop.require.signatures.threshold", compare.Tighter},
		{func(d *policy.Document) { d.Scopes[0].Require.Signatures.From = []string{"ci", "x"} }, "scopes.shop.require.signatures.from[x]", compare.Looser},
		{func(d *policy.Document) { d.Scopes[0].Require.Signatures.Log = true }, "scopes.shop.require.signatures.log", compare.Tighter},
		{func(d *policy.Document) { d.Scopes[0].Require.Vulnerabilities.MaxScanAge = time.Hour }, "scopes.shop.require.vulnerabilities.maxScanAge", compare.Tighter},
		{func(d *policy.Document) { d.Scopes[0].Require.Vulnerabilities.MaxScanAge = 48 * time.Hour }, "scopes.shop.require.vulnerabilities.maxScanAge", compare.Looser},
		{func(d *policy.Document) { d.Scopes[0].Require.Vulnerabilities.MaxDatabaseAge = time.Hour }, "scopes.shop.require.vulnerabilities.maxDatabaseAge", compare.Tighter},
		{func(d *policy.Document) { d.Scopes[0].Require.SBOM = &policy.SBOMClause{} }, "scopes.shop.require.sbom", compare.Tighter},
		{func(d *policy.Document) { d.Identities[0].OIDC.Subject = "**@acme.example" }, "identities.ci.oidc.subject", compare.Unclear},
		{func(d *policy.Document) { d.Builders[0].SignedBy = append(d.Builders[0].SignedBy, "y") }, "builders.b.signedBy[y]", compare.Looser},
		{func(d *policy.Document) { d.Scopes[0].Require.Signatures.From = nil }, "scopes.shop.require.signatures.from[ci]", compare.Looser},
		{func(d *policy.Document) {
			d.Scopes[0].Require.Provenance = &policy.ProvenanceClause{Refs: []string{"refs/heads/main"}}
		}, "scopes.shop.require.provenance.refs[refs/heads/main]", compare.Tighter},
		{func(d *policy.Document) {
			d.Scopes[0].Require.SBOM = &policy.SBOMClause{DenyPackages: []string{"pkg:npm/x"}}
		}, "scopes.shop.require.sbom.denyPackages[pkg:npm/x]", compare.Tighter},
		{func(d *policy.Document) { d.Exceptions = []policy.Exception{{ID: "EX-1"}} }, "exceptions.EX-1", compare.Looser},
		{func(d *policy.Document) { d.Scopes[0].Require.Signatures.EnforceFrom = time.Unix(1, 0) }, "scopes.shop.require.signatures.enforceFrom", compare.Looser},
		{func(d *policy.Document) { d.Scopes[0].Require.Agree = []string{} }, "scopes.shop.require.agree", compare.Unclear},
	} {
		changed := document()
		c.change(changed)
		var found bool
		for _, x := range compare.Documents(document(), changed) {
			if x.Path == c.path {
				found = true
				if x.Direction != c.want {
					t.Errorf("%s: %q to %q is %s, want %s", c.path, x.Old, x.New, x.Direction, c.want)
				}
			}
		}
		if !found {
			t.Errorf("%s: no such change among %v", c.path, compare.Documents(document(), changed))
		}
	}
	if changes := compare.Documents(document(), document()); len(changes) != 0 {
		t.Errorf("equal documents differ in %v", changes)
	}
}

// Where the line is and where the file lies changes nothing; the order of scopes does.
func TestWhatIsNoChange(t *testing.T) {
	a, b := document(), document()
	b.URI, b.Scopes[0].Line, b.Identities[0].Line = "elsewhere", 7, 8
	if changes := compare.Documents(a, b); len(changes) != 0 {
		t.Errorf("%v", changes)
	}
	other := policy.Scope{Name: "other", Images: []string{"**"}}
	a.Scopes, b.Scopes = append(a.Scopes, other), append([]policy.Scope{other}, b.Scopes...)
	if changes := compare.Documents(a, b); len(changes) != 1 || changes[0].Path != "scopes" {
		t.Errorf("another order of scopes: %v", changes)
	}
}
