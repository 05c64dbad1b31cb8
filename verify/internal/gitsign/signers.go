package gitsign

import (
	"bytes"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
)

// Signers are those who may sign commits: keys of SSH, or of OpenPGP.
type Signers struct {
	allowed []allowed
	keyring openpgp.EntityList
}

// A Signer is who signed a commit.
type Signer struct {
	// Name is what the signers' file calls the signer: principals, or a user ID.
	Name string
	// Key is the key's fingerprint.
	Key string
}

// When says what is known of the time of a commit.
type When struct {
	// By is a time by which it existed, by somebody who is trusted to say so; zero where
	// nobody is.
	By time.Time
	// Claimed takes the committer's own time where that is needed.
	Claimed bool
}

// maxSignature bounds an armored signature, in bytes. Real ones have a few hundred.
const maxSignature = 64 << 10

// skew is by how much clocks may differ.
const skew = 5 * time.Minute

// Verify says who of the signers signed the commit. A key that counts for some time only must
// have counted when the commit was made: the committer says when that was, and that it was
// before the end of the key's time is believed only if it existed before that end by When.By, or if
// claims are taken. The error is an *[Error].
func (s *Signers) Verify(c *Commit, when When) (Signer, error) {
	text := string(c.signature)
	if !when.By.IsZero() && c.Committer.When.After(when.By.Add(skew)) {
		return Signer{}, fault(Expired, "the commit claims to be of %s, and existed %s", stamp(c.Committer.When), stamp(when.By))
	}
	switch {
	case strings.TrimSpace(text) == "":
		return Signer{}, fault(Unsigned, "the commit has no signature")
	case len(text) > maxSignature:
		return Signer{}, fault(Malformed, "the commit has a signature of %d bytes, more than %d", len(text), maxSignature)
	case strings.HasPrefix(text, "-----BEGIN SSH SIGNATURE-----"):
		return s.verifySSH(c, text, when)
	case strings.HasPrefix(text, "-----BEGIN PGP SIGNATURE-----"), strings.HasPrefix(text, "-----BEGIN PGP MESSAGE-----"):
		return s.verifyOpenPGP(c, text, when)
	case strings.HasPrefix(text, "-----BEGIN SIGNED MESSAGE-----"):
		return Signer{}, fault(Unsupported, "the commit is signed with a certificate (X.509), which is not read here: want an SSH or OpenPGP signature")
	}
	return Signer{}, fault(Malformed, "the commit's signature is neither SSH's nor OpenPGP's")
}

func (s *Signers) verifySSH(c *Commit, text string, when When) (Signer, error) {
	signature, err := parseSSHSignature(text)
	if err != nil {
		return Signer{}, err
	}
	key := fingerprint(signature.blob)
	lines := keyed(s.allowed, signature.blob)
	if len(lines) == 0 {
		return Signer{}, fault(UnknownKey, "the commit is signed by the SSH key %s, which is none of the accepted ones", key)
	}
	if !signature.over(c.payload) {
		return Signer{}, fault(Invalid, "the SSH signature by %s is not over this commit", key)
	}
	var problem error
	for _, line := range lines {
		if problem = line.counts(c.Committer.When, when); problem == nil {
			return Signer{Name: line.principals, Key: key}, nil
		}
	}
	return Signer{}, problem
}

// counts says why a good signature by the line's key does not count.
func (a allowed) counts(committed time.Time, when When) error {
	switch {
	case !a.forGit():
		return fault(UnknownKey, "the key of %s is accepted for other things than git", a.principals)
	case !a.after.IsZero() && committed.Before(a.after):
		return fault(Expired, "the key of %s counts from %s, and the commit is of %s", a.principals, stamp(a.after), stamp(committed))
	case a.before.IsZero():
		return nil
	case !committed.Before(a.before):
		return fault(Expired, "the key of %s counts until %s, and the commit is of %s", a.principals, stamp(a.before), stamp(committed))
	case when.Claimed, !when.By.IsZero() && when.By.Before(a.before):
		return nil
	}
	return fault(Expired, "the key of %s counts until %s, and that the commit is from before then only the commit itself says", a.principals, stamp(a.before))
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// ParseKeyring reads an OpenPGP keyring, armored or not.
func ParseKeyring(content []byte) (*Signers, error) {
	read := openpgp.ReadKeyRing
	if bytes.HasPrefix(bytes.TrimSpace(content), []byte("-----BEGIN PGP")) {
		read = openpgp.ReadArmoredKeyRing
	}
	if len(content) > maxSignersBytes {
		return nil, fault(Malformed, "the keyring has %d bytes, more than %d", len(content), maxSignersBytes)
	}
	keyring, err := read(bytes.NewReader(content))
	if err != nil {
		return nil, fault(Malformed, "the keyring can't be read: %v", err)
	}
	if len(keyring) == 0 {
		return nil, fault(Malformed, "the keyring has no keys")
	}
	return &Signers{keyring: keyring}, nil
}
