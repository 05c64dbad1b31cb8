package cloud_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/predicate"
	fixture "github.com/carnet-project/carnet/fixtures/kms"
	"github.com/carnet-project/carnet/sign"
	"github.com/carnet-project/carnet/sign/kms"
	_ "github.com/carnet-project/carnet/sign/kms/cloud"
	"github.com/carnet-project/carnet/verify"
	verifykey "github.com/carnet-project/carnet/verify/key"
)

func keys(t *testing.T) map[string]crypto.Signer {
	t.Helper()
	made := map[string]crypto.Signer{}
	for name, curve := range map[string]elliptic.Curve{"p256": elliptic.P256(), "p384": elliptic.P384(), "p521": elliptic.P521()} {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		made[name] = key
	}
	small, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	made["rsa"] = small
	_, made["edwards"], err = ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func startVault(t *testing.T, v *fixture.Vault) {
	t.Helper()
	server := httptest.NewServer(v)
	t.Cleanup(server.Close)
	t.Setenv("VAULT_ADDR", server.URL)
	t.Setenv("VAULT_TOKEN", v.Token)
	t.Setenv("VAULT_MAX_RETRIES", "0")
}

func startAWS(t *testing.T, h http.Handler) (host string) {
	t.Helper()
	server := httptest.NewTLSServer(h)
	t.Cleanup(server.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(ca, block, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "very-secret", "AWS_REGION": "eu-north-1", "AWS_CA_BUNDLE": ca,
		"AWS_MAX_ATTEMPTS": "1", "AWS_TLS_INSECURE_SKIP_VERIFY": "",
	} {
		t.Setenv(name, value)
	}
	return strings.TrimPrefix(server.URL, "https://")
}

// What a service signs verifies with its public key: statements and files.
func TestServicesSign(t *testing.T) {
	made := keys(t)
	startVault(t, &fixture.Vault{Token: "s.good", Keys: made})
	aws := &fixture.AWS{Keys: map[string]crypto.Signer{}}
	host := startAWS(t, aws)
	for _, name := range []string{"p256", "p384", "p521", "rsa"} {
		aws.Keys["alias/"+name] = made[name]
		for _, ref := range []string{"hashivault://" + name, "awskms://" + host + "/alias/" + name} {
			t.Run(name+" of "+ref[:3], func(t *testing.T) { signsBoth(t, ref) })
		}
	}
}

func signsBoth(t *testing.T, ref string) {
	signer, err := kms.Open(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	root, err := verifykey.Parse("service", signer.PublicPEM())
	if err != nil {
		t.Fatal(err)
	}
	content := bytes.Repeat([]byte("content "), 100_000)
	file, err := sign.File(t.Context(), bytes.NewReader(content), signer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := verify.Bundle(file, file.MessageDigest(), root); err != nil {
		t.Errorf("file: %v", err)
	}
	d := attest.SHA256(content)
	st, err := attest.NewStatement(predicate.SignV1, []byte("{}"), attest.NewSubject("", d))
	if err != nil {
		t.Fatal(err)
	}
	b, err := sign.Statement(t.Context(), st, signer)
	if err != nil {
		t.Fatal(err)
	}
	if e, err := verify.Bundle(b, d, root); err != nil || b.KeyHint() == "" || len(b.PublicKey()) == 0 {
		t.Errorf("statement: %+v, %v", e, err)
	}
}

// What goes wrong is told apart, and no credential is told at all.
func TestServicesRefuse(t *testing.T) {
	made := keys(t)
	vault := &fixture.Vault{Token: "s.good", Keys: made}
	startVault(t, vault)
	host := startAWS(t, &fixture.AWS{Keys: map[string]crypto.Signer{}})
	for ref, want := range map[string]error{
		"hashivault://none":                           kms.ErrUnavailable,
		"hashivault://edwards":                        kms.ErrUnsupported,
		"awskms://" + host + "/alias/none":            kms.ErrUnavailable,
		"awskms://" + host + "/what":                  kms.ErrReference,
		"gcpkms://x":                                  kms.ErrReference,
		"azurekms://x":                                kms.ErrReference,
		"hashivault://a/b/":                           kms.ErrReference,
		"nobody://key":                                kms.ErrNoProvider,
		"release.key":                                 kms.ErrReference,
		"pkcs11:token=T;object=k?pin-value=123456":    kms.ErrReference,
		"pkcs11:token=T?module-path=/lib.so":          kms.ErrReference,
		"pkcs11:token=T;object=k?module-path=/lib.so": kms.ErrNoProvider,
	} {
		_, err := kms.Open(t.Context(), ref)
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", ref, err, want)
		}
		for _, secret := range []string{"very-secret", "s.good", "123456"} {
			if err != nil && strings.Contains(err.Error(), secret) {
				t.Errorf("%s: the error tells a secret: %v", ref, err)
			}
		}
	}
	t.Setenv("VAULT_TOKEN", "s.bad")
	if _, err := kms.Open(t.Context(), "hashivault://p256"); !errors.Is(err, kms.ErrUnavailable) || !strings.Contains(err.Error(), "permission denied") {
		t.Errorf("a wrong token: %v", err)
	}
}

// A signature that the service's own key did not make is not used.
func TestWrongSignatureIsRefused(t *testing.T) {
	startVault(t, &fixture.Vault{Token: "t", Keys: keys(t), Lie: true})
	for _, name := range []string{"p256", "rsa"} {
		signer, err := kms.Open(t.Context(), "hashivault://"+name)
		if err != nil {
			t.Fatal(err)
		}
		if sig, err := signer.Sign(t.Context(), strings.NewReader("message")); !errors.Is(err, kms.ErrUnavailable) || sig.Bytes != nil {
			t.Errorf("%s: %v, %v", name, sig, err)
		}
	}
}

// What a plugin says is judged; it does not end the program.
func TestPluginWithoutAnswer(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	for name, says := range map[string]string{"empty": "{}", "null": `{"publicKey":null}`, "other": `{"signMessage":{"signature":"aGVsbG8="}}`, "text": "hello"} {
		script := "#!/bin/sh\necho '" + says + "'\n"
		if err := os.WriteFile(filepath.Join(dir, "sigstore-kms-"+name), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
		if _, err := kms.Open(t.Context(), name+"://key"); !errors.Is(err, kms.ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
