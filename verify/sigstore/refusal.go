package sigstore

import (
	"github.com/carnet-project/carnet/verify"
)

func refuse(reason verify.Reason, expected, found string) *verify.Error {
	return &verify.Error{Reason: reason, Expected: expected, Found: clip(found)}
}

// clip keeps a message that others can make long to a length that can be read.
func clip(s string) string {
	const most = 600
	if len(s) <= most {
		return s
	}
	return s[:most] + "..."
}

// unknown is a refusal that leaves the bundle to other roots.
type unknown struct{ refusal *verify.Error }

func (u unknown) Error() string { return u.refusal.Error() }

// Unwrap makes it both the sentinel, so that other roots are asked, and the refusal.
func (u unknown) Unwrap() []error { return []error{verify.ErrUnknownSigner, u.refusal} }
