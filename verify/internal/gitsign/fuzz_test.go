package gitsign_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/verify/internal/gitsign"
)

// Whatever a commit holds, the answer is a signer or an error of a kind, and no signer is
// made up.
func FuzzVerify(f *testing.F) {
	key := newKey(f)
	signers := must(gitsign.ParseAllowedSigners(line("bo", "", key)))
	good := string(object("gpgsig", sshsig(f, key, "git", "sha512", "", payload)))
	f.Add(good)
	f.Add(payload)
	f.Add(string(object("gpgsig", "-----BEGIN PGP SIGNATURE-----\n\niHUEABYKAB0WIQ==\n=AAAA\n-----END PGP SIGNATURE-----")))
	f.Fuzz(func(t *testing.T, text string) {
		c, err := gitsign.Open(name([]byte(text)), []byte(text))
		var e *gitsign.Error
		if err != nil && !errors.As(err, &e) {
			t.Fatalf("%T: %v", err, err)
		}
		if err != nil {
			return
		}
		if _, err := signers.Verify(c, gitsign.When{}); err == nil && unsigned(text) != payload {
			t.Fatalf("another commit is signed: %q", text)
		} else if err != nil && !errors.As(err, &e) {
			t.Fatalf("%T: %v", err, err)
		}
	})
}

// unsigned is a commit without the headers of signatures.
func unsigned(object string) string {
	head, message, _ := strings.Cut(object, "\n\n")
	var kept []string
	dropping := false
	for _, line := range strings.Split(head, "\n") {
		if !strings.HasPrefix(line, " ") {
			dropping = strings.HasPrefix(line, "gpgsig")
		}
		if !dropping {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n") + "\n\n" + message
}

func FuzzAllowedSigners(f *testing.F) {
	f.Add(line("bo@acme.example", `namespaces="git",valid-after="20260101Z" `, newKey(f)))
	f.Add("a,b \"c d\" cert-authority ssh-ed25519 AAAA comment\n#\n")
	f.Fuzz(func(t *testing.T, text string) {
		if s, err := gitsign.ParseAllowedSigners(text); (s == nil) == (err == nil) {
			t.Fatalf("%v, %v", s, err)
		}
	})
}
