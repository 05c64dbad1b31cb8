package gitsign

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	pgperrors "github.com/ProtonMail/go-crypto/openpgp/errors"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// endOfTime is a time at which every key that ends has ended.
func endOfTime() time.Time { return time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC) }

func (s *Signers) verifyOpenPGP(c *Commit, text string, when When) (Signer, error) {
	at := when.By
	if at.IsZero() {
		at = endOfTime()
	}
	signer, err := s.detached(c, text, at)
	var problem *Error
	if errors.As(err, &problem) && problem.Kind == Expired && when.Claimed {
		return s.detached(c, text, c.Committer.When)
	}
	return signer, err
}

// detached checks the signature as of a time. Signatures over hashes weaker than SHA-256 are
// refused: two commits could share them.
func (s *Signers) detached(c *Commit, text string, at time.Time) (Signer, error) {
	block, err := armor.Decode(strings.NewReader(text))
	if err != nil {
		return Signer{}, fault(Malformed, "the OpenPGP signature is not armored as it should be")
	}
	hashes := []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512, crypto.SHA3_256, crypto.SHA3_512}
	config := &packet.Config{Time: func() time.Time { return at }}
	sig, entity, err := openpgp.VerifyDetachedSignatureAndHash(s.keyring, bytes.NewReader(c.payload), block.Body, hashes, config)
	switch {
	case errors.Is(err, pgperrors.ErrUnknownIssuer):
		return Signer{}, fault(UnknownKey, "the commit is signed by an OpenPGP key that is none of the accepted ones")
	case errors.Is(err, pgperrors.ErrKeyExpired), errors.Is(err, pgperrors.ErrSignatureExpired):
		return Signer{}, fault(Expired, "the OpenPGP key or signature had expired, or did not yet count, %s", stamp(at))
	case errors.Is(err, pgperrors.ErrKeyRevoked):
		return Signer{}, fault(Invalid, "the commit is signed by an OpenPGP key that was revoked")
	case err != nil:
		return Signer{}, fault(Invalid, "the OpenPGP signature is not good: %v", err)
	case sig == nil || entity == nil || entity.PrimaryKey == nil:
		return Signer{}, fault(Invalid, "the OpenPGP signature names nobody")
	case sig.SigType != packet.SigTypeBinary && sig.SigType != packet.SigTypeText:
		return Signer{}, fault(Invalid, "the OpenPGP signature is not one of a document")
	}
	name := ""
	if id := entity.PrimaryIdentity(); id != nil {
		name = id.Name
	}
	return Signer{Name: name, Key: fmt.Sprintf("%X", entity.PrimaryKey.Fingerprint)}, nil
}
