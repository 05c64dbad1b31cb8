package fulcio

import (
	"context"
	"errors"
	"fmt"
	"strings"

	sigstore "github.com/sigstore/sigstore-go/pkg/sign"

	"github.com/carnet-project/carnet/sign/internal/retry"
)

// maxAnswer bounds the authority's answer in bytes. A chain of certificates has some
// thousands.
const maxAnswer = 1 << 20

// An Error is the authority's refusal: of a token with the wrong audience, one that has
// expired or is of an issuer that it does not know, for example.
type Error struct {
	// Status is the HTTP status, such as 401.
	Status int
	// Message is what the authority says, at most 1 KiB on one line, without the token.
	Message string

	err error
}

func (e *Error) Error() string { return e.err.Error() }
func (e *Error) Unwrap() error { return e.err }

// certify asks for a token, makes a key, and has it certified.
func (s *Signer) certify(ctx context.Context) (*credential, error) {
	if s.options.Token == nil {
		return nil, errors.New("an authority certifies nobody without an identity token")
	}
	token, err := s.options.Token(ctx)
	if err != nil {
		return nil, fmt.Errorf("getting an identity token: %w", err)
	}
	if !isJWT(token) {
		return nil, errors.New("the identity token is not a JWT: want three parts of unpadded base64url between two dots")
	}
	c, err := newCredential()
	if err != nil {
		return nil, err
	}
	var der []byte
	policy := retry.Policy{For: s.options.RetryFor, Now: s.options.Now, Wait: s.options.Wait}
	err = policy.Do(ctx, func(ctx context.Context) error {
		client := sigstore.NewFulcio(&sigstore.FulcioOptions{
			BaseURL:   strings.TrimSuffix(s.options.URL, "/"),
			Timeout:   -1, // the transport has one
			Transport: retry.NewTransport(ctx, s.options.Client, maxAnswer),
		})
		der, err = client.GetCertificate(ctx, c, &sigstore.CertificateProviderOptions{IDToken: token})
		return refusal(err, token)
	})
	if err != nil {
		return nil, fmt.Errorf("asking for a certificate: %w", err)
	}
	if err := c.certified(der, s.options.Now()); err != nil {
		return nil, fmt.Errorf("%s: %w", s.options.URL, err)
	}
	return c, nil
}

// isJWT says whether a token has the form of a signed one (RFC 7515, section 3.1), so
// that it can be in a header. What it says is for the authority to judge.
func isJWT(token string) bool {
	parts := strings.Split(token, ".")
	for _, part := range parts {
		if part == "" {
			return false
		}
		for _, c := range []byte(part) {
			if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_') {
				return false
			}
		}
	}
	return len(parts) == 3
}

// refusal finds what the authority said, and takes the token out of it.
func refusal(err error, token string) error {
	var status *retry.Status
	if !errors.As(err, &status) {
		return err
	}
	told := *status
	told.Message = without(told.Message, token)
	return &Error{Status: told.Code, Message: told.Message, err: &told}
}

// without takes a token out of a message, and the beginning of one where the message was
// cut off.
func without(message, token string) string {
	message = strings.ReplaceAll(message, token, "[token]")
	cut := strings.TrimSuffix(message, "…")
	const telling = 8 // shorter beginnings are those of every JWT
	for n := min(len(token), len(cut)); n >= telling; n-- {
		if strings.HasSuffix(cut, token[:n]) {
			return cut[:len(cut)-n] + "[token]…"
		}
	}
	return message
}
