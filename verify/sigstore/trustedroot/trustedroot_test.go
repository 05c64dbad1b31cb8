package trustedroot_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"slices"
	"strings"
	"testing"
	"time"

	bundlepb "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/sign"
	"github.com/sigstore/sigstore-go/pkg/verify"

	"github.com/carnet-project/carnet/fixtures/sigstore"
	"github.com/carnet-project/carnet/verify/sigstore/public"
	"github.com/carnet-project/carnet/verify/sigstore/trustedroot"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// own describes an instance as its operator would: certificates and keys in PEM, and
// the addresses at which the services listen.
func own(in *sigstore.Instance) trustedroot.Infrastructure {
	since := trustedroot.Period{From: sigstore.Start()}
	return trustedroot.Infrastructure{
		Authorities: []trustedroot.AuthoritySpec{{URL: "http://127.0.0.1:5555", Operator: "own", Chain: must(trustedroot.ParseChain(sigstore.PEM(in.CA.Chain())))}},
		Timestamps:  []trustedroot.AuthoritySpec{{URL: in.TSA.URL, Chain: must(trustedroot.ParseChain(sigstore.PEM(in.TSA.Certificates)))}},
		CTLogs:      []trustedroot.LogSpec{{URL: "http://127.0.0.1:6962/ct", Version: 1, Key: must(trustedroot.ParseKey(in.CT.Key.PEM())), Period: since}},
		Logs: []trustedroot.LogSpec{
			{URL: "http://127.0.0.1:3003", Version: 2, Origin: in.V2.Host, Key: must(trustedroot.ParseKey(in.V2.Key.PEM())), Period: since},
			{URL: "http://127.0.0.1:3000", Version: 1, Key: must(trustedroot.ParseKey(in.V1.Key.PEM())), Period: since},
		},
		Issuers: []trustedroot.Service{{URL: "http://127.0.0.1:8080", Version: 1}},
	}
}

// What an instance signed is good under the trusted root that is written from its
// certificates and keys, with each of its logs, and in the eyes of sigstore-go.
func TestWrittenRootVerifies(t *testing.T) {
	in := sigstore.New("own")
	raw, _, err := trustedroot.Write(own(in))
	if err != nil {
		t.Fatal(err)
	}
	trusted, err := root.NewTrustedRootFromJSON(raw)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	c := in.Issue(sigstore.Request{Holder: sigstore.Holder{Email: "dev@example.com", Issuer: "https://issuer.example.com"}, Key: sigstore.NewKey("dev"), From: at})
	for kind, log := range map[string]*sigstore.Log{sigstore.KindHashedRekord: in.V1, sigstore.KindHashedRekordV2: in.V2} {
		t.Run(kind, func(t *testing.T) {
			b := c.Message("content")
			signed := at.Add(time.Minute)
			b = sigstore.With(b, sigstore.Proof{Entry: log.Record(b, c.Key, kind, signed)}, sigstore.Proof{Timestamp: in.TSA.Stamp(sigstore.SignatureOf(b), signed, true)})
			if err := stock(trusted, b); err != nil {
				t.Fatal(err)
			}
			other := must(root.NewTrustedRootFromJSON([]byte(sigstore.New("other").TrustedRoot())))
			if stock(other, b) == nil {
				t.Error("the root of another instance verifies it, too")
			}
		})
	}
}

func stock(trusted *root.TrustedRoot, b *bundlepb.Bundle) error {
	parsed := &bundle.Bundle{}
	if err := parsed.UnmarshalJSON([]byte(sigstore.Encode(b))); err != nil {
		return err
	}
	verifier := must(verify.NewVerifier(trusted, verify.WithSignedCertificateTimestamps(1), verify.WithTransparencyLog(1), verify.WithSignedTimestamps(1)))
	identity := verify.WithCertificateIdentity(must(verify.NewShortCertificateIdentity("https://issuer.example.com", "", "dev@example.com", "")))
	_, err := verifier.Verify(parsed, verify.NewPolicy(verify.WithArtifact(strings.NewReader("content")), identity))
	return err
}

func TestWrittenConfigNamesTheServices(t *testing.T) {
	_, raw, err := trustedroot.Write(own(sigstore.New("own")))
	if err != nil {
		t.Fatal(err)
	}
	config, err := root.NewSigningConfigFromJSON(raw)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	if ca, err := root.SelectService(config.FulcioCertificateAuthorityURLs(), sign.FulcioAPIVersions, now); err != nil || ca.URL != "http://127.0.0.1:5555" {
		t.Errorf("the authority is %v, %v", ca, err)
	}
	if issuer, err := root.SelectService(config.OIDCProviderURLs(), []uint32{1}, now); err != nil || issuer.URL != "http://127.0.0.1:8080" {
		t.Errorf("the issuer is %v, %v", issuer, err)
	}
	// A log is written to where it listens, whatever its origin.
	logs, err := root.SelectServices(config.RekorLogURLs(), config.RekorLogURLsConfig(), []uint32{2}, now)
	if err != nil || len(logs) != 1 || logs[0].URL != "http://127.0.0.1:3003" {
		t.Errorf("the logs are %v, %v", logs, err)
	}
	if _, err := root.SelectServices(config.TimestampAuthorityURLs(), config.TimestampAuthorityURLsConfig(), sign.TimestampAuthorityAPIVersions, now); err != nil {
		t.Error(err)
	}
	again := must2(trustedroot.Write(own(sigstore.New("own"))))
	if !bytes.Equal(raw, again) {
		t.Error("the same infrastructure is written in other bytes the second time")
	}
}

func must2(_, v []byte, err error) []byte { return must(v, err) }

// The public instance's operators wrote its log IDs; from the same keys and names the
// same IDs are made, for both versions.
func TestLogIDsAreThoseOfThePublicInstance(t *testing.T) {
	var file struct {
		Tlogs, CTLogs []struct {
			BaseURL   string
			PublicKey struct{ RawBytes string }
			LogID     struct{ KeyID string }
		}
	}
	if err := json.Unmarshal(public.TrustedRoot(), &file); err != nil {
		t.Fatal(err)
	}
	versions := map[uint32]int{}
	for _, l := range slices.Concat(file.Tlogs, file.CTLogs) {
		version := uint32(1)
		if strings.Contains(l.BaseURL, "log2025") {
			version = 2
		}
		versions[version]++
		key := must(x509.ParsePKIXPublicKey(must(base64.StdEncoding.DecodeString(l.PublicKey.RawBytes))))
		raw, _, err := trustedroot.Write(trustedroot.Infrastructure{Logs: []trustedroot.LogSpec{{URL: l.BaseURL, Version: version, Key: key, Period: trustedroot.Period{From: sigstore.Start()}}}})
		if err != nil {
			t.Fatal(err)
		}
		want := hex.EncodeToString(must(base64.StdEncoding.DecodeString(l.LogID.KeyID)))
		if got := must(trustedroot.Read(raw)).Logs[0]; got.ID != want || got.URL != l.BaseURL {
			t.Errorf("%s: the ID is %s of %s, want %s", l.BaseURL, got.ID, got.URL, want)
		}
	}
	if versions[1] == 0 || versions[2] == 0 {
		t.Errorf("logs of each version: %v", versions)
	}
}

func TestReadPublic(t *testing.T) {
	c, err := trustedroot.Read(public.TrustedRoot())
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Authorities) != 2 || len(c.Logs) != 2 || len(c.CTLogs) != 2 || len(c.Timestamps) != 1 {
		t.Fatalf("%+v", c)
	}
	if l := c.Logs[1]; l.URL != "https://log2025-1.rekor.sigstore.dev" || l.Key != "ED25519" || l.From.Year() != 2025 || !l.Until.IsZero() {
		t.Errorf("%+v", l)
	}
	if a := c.Authorities[0]; a.URL != "https://fulcio.sigstore.dev" || a.Subject != "CN=sigstore,O=sigstore.dev" || a.Until.Year() != 2022 || len(a.Root) != 64 {
		t.Errorf("%+v", a)
	}
}

func TestReadRefuses(t *testing.T) {
	for name, raw := range map[string][]byte{
		"nothing":           nil,
		"another file":      public.SigningConfig(),
		"nobody":            []byte(`{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}`),
		"another version":   bytes.Replace(public.TrustedRoot(), []byte("version=0.1"), []byte("version=9.9"), 1),
		"an unknown member": bytes.Replace(public.TrustedRoot(), []byte(`"tlogs"`), []byte(`"tclogs"`), 1),
		"too much":          append(public.TrustedRoot(), bytes.Repeat([]byte(" "), trustedroot.MaxBytes)...),
	} {
		if c, err := trustedroot.Read(raw); err == nil {
			t.Errorf("%s is read as %+v", name, c)
		}
	}
	if _, err := trustedroot.ReadServices(public.TrustedRoot()); err == nil {
		t.Error("a trusted root is read as a signing configuration")
	}
}

func TestWriteRefuses(t *testing.T) {
	in := sigstore.New("own")
	p224 := must(ecdsa.GenerateKey(elliptic.P224(), rand.Reader))
	for name, test := range map[string]struct {
		spoil func(*trustedroot.Infrastructure)
		want  string
	}{
		"one log twice":                        {func(i *trustedroot.Infrastructure) { i.Logs = append(i.Logs, i.Logs[1]) }, "one log ID"},
		"an origin for version 1":              {func(i *trustedroot.Infrastructure) { i.Logs[1].Origin = "a.test" }, "no origin"},
		"an origin that is no host":            {func(i *trustedroot.Infrastructure) { i.Logs[0].Origin = "a.test/log" }, "not a host name"},
		"an origin with a path and query":      {func(i *trustedroot.Infrastructure) { i.Logs[0].Origin = "a.test?x" }, "not a host name"},
		"an origin with a port":                {func(i *trustedroot.Infrastructure) { i.Logs[0].Origin = "a.test:80" }, "not a host name"},
		"a key that no trusted root names":     {func(i *trustedroot.Infrastructure) { i.Logs[0].Key = p224.Public() }, "P-256"},
		"a timestamp chain for certificates":   {func(i *trustedroot.Infrastructure) { i.Authorities[0].Chain = i.Timestamps[0].Chain }, "not an authority's"},
		"a certificate chain for timestamps":   {func(i *trustedroot.Infrastructure) { i.Timestamps[0].Chain = i.Authorities[0].Chain }, "must come first"},
		"a timestamp authority without issuer": {func(i *trustedroot.Infrastructure) { i.Timestamps[0].Chain = i.Timestamps[0].Chain[1:] }, "must come first"},
		"a log without a beginning":            {func(i *trustedroot.Infrastructure) { i.Logs[0].From = time.Time{} }, "start time"},
		"nobody":                               {func(i *trustedroot.Infrastructure) { *i = trustedroot.Infrastructure{} }, "names no certificate authority"},
	} {
		t.Run(name, func(t *testing.T) {
			i := own(in)
			test.spoil(&i)
			if tr, sc, err := trustedroot.Write(i); err == nil || tr != nil || sc != nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v, want %q", err, test.want)
			}
		})
	}
}

func TestChainRefused(t *testing.T) {
	in, other := sigstore.New("own"), sigstore.New("other")
	chain := in.CA.Chain()
	reversed := slices.Clone(chain)
	slices.Reverse(reversed)
	for name, raw := range map[string][]byte{
		"nothing":              nil,
		"a key":                in.V1.Key.PEM(),
		"trailing text":        append(sigstore.PEM(chain), "more"...),
		"the root first":       sigstore.PEM(reversed),
		"without its root":     sigstore.PEM(chain[:1]),
		"another's root":       sigstore.PEM([][]byte{chain[0], other.CA.Chain()[1]}),
		"no certificate in it": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")}),
		"too many":             bytes.Repeat(sigstore.PEM(chain[1:]), 11),
	} {
		if got, err := trustedroot.ParseChain(raw); err == nil {
			t.Errorf("%s is a chain of %d certificates", name, len(got))
		}
	}
	for name, raw := range map[string][]byte{"nothing": nil, "a certificate": sigstore.PEM(chain), "two keys": append(in.V1.Key.PEM(), in.V2.Key.PEM()...)} {
		if _, err := trustedroot.ParseKey(raw); err == nil {
			t.Errorf("%s is a key", name)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(public.TrustedRoot())
	f.Add([]byte(sigstore.New("own").TrustedRoot()))
	f.Add(public.SigningConfig())
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := trustedroot.Read(raw)
		if (c == nil) == (err == nil) {
			t.Errorf("%v, %v", c, err)
		}
		_, _ = trustedroot.ReadServices(raw)
	})
}
