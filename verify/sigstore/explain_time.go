package sigstore

import (
	"crypto/x509"
	"math/big"

	"github.com/digitorus/pkcs7"
	"github.com/digitorus/timestamp"
	"github.com/sigstore/sigstore-go/pkg/root"
	sgverify "github.com/sigstore/sigstore-go/pkg/verify"

	"github.com/carnet-project/carnet/verify"
)

// timestamp asks whether one RFC 3161 response is a trusted authority's, and about this
// signature.
func (q *inquiry) timestamp(e *entity, raw []byte) *verify.Error {
	verified, failed, err := sgverify.VerifySignedTimestamp(stamped{e, raw}, q.material.trusted)
	switch {
	case err == nil && len(verified) == 1:
		return nil
	case err == nil && len(failed) == 1:
		err = failed[0]
	}
	const expected = "a timestamp over this signature by a trusted authority"
	issuer, serial, parsed := stampedBy(raw)
	if parsed != nil {
		return refuse(verify.ReasonTimestampInvalid, expected, parsed.Error())
	}
	if q.knows(issuer, serial) {
		return refuse(verify.ReasonTimestampInvalid, expected, errText(err))
	}
	return refuse(verify.ReasonTimestampUnknown, "a timestamp by an authority in "+q.material.name, "one by an authority that is not in it")
}

func errText(err error) string {
	if err == nil {
		return "one that is not valid"
	}
	return err.Error()
}

// stampedBy is who signed a timestamp, by the issuer and the serial number of the
// certificate, as the timestamp says.
func stampedBy(raw []byte) (issuer []byte, serial *big.Int, err error) {
	t, err := timestamp.ParseResponse(raw)
	if err != nil {
		return nil, nil, err
	}
	token, err := pkcs7.Parse(t.RawToken)
	if err != nil {
		return nil, nil, err
	}
	for _, s := range token.Signers {
		return s.IssuerAndSerialNumber.IssuerName.FullBytes, s.IssuerAndSerialNumber.SerialNumber, nil
	}
	return nil, nil, nil
}

// knows says whether an authority of the material has that certificate, or, where its
// leaf is left open, issued it.
func (q *inquiry) knows(issuer []byte, serial *big.Int) bool {
	for _, a := range q.material.trusted.TimestampingAuthorities() {
		tsa, ok := a.(*root.SigstoreTimestampingAuthority)
		if !ok || serial == nil {
			continue
		}
		if tsa.Leaf != nil {
			if string(tsa.Leaf.RawIssuer) == string(issuer) && tsa.Leaf.SerialNumber.Cmp(serial) == 0 {
				return true
			}
			continue
		}
		for _, c := range append([]*x509.Certificate{tsa.Root}, tsa.Intermediates...) {
			if c != nil && string(c.RawSubject) == string(issuer) {
				return true
			}
		}
	}
	return false
}
