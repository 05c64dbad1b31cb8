package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"os"
	"regexp"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// certify KEY writes KEY.crt, the certificate of KEY.pub for an hour; KEY.old.crt, one
// that has ended; KEY.chain, the intermediate and the root above both; and KEY.self.crt,
// a self-signed certificate of another key.
func certify(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: certify KEY")
	}
	block, _ := pem.Decode([]byte(ts.ReadFile(args[0] + ".pub")))
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	ts.Check(err)
	now := time.Now()
	rootKey, middleKey := newKey(ts), newKey(ts)
	root := template("root", now, true)
	rootDER := issue(ts, root, root, rootKey.Public(), rootKey)
	middle := template("intermediate", now, true)
	middleDER := issue(ts, middle, root, middleKey.Public(), rootKey)
	write := func(name string, ders ...[]byte) {
		var out bytes.Buffer
		for _, der := range ders {
			ts.Check(pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: der}))
		}
		ts.Check(os.WriteFile(ts.MkAbs(args[0]+name), out.Bytes(), 0o644))
	}
	write(".crt", issue(ts, template("release", now, false), middle, public, middleKey))
	write(".old.crt", issue(ts, template("release", now.Add(-2*time.Hour), false), middle, public, middleKey))
	write(".chain", middleDER, rootDER)
	write(".self.crt", rootDER)
}

func newKey(ts *testscript.TestScript) *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ts.Check(err)
	return key
}

func template(name string, from time.Time, ca bool) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(from.UnixNano()), Subject: pkix.Name{CommonName: name}, NotBefore: from.Add(-time.Minute), NotAfter: from.Add(time.Hour),
		IsCA: ca, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}, EmailAddresses: []string{"release@example.com"},
	}
}

func issue(ts *testscript.TestScript, t, parent *x509.Certificate, public, signer any) []byte {
	der, err := x509.CreateCertificate(rand.Reader, t, parent, public, signer)
	ts.Check(err)
	return der
}

// expire SPOOL puts a certificate that has ended into the bundles of a spool, as if much
// time had passed.
func expire(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: expire SPOOL")
	}
	key := newKey(ts)
	t := template("past", time.Now().Add(-2*time.Hour), false)
	old := base64.StdEncoding.EncodeToString(issue(ts, t, t, key.Public(), key))
	doc := map[string]any{}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &doc))
	for _, p := range doc["pieces"].([]any) {
		piece := p.(map[string]any)
		bundle, err := base64.StdEncoding.DecodeString(piece["bundle"].(string))
		ts.Check(err)
		changed := regexp.MustCompile(`"rawBytes":"[^"]*"`).ReplaceAll(bundle, []byte(`"rawBytes":"`+old+`"`))
		if bytes.Equal(changed, bundle) {
			ts.Fatalf("no certificate is in %s", bundle)
		}
		piece["bundle"] = changed
	}
	raw, err := json.Marshal(doc)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), raw, 0o600))
}
