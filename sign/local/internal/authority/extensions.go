package authority

import (
	"cmp"
	"crypto/x509/pkix"
	"slices"

	"github.com/carnet-project/carnet/attest/certificate"
	"github.com/carnet-project/carnet/sign/local/internal/identity"
)

// extensions are the subject, and the issuer and the claims in the order of their
// numbers. The error is of a subject that a certificate can't have.
func extensions(p identity.Principal) ([]pkix.Extension, error) {
	subject, err := certificate.SubjectExtension(p.SubjectType, p.Subject)
	if err != nil {
		return nil, err
	}
	out := certificate.IssuerExtensions(p.Issuer)
	for claim, value := range p.Claims {
		out = append(out, certificate.Extension(claim, value))
	}
	slices.SortFunc(out, func(a, b pkix.Extension) int { return cmp.Compare(a.Id[len(a.Id)-1], b.Id[len(b.Id)-1]) })
	return append([]pkix.Extension{subject}, out...), nil
}
