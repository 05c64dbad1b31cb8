package authority

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/sign/local/internal/identity"
)

// extensions are the issuer and the claims, in the order of their numbers: those up to 6
// are the raw text, the others a UTF8String.
func extensions(p identity.Principal) ([]pkix.Extension, error) {
	values := map[int]string{1: p.Issuer, 8: p.Issuer}
	for claim, n := range attest.Claims() {
		if value := p.Claims[claim]; value != "" {
			values[n] = value
		}
	}
	numbers := make([]int, 0, len(values))
	for n := range values {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	var out []pkix.Extension
	for _, n := range numbers {
		value := []byte(values[n])
		if n > 6 {
			var err error
			if value, err = asn1.MarshalWithParams(values[n], "utf8"); err != nil {
				return nil, err
			}
		}
		out = append(out, pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, n}, Value: value})
	}
	return out, nil
}
