package trial

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/attest/predicate/slsa/known"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/gate"
	"github.com/carnet-project/carnet/verify/pack"
)

// A forger is a root that believes the forgeries of a trial: bundles that nobody signed, as
// if somebody had whom an authority certified so. Whether the policy accepts that somebody
// is asked as of any other.
type forger struct {
	forged map[attest.Digest]verify.Opening
	accept func(attest.Certificate) error
}

// Open implements [verify.Root].
func (f *forger) Open(b *attest.Bundle) (verify.Opening, error) {
	opening, ok := f.forged[b.Digest()]
	if !ok {
		return verify.Opening{}, verify.ErrUnknownSigner
	}
	if c := opening.By.Certificate; c != nil {
		if err := f.accept(*c); err != nil {
			return verify.Opening{}, errors.Join(verify.ErrUnknownSigner, err)
		}
	}
	return opening, nil
}

// A swap is somebody else as the signer.
type swap struct {
	kind, what, fix string
	// change makes the certificate somebody else's; false where it can't.
	change func(*attest.Certificate) bool
}

func swaps() []swap {
	claim := func(name attest.Claim, value func(string) string) func(*attest.Certificate) bool {
		return func(c *attest.Certificate) bool {
			old := c.Claims[name]
			if old == "" || value(old) == old {
				return false
			}
			c.Claims = maps.Clone(c.Claims)
			c.Claims[name] = value(old)
			return true
		}
	}
	constant := func(v string) func(string) string { return func(string) string { return v } }
	return []swap{
		{"signer.issuer", "another issuer vouched for the signer", "name the issuer exactly", func(c *attest.Certificate) bool {
			c.Issuer = "https://issuer.invalid"
			return true
		}},
		{"signer.subject", "another person or service signed", "name the subject exactly", func(c *attest.Certificate) bool {
			if c.Claims[attest.ClaimSourceRepositoryURI] != "" {
				return false // builds are told apart by their claims
			}
			c.Subject = "other-" + c.Subject
			return true
		}},
		{"signer.repository", "another repository of the owner signed", "name the repository of the identity, or tie it to the image with a capture", claim(attest.ClaimSourceRepositoryURI, func(s string) string { return s + "-other" })},
		{"signer.owner", "the owner's name was registered again by somebody else", "pin the owner's number: ownerId", claim(attest.ClaimSourceRepositoryOwnerID, constant("999999999"))},
		{"signer.repository-id", "the repository's name was registered again by somebody else", "pin the repository's number: repositoryId", claim(attest.ClaimSourceRepositoryID, constant("999999999"))},
		{"signer.ref", "a branch of anybody who may push signed", "name the refs of the identity", claim(attest.ClaimSourceRepositoryRef, constant("refs/heads/anything"))},
		{"signer.trigger", "a run that outsiders can influence signed (pull_request_target)", "name the triggers of the identity", claim(attest.ClaimBuildTrigger, constant("pull_request_target"))},
		{"signer.runner", "a run on somebody's own machine signed", "ask for hosted runners: runner", claim(attest.ClaimRunnerEnvironment, constant("self-hosted"))},
		{"signer.workflow", "another workflow file signed", "name the workflow, or the builder, of the identity", workflow(func(path, ref string) string { return path + ".other@" + ref })},
		{"signer.workflow-ref", "the workflow at a branch that can be moved signed", "name the refs of the builder: builderRefs", reused(func(path, _ string) string { return path + "@refs/heads/anything" })},
	}
}

// workflow changes the file that signed. Where that is the one that was started, it is the
// same file, and changes with it.
func workflow(change func(path, ref string) string) func(*attest.Certificate) bool {
	return func(c *attest.Certificate) bool {
		old := c.Claims[attest.ClaimBuildSignerURI]
		path, ref, found := strings.Cut(old, "@")
		if !found {
			return false
		}
		changed := change(path, ref)
		c.Claims = maps.Clone(c.Claims)
		if c.Claims[attest.ClaimBuildConfigURI] == old {
			c.Claims[attest.ClaimBuildConfigURI] = changed
		}
		c.Claims[attest.ClaimBuildSignerURI], c.Subject = changed, changed
		return true
	}
}

// reused changes the file that signed where it is another than the one that was started: the
// ref of one's own file is that of the source.
func reused(change func(path, ref string) string) func(*attest.Certificate) bool {
	return func(c *attest.Certificate) bool {
		return c.Claims[attest.ClaimBuildConfigURI] != c.Claims[attest.ClaimBuildSignerURI] && workflow(change)(c)
	}
}

// swap has the piece signed by others.
func (m *mutator) swap(p pack.Piece, e *verify.Evidence) error {
	payload, ok := m.payload(p)
	if !ok {
		return nil
	}
	if e.By().Certificate == nil {
		opening := m.opening(e, payload)
		opening.By = verify.Identity{Name: "another key", Key: attest.SHA256([]byte("another key"))}
		return m.forge(p, opening, Hole{"signer.key", "another key signed", "name the signers: from", describe(e)})
	}
	for _, s := range swaps() {
		c := *e.By().Certificate
		if !s.change(&c) {
			continue
		}
		opening := m.opening(e, payload)
		opening.By = verify.Identity{Key: e.By().Key, Certificate: &c}
		if err := m.forge(p, opening, Hole{s.kind, s.what, s.fix, describe(e)}); err != nil {
			return err
		}
	}
	return nil
}

// alter has the same signer say something else: that another commit was built or tested.
func (m *mutator) alter(p pack.Piece, e *verify.Evidence) error {
	payload, ok := m.payload(p)
	if !ok {
		return nil
	}
	commit := m.commit()
	if commit == "" || !bytes.Contains(payload, []byte(commit)) {
		return nil
	}
	other := strings.Repeat("0", len(commit))
	changed := bytes.ReplaceAll(payload, []byte(commit), []byte(other))
	return m.forge(p, m.opening(e, changed), Hole{"commit", "it is about another commit", "let evidence agree: agree: [repository, commit]; and ask for provenance", describe(e)})
}

// commit is the one that was built, as the provenance that counted says.
func (m *mutator) commit() string {
	for _, e := range m.verdict.Evidence() {
		if predicate.ClassOf(e.PredicateType()) != predicate.Provenance {
			continue
		}
		if v, err := known.Read(e.PredicateType(), e.Predicate()); err == nil && v.Commit != "" {
			return v.Commit
		}
	}
	return ""
}

// opening is what a root would say of evidence with this payload.
func (m *mutator) opening(e *verify.Evidence, payload []byte) verify.Opening {
	return verify.Opening{Payload: payload, By: e.By(), Times: e.Times(), Logs: e.Logs()}
}

// payload is the statement in a piece; false for what is none.
func (m *mutator) payload(p pack.Piece) ([]byte, bool) {
	if p.Form != attest.FormEnvelope {
		return nil, false
	}
	for _, depth := range []gate.Depth{gate.Near, gate.Far} {
		found, err := m.source.Discover(m.ctx, artifact.Artifact{Digest: p.Subject}, depth)
		if err != nil {
			continue
		}
		for _, f := range found {
			if payload, ok := m.opened(f, p.Bundle); ok {
				return payload, true
			}
		}
	}
	return nil, false
}

// opened is the payload of the bundle with a digest, if it is in f.
func (m *mutator) opened(f attest.Found, d attest.Digest) ([]byte, bool) {
	if f.Open == nil || f.Ignored != "" {
		return nil, false
	}
	bundles, err := f.Open(m.ctx)
	if err != nil {
		return nil, false
	}
	for _, b := range bundles {
		if b.Digest() == d {
			return b.UnverifiedPayload(), true
		}
	}
	return nil, false
}

// forge puts a forgery in the place of a piece, and notes the hole if it is let in.
func (m *mutator) forge(p pack.Piece, opening verify.Opening, h Hole) error {
	st, err := attest.ParseStatement(opening.Payload)
	if err != nil {
		return err
	}
	m.forgery++
	b, err := attest.NewEnvelopeBundle(st, attest.Signature{Bytes: fmt.Appendf(nil, "forgery %d", m.forgery), KeyHint: "forgery"})
	if err != nil {
		return err
	}
	still, err := m.still(m.Case.Replace(p, b), m.Case.Name(), m.at(), map[attest.Digest]verify.Opening{b.Digest(): opening})
	if still {
		m.hole(h)
	}
	return err
}
