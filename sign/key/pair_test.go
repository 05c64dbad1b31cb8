package key_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/secure-systems-lab/go-securesystemslib/encrypted"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/sigstore/sigstore/pkg/signature/options"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/sign"
	"github.com/carnet-project/carnet/sign/key"
)

var _ sign.Signer = (*key.Signer)(nil)

func password(p string) func() ([]byte, error) {
	return func() ([]byte, error) { return []byte(p), nil }
}

// asCosign opens a key file by the steps of cosign 3's LoadPrivateKey.
func asCosign(t *testing.T, file []byte, password string) signature.SignerVerifier {
	t.Helper()
	block, rest := pem.Decode(file)
	if block == nil || len(rest) != 0 || block.Type != "ENCRYPTED SIGSTORE PRIVATE KEY" {
		t.Fatalf("not one sigstore key: %q", file)
	}
	der, err := encrypted.Decrypt(block.Bytes, []byte(password))
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		t.Fatal(err)
	}
	sv, err := signature.LoadDefaultSignerVerifier(private, options.WithED25519ph())
	if err != nil {
		t.Fatal(err)
	}
	return sv
}

// accepts checks a signature as cosign does, with the public key alone.
func accepts(t *testing.T, publicPEM, message []byte, sig attest.Signature) error {
	t.Helper()
	public, err := cryptoutils.UnmarshalPEMToPublicKey(publicPEM)
	if err != nil {
		t.Fatal(err)
	}
	v, err := signature.LoadDefaultVerifier(public, options.WithED25519ph())
	if err != nil {
		t.Fatal(err)
	}
	return v.VerifySignature(bytes.NewReader(sig.Bytes), bytes.NewReader(message))
}

func TestEveryAlgorithmRoundTrips(t *testing.T) {
	hashes := map[key.Algorithm]string{
		key.ECDSAP256: "sha256", key.ECDSAP384: "sha384", key.ECDSAP521: "sha512",
		key.Ed25519: "sha512", key.RSA3072: "sha256", key.RSA4096: "sha256",
	}
	for _, algorithm := range key.Algorithms() {
		t.Run(string(algorithm), func(t *testing.T) {
			t.Parallel()
			pair, err := key.Generate(algorithm)
			if err != nil {
				t.Fatal(err)
			}
			file, err := pair.Encrypt([]byte("a password"))
			if err != nil {
				t.Fatal(err)
			}
			s, err := key.Load(file, password("a password"))
			if err != nil {
				t.Fatal(err)
			}
			message := bytes.Repeat([]byte("what is signed "), 100_000)
			sig, err := s.Sign(context.Background(), bytes.NewReader(message))
			if err != nil {
				t.Fatal(err)
			}
			if err := accepts(t, pair.PublicPEM(), message, sig); err != nil {
				t.Error(err)
			}
			if accepts(t, pair.PublicPEM(), message[1:], sig) == nil {
				t.Error("the signature is good for another message too")
			}
			if sig.Message.Algorithm() != hashes[algorithm] {
				t.Errorf("signed a %s, want %s", sig.Message.Algorithm(), hashes[algorithm])
			}
			if s.Algorithm() != algorithm || !bytes.Equal(s.PublicPEM(), pair.PublicPEM()) {
				t.Error("the opened key is not the one that was made")
			}
			checkHint(t, s, sig)
			checkCosignSigns(t, file, s)
		})
	}
}

func checkHint(t *testing.T, s *key.Signer, sig attest.Signature) {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(s.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(der)
	if want := base64.StdEncoding.EncodeToString(sum[:]); sig.KeyHint != want || s.KeyHint() != want {
		t.Errorf("key hint %q, want %q", sig.KeyHint, want)
	}
}

func checkCosignSigns(t *testing.T, file []byte, s *key.Signer) {
	t.Helper()
	raw, err := asCosign(t, file, "a password").SignMessage(strings.NewReader("m"))
	if err != nil {
		t.Fatal(err)
	}
	if err := accepts(t, s.PublicPEM(), []byte("m"), attest.Signature{Bytes: raw}); err != nil {
		t.Errorf("cosign opens another key from the file: %v", err)
	}
}

func TestCosignKeysAreRead(t *testing.T) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	for level, kind := range map[encrypted.KDFParameterStrength]string{
		encrypted.Legacy:   "ENCRYPTED COSIGN PRIVATE KEY",
		encrypted.Standard: "ENCRYPTED COSIGN PRIVATE KEY",
		encrypted.OWASP:    "ENCRYPTED SIGSTORE PRIVATE KEY",
	} {
		box, err := encrypted.EncryptWithCustomKDFParameters(der, nil, level)
		if err != nil {
			t.Fatal(err)
		}
		s, err := key.Load(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: box}), password(""))
		if err != nil {
			t.Fatal(err)
		}
		if !private.PublicKey.Equal(s.PublicKey()) {
			t.Errorf("%s at level %d holds another key", kind, level)
		}
	}
}

// plain is every encoding that key tools write without a password.
func plain(t *testing.T) map[string]*pem.Block {
	t.Helper()
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	sec1, err := x509.MarshalECPrivateKey(p384)
	if err != nil {
		t.Fatal(err)
	}
	blocks := map[string]*pem.Block{
		"SEC 1":  {Type: "EC PRIVATE KEY", Bytes: sec1},
		"PKCS#1": {Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(r)},
	}
	for name, k := range map[string]any{"PKCS#8 ECDSA": p384, "PKCS#8 RSA": r} {
		der, err := x509.MarshalPKCS8PrivateKey(k)
		if err != nil {
			t.Fatal(err)
		}
		blocks[name] = &pem.Block{Type: "PRIVATE KEY", Bytes: der}
	}
	return blocks
}

func TestPlainKeysAreImportedAndLoaded(t *testing.T) {
	unasked := func() ([]byte, error) { return nil, errors.New("asked for the password of a plain key") }
	parameters := pem.EncodeToMemory(&pem.Block{Type: "EC PARAMETERS", Bytes: []byte{6, 5, 43, 129, 4, 0, 34}})
	for name, block := range plain(t) {
		t.Run(name, func(t *testing.T) {
			file := append(parameters, pem.EncodeToMemory(block)...)
			pair, err := key.Import(file)
			if err != nil {
				t.Fatal(err)
			}
			s, err := key.Load(file, unasked)
			if err != nil {
				t.Fatal(err)
			}
			sig, err := s.Sign(context.Background(), strings.NewReader("m"))
			if err != nil {
				t.Fatal(err)
			}
			if err := accepts(t, pair.PublicPEM(), []byte("m"), sig); err != nil {
				t.Error(err)
			}
			sealed, err := pair.Encrypt([]byte("p"))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(mustPKCS8(t, asCosign(t, sealed, "p")), pair.PublicPEM()) {
				t.Error("cosign reads another key")
			}
		})
	}
}

func mustPKCS8(t *testing.T, sv signature.SignerVerifier) []byte {
	t.Helper()
	public, err := sv.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	publicPEM, err := cryptoutils.MarshalPublicKeyToPEM(public)
	if err != nil {
		t.Fatal(err)
	}
	return publicPEM
}

func TestWrongPassword(t *testing.T) {
	pair, err := key.Generate(key.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	file, err := pair.Encrypt([]byte("right"))
	if err != nil {
		t.Fatal(err)
	}
	var given []byte
	_, err = key.Load(file, func() ([]byte, error) { given = []byte("wrong-secret"); return given, nil })
	if !errors.Is(err, key.ErrWrongPassword) || strings.Contains(err.Error(), "wrong-secret") {
		t.Errorf("error %v", err)
	}
	if !bytes.Equal(given, make([]byte, len(given))) {
		t.Error("the password was left in memory")
	}
	if _, err := key.Load(file, nil); !errors.Is(err, key.ErrWrongPassword) {
		t.Errorf("no password: error %v", err)
	}
	unavailable := errors.New("no terminal")
	if _, err := key.Load(file, func() ([]byte, error) { return nil, unavailable }); !errors.Is(err, unavailable) {
		t.Errorf("error %v", err)
	}
}

func TestRefusedKeys(t *testing.T) {
	blocks := plain(t)
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p224DER, err := x509.MarshalECPrivateKey(p224)
	if err != nil {
		t.Fatal(err)
	}
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	box := `{"kdf":{"name":"scrypt","params":{"N":65536,"r":8,"p":1},"salt":"AAAA"},"cipher":{"name":"nacl/secretbox","nonce":"` +
		base64.StdEncoding.EncodeToString(make([]byte, 24)) + `"},"ciphertext":"AAAA"}`
	sealed := func(old, new string) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED SIGSTORE PRIVATE KEY", Bytes: []byte(strings.Replace(box, old, new, 1))})
	}
	secp256k1 := []byte{0x30, 0x2e, 2, 1, 1, 4, 32, 31: 7, 39: 0xa0, 40: 7, 41: 6, 42: 5, 43: 0x2b, 44: 0x81, 45: 4, 46: 0, 47: 10}
	tests := map[string]struct {
		file []byte
		is   error
		says string
	}{
		"empty":            {nil, key.ErrMalformed, "no PEM block"},
		"large":            {make([]byte, 1<<20), key.ErrMalformed, "more than any key has"},
		"public key":       {pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY"}), key.ErrMalformed, `"PUBLIC KEY"`},
		"two keys":         {append(pem.EncodeToMemory(blocks["SEC 1"]), pem.EncodeToMemory(blocks["PKCS#1"])...), key.ErrMalformed, "want one key"},
		"broken":           {pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")}), key.ErrMalformed, "does not parse"},
		"P-224":            {pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: p224DER}), key.ErrUnsupported, "P-224"},
		"secp256k1":        {pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: secp256k1}), key.ErrUnsupported, "secp256k1"},
		"RSA 1024":         {pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(weak)}), key.ErrUnsupported, "1024 bits: it can be factored"},
		"encrypted PKCS#8": {pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY"}), key.ErrUnsupported, "openssl pkey"},
		"encrypted PEM":    {pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-128-CBC,00"}}), key.ErrUnsupported, "openssl pkey"},
		"not a box":        {sealed(box, "{"), key.ErrMalformed, "not the JSON"},
		"other KDF":        {sealed("scrypt", "argon2"), key.ErrUnsupported, `"argon2"`},
		"expensive KDF":    {sealed("65536", "1073741824"), key.ErrUnsupported, "N=1073741824"},
		"short nonce":      {sealed("AAAAAAAA", ""), key.ErrMalformed, "nonce"},
	}
	unasked := func() ([]byte, error) { return nil, errors.New("asked for a password") }
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := key.Load(test.file, unasked)
			if !errors.Is(err, test.is) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("Load: error %v, want %v saying %q", err, test.is, test.says)
			}
			if _, err := key.Import(test.file); err == nil {
				t.Error("imported")
			}
		})
	}
}

func TestOpensslKeys(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Log("openssl is not installed; its encodings are covered by crypto/x509's above")
		return
	}
	dir := t.TempDir()
	for name, test := range map[string]struct{ args, says string }{
		"p256":      {"ecparam -genkey -name prime256v1", ""},
		"p521":      {"genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521", ""},
		"ed25519":   {"genpkey -algorithm ed25519", ""},
		"rsa":       {"genrsa -traditional 3072", ""},
		"rsa 512":   {"genrsa -traditional 512", "can be factored"},
		"rsa 2560":  {"genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2560", "RSA of 2560 bits"},
		"rsa-pss":   {"genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048", "RSA-PSS"},
		"secp256k1": {"genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1", "secp256k1"},
		"brainpool": {"ecparam -genkey -name brainpoolP256r1", "brainpool"},
		"ed448":     {"genpkey -algorithm ed448", "Ed448"},
		"x25519":    {"genpkey -algorithm x25519", "cannot sign"},
		"encrypted": {"genpkey -algorithm ed25519 -aes-256-cbc -pass pass:secret", "openssl pkey"},
	} {
		file := filepath.Join(dir, name)
		args := append(strings.Fields(test.args), "-out", file)
		if strings.HasPrefix(test.args, "genrsa") { // the size is genrsa's last argument
			args = append([]string{"genrsa", "-out", file}, strings.Fields(test.args)[1:]...)
		}
		if out, err := exec.Command(openssl, args...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", name, err, out)
		}
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, err = key.Import(content)
		if test.says == "" && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if test.says != "" && (!errors.Is(err, key.ErrUnsupported) || !strings.Contains(err.Error(), test.says)) {
			t.Errorf("%s: error %v, want it to say %q", name, err, test.says)
		}
	}
}

func TestNothingPrintsThePrivateKey(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := key.Import(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(private)}))
	if err != nil {
		t.Fatal(err)
	}
	s, err := pair.Signer()
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		for _, x := range []any{pair, s, struct{ P *key.Pair }{pair}} {
			if out := fmt.Sprintf(verb, x); strings.Contains(out, private.D.String()) || strings.Contains(out, private.D.Text(16)) || len(out) > 100 {
				t.Errorf("%s prints %s", verb, out)
			}
		}
	}
}

func TestParseAlgorithm(t *testing.T) {
	if a, err := key.ParseAlgorithm("ed25519"); err != nil || a != key.Ed25519 {
		t.Errorf("%q, %v", a, err)
	}
	for _, bad := range []string{"", "rsa-2048", "ECDSA-P256", "ecdsa-p224"} {
		if _, err := key.ParseAlgorithm(bad); !errors.Is(err, key.ErrUnsupported) {
			t.Errorf("%q: error %v", bad, err)
		}
		if _, err := key.Generate(key.Algorithm(bad)); !errors.Is(err, key.ErrUnsupported) {
			t.Errorf("Generate(%q): error %v", bad, err)
		}
	}
}
