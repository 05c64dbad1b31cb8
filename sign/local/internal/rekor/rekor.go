//go:build unix

// Package rekor is a transparency log with the API of Rekor v2 for writers: it takes
// hashedrekord entries, whose signatures it checks, and answers when they are in the
// tree (sigstore/rekor-tiles, api/proto/rekor/v2/rekor_service.proto).
package rekor

import (
	"context"
	"crypto/ed25519"
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/cyberphone/json-canonicalization/go/src/webpki.org/jsoncanonicalizer"
	common "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	entry "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	api "github.com/sigstore/rekor-tiles/v2/pkg/generated/protobuf"
	"github.com/sigstore/rekor-tiles/v2/pkg/note"
	"github.com/sigstore/rekor-tiles/v2/pkg/types/hashedrekord"
	"github.com/sigstore/sigstore/pkg/signature"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/carnet-project/carnet/sign/local/internal/tree"
	"github.com/carnet-project/carnet/sign/local/internal/web"
)

// maxRequest is the largest request in bytes: an entry holds a digest, a signature and
// one certificate.
const maxRequest = 64 << 10

// A Log is a transparency log.
type Log struct {
	id         []byte
	algorithms *signature.AlgorithmRegistryConfig
	tree       *tree.Tree
}

// Open opens the log in dir, or starts it. The origin of its checkpoints is the host
// name by which the trusted root knows it.
func Open(dir, origin string, key ed25519.PrivateKey) (*Log, error) {
	id, err := ID(origin, key.Public().(ed25519.PublicKey))
	if err != nil {
		return nil, err
	}
	l := &Log{id: id}
	if l.algorithms, err = signature.NewAlgorithmRegistryConfig(algorithms()); err != nil {
		return nil, err
	}
	signer, err := signature.LoadED25519Signer(key)
	if err != nil {
		return nil, err
	}
	noted, err := note.NewNoteSigner(context.Background(), origin, signer)
	if err != nil {
		return nil, err
	}
	if l.tree, err = tree.Open(dir, noted, false); err != nil {
		return nil, err
	}
	return l, nil
}

// ID is the log's identifier: the digest of its origin and key (c2sp.org/signed-note).
func ID(origin string, key ed25519.PublicKey) ([]byte, error) {
	_, id, err := note.KeyHash(origin, key)
	return id, err
}

// algorithms are those that the public instance takes.
func algorithms() []common.PublicKeyDetails {
	return []common.PublicKeyDetails{
		common.PublicKeyDetails_PKIX_RSA_PKCS1V15_2048_SHA256, common.PublicKeyDetails_PKIX_RSA_PKCS1V15_3072_SHA256,
		common.PublicKeyDetails_PKIX_RSA_PKCS1V15_4096_SHA256, common.PublicKeyDetails_PKIX_ECDSA_P256_SHA_256,
		common.PublicKeyDetails_PKIX_ECDSA_P384_SHA_384, common.PublicKeyDetails_PKIX_ECDSA_P521_SHA_512,
		common.PublicKeyDetails_PKIX_ED25519, common.PublicKeyDetails_PKIX_ED25519_PH,
	}
}

// Close ends the log.
func (l *Log) Close(ctx context.Context) error { return l.tree.Close(ctx) }

// Size is how many entries the log has.
func (l *Log) Size(ctx context.Context) (uint64, error) { return l.tree.Size(ctx) }

// Handler serves POST /api/v2/log/entries, and the checkpoint and tiles for readers both
// below /api/v2 and at the top, where tlog-tiles has them.
func (l *Log) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v2/log/entries", l.create)
	mux.Handle("GET /api/v2/", http.StripPrefix("/api/v2", l.tree))
	mux.Handle("GET /", l.tree)
	return mux
}

func (l *Log) create(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		web.Fail(w, http.StatusRequestEntityTooLarge, "the request could not be read, or is larger than an entry can be")
		return
	}
	leaf, kind, err := parse(raw, l.algorithms)
	if err != nil {
		web.Fail(w, http.StatusBadRequest, err.Error())
		return
	}
	proof, err := l.tree.Append(r.Context(), leaf)
	var duplicate *tree.DuplicateError
	switch {
	case errors.As(err, &duplicate):
		w.Header().Set("X-Log-Index", strconv.FormatUint(duplicate.Index, 10))
		web.Fail(w, http.StatusConflict, err.Error())
		return
	case err != nil:
		web.Fail(w, http.StatusInternalServerError, "the entry could not be added")
		return
	}
	answer, err := protojson.Marshal(l.answer(leaf, kind, proof))
	if err != nil {
		web.Fail(w, http.StatusInternalServerError, "the entry could not be written")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	_, _ = w.Write(answer)
}

// parse checks a request and returns the entry's canonical bytes. Errors go to the
// client: they quote nothing of the request.
func parse(raw []byte, algorithms *signature.AlgorithmRegistryConfig) ([]byte, *entry.KindVersion, error) {
	var request api.CreateEntryRequest
	if err := protojson.Unmarshal(raw, &request); err != nil {
		return nil, nil, errors.New("the request is not a CreateEntryRequest in JSON")
	}
	hashed := request.GetHashedRekordRequestV002()
	if hashed == nil {
		return nil, nil, errors.New("invalid type, must be hashedrekord")
	}
	made, err := hashedrekord.ToLogEntry(hashed, algorithms)
	if err != nil {
		return nil, nil, errors.New("invalid hashedrekord request: " + err.Error())
	}
	plain, err := protojson.Marshal(made)
	if err != nil {
		return nil, nil, errors.New("invalid hashedrekord request")
	}
	leaf, err := jsoncanonicalizer.Transform(plain)
	if err != nil {
		return nil, nil, errors.New("invalid hashedrekord request")
	}
	return leaf, &entry.KindVersion{Kind: made.Kind, Version: made.ApiVersion}, nil
}

func (l *Log) answer(leaf []byte, kind *entry.KindVersion, p tree.Proof) *entry.TransparencyLogEntry {
	return &entry.TransparencyLogEntry{
		LogIndex: int64(p.Index), LogId: &common.LogId{KeyId: l.id}, KindVersion: kind, CanonicalizedBody: leaf,
		InclusionProof: &entry.InclusionProof{
			LogIndex: int64(p.Index), RootHash: p.Checkpoint.Root, TreeSize: int64(p.Checkpoint.Size), Hashes: p.Hashes,
			Checkpoint: &entry.Checkpoint{Envelope: string(p.Checkpoint.Note)},
		},
	}
}
