package gitsign_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"golang.org/x/crypto/ssh"

	"github.com/carnet-project/carnet/verify/internal/gitsign"
)

const committed = 1767225600 // 2026-01-01 00:00:00 UTC

func at(s string) time.Time {
	t, err := time.Parse("2006-01-02", s)
	if err != nil {
		panic(err)
	}
	return t
}

var payload = fmt.Sprintf("tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor Ana A. <Ana@acme.example> %d +0100\ncommitter Bo <bo@acme.example> %d -0330\nencoding UTF-8\n\nmessage\n\nCo-authored-by: Chi <chi@acme.example>\n", committed, committed)

// object puts a signature into the payload, as git does.
func object(header, armored string) []byte {
	head, message, _ := strings.Cut(payload, "\n\n")
	lines := strings.ReplaceAll(strings.TrimRight(armored, "\n"), "\n", "\n ")
	return []byte(head + "\n" + header + " " + lines + "\n\n" + message)
}

func name(object []byte) string {
	sum := sha1.Sum(append([]byte(fmt.Sprintf("commit %d\x00", len(object))), object...))
	return hex.EncodeToString(sum[:])
}

func open(t testing.TB, object []byte) *gitsign.Commit {
	t.Helper()
	c, err := gitsign.Open(name(object), object)
	if err != nil {
		t.Fatalf("%v in %s", err, object)
	}
	return c
}

// sshsig signs the payload as ssh-keygen -Y sign does (OpenSSH, PROTOCOL.sshsig).
func sshsig(t testing.TB, s ssh.Signer, namespace, hash, algorithm string, content string) string {
	t.Helper()
	var sum []byte
	if hash == "sha256" {
		h := sha256.Sum256([]byte(content))
		sum = h[:]
	} else {
		h := sha512.Sum512([]byte(content))
		sum = h[:]
	}
	signed := append([]byte("SSHSIG"), ssh.Marshal(struct{ Namespace, Reserved, Hash, Sum string }{namespace, "", hash, string(sum)})...)
	var sig *ssh.Signature
	var err error
	if algorithm != "" {
		sig, err = s.(ssh.AlgorithmSigner).SignWithAlgorithm(rand.Reader, signed, algorithm)
	} else {
		sig, err = s.Sign(rand.Reader, signed)
	}
	if err != nil {
		t.Fatal(err)
	}
	blob := append([]byte("SSHSIG"), ssh.Marshal(struct {
		Version                                 uint32
		Key, Namespace, Reserved, Hash, Content string
	}{1, string(s.PublicKey().Marshal()), namespace, "", hash, string(ssh.Marshal(sig))})...)
	return "-----BEGIN SSH SIGNATURE-----\n" + base64.StdEncoding.EncodeToString(blob) + "\n-----END SSH SIGNATURE-----\n"
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func newKey(t testing.TB) ssh.Signer {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return must(ssh.NewSignerFromKey(private))
}

func line(principals, options string, s ssh.Signer) string {
	return principals + " " + options + string(ssh.MarshalAuthorizedKey(s.PublicKey()))
}

func kind(err error) gitsign.Kind {
	var e *gitsign.Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return ""
}

func TestCommit(t *testing.T) {
	c := open(t, []byte(payload))
	if c.Author.Name != "Ana A." || c.Author.Email != "Ana@acme.example" || c.Committer.Email != "bo@acme.example" || c.Committer.When.Unix() != committed ||
		len(c.CoAuthors) != 1 || c.CoAuthors[0] != "chi@acme.example" {
		t.Errorf("%+v", c)
	}
	sum := sha256.Sum256(append([]byte(fmt.Sprintf("commit %d\x00", len(payload))), payload...))
	if _, err := gitsign.Open(hex.EncodeToString(sum[:]), []byte(payload)); err != nil {
		t.Errorf("by its SHA-256: %v", err)
	}
	for what, bad := range map[string]string{
		"no headers' end": strings.Split(payload, "\n\n")[0], "no tree": strings.Replace(payload, "tree", "forest", 1),
		"two authors": strings.Replace(payload, "committer", "author A <a@b> 1 +0000\ncommitter", 1),
		"no author":   strings.Replace(payload, "author ", "parent ", 1), "no time": strings.Replace(payload, "> 1767225600 +", "> x +", 1),
		"order": strings.Replace(payload, "encoding UTF-8", "parent 4b825dc642cb6eb9a060e54bf8d69288fbee4904", 1),
		"NUL":   strings.Replace(payload, "UTF-8", "UTF\x008", 1), "continued": " " + payload, "empty": "",
		"two signatures": strings.Replace(payload, "encoding UTF-8", "gpgsig a\nencoding UTF-8\ngpgsig b", 1),
	} {
		if c, err := gitsign.Open(name([]byte(bad)), []byte(bad)); kind(err) != gitsign.Malformed || c != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, id := range []string{"", name([]byte(payload))[:39], strings.Repeat("0", 40), strings.Repeat("0", 64), strings.ToUpper(name([]byte(payload)))} {
		if _, err := gitsign.Open(id, []byte(payload)); kind(err) != gitsign.Malformed {
			t.Errorf("the object is taken for %q: %v", id, err)
		}
	}
}

// Every kind of SSH key that counts, and nothing that is not its signature over the commit.
func TestSSHKeys(t *testing.T) {
	keys := map[string]ssh.Signer{"ed25519": newKey(t), "rsa": must(ssh.NewSignerFromKey(must(rsa.GenerateKey(rand.Reader, 2048))))}
	for _, curve := range []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		keys[curve.Params().Name] = must(ssh.NewSignerFromKey(must(ecdsa.GenerateKey(curve, rand.Reader))))
	}
	when := gitsign.When{By: at("2026-02-01")}
	for kindOf, key := range keys {
		signers, err := gitsign.ParseAllowedSigners("# team\n\n" + line("bo@acme.example,b*", "", key))
		if err != nil {
			t.Fatal(err)
		}
		for _, hash := range []string{"sha256", "sha512"} {
			algorithm := ""
			if kindOf == "rsa" {
				algorithm = "rsa-sha2-" + strings.TrimPrefix(hash, "sha")
			}
			armored := sshsig(t, key, "git", hash, algorithm, payload)
			who, err := signers.Verify(open(t, object("gpgsig", armored)), when)
			if err != nil || who.Name != "bo@acme.example,b*" || who.Key != ssh.FingerprintSHA256(key.PublicKey()) {
				t.Errorf("%s with %s: %+v, %v", kindOf, hash, who, err)
			}
			other := bytes.Replace(object("gpgsig", armored), []byte("message"), []byte("massage"), 1)
			if _, err := signers.Verify(open(t, other), when); kind(err) != gitsign.Invalid {
				t.Errorf("%s over another message: %v", kindOf, err)
			}
		}
		if _, err := signers.Verify(open(t, object("gpgsig", sshsig(t, key, "file", "sha512", pick(kindOf), payload))), when); kind(err) != gitsign.Invalid {
			t.Errorf("%s for another namespace: %v", kindOf, err)
		}
		if _, err := signers.Verify(open(t, object("gpgsig", sshsig(t, newKey(t), "git", "sha512", "", payload))), when); kind(err) != gitsign.UnknownKey {
			t.Errorf("%s: another's signature: %v", kindOf, err)
		}
	}
	old := sshsig(t, keys["rsa"], "git", "sha512", "ssh-rsa", payload)
	signers, _ := gitsign.ParseAllowedSigners(line("bo", "", keys["rsa"]))
	if _, err := signers.Verify(open(t, object("gpgsig", old)), when); kind(err) != gitsign.Invalid {
		t.Errorf("a signature with SHA-1: %v", err)
	}
}

func pick(kindOf string) string {
	if kindOf == "rsa" {
		return "rsa-sha2-512"
	}
	return ""
}

// A signature for the other hash algorithm beside it is not part of what was signed, as git
// has it.
func TestSignaturesForBothAlgorithms(t *testing.T) {
	key := newKey(t)
	signers := must(gitsign.ParseAllowedSigners(line("bo", "", key)))
	both := bytes.Replace(object("gpgsig", sshsig(t, key, "git", "sha512", "", payload)), []byte("encoding UTF-8"), []byte("gpgsig-sha256 -----BEGIN\n AAAA\nencoding UTF-8"), 1)
	if _, err := signers.Verify(open(t, both), gitsign.When{}); err != nil {
		t.Error(err)
	}
}

// A security key signs its application, its flags and a counter too, and somebody must have
// touched it.
func TestSecurityKeys(t *testing.T) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	const kindOf = "sk-ssh-ed25519@openssh.com"
	blob := ssh.Marshal(struct{ Kind, Key, Application string }{kindOf, string(public), "ssh:"})
	signers, err := gitsign.ParseAllowedSigners("bo " + kindOf + " " + base64.StdEncoding.EncodeToString(blob))
	if err != nil {
		t.Fatal(err)
	}
	h := sha512.Sum512([]byte(payload))
	inner := append([]byte("SSHSIG"), ssh.Marshal(struct{ Namespace, Reserved, Hash, Sum string }{"git", "", "sha512", string(h[:])})...)
	for _, c := range []struct {
		application string
		flags       byte
		want        gitsign.Kind
	}{{"ssh:", 1, ""}, {"ssh:", 5, ""}, {"ssh:", 0, gitsign.Invalid}, {"ssh:other", 1, gitsign.Invalid}} {
		application, sum := sha256.Sum256([]byte(c.application)), sha256.Sum256(inner)
		message := append(append(append(application[:], c.flags), 0, 0, 0, 7), sum[:]...)
		sig := append(ssh.Marshal(struct{ Format, Sig string }{kindOf, string(ed25519.Sign(private, message))}), c.flags, 0, 0, 0, 7)
		raw := append([]byte("SSHSIG"), ssh.Marshal(struct {
			Version                                 uint32
			Key, Namespace, Reserved, Hash, Content string
		}{1, string(blob), "git", "", "sha512", string(sig)})...)
		armored := "-----BEGIN SSH SIGNATURE-----\n" + base64.StdEncoding.EncodeToString(raw) + "\n-----END SSH SIGNATURE-----"
		if _, err := signers.Verify(open(t, object("gpgsig", armored)), gitsign.When{}); kind(err) != c.want {
			t.Errorf("%q with flags %d: %v", c.application, c.flags, err)
		}
	}
}

// A key that counts for some time counts when it is known that the commit is of that time.
func TestValidity(t *testing.T) {
	key := newKey(t)
	c := open(t, object("gpgsig", sshsig(t, key, "git", "sha512", "", payload)))
	none, before, after := time.Time{}, at("2026-02-01"), at("2026-06-01")
	for _, test := range []struct {
		options string
		when    gitsign.When
		want    gitsign.Kind
	}{
		{"", gitsign.When{}, ""},
		{`namespaces="file,git" `, gitsign.When{}, ""},
		{`namespaces="file" `, gitsign.When{}, gitsign.UnknownKey},
		{`namespaces="*,!git" `, gitsign.When{}, gitsign.UnknownKey},
		{`valid-after="20251231" `, gitsign.When{By: before}, ""},
		{`valid-after="20260102Z" `, gitsign.When{By: before}, gitsign.Expired},
		{`valid-before="20260301" `, gitsign.When{By: before}, ""},
		{`valid-before="20260301" `, gitsign.When{By: after}, gitsign.Expired},
		{`valid-before="20260301" `, gitsign.When{By: after, Claimed: true}, ""},
		{`valid-before="20260301" `, gitsign.When{By: none}, gitsign.Expired},
		{`valid-before="20260301" `, gitsign.When{Claimed: true}, ""},
		{`valid-before="202512312359" `, gitsign.When{By: before, Claimed: true}, gitsign.Expired},
		{"", gitsign.When{By: at("2025-12-31")}, gitsign.Expired}, // it existed before it claims to have been made
	} {
		signers, err := gitsign.ParseAllowedSigners(line("bo", test.options, key))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := signers.Verify(c, test.when); kind(err) != test.want || test.want == "" && err != nil {
			t.Errorf("%swith %+v: %v", test.options, test.when, err)
		}
	}
}

func TestAllowedSignersThatAreRefused(t *testing.T) {
	good := strings.TrimSpace(line("", "", newKey(t)))
	small := must(ssh.NewSignerFromKey(must(rsa.GenerateKey(rand.Reader, 1024))))
	for what, text := range map[string]string{
		"nobody": "# nobody\n", "no key": "bo", "no principal": good, "an authority": "bo cert-authority " + good, "unknown": "bo touch " + good,
		"a time": `bo valid-after="tomorrow" ` + good, "never": `bo valid-after="20260102",valid-before="20260101" ` + good,
		"a small key": line("bo", "", small), "another type": "bo " + strings.Replace(good, "ssh-ed25519", "ssh-rsa", 1),
		"a certificate": "bo ssh-ed25519-cert-v01@openssh.com AAAA", "no base64": "bo ssh-ed25519 !!!",
	} {
		if s, err := gitsign.ParseAllowedSigners(text); err == nil || s != nil {
			t.Errorf("%s: %q is accepted", what, text)
		}
	}
}

func TestOtherSignatures(t *testing.T) {
	signers := must(gitsign.ParseAllowedSigners(line("bo", "", newKey(t))))
	for what, test := range map[string]struct {
		object []byte
		want   gitsign.Kind
	}{
		"none": {[]byte(payload), gitsign.Unsigned}, "X.509": {object("gpgsig", "-----BEGIN SIGNED MESSAGE-----\nAAAA\n-----END SIGNED MESSAGE-----"), gitsign.Unsupported},
		"text": {object("gpgsig", "signed, Bo"), gitsign.Malformed}, "SSH": {object("gpgsig", "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----"), gitsign.Malformed},
		"no end": {object("gpgsig", "-----BEGIN SSH SIGNATURE-----\nAAAA"), gitsign.Malformed}, "OpenPGP": {object("gpgsig", "-----BEGIN PGP SIGNATURE-----\n\nAAAA\n-----END PGP SIGNATURE-----"), gitsign.Invalid},
		// The signature for the other hash algorithm is none of this commit.
		"other algorithm": {object("gpgsig-sha256", sshsig(t, newKey(t), "git", "sha512", "", payload)), gitsign.Unsigned},
	} {
		if _, err := signers.Verify(open(t, test.object), gitsign.When{}); kind(err) != test.want {
			t.Errorf("%s: %v, want %s", what, err, test.want)
		}
	}
}

// An OpenPGP key signs, expires, and is another's.
func TestOpenPGP(t *testing.T) {
	clock := &packet.Config{Time: func() time.Time { return at("2025-12-01") }, KeyLifetimeSecs: 90 * 24 * 3600, Algorithm: packet.PubKeyAlgoEdDSA}
	entity := must(openpgp.NewEntity("Bo", "", "bo@acme.example", clock))
	other := must(openpgp.NewEntity("Eve", "", "eve@acme.example", clock))
	var ring bytes.Buffer
	w := must(armor.Encode(&ring, openpgp.PublicKeyType, nil))
	if err := errors.Join(entity.Serialize(w), w.Close()); err != nil {
		t.Fatal(err)
	}
	signers := must(gitsign.ParseKeyring(ring.Bytes()))
	signed := func(e *openpgp.Entity, content string) *gitsign.Commit {
		var armored bytes.Buffer
		config := &packet.Config{Time: func() time.Time { return time.Unix(committed, 0) }}
		if err := openpgp.ArmoredDetachSign(&armored, e, strings.NewReader(content), config); err != nil {
			t.Fatal(err)
		}
		return open(t, object("gpgsig", armored.String()))
	}
	for what, test := range map[string]struct {
		commit *gitsign.Commit
		when   gitsign.When
		want   gitsign.Kind
	}{
		"good":          {signed(entity, payload), gitsign.When{By: at("2026-02-01")}, ""},
		"expired":       {signed(entity, payload), gitsign.When{By: at("2026-06-01")}, gitsign.Expired},
		"timeless":      {signed(entity, payload), gitsign.When{}, gitsign.Expired},
		"claimed":       {signed(entity, payload), gitsign.When{By: at("2026-06-01"), Claimed: true}, ""},
		"another's":     {signed(other, payload), gitsign.When{By: at("2026-02-01")}, gitsign.UnknownKey},
		"other content": {signed(entity, payload+"x"), gitsign.When{By: at("2026-02-01")}, gitsign.Invalid},
	} {
		who, err := signers.Verify(test.commit, test.when)
		if kind(err) != test.want || err == nil && (who.Name != "Bo <bo@acme.example>" || len(who.Key) != 40) {
			t.Errorf("%s: %+v, %v", what, who, err)
		}
	}
	if _, err := gitsign.ParseKeyring([]byte("no keyring")); err == nil {
		t.Error("anything is a keyring")
	}
}
