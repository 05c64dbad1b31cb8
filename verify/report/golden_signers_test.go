package report_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/policy"
	"github.com/carnet-project/carnet/verify/report"
)

// believer is a root that takes every bundle for what it is told.
type believer struct{ verify.Opening }

func (r believer) Open(b *attest.Bundle) (verify.Opening, error) {
	r.Payload = b.UnverifiedPayload()
	return r.Opening, nil
}

// signatures are those of a vector's one signed image, as if by several signers.
func signatures(t testing.TB, by ...verify.Opening) (artifact.Artifact, []*verify.Evidence) {
	t.Helper()
	all, err := load()
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range all {
		if v.Name != "signer-good" {
			continue
		}
		tree, err := v.Tree()
		if err != nil {
			t.Fatal(err)
		}
		b, err := attest.ParseBundle([]byte(v.Stored[0].Content))
		if err != nil {
			t.Fatal(err)
		}
		var evidence []*verify.Evidence
		for _, o := range by {
			e, err := verify.Bundle(b, tree.Digest, believer{o})
			if err != nil {
				t.Fatal(err)
			}
			evidence = append(evidence, e)
		}
		return tree, evidence
	}
	t.Fatal("there is no vector signer-good")
	return artifact.Artifact{}, nil
}

// Certificates, what they claim, trusted times and how many signers are wanted are in
// the reports, met and not.
func TestGoldensOfSigners(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", 3600))
	workflow := verify.Opening{
		By: verify.Identity{Certificate: &attest.Certificate{
			Subject: "https://github.com/acme/build/.github/workflows/image.yml@refs/tags/v2", SubjectType: attest.SubjectURI,
			Issuer: "https://token.actions.githubusercontent.com", Authority: "CN=sigstore-intermediate,O=sigstore.dev",
			Claims: map[attest.Claim]string{
				attest.ClaimSourceRepositoryURI: "https://github.com/acme/app", attest.ClaimSourceRepositoryRef: "refs/tags/v1.4", attest.ClaimBuildTrigger: "push",
			},
		}},
		Times: []verify.Time{
			{At: at.Add(time.Second), Source: verify.TimeLog, URI: "https://rekor.example.com"},
			{At: at, Source: verify.TimeTimestamp, URI: "https://tsa.example.com"},
		},
	}
	person := verify.Opening{By: verify.Identity{Certificate: &attest.Certificate{Subject: "dev@acme.example", Authority: "CN=acme", SubjectType: attest.SubjectEmail}}}
	tree, evidence := signatures(t, workflow, person, workflow)
	signature, err := policy.ParseRequirement(policy.RequireSignature)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{2, 3} {
		p, err := policy.New([]policy.Requirement{signature})
		if err != nil {
			t.Fatal(err)
		}
		if p, err = p.WithThreshold(n); err != nil {
			t.Fatal(err)
		}
		r := report.Result{Target: "registry.example.com/shop:v1", Name: "registry.example.com/shop", Verdict: p.Judge(policy.Case{Artifact: tree, Evidence: evidence})}
		var text, doc bytes.Buffer
		if err := report.Text(&text, r, report.Style{}); err != nil {
			t.Fatal(err)
		}
		if err := report.JSON(&doc, []report.Result{r}); err != nil {
			t.Fatal(err)
		}
		golden(t, fmt.Sprintf("threshold-%d.txt", n), text.Bytes())
		golden(t, fmt.Sprintf("threshold-%d.json", n), doc.Bytes())
	}
}
