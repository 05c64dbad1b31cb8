package produce

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/carnet-project/carnet/attest"
)

const goodSpool = `{"schema":"https://github.com/carnet-project/carnet/schema/spool/v1","created":"2026-01-01T00:00:00Z",
"plan":{"authority":"https://fulcio.example","audience":"sigstore","witnesses":[{"kind":"rekor","url":"https://rekor.example","version":2},{"kind":"tsa","url":"http://127.0.0.1:1/tsa"}]},
"pieces":[{"statement":"e30=","bundle":"e30=","missing":[{"kind":"tsa","url":"https://tsa.example"}],"to":{"image":"r/a@sha256:00"},"error":"down"},
{"file":"/a","fileDigest":"sha256:` + zeros + `","to":{"file":"/a.sigstore.json"},"error":"down"}],
"command":"carnet sign","notBegun":["r/b:1"]}`

const zeros = "0000000000000000000000000000000000000000000000000000000000000000"

func TestParseSpool(t *testing.T) {
	doc, err := parseSpool([]byte(goodSpool))
	if err != nil {
		t.Fatal(err)
	}
	if len(doc.Pieces) != 2 || string(doc.Pieces[0].Statement) != "{}" || doc.Pieces[0].Missing[0].URL != "https://tsa.example" || len(doc.Plan.Witnesses) != 2 || len(doc.NotBegun) != 1 {
		t.Errorf("got %+v", doc)
	}
}

// TestParseSpoolRefuses changes one thing of a good spool.
func TestParseSpoolRefuses(t *testing.T) {
	for name, c := range map[string]struct{ old, new, want string }{
		"schema":             {"spool/v1", "spool/v2", "its schema is"},
		"authority in clear": {"https://fulcio.example", "http://fulcio.example", "the certificate authority http://fulcio.example is not https"},
		"authority nowhere":  {"https://fulcio.example", "", "the certificate authority"},
		"witness in clear":   {"https://rekor.example", "http://rekor.example", "the witness http://rekor.example is not https"},
		"missing in clear":   {"https://tsa.example", "http://tsa.example", "piece 1: the witness http://tsa.example is not https"},
		"witness of no kind": {`"kind":"rekor"`, `"kind":"magic"`, "of no known kind"},
		"unknown member":     {`"created"`, `"Created"`, "unknown object member"},
		"member twice":       {`"error":"down"}]`, `"error":"down","error":"up"}]`, "duplicate"},
		"two documents":      {`"notBegun":["r/b:1"]}`, `"notBegun":["r/b:1"]} {}`, "is not a spool"},
		"nothing to sign":    {`"statement":"e30=",`, "", "piece 1: want either a statement or a file"},
		"two to sign":        {`"file":"/a",`, `"file":"/a","statement":"e30=",`, "piece 2: want either a statement or a file"},
		"nowhere to go":      {`"to":{"file":"/a.sigstore.json"}`, `"to":{}`, "piece 2: want either an image or a file to go to"},
		"no digest":          {`"fileDigest":"sha256:0`, `"fileDigest":"sha256:x`, "piece 2: "},
		"no digest at all":   {`"fileDigest":"sha256:` + zeros + `",`, "", "piece 2: want the file's digest"},
		"null piece":         {`"pieces":[{`, `"pieces":[null,{`, "piece 1: "},
		"nameless target":    {`["r/b:1"]`, `["r/b:1",""]`, "target 2 of those"},
		"endless target":     {`["r/b:1"]`, `["` + strings.Repeat("a", maxTargetBytes+1) + `"]`, "target 1 of those"},
		"too many targets":   {`["r/b:1"]`, `["a"` + strings.Repeat(`,"a"`, maxNotBegun) + `]`, "want at most 100000"},
		"no command":         {`"command":"carnet sign",`, "", "no command to begin them"},
		"foreign command":    {`"carnet sign"`, `"rm -rf /;"`, "not one of carnet's"},
		"inner command":      {`"carnet sign"`, `"carnet $(x) sign"`, "not one of carnet's"},
		"target of no text":  {`["r/b:1"]`, `[1]`, "is not a spool"},
		"password in a URL":  {"https://rekor.example", "https://a:b@rekor.example", "the witness"},
	} {
		t.Run(name, func(t *testing.T) {
			changed := strings.Replace(goodSpool, c.old, c.new, 1)
			if changed == goodSpool {
				t.Fatal("nothing is changed")
			}
			if _, err := parseSpool([]byte(changed)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// FuzzParseSpool holds that what is read is written as what it was.
func FuzzParseSpool(f *testing.F) {
	f.Add([]byte(goodSpool))
	f.Fuzz(func(t *testing.T, raw []byte) {
		doc, err := parseSpool(raw)
		if err != nil {
			return
		}
		once, err := encodeSpool(doc)
		if err != nil {
			t.Fatalf("%s\nis read, and can't be written: %v", raw, err)
		}
		again, err := parseSpool(once)
		if err != nil {
			t.Fatalf("%s\nis written as\n%s\nand then refused: %v", raw, once, err)
		}
		if twice, err := encodeSpool(again); err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%s\nbecomes\n%s", once, twice)
		}
	})
}

// TestSpent walks what can be missing when a certificate has ended.
func TestSpent(t *testing.T) {
	end := time.Now().Truncate(time.Second)
	log1, log2, tsa := place{placeLog, "https://l1", 1}, place{placeLog, "https://l2", 2}, place{Kind: placeTimestamp, URL: "https://t"}
	bare, stamped := certifiedBundle(t, end), certifiedBundle(t, end)
	stamped, err := stamped.With(attest.Proof{Timestamp: []byte{1}})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		bundle  *attest.Bundle
		missing []place
		at      time.Duration
		want    bool
	}{
		"at its end":                      {bare, []place{tsa, log2}, 0, false},
		"no time, timestamp missing":      {bare, []place{tsa}, time.Second, true},
		"no time, log missing":            {bare, []place{log2}, time.Second, true},
		"time, log missing":               {stamped, []place{log2}, time.Hour, false},
		"time, log that dates missing":    {stamped, []place{log1}, time.Hour, true},
		"time, another timestamp missing": {stamped, []place{tsa}, time.Hour, true},
	} {
		if got := spent(c.bundle, c.missing, end.Add(c.at)); got != c.want {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

func certifiedBundle(t *testing.T, end time.Time) *attest.Bundle {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "a"}, NotBefore: end.Add(-time.Hour), NotAfter: end}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	b, err := attest.NewMessageBundle(attest.Signature{Bytes: []byte{1}, Message: attest.SHA256(nil), Certificates: [][]byte{der}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}
