package gitsign_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"github.com/carnet-project/carnet/verify/internal/gitsign"
)

// Whatever a commit holds, the answer is a signer or an error of a kind, and no signer is
// made up.
func FuzzVerify(f *testing.F) {
	key := newKey(f)
	signers := must(gitsign.ParseAllowedSigners(line("bo", "", key)))
	good := string(object("gpgsig", sshsig(f, key, "git", "sha512", "", payload)))
	f.Add(good)
	pgp, armored := openPGP(f)
	f.Add(string(object("gpgsig", armored)))
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
		for _, s := range []*gitsign.Signers{signers, pgp} {
			if _, err := s.Verify(c, gitsign.When{}); err == nil && unsigned(text) != payload {
				t.Fatalf("another commit is signed: %q", text)
			} else if err != nil && !errors.As(err, &e) {
				t.Fatalf("%T: %v", err, err)
			}
		}
	})
}

// openPGP is a keyring and a signature of the payload by its key.
func openPGP(f *testing.F) (*gitsign.Signers, string) {
	entity := must(openpgp.NewEntity("Bo", "", "bo@acme.example", &packet.Config{Algorithm: packet.PubKeyAlgoEdDSA}))
	var ring, armored bytes.Buffer
	if err := errors.Join(entity.Serialize(&ring), openpgp.ArmoredDetachSign(&armored, entity, strings.NewReader(payload), nil)); err != nil {
		f.Fatal(err)
	}
	signers := must(gitsign.ParseKeyring(ring.Bytes()))
	if _, err := signers.Verify(open(f, object("gpgsig", armored.String())), gitsign.When{}); err != nil {
		f.Fatal(err)
	}
	return signers, armored.String()
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
		if s, err := gitsign.ParseKeyring([]byte(text)); (s == nil) == (err == nil) {
			t.Fatalf("%v, %v", s, err)
		}
	})
}
