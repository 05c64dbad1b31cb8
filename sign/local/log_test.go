//go:build unix

package local_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	ct "github.com/google/certificate-transparency-go"
	ctx509 "github.com/google/certificate-transparency-go/x509"
	"github.com/google/certificate-transparency-go/x509util"
	entries "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	rekornote "github.com/sigstore/rekor-tiles/v2/pkg/note"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/sign"
	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/transparency-dev/formats/log"
	formats "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/client"
	"golang.org/x/mod/sumdb/note"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/carnet-project/carnet/sign/local"
)

// entryRequest asks for an entry: the key signs the content.
func entryRequest(t testing.TB, key *ecdsa.PrivateKey, content []byte) []byte {
	t.Helper()
	digest := sha256.Sum256(content)
	sig, err := key.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(map[string]any{"hashedRekordRequestV002": map[string]any{
		"digest": digest[:],
		"signature": map[string]any{"content": sig, "verifier": map[string]any{
			"publicKey": map[string]any{"rawBytes": der}, "keyDetails": "PKIX_ECDSA_P256_SHA_256",
		}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// A reader reads the log over HTTP as a monitor does.
type reader struct {
	fetch *client.HTTPFetcher
	key   note.Verifier
}

// newReader reads the log or the CT log of a Sigstore, with the key of its trusted root.
func newReader(t testing.TB, s *local.Sigstore, ct bool) *reader {
	t.Helper()
	material, err := root.NewTrustedRootFromJSON(s.TrustedRoot())
	if err != nil {
		t.Fatal(err)
	}
	at, logs := s.Status().Rekor, material.RekorLogs()
	if ct {
		at, logs = s.Status().CTLog, material.CTLogs()
	}
	base, err := url.Parse(at + "/")
	if err != nil {
		t.Fatal(err)
	}
	fetch, err := client.NewHTTPFetcher(base, http.DefaultClient)
	if err != nil {
		t.Fatal(err)
	}
	r := &reader{fetch: fetch}
	for _, known := range logs {
		if ct {
			vkey, err := formats.RFC6962VerifierString("https://ct-"+s.Status().Name+".localhost", known.PublicKey)
			if err != nil {
				t.Fatal(err)
			}
			if r.key, err = formats.NewRFC6962Verifier(vkey); err != nil {
				t.Fatal(err)
			}
			continue
		}
		origin, err := url.Parse(known.BaseURL)
		if err != nil {
			t.Fatal(err)
		}
		verifier, err := signature.LoadVerifier(known.PublicKey, crypto.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		if r.key, err = rekornote.NewNoteVerifier(origin.Hostname(), verifier); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// checkpoint is the checkpoint as it is served.
func (r *reader) checkpoint(t testing.TB) log.Checkpoint {
	t.Helper()
	raw, err := r.fetch.ReadCheckpoint(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return r.open(t, raw)
}

func (r *reader) open(t testing.TB, raw []byte) log.Checkpoint {
	t.Helper()
	checkpoint, _, _, err := log.ParseCheckpoint(raw, r.key.Name(), r.key)
	if err != nil {
		t.Fatalf("%v\n%s", err, raw)
	}
	return *checkpoint
}

// grown checks that the tree of the later checkpoint is that of the earlier with more
// entries behind.
func (r *reader) grown(t testing.TB, earlier, later log.Checkpoint) {
	t.Helper()
	builder, err := client.NewProofBuilder(context.Background(), later.Size, r.fetch.ReadTile)
	if err != nil {
		t.Fatal(err)
	}
	hashes, err := builder.ConsistencyProof(context.Background(), earlier.Size, later.Size)
	if err != nil {
		t.Fatal(err)
	}
	if err := proof.VerifyConsistency(rfc6962.DefaultHasher, earlier.Size, later.Size, hashes, earlier.Hash, later.Hash); err != nil {
		t.Errorf("from %d to %d entries: %v", earlier.Size, later.Size, err)
	}
}

// has checks that the entry is at its place in the log, read from its tiles, and
// that its proof leads to its checkpoint.
func (r *reader) has(t testing.TB, e *entries.TransparencyLogEntry, now log.Checkpoint) {
	t.Helper()
	index := uint64(e.GetLogIndex())
	bundle, err := client.GetEntryBundle(context.Background(), r.fetch.ReadEntryBundle, index/256, now.Size)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(bundle.Entries[index%256], e.GetCanonicalizedBody()) {
		t.Errorf("entry %d is another one", index)
	}
	p := e.GetInclusionProof()
	then := r.open(t, []byte(p.GetCheckpoint().GetEnvelope()))
	if err := proof.VerifyInclusion(rfc6962.DefaultHasher, index, then.Size, rfc6962.DefaultHasher.HashLeaf(e.GetCanonicalizedBody()), p.GetHashes(), then.Hash); err != nil {
		t.Errorf("entry %d: %v", index, err)
	}
	r.grown(t, then, now)
}

// Entries come with a proof at once, and readers find them in the tiles.
func TestLog(t *testing.T) {
	t.Parallel()
	s, _ := start(t, t.TempDir()+"/sigstore", local.Options{})
	r := newReader(t, s, false)
	before := r.checkpoint(t)
	if before.Size != 0 || before.Origin != "rekor-"+s.Status().Name+".localhost" {
		t.Errorf("a new log has %d entries, and the origin %q", before.Size, before.Origin)
	}
	where, key := s.Status().Rekor+"/api/v2/log/entries", newKey(t)
	first := entryRequest(t, key, []byte("a file"))
	status, _, text := post(t, where, "application/json", first)
	var e entries.TransparencyLogEntry
	if err := protojson.Unmarshal([]byte(text), &e); status != 201 || err != nil {
		t.Fatalf("status %d: %s", status, text)
	}
	if e.GetKindVersion().GetKind() != "hashedrekord" || e.GetKindVersion().GetVersion() != "0.0.2" {
		t.Errorf("the entry is a %v", e.GetKindVersion())
	}
	r.has(t, &e, r.checkpoint(t))
	status, header, text := post(t, where, "application/json", first)
	if status != 409 || header.Get("X-Log-Index") != "0" {
		t.Errorf("a repeat: status %d, index %q: %s", status, header.Get("X-Log-Index"), text)
	}
}

// What is not a signature of what it says does not get into the log.
func TestRefusedEntries(t *testing.T) {
	t.Parallel()
	s, _ := start(t, t.TempDir()+"/sigstore", local.Options{})
	where, key := s.Status().Rekor+"/api/v2/log/entries", newKey(t)
	good := string(entryRequest(t, key, []byte("a file")))
	digest := sha256.Sum256([]byte("a file"))
	other := sha256.Sum256([]byte("another file"))
	encoded := func(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
	for name, test := range map[string]struct{ body, say string }{
		"another digest": {strings.Replace(good, encoded(digest[:]), encoded(other[:]), 1), "verifying signature"},
		"short digest":   {strings.Replace(good, encoded(digest[:]), encoded(digest[:20]), 1), "digest length"},
		"other key kind": {strings.Replace(good, "P256_SHA_256", "P384_SHA_384", 1), "invalid hashedrekord"},
		"no signature":   {`{"hashedRekordRequestV002":{}}`, "missing signature"},
		"dsse":           {`{"dsseRequestV002":{}}`, "must be hashedrekord"},
		"nothing":        {`{}`, "must be hashedrekord"},
		"no JSON":        {"<entry/>", "JSON"},
		"large":          {strings.Repeat(" ", 1<<20), "larger"},
	} {
		if status, _, text := post(t, where, "application/json", []byte(test.body)); status < 400 || status >= 500 || !strings.Contains(text, test.say) {
			t.Errorf("%s: status %d, and %q is to be said: %s", name, status, test.say, text)
		}
	}
	if size := newReader(t, s, false).checkpoint(t).Size; size != 0 {
		t.Errorf("the log has %d entries", size)
	}
}

// The tiles are served, and nothing else of the folder.
func TestServesTilesAlone(t *testing.T) {
	t.Parallel()
	s, _ := start(t, t.TempDir()+"/sigstore", local.Options{})
	for _, path := range []string{
		"/rekor/.state/treeState", "/rekor/tile/", "/rekor/tile/../.state/treeState", "/rekor/tile/%2e%2e/%2e%2e/keys/authority.pem", "/rekor/api/v2/tile/..%2f..%2fkeys/rekor.pem",
		"/ct/../keys/ct.pem", "/ct/tile/..%2f..%2fkeys%2fct.pem", "/tuf/../state.json", "/tuf/..%2fstate.json", "/keys/ct.pem", "/state.json", "/",
	} {
		answer, err := http.Get(s.Status().URL + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		if err := answer.Body.Close(); err != nil {
			t.Fatal(err)
		}
		if err != nil || answer.StatusCode != http.StatusNotFound && answer.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: status %d: %q", path, answer.StatusCode, body)
		}
	}
}

// What a certificate's timestamp promises is in the CT log, at the place that it names.
func TestCTLog(t *testing.T) {
	t.Parallel()
	s, _ := start(t, t.TempDir()+"/sigstore", local.Options{})
	material, err := root.NewTrustedRootFromJSON(s.TrustedRoot())
	if err != nil {
		t.Fatal(err)
	}
	ca := material.FulcioCertificateAuthorities()[0].(*root.FulcioCertificateAuthority)
	issuer, err := ctx509.ParseCertificate(ca.Intermediates[0].Raw)
	if err != nil {
		t.Fatal(err)
	}
	r := newReader(t, s, true)
	for want := range uint64(3) {
		b := signed(t, s, local.Email("dev@example.com"), &sign.PlainData{Data: []byte("a file")})
		leaf, err := ctx509.ParseCertificate(b.GetVerificationMaterial().GetCertificate().GetRawBytes())
		if ctx509.IsFatal(err) {
			t.Fatal(err)
		}
		scts, err := x509util.ParseSCTsFromCertificate(leaf.Raw)
		if err != nil || len(scts) != 1 {
			t.Fatalf("%d timestamps, %v", len(scts), err)
		}
		if place := append([]byte{0, 0, 5}, 0, 0, 0, 0, byte(want)); !bytes.Equal(scts[0].Extensions, place) {
			t.Errorf("timestamp %d names its place %x", want, scts[0].Extensions)
		}
		entry, err := ct.MerkleTreeLeafForEmbeddedSCT([]*ctx509.Certificate{leaf, issuer}, scts[0].Timestamp)
		if err != nil {
			t.Fatal(err)
		}
		entry.TimestampedEntry.Extensions = scts[0].Extensions
		hash, err := ct.LeafHashForLeaf(entry)
		if err != nil {
			t.Fatal(err)
		}
		hashes, err := client.FetchLeafHashes(t.Context(), r.fetch.ReadTile, want, 1, r.checkpoint(t).Size)
		if err != nil || !bytes.Equal(hashes[0], hash[:]) {
			t.Errorf("entry %d is %x, and the certificate's is %x: %v", want, hashes, hash, err)
		}
	}
	print := sha256.Sum256(ca.Intermediates[0].Raw)
	if chain := got(t, s.Status().CTLog+"/issuer/"+hexed(print[:])); chain != string(ca.Intermediates[0].Raw) {
		t.Errorf("the issuer is %d bytes", len(chain))
	}
}
