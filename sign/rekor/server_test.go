package rekor_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	commonpb "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	rekorpb "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	tilespb "github.com/sigstore/rekor-tiles/v2/pkg/generated/protobuf"
	"github.com/sigstore/rekor-tiles/v2/pkg/types/hashedrekord"
	"github.com/sigstore/rekor/pkg/generated/models"
	"github.com/sigstore/rekor/pkg/types"
	"github.com/sigstore/sigstore/pkg/signature"
	"google.golang.org/protobuf/encoding/protojson"
)

// A server answers as Rekor of both versions does, and checks and writes entries with
// Rekor's own code. Its tree is not one: each entry has a tree of its own.
type server struct {
	url string
	// instead answers in the place of the log if it is set and returns true.
	instead func(n int, w http.ResponseWriter, r *http.Request) bool
	// forgeV2 and forgeV1 change an answer.
	forgeV2 func(*rekorpb.TransparencyLogEntry)
	forgeV1 func(map[string]any)
	time    int64

	mu     sync.Mutex
	asked  int
	bodies map[string][]byte // by leaf hash in hex
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{bodies: map[string][]byte{}, time: 1767323046}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v2/log/entries", s.v2)
	mux.HandleFunc("POST /api/v1/log/entries", s.v1)
	mux.HandleFunc("GET /api/v1/log/entries/{id}", s.get)
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.asked++
		n := s.asked
		s.mu.Unlock()
		if s.instead == nil || !s.instead(n, w, r) {
			mux.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(h.Close)
	s.url = h.URL
	return s
}

// keep keeps a body and says whether it is new.
func (s *server) keep(body []byte) (id string, isNew bool) {
	sum := sha256.Sum256(append([]byte{0}, body...))
	id = hex.EncodeToString(sum[:])
	s.mu.Lock()
	defer s.mu.Unlock()
	_, had := s.bodies[id]
	s.bodies[id] = body
	return id, !had
}

func fail(w http.ResponseWriter, code int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(map[string]any{"code": code, "message": message})
}

func (s *server) v2(w http.ResponseWriter, r *http.Request) {
	body, err := readV2(r.Body)
	if err != nil {
		fail(w, 400, err.Error())
		return
	}
	id, isNew := s.keep(body)
	if !isNew {
		w.Header().Set("X-Log-Index", "7")
		fail(w, 409, "an equivalent entry already exists in the transparency log with index 7")
		return
	}
	hash, _ := hex.DecodeString(id)
	entry := &rekorpb.TransparencyLogEntry{
		LogIndex: 7, LogId: &commonpb.LogId{KeyId: []byte("log")}, KindVersion: &rekorpb.KindVersion{Kind: "hashedrekord", Version: "0.0.2"},
		InclusionProof: &rekorpb.InclusionProof{
			LogIndex: 7, TreeSize: 8, RootHash: hash, Checkpoint: &rekorpb.Checkpoint{Envelope: "log.example\n8\n"},
		},
		CanonicalizedBody: body,
	}
	if s.forgeV2 != nil {
		s.forgeV2(entry)
	}
	answer, err := protojson.Marshal(entry)
	if err != nil {
		fail(w, 500, err.Error())
		return
	}
	w.WriteHeader(http.StatusCreated)
	_, _ = w.Write(answer)
}

func readV2(r io.Reader) ([]byte, error) {
	raw, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	request := &tilespb.CreateEntryRequest{}
	if err := protojson.Unmarshal(raw, request); err != nil {
		return nil, err
	}
	algorithms, err := signature.NewAlgorithmRegistryConfig([]commonpb.PublicKeyDetails{
		commonpb.PublicKeyDetails_PKIX_ECDSA_P256_SHA_256, commonpb.PublicKeyDetails_PKIX_ECDSA_P384_SHA_384,
		commonpb.PublicKeyDetails_PKIX_ED25519_PH, commonpb.PublicKeyDetails_PKIX_RSA_PKCS1V15_3072_SHA256,
	})
	if err != nil {
		return nil, err
	}
	entry, err := hashedrekord.ToLogEntry(request.GetHashedRekordRequestV002(), algorithms)
	if err != nil {
		return nil, err
	}
	body, err := protojson.Marshal(entry)
	if err != nil {
		return nil, err
	}
	err = (*jsontext.Value)(&body).Canonicalize()
	return body, err
}

func (s *server) v1(w http.ResponseWriter, r *http.Request) {
	proposed, err := models.UnmarshalProposedEntry(r.Body, consumer{})
	if err != nil {
		fail(w, 400, err.Error())
		return
	}
	entry, err := types.CreateVersionedEntry(proposed)
	if err != nil {
		fail(w, 400, err.Error())
		return
	}
	body, err := types.CanonicalizeEntry(r.Context(), entry)
	if err != nil {
		fail(w, 400, err.Error())
		return
	}
	id, isNew := s.keep(body)
	if !isNew {
		w.Header().Set("Location", "/api/v1/log/entries/"+id)
		fail(w, 409, "an equivalent entry already exists in the transparency log with UUID "+id)
		return
	}
	w.Header().Set("ETag", id)
	s.writeV1(w, 201, id)
}

func (s *server) get(w http.ResponseWriter, r *http.Request) { s.writeV1(w, 200, r.PathValue("id")) }

func (s *server) writeV1(w http.ResponseWriter, code int, id string) {
	s.mu.Lock()
	body, known := s.bodies[id]
	s.mu.Unlock()
	if !known {
		fail(w, 404, "no entry "+strconv.Quote(id))
		return
	}
	entry := map[string]any{
		"body": base64.StdEncoding.EncodeToString(body), "integratedTime": s.time, "logID": fmt.Sprintf("%064x", 1), "logIndex": 7,
		"verification": map[string]any{
			"signedEntryTimestamp": []byte("set"),
			"inclusionProof":       map[string]any{"checkpoint": "log.example\n8\n", "hashes": []string{}, "logIndex": 7, "rootHash": id, "treeSize": 8},
		},
	}
	if s.forgeV1 != nil {
		s.forgeV1(entry)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(map[string]any{id: entry})
}

// consumer is what Rekor's generated code reads JSON with.
type consumer struct{}

func (consumer) Consume(r io.Reader, into any) error {
	d := json.NewDecoder(r)
	d.UseNumber()
	return d.Decode(into)
}
