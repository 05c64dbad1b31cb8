package sigstore

import (
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"
	sgverify "github.com/sigstore/sigstore-go/pkg/verify"

	"github.com/carnet-project/carnet/attest/certificate"
	"github.com/carnet-project/carnet/verify"
)

// An inquiry finds out which link of the chain failed in what sigstore-go refused. It
// accepts nothing: whatever it finds, its answer is a refusal.
type inquiry struct {
	material *Material
	need     Need
	attempts []*entity
}

// explain gives sigstore-go's refusal its reason, by going through the links one by one
// in the order in which an earlier one says more: who certified, in which log, when,
// until when, who vouches, what is signed.
func (q *inquiry) explain(refused error) error {
	e := q.attempts[0]
	if err := q.authority(e); err != nil {
		return unknown{err}
	}
	if _, err := certificate.Of(e.content.Certificate()); err != nil {
		return refuse(verify.ReasonCertificateMalformed, "a certificate that names one signer", err.Error())
	}
	if err := q.signature(); err != nil {
		return err
	}
	times, err := q.witnesses(e)
	if err != nil {
		return err
	}
	if err := q.validity(e, times); err != nil {
		return err
	}
	if err := q.scts(e, times); err != nil {
		return err
	}
	return refuse(verify.ReasonMalformed, "a bundle that sigstore-go accepts", refused.Error())
}

// authority asks who issued the certificate, whenever that was.
func (q *inquiry) authority(e *entity) *verify.Error {
	leaf := e.content.Certificate()
	why := error(nil)
	issued := chains(e, q.material.trusted.FulcioCertificateAuthorities(), func(a root.CertificateAuthority) error {
		ca, ok := a.(*root.FulcioCertificateAuthority)
		if !ok {
			_, err := a.Verify(leaf, leaf.NotBefore)
			return err
		}
		err := issuedBy(ca, leaf)
		var foreign x509.UnknownAuthorityError
		if why == nil || !errors.As(err, &foreign) {
			why = err
		}
		return err
	})
	if issued {
		return nil
	}
	if err := q.material.foreign(instanceOfAuthority(leaf.AuthorityKeyId, leaf.Issuer.String())); err != nil {
		return err
	}
	found := "a certificate issued by " + leaf.Issuer.String()
	if string(leaf.RawIssuer) == string(leaf.RawSubject) {
		found = "a self-signed certificate of " + leaf.Subject.String()
	}
	var foreign x509.UnknownAuthorityError
	if why != nil && !errors.As(why, &foreign) {
		found += ": " + why.Error()
	}
	return refuse(verify.ReasonCertificateUntrusted, "a certificate of an authority in "+q.material.name, found)
}

// issuedBy says whether a chain leads from the leaf to the root, at a time at which the
// leaf is valid; that others in the chain are not then is for a later question.
func issuedBy(ca *root.FulcioCertificateAuthority, leaf *x509.Certificate) error {
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(ca.Root)
	for _, c := range ca.Intermediates {
		intermediates.AddCert(c)
	}
	_, err := leaf.Verify(x509.VerifyOptions{
		CurrentTime: leaf.NotBefore, Roots: roots, Intermediates: intermediates, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
	})
	var invalid x509.CertificateInvalidError
	if errors.As(err, &invalid) && invalid.Reason == x509.Expired {
		return nil
	}
	return err
}

// signature asks whether the certified key signed this.
func (q *inquiry) signature() error {
	var first error
	for _, e := range q.attempts {
		err := e.verifySignature(q.material.trusted)
		if err == nil {
			return nil
		}
		if first == nil {
			first = err
		}
	}
	return refuse(verify.ReasonSignatureInvalid, "a signature by the certificate's key over this content",
		"one that does not match: the content was changed after signing, or the certificate is another key's ("+first.Error()+")")
}

// verifySignature is the step of sigstore-go that checks the signature alone. It does not
// know the older hashes of larger curves, and is asked with the whole verifier for these.
func (e *entity) verifySignature(trusted root.TrustedMaterial) error {
	if e.signed.MessageSignatureContent() == nil {
		return sgverify.VerifySignature(e.signed, e.content, trusted)
	}
	m := e.signed.MessageSignatureContent()
	return sgverify.VerifySignatureWithArtifactDigests(e.signed, e.content, trusted,
		[]sgverify.ArtifactDigest{{Algorithm: m.DigestAlgorithm(), Digest: m.Digest()}})
}

// witnesses asks logs and timestamp authorities, and gives the times that they vouch for.
func (q *inquiry) witnesses(e *entity) ([]verify.Time, error) {
	var times []verify.Time
	if q.need.Logs > 0 {
		logged, err := q.logs(e)
		if err != nil {
			return nil, err
		}
		times = logged
	}
	var first *verify.Error
	authorities := 0
	for _, t := range e.source.Timestamps() {
		if err := q.timestamp(e, t); err != nil {
			if first == nil || err.Reason == verify.ReasonTimestampInvalid {
				first = err
			}
			continue
		}
		verified, _, err := sgverify.VerifySignedTimestamp(stamped{e, t}, q.material.trusted)
		if err == nil && len(verified) == 1 {
			times = append(times, verify.Time{At: verified[0].Time, Source: verify.TimeTimestamp, URI: verified[0].URI})
			authorities++
		}
	}
	switch {
	case first != nil && (len(times) == 0 || first.Reason == verify.ReasonTimestampInvalid):
		return nil, first
	case len(times) == 0:
		return nil, refuse(verify.ReasonTimeMissing, "a trusted time: a signed timestamp, or an entry of a log that says the time", "none")
	case authorities < q.need.Timestamps:
		return nil, timesMissing(q.need.Timestamps, authorities)
	}
	return times, nil
}

// validity asks whether the chain was valid at each of the times.
func (q *inquiry) validity(e *entity, times []verify.Time) error {
	leaf := e.content.Certificate()
	for _, t := range times {
		if !during(t.At, leaf.NotBefore, leaf.NotAfter) {
			return expired(leaf, t.At, string(t.Source))
		}
		valid := chains(e, q.material.trusted.FulcioCertificateAuthorities(), func(a root.CertificateAuthority) error {
			_, err := a.Verify(leaf, t.At)
			return err
		})
		if !valid {
			return refuse(verify.ReasonCertificateExpired, "an authority that was valid and in use at "+stamp(t.At), "a certificate issued by "+leaf.Issuer.String()+", which was not")
		}
	}
	return nil
}

func expired(leaf *x509.Certificate, at time.Time, source string) *verify.Error {
	return refuse(verify.ReasonCertificateExpired, fmt.Sprintf("a certificate that was valid at %s (%s)", stamp(at), source),
		"one that was valid "+window(leaf.NotBefore, leaf.NotAfter))
}

// scts asks who vouches that the certificate is public.
func (q *inquiry) scts(e *entity, times []verify.Time) error {
	if q.need.SCTs == 0 {
		return nil
	}
	const embedded = "1.3.6.1.4.1.11129.2.4.2"
	leaf := e.content.Certificate()
	has := false
	for _, extension := range leaf.Extensions {
		has = has || extension.Id.String() == embedded
	}
	if !has {
		return refuse(verify.ReasonSCTMissing, fmt.Sprintf("a certificate with signed certificate timestamps (SCTs) of %d logs", q.need.SCTs), "a certificate without any")
	}
	var refused error
	valid := chains(e, q.material.trusted.FulcioCertificateAuthorities(), func(a root.CertificateAuthority) error {
		found, err := a.Verify(leaf, times[0].At)
		if err == nil {
			err = sgverify.VerifySignedCertificateTimestamp(found, q.need.SCTs, q.material.trusted)
			refused = err
		}
		return err
	})
	if !valid && refused != nil {
		return refuse(verify.ReasonSCTInvalid, fmt.Sprintf("signed certificate timestamps (SCTs) over this certificate by %d logs in %s", q.need.SCTs, q.material.name), refused.Error())
	}
	return nil
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func window(start, end time.Time) string {
	switch {
	case start.IsZero() && end.IsZero():
		return "always"
	case end.IsZero():
		return "from " + stamp(start)
	case start.IsZero():
		return "until " + stamp(end)
	}
	return "from " + stamp(start) + " to " + stamp(end)
}
