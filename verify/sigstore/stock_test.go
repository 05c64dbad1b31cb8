package sigstore_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	sgverify "github.com/sigstore/sigstore-go/pkg/verify"

	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/sigstore"
)

// A stock verifier is sigstore-go's, told what carnet's is told.
type stock struct {
	verifier *sgverify.Verifier
}

func newStock(t testing.TB, rootJSON []byte, need sigstore.Need) stock {
	t.Helper()
	trusted, err := root.NewTrustedRootFromJSON(rootJSON)
	if err != nil {
		t.Fatal(err)
	}
	options := []sgverify.VerifierOption{sgverify.WithObserverTimestamps(1)}
	if need.Logs > 0 {
		options = append(options, sgverify.WithTransparencyLog(need.Logs))
	}
	if need.SCTs > 0 {
		options = append(options, sgverify.WithSignedCertificateTimestamps(need.SCTs))
	}
	verifier, err := sgverify.NewVerifier(trusted, options...)
	if err != nil {
		t.Fatal(err)
	}
	return stock{verifier}
}

func (s stock) verify(raw []byte) error {
	_, err := s.result(raw)
	return err
}

func (s stock) result(raw []byte) (*sgverify.VerificationResult, error) {
	b := &bundle.Bundle{}
	err := b.UnmarshalJSON(raw)
	if err != nil && strings.Contains(err.Error(), "cannot be X.509 certificate chain") {
		chained := &bundle.Bundle{}
		bundle.AllowCertificateChain()(chained)
		b, err = chained, chained.UnmarshalJSON(raw)
	}
	if err != nil {
		return nil, err
	}
	artifact := sgverify.WithoutArtifactUnsafe()
	if m := b.GetMessageSignature(); m != nil {
		artifact = sgverify.WithArtifactDigest("sha256", m.GetMessageDigest().GetDigest())
	}
	return s.verifier.Verify(b, sgverify.NewPolicy(artifact, sgverify.WithoutIdentitiesUnsafe()))
}

// stricter are the reasons for which carnet may refuse what sigstore-go accepts.
func stricter(err error) bool {
	var refused *verify.Error
	if !errors.As(err, &refused) {
		return true // the bundle is not read at all: package attest is stricter than protojson
	}
	switch refused.Reason {
	case verify.ReasonLogMismatch: // the kind of an entry is not that of its body
		return strings.Contains(refused.Found, "a body of kind")
	case verify.ReasonLogProof: // of the body that an entry of Rekor v2 has, where sigstore-go proves the one that it should have
		return strings.Contains(refused.Found, "inclusion")
	case verify.ReasonTimestampInvalid: // of a known authority, beside a time that is good
		return true
	case verify.ReasonLogPromise: // of a known log, beside an entry that is good
		return true
	}
	return false
}

// Good or spoilt, carnet and sigstore-go agree, but for what carnet is said to be
// stricter in.
func TestAgreesWithStock(t *testing.T) {
	for _, s := range samples(t) {
		if s.legacy {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			m, need := s.trusted(t)
			ours, theirs := sigstore.NewRoot(m, need, anybody), newStock(t, s.root, need)
			accepted := 0
			for i := -1; i < len(s.raw); i += len(s.raw)/45 + 1 {
				raw := bytes.Clone(s.raw)
				if i >= 0 {
					raw[i] = 'A' + raw[i]%26
				}
				_, _, err := s.open(ours, raw)
				want := theirs.verify(raw)
				switch {
				case err == nil && want == nil:
					accepted++
				case err == nil:
					t.Errorf("byte %d: carnet accepts, and sigstore-go says %v", i, want)
				case want == nil && !stricter(err):
					t.Errorf("byte %d: sigstore-go accepts, and carnet says %v", i, err)
				}
			}
			if accepted == 0 {
				t.Error("nothing was accepted")
			}
		})
	}
}

// The bound is 1.2 times sigstore-go's own time for a bundle, from its bytes on.
func BenchmarkOpen(b *testing.B) {
	for _, s := range samples(b) {
		if s.legacy {
			continue
		}
		m, need := s.trusted(b)
		ours, theirs := sigstore.NewRoot(m, need, anybody), newStock(b, s.root, need)
		b.Run(fmt.Sprintf("%s/carnet", strings.ReplaceAll(s.name, " ", "-")), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := s.open(ours, s.raw); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("%s/sigstore-go", strings.ReplaceAll(s.name, " ", "-")), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := theirs.verify(s.raw); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
