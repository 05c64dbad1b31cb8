package sigstore

import (
	"crypto/x509"
	"encoding/hex"
	"slices"

	"github.com/sigstore/sigstore-go/pkg/root"
	sgverify "github.com/sigstore/sigstore-go/pkg/verify"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/certificate"
	"github.com/carnet-project/carnet/verify"
)

// signers is a root that trusts whom an instance of Sigstore certified, if accept does.
type signers struct {
	material *Material
	need     Need
	accept   func(attest.Certificate) error
}

// NewRoot is a root of trust that opens what was signed under a certificate of the
// material's authorities, with as much proof as need asks for, by a holder that accept
// takes. The error of accept should be a *[verify.Error] with the reason
// identity-mismatch. A nil accept takes nobody.
//
// A bundle that is not under these authorities, or whose holder is not accepted, is left
// to the next root. All others that are not good are refused. No clock is read.
func NewRoot(m *Material, need Need, accept func(attest.Certificate) error) verify.Root {
	if accept == nil {
		accept = func(attest.Certificate) error {
			return refuse(verify.ReasonIdentityMismatch, "a signer that is accepted", "nobody is accepted: no identity was given")
		}
	}
	return &signers{m, need, accept}
}

// Open implements [verify.Root].
func (s *signers) Open(b *attest.Bundle) (verify.Opening, error) {
	if len(b.Certificates()) == 0 {
		return verify.Opening{}, unknown{refuse(verify.ReasonUnknownSigner,
			"a signature under a certificate of "+s.material.name, "a signature by a bare key")}
	}
	attempts, err := newEntity(b, certificateHolder)
	if err != nil {
		return verify.Opening{}, err
	}
	e, times, err := s.verify(attempts)
	if err != nil {
		return verify.Opening{}, err
	}
	leaf := e.content.Certificate()
	holder, err := certificate.Of(leaf)
	if err != nil {
		return verify.Opening{}, refuse(verify.ReasonCertificateMalformed, "a certificate that names one signer", err.Error())
	}
	if err := s.accept(holder); err != nil {
		return verify.Opening{}, unknown{identityRefusal(err)}
	}
	by := verify.Identity{Key: attest.SHA256(leaf.RawSubjectPublicKeyInfo), Certificate: &holder}
	return verify.Opening{Payload: b.UnverifiedPayload(), By: by, Times: times, Logs: s.logs(e)}, nil
}

// verify has sigstore-go accept one of the attempts, and then asks for what it lets pass.
func (s *signers) verify(attempts []*entity) (*entity, []verify.Time, error) {
	var first error
	for _, e := range attempts {
		trusted := s.trusted(e)
		verifier, err := sgverify.NewVerifier(trusted, s.need.options()...)
		if err != nil {
			return nil, nil, err
		}
		result, err := verifier.Verify(e, e.policy)
		if err != nil {
			if first == nil {
				first = err
			}
			continue
		}
		times := timesOf(result.VerifiedTimestamps)
		if err := s.audit(e, times); err != nil {
			return nil, nil, err
		}
		return e, times, nil
	}
	return nil, nil, (&inquiry{s.material, s.need, attempts}).explain(first)
}

// trusted is the material in its quick form, unless the bundle has intermediates of its
// own, which sigstore-go adds to authorities of its own type only. Those that the material
// has as well are left out, as old bundles of the public instance have them.
func (s *signers) trusted(e *entity) root.TrustedMaterial {
	brought := e.content.Intermediates()
	if len(brought) == 0 {
		return s.material.quick
	}
	brought = slices.DeleteFunc(slices.Clone(brought), s.material.has)
	e.content = certified{e.content, brought}
	if len(brought) == 0 {
		return s.material.quick
	}
	return s.material.trusted
}

// logs are the trusted logs that have e, which was audited: each of its entries in a log
// that is known holds. Where no log is asked for, none was looked at.
func (s *signers) logs(e *entity) []string {
	if s.need.Logs == 0 {
		return nil
	}
	var logs []*root.TransparencyLog
	for _, entry := range e.entries {
		if log, known := s.material.trusted.RekorLogs()[hex.EncodeToString([]byte(entry.LogKeyID()))]; known {
			logs = append(logs, log)
		}
	}
	return names(logs)
}

// names are the URLs of logs, each once.
func names(logs []*root.TransparencyLog) []string {
	var all []string
	for _, log := range logs {
		if !slices.Contains(all, log.BaseURL) {
			all = append(all, log.BaseURL)
		}
	}
	return all
}

// has says whether a certificate is one of the material's authorities.
func (m *Material) has(c *x509.Certificate) bool {
	return slices.ContainsFunc(m.trusted.FulcioCertificateAuthorities(), func(a root.CertificateAuthority) bool {
		ca, ok := a.(*root.FulcioCertificateAuthority)
		return ok && (c.Equal(ca.Root) || slices.ContainsFunc(ca.Intermediates, c.Equal))
	})
}

// options are what sigstore-go is told. A time is always needed.
func (n Need) options() []sgverify.VerifierOption {
	options := []sgverify.VerifierOption{sgverify.WithObserverTimestamps(1), sgverify.WithoutStatementPredicate()}
	if n.Logs > 0 {
		options = append(options, sgverify.WithTransparencyLog(n.Logs))
	}
	if n.SCTs > 0 {
		options = append(options, sgverify.WithSignedCertificateTimestamps(n.SCTs))
	}
	return options
}

func timesOf(verified []sgverify.TimestampVerificationResult) []verify.Time {
	times := make([]verify.Time, 0, len(verified))
	for _, v := range verified {
		source := verify.TimeTimestamp
		if v.Type == "Tlog" {
			source = verify.TimeLog
		}
		times = append(times, verify.Time{At: v.Timestamp.UTC(), Source: source, URI: v.URI})
	}
	return times
}

// identityRefusal is what accept said.
func identityRefusal(err error) *verify.Error {
	refused := verify.Refusal(err)
	if refused.Reason == verify.ReasonUnreadable {
		return refuse(verify.ReasonIdentityMismatch, "a signer that is accepted", err.Error())
	}
	return refused
}

// chains are the chains from the leaf to any of the authorities at t.
func chains(e *entity, authorities []root.CertificateAuthority, verify func(root.CertificateAuthority) error) bool {
	for _, a := range authorities {
		if ca, ok := a.(*root.FulcioCertificateAuthority); ok && len(e.content.Intermediates()) > 0 {
			with := *ca
			with.Intermediates = append(append([]*x509.Certificate{}, ca.Intermediates...), e.content.Intermediates()...)
			a = &with
		}
		if verify(a) == nil {
			return true
		}
	}
	return false
}
