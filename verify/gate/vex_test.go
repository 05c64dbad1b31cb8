package gate_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/sign"
	signkey "github.com/carnet-project/carnet/sign/key"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/gate"
	"github.com/carnet-project/carnet/verify/key"
	"github.com/carnet-project/carnet/verify/policy"
)

// A pantry is a source that has the same bundles for whatever is asked near.
type pantry []attest.Found

func (s pantry) Discover(_ context.Context, _ artifact.Artifact, depth gate.Depth) ([]attest.Found, error) {
	if depth == gate.Far {
		return nil, nil
	}
	return slices.Clone(s), nil
}

// VEX is fetched where something is denied that it may lift, and nowhere else.
func TestVEXIsFetchedWhereItMayHelp(t *testing.T) {
	pair, err := signkey.Generate(signkey.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := pair.Signer()
	if err != nil {
		t.Fatal(err)
	}
	root, err := key.Parse("psirt", pair.PublicPEM())
	if err != nil {
		t.Fatal(err)
	}
	image := artifact.Artifact{Kind: artifact.KindImage, Digest: attest.SHA256([]byte("image")), Platform: "linux/amd64"}
	stored := func(predicateType, predicate string) attest.Found {
		st, err := attest.NewStatement(predicateType, []byte(predicate), attest.NewSubject("", image.Digest))
		if err != nil {
			t.Fatal(err)
		}
		b, err := sign.Statement(t.Context(), st, signer)
		if err != nil {
			t.Fatal(err)
		}
		return attest.Found{
			Place: attest.PlaceReferrers, Manifest: attest.SHA256([]byte(predicate)), PredicateType: predicateType,
			Open: func(context.Context) ([]*attest.Bundle, error) { return []*attest.Bundle{b}, nil },
		}
	}
	const vulns, vex = "https://in-toto.io/attestation/vulns/v0.2", "https://openvex.dev/ns/v0.2.0"
	scan := func(severity string) attest.Found {
		return stored(vulns, fmt.Sprintf(`{"scanner":{"uri":"https://example.com/grype","db":{"lastUpdate":"2026-01-01T00:00:00Z"},"result":[{"id":"CVE-1","severity":[{"method":"m","score":%q}]}]},`+
			`"metadata":{"scanStartedOn":"2026-01-01T00:00:00Z","scanFinishedOn":"2026-01-01T00:00:00Z"}}`, severity))
	}
	statement := stored(vex, fmt.Sprintf(`{"@context":%q,"@id":"https://example.com/vex","author":"a","timestamp":"2026-01-01T00:00:00Z","version":1,`+
		`"statements":[{"vulnerability":{"name":"CVE-1"},"status":"not_affected","justification":"component_not_present"}]}`, vex))
	for name, c := range map[string]struct {
		source  pantry
		vexFrom []string
		allowed bool
		opened  []string
	}{
		"nothing grave":          {pantry{scan("low"), statement}, []string{"psirt"}, true, []string{vulns}},
		"grave, and lifted":      {pantry{scan("high"), statement}, []string{"psirt"}, true, []string{vulns, vex}},
		"grave, and no author":   {pantry{scan("high"), statement}, nil, false, []string{vulns}},
		"grave, and nobody said": {pantry{scan("high")}, []string{"psirt"}, false, []string{vulns}},
	} {
		p, err := policy.Bind("ghcr.io/acme/shop", nil, &policy.Document{
			Name: "vex", Identities: []policy.Identity{{Name: "psirt", Key: &policy.Key{PEM: string(pair.PublicPEM())}}},
			Scopes: []policy.Scope{{Name: "all", Images: []string{"**"}, Require: policy.Require{Agree: []string{}, Vulnerabilities: &policy.VulnerabilitiesClause{
				From: []string{"psirt"}, Deny: []policy.DenyVulnerability{{Severity: "high"}}, VEXFrom: c.vexFrom,
			}}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		source := &counter{Source: c.source}
		v := gate.Gate{Source: source, Roots: []verify.Root{root}, Policy: p}.Check(t.Context(), image)
		slices.Sort(source.opened)
		if v.Allowed() != c.allowed {
			t.Errorf("%s: %s, %+v", name, v.Outcome(), v.Findings())
		}
		if !slices.Equal(source.opened, c.opened) {
			t.Errorf("%s: opened %q, want %q", name, source.opened, c.opened)
		}
	}
}
