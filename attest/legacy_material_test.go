package attest_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/attest"
)

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func certificatesPEM(ders ...string) string {
	var all bytes.Buffer
	for _, der := range ders {
		_ = pem.Encode(&all, &pem.Block{Type: "CERTIFICATE", Bytes: []byte(der)})
	}
	return all.String()
}

const logBody = `{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{}}`

// legacyAnnotations are those of a layer that has everything.
func legacyAnnotations() map[string]string {
	return map[string]string{
		attest.LegacySignatureAnnotation:   b64("sig"),
		attest.LegacyCertificateAnnotation: certificatesPEM("leaf"),
		attest.LegacyChainAnnotation:       certificatesPEM("intermediate", "root"),
		attest.LegacyBundleAnnotation: fmt.Sprintf(`{"SignedEntryTimestamp":%q,"Payload":{"body":%q,"integratedTime":1700000000,"logIndex":7,"logID":%q}}`,
			b64("set"), b64(logBody), hex.EncodeToString([]byte("log"))),
		attest.LegacyTimestampAnnotation: fmt.Sprintf(`{"SignedRFC3161Timestamp":%q}`, b64("timestamp")),
		"example.com/other":              "ignored",
	}
}

const legacyEnvelope = `{"payloadType":"application/vnd.in-toto+json","payload":"e30=","signatures":[{"keyid":"","sig":"c2ln"}]}`

// legacyBundles reads one layer as a signature's and one as an attestation's.
func legacyBundles(annotations map[string]string) (map[string]*attest.Bundle, error) {
	signature, err := attest.LegacySignature([]byte(payload), annotations)
	if err != nil {
		return nil, err
	}
	attestation, err := attest.LegacyAttestation([]byte(legacyEnvelope), annotations)
	return map[string]*attest.Bundle{"signature": signature, "attestation": attestation}, err
}

func TestLegacyMaterial(t *testing.T) {
	bundles, err := legacyBundles(legacyAnnotations())
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range bundles {
		if got := b.Certificates(); len(got) != 3 || string(got[0]) != "leaf" || string(got[2]) != "root" {
			t.Errorf("%s: certificates %q", name, got)
		}
		if got := b.Timestamps(); len(got) != 1 || string(got[0]) != "timestamp" {
			t.Errorf("%s: timestamps %q", name, got)
		}
		entries := b.LogEntries()
		if len(entries) != 1 {
			t.Fatalf("%s: %d entries", name, len(entries))
		}
		e := entries[0]
		if e.LogIndex != 7 || e.IntegratedTime != 1700000000 || string(e.LogId.KeyId) != "log" || string(e.CanonicalizedBody) != logBody || e.InclusionProof != nil ||
			string(e.InclusionPromise.SignedEntryTimestamp) != "set" || e.KindVersion.Kind != "hashedrekord" || e.KindVersion.Version != "0.0.1" {
			t.Errorf("%s: %+v", name, e)
		}
		if b.Protobuf().MediaType != "" || b.KeyHint() != "" {
			t.Errorf("%s: %q, %q", name, b.Protobuf().MediaType, b.KeyHint())
		}
		if more, err := b.With(attest.Proof{Timestamp: []byte("x")}); err == nil || more != nil {
			t.Errorf("%s took one more proof", name)
		}
	}
	alone := legacyAnnotations()
	delete(alone, attest.LegacyChainAnnotation)
	if bundles, err = legacyBundles(alone); err != nil || len(bundles["signature"].Certificates()) != 1 {
		t.Errorf("a certificate without a chain: %v", err)
	}
	bundles, err = legacyBundles(map[string]string{
		attest.LegacySignatureAnnotation: b64("sig"), attest.LegacyCertificateAnnotation: "", attest.LegacyChainAnnotation: "", attest.LegacyBundleAnnotation: "", attest.LegacyTimestampAnnotation: "",
	})
	if err != nil || len(bundles["signature"].Certificates())+len(bundles["signature"].LogEntries())+len(bundles["signature"].Timestamps()) != 0 {
		t.Errorf("empty annotations: %v", err)
	}
}

func TestLegacyMaterialRefuses(t *testing.T) {
	good := legacyAnnotations()[attest.LegacyBundleAnnotation]
	with := func(old, replacement string) string { return strings.Replace(good, old, replacement, 1) }
	for name, c := range map[string]struct {
		annotation, value string
		want              attest.Fault
	}{
		"no certificate":         {attest.LegacyCertificateAnnotation, "hello", attest.FaultMalformed},
		"a key":                  {attest.LegacyCertificateAnnotation, strings.ReplaceAll(certificatesPEM("x"), "CERTIFICATE", "PUBLIC KEY"), attest.FaultMalformed},
		"text before":            {attest.LegacyCertificateAnnotation, "hello\n" + certificatesPEM("x"), attest.FaultMalformed},
		"text after":             {attest.LegacyCertificateAnnotation, certificatesPEM("x") + "hello", attest.FaultMalformed},
		"two certificates":       {attest.LegacyCertificateAnnotation, certificatesPEM("x", "y"), attest.FaultMalformed},
		"a chain alone":          {attest.LegacyCertificateAnnotation, "", attest.FaultMalformed},
		"a long chain":           {attest.LegacyChainAnnotation, strings.Repeat(certificatesPEM("x"), 17), attest.FaultMalformed},
		"too large":              {attest.LegacyBundleAnnotation, strings.Repeat(" ", 1<<20+1), attest.FaultTooLarge},
		"another one too large":  {"example.com/other", strings.Repeat(" ", 1<<20+1), attest.FaultTooLarge},
		"no JSON":                {attest.LegacyBundleAnnotation, "{", attest.FaultMalformed},
		"null":                   {attest.LegacyBundleAnnotation, "null", attest.FaultMalformed},
		"nothing in it":          {attest.LegacyBundleAnnotation, "{}", attest.FaultMalformed},
		"data after":             {attest.LegacyBundleAnnotation, good + "{}", attest.FaultTrailingData},
		"another case":           {attest.LegacyBundleAnnotation, with("Payload", "payload"), attest.FaultKeyCase},
		"a member twice":         {attest.LegacyBundleAnnotation, with(`"logIndex":7`, `"logIndex":7,"logIndex":8`), attest.FaultDuplicateKey},
		"no promise":             {attest.LegacyBundleAnnotation, with("SignedEntryTimestamp", "x"), attest.FaultMalformed},
		"an empty promise":       {attest.LegacyBundleAnnotation, with(b64("set"), ""), attest.FaultMalformed},
		"no body":                {attest.LegacyBundleAnnotation, with(`"body"`, `"x"`), attest.FaultMalformed},
		"a body of no kind":      {attest.LegacyBundleAnnotation, with(b64(logBody), b64("{}")), attest.FaultMalformed},
		"a body that is no JSON": {attest.LegacyBundleAnnotation, with(b64(logBody), b64("x")), attest.FaultMalformed},
		"no index":               {attest.LegacyBundleAnnotation, with(`,"logIndex":7`, ``), attest.FaultMalformed},
		"a negative index":       {attest.LegacyBundleAnnotation, with(`"logIndex":7`, `"logIndex":-7`), attest.FaultMalformed},
		"a broken index":         {attest.LegacyBundleAnnotation, with(`"logIndex":7`, `"logIndex":7.5`), attest.FaultMalformed},
		"an index of text":       {attest.LegacyBundleAnnotation, with(`"logIndex":7`, `"logIndex":"7"`), attest.FaultMalformed},
		"a huge time":            {attest.LegacyBundleAnnotation, with(`1700000000`, `9223372036854775808`), attest.FaultMalformed},
		"a log that is no hex":   {attest.LegacyBundleAnnotation, with(hex.EncodeToString([]byte("log")), "log"), attest.FaultMalformed},
		"no timestamp":           {attest.LegacyTimestampAnnotation, "{}", attest.FaultMalformed},
		"an empty timestamp":     {attest.LegacyTimestampAnnotation, `{"SignedRFC3161Timestamp":""}`, attest.FaultMalformed},
		"a timestamp of text":    {attest.LegacyTimestampAnnotation, `{"SignedRFC3161Timestamp":"!"}`, attest.FaultMalformed},
	} {
		annotations := maps.Clone(legacyAnnotations())
		annotations[c.annotation] = c.value
		if _, err := attest.LegacySignature([]byte(payload), annotations); faultOf(t, err) != c.want {
			t.Errorf("%s, signature: %v, want %s", name, err, c.want)
		}
		b, err := attest.LegacyAttestation([]byte(legacyEnvelope), annotations)
		if faultOf(t, err) != c.want || b != nil || !strings.HasPrefix(err.Error(), "annotation ") {
			t.Errorf("%s, attestation: %v, want %s", name, err, c.want)
		}
	}
}

// Whatever an annotation holds, it is refused, or a bundle has what it says.
func FuzzLegacyMaterial(f *testing.F) {
	a := legacyAnnotations()
	f.Add(a[attest.LegacyCertificateAnnotation], a[attest.LegacyChainAnnotation], a[attest.LegacyBundleAnnotation], a[attest.LegacyTimestampAnnotation])
	f.Fuzz(func(t *testing.T, leaf, chain, entry, timestamp string) {
		b, err := attest.LegacyAttestation([]byte(legacyEnvelope), map[string]string{
			attest.LegacyCertificateAnnotation: leaf, attest.LegacyChainAnnotation: chain, attest.LegacyBundleAnnotation: entry, attest.LegacyTimestampAnnotation: timestamp,
		})
		if faultOf(t, err) != "" {
			if b != nil {
				t.Error("a bundle beside an error")
			}
			return
		}
		if n := len(b.LogEntries()); n > 1 || (n == 1) != (entry != "") {
			t.Errorf("%d entries of %q", n, entry)
		}
		for _, e := range b.LogEntries() {
			if e.LogIndex < 0 || e.IntegratedTime < 0 || len(e.CanonicalizedBody) == 0 || e.KindVersion.GetKind() == "" || len(e.InclusionPromise.GetSignedEntryTimestamp()) == 0 {
				t.Errorf("%+v", e)
			}
		}
		if n := len(b.Timestamps()); n > 1 || (n == 1) != (timestamp != "") {
			t.Errorf("%d timestamps of %q", n, timestamp)
		}
		if n := len(b.Certificates()); n > 17 || n > 0 && leaf == "" {
			t.Errorf("%d certificates", n)
		}
	})
}
