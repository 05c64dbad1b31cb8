package policy_test

import (
	"crypto"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/sign"
	signkey "github.com/carnet-project/carnet/sign/key"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/key"
	"github.com/carnet-project/carnet/verify/policy"
)

// now is the time for which these cases are judged.
var now = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

func daysAgo(n int) time.Time { return now.Add(-time.Duration(n) * 24 * time.Hour) }

// A party is somebody with a key.
type party struct {
	t      testing.TB
	name   string
	signer *signkey.Signer
	root   *key.Root
	pem    string
}

func newParty(t testing.TB, name string) *party {
	t.Helper()
	pair, err := signkey.Generate(signkey.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	p := &party{t: t, name: name, pem: string(pair.PublicPEM())}
	if p.signer, err = pair.Signer(); err != nil {
		t.Fatal(err)
	}
	if p.root, err = key.Parse(name, pair.PublicPEM()); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *party) identity() policy.Identity {
	return policy.Identity{Name: p.name, Key: &policy.Key{PEM: p.pem}}
}

// says is evidence by the party about d, with a trusted time unless at is zero.
func (p *party) says(d attest.Digest, predicateType, predicate string, at time.Time) *verify.Evidence {
	p.t.Helper()
	st, err := attest.NewStatement(predicateType, []byte(predicate), attest.NewSubject("", d))
	if err != nil {
		p.t.Fatal(err)
	}
	b, err := sign.Statement(p.t.Context(), st, p.signer)
	if err != nil {
		p.t.Fatal(err)
	}
	root := p.root.Timed(func(*attest.Bundle, crypto.PublicKey) ([]verify.Time, []string, error) {
		if at.IsZero() {
			return nil, nil, nil
		}
		return []verify.Time{{At: at, Source: verify.TimeTimestamp, URI: "https://tsa.example.com"}}, nil, nil
	})
	e, err := verify.Bundle(b, d, root)
	if err != nil {
		p.t.Fatal(err)
	}
	return e
}

// builtFrom is provenance with these materials: "URI" or "URI DIGEST".
func builtFrom(materials ...string) string {
	type material struct {
		URI    string            `json:"uri"`
		Digest map[string]string `json:"digest,omitempty"`
	}
	all := []material{{"git+https://example.com/shop", map[string]string{"gitCommit": strings.Repeat("a", 40)}}}
	for _, m := range materials {
		uri, digest, pinned := strings.Cut(m, " ")
		next := material{URI: uri}
		if pinned {
			next.Digest = map[string]string{"sha256": strings.TrimPrefix(digest, "sha256:")}
		}
		all = append(all, next)
	}
	raw, err := json.Marshal(all)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf(`{"buildDefinition":{"buildType":"https://example.com/b","externalParameters":{"a":1},"resolvedDependencies":%s},"runDetails":{"builder":{"id":"https://example.com/builder"}}}`, raw)
}

func summary(result, resource string) string {
	return fmt.Sprintf(`{"verifier":{"id":"https://example.com/verifier"},"timeVerified":"2026-02-01T00:00:00Z","resourceUri":%q,"policy":{"uri":"https://example.com/p"},"verificationResult":%q,"verifiedLevels":["SLSA_BUILD_LEVEL_3"]}`, resource, result)
}

// layers are diff ids.
func layers(names ...string) []string {
	var all []string
	for _, n := range names {
		all = append(all, attest.SHA256([]byte(n)).String())
	}
	return all
}

func digest(name string) attest.Digest { return attest.SHA256([]byte(name)) }

// A based is an image, what it is built on, and who says so.
type based struct {
	t               testing.TB
	team, publisher *party
	image           artifact.Artifact
	policy          policy.Document
	with            policy.Case
}

const alpine = "pkg:docker/alpine@3.20?platform=linux%2Famd64"

// newBased is an image of the layers alpine and app, whose accepted provenance says that it
// is built on alpine, in whose index for two platforms that base is.
func newBased(t testing.TB, clause policy.BaseClause) *based {
	t.Helper()
	b := &based{t: t, team: newParty(t, "team"), publisher: newParty(t, "publisher")}
	b.image = artifact.Artifact{Kind: artifact.KindImage, Digest: digest("app"), Platform: "linux/amd64"}
	b.policy = policy.Document{
		Name: "bases", Identities: []policy.Identity{b.team.identity(), b.publisher.identity()},
		Scopes: []policy.Scope{{Name: "all", Images: []string{"**"}, Require: policy.Require{Agree: []string{}, Base: &clause}}},
	}
	b.with = policy.Case{
		Artifact: b.image, At: now, Bases: map[attest.Digest]policy.Base{},
		Images: map[attest.Digest]policy.Image{b.image.Digest: {Created: daysAgo(2), DiffIDs: layers("alpine", "app"), Platform: "linux/amd64", Annotations: map[string]string{}}},
	}
	b.built(builtFrom(alpine + " " + digest("alpine").String()))
	b.addBase("docker.io/library/alpine", "alpine", layers("alpine"), daysAgo(10))
	return b
}

// built replaces the image's provenance.
func (b *based) built(predicate string) {
	b.with.Evidence = nil
	b.and(b.team.says(b.image.Digest, typeSLSA, predicate, daysAgo(1)))
}

func (b *based) and(e *verify.Evidence) { b.with.Evidence = append(b.with.Evidence, e) }

// addBase makes a base image known: an index, in which the platform's image has these layers.
func (b *based) addBase(repository, name string, diffIDs []string, created time.Time, evidence ...*verify.Evidence) {
	child := func(platform string) artifact.Artifact {
		return artifact.Artifact{Kind: artifact.KindImage, Digest: digest(name + platform), Platform: platform}
	}
	index := artifact.Artifact{Kind: artifact.KindIndex, Digest: digest(name), Children: []artifact.Artifact{child("linux/amd64"), child("linux/arm64")}}
	b.with.Bases[index.Digest] = policy.Base{Name: repository, Case: policy.Case{
		Artifact: index, Evidence: evidence,
		Images: map[attest.Digest]policy.Image{digest(name + "linux/amd64"): {Created: created, DiffIDs: diffIDs, Platform: "linux/amd64"}},
	}}
}

func (b *based) annotate(name, digest string) {
	b.with.Images[b.image.Digest].Annotations["org.opencontainers.image.base.name"] = name
	b.with.Images[b.image.Digest].Annotations["org.opencontainers.image.base.digest"] = digest
}

func (b *based) bind() *policy.Policy {
	b.t.Helper()
	p, err := policy.Bind("ghcr.io/acme/shop", nil, &b.policy)
	if err != nil {
		b.t.Fatal(err)
	}
	return p
}

// ends fails the test unless the case ends so: by "" it is allowed.
func (b *based) ends(rule string, status policy.Status) policy.Verdict {
	b.t.Helper()
	v := b.bind().Judge(b.with)
	f := v.Findings()
	switch {
	case rule == "" && !v.Allowed():
		b.t.Errorf("not allowed: %+v", f)
	case rule != "" && (len(f) == 0 || f[0].Rule != rule || f[0].Status != status || v.Allowed()):
		b.t.Errorf("want %s by %s: %+v", status, rule, f)
	}
	return v
}
