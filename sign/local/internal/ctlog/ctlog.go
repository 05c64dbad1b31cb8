//go:build unix

// Package ctlog is a certificate transparency log for one authority in the same
// process: it takes the precertificates that the authority is about to issue, keeps
// them in a tree of the static layout (c2sp.org/static-ct-api), and promises it with
// signed certificate timestamps (RFC 6962, section 3).
//
// A timestamp is signed when the entry is in the tree and on disk, so that there is
// no merge delay.
package ctlog

import (
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	ct "github.com/google/certificate-transparency-go"
	"github.com/google/certificate-transparency-go/tls"
	ctx509 "github.com/google/certificate-transparency-go/x509"
	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/tessera/ctonly"

	"github.com/carnet-project/carnet/sign/local/internal/tree"
)

// Options are what a log is made of.
type Options struct {
	// Dir is the folder of its tree, and Origin its name.
	Dir, Origin string
	Key         *ecdsa.PrivateKey
	// Issuers are the certificates above those that it takes: the issuer first.
	Issuers []*x509.Certificate
	Now     func() time.Time
}

// A Log is a certificate transparency log.
type Log struct {
	key     *ecdsa.PrivateKey
	id      [sha256.Size]byte
	issuers []*x509.Certificate
	prints  [][32]byte
	now     func() time.Time
	tree    *tree.Tree
}

// Open opens the log in its folder, or starts it.
func Open(o Options) (*Log, error) {
	id, err := ID(&o.Key.PublicKey)
	if err != nil {
		return nil, err
	}
	l := &Log{key: o.Key, id: id, issuers: o.Issuers, now: o.Now}
	for _, c := range o.Issuers {
		l.prints = append(l.prints, sha256.Sum256(c.Raw))
	}
	if l.tree, err = tree.Open(o.Dir, &noteSigner{name: o.Origin, log: l}, true); err != nil {
		return nil, err
	}
	return l, nil
}

// ID is the log's identifier: the digest of its public key (RFC 6962, section 3.2).
func ID(key *ecdsa.PublicKey) ([sha256.Size]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	return sha256.Sum256(der), err
}

// Close ends the log.
func (l *Log) Close(ctx context.Context) error { return l.tree.Close(ctx) }

// Add enters a precertificate, with its poison, and returns the serialized list of the
// one timestamp, as it is embedded in the certificate (RFC 6962, section 3.3).
func (l *Log) Add(ctx context.Context, precertificate []byte) ([]byte, error) {
	parsed, err := ctx509.ParseCertificate(precertificate)
	if ctx509.IsFatal(err) {
		return nil, fmt.Errorf("the precertificate: %w", err)
	}
	body, err := ctx509.BuildPrecertTBS(parsed.RawTBSCertificate, nil)
	if err != nil {
		return nil, fmt.Errorf("the precertificate: %w", err)
	}
	issuer := sha256.Sum256(l.issuers[0].RawSubjectPublicKeyInfo)
	at := uint64(l.now().UnixMilli())
	index, err := l.tree.AppendCertificate(ctx, &ctonly.Entry{
		Timestamp: at, IsPrecert: true, Certificate: body, Precertificate: precertificate,
		IssuerKeyHash: issuer[:], FingerprintsChain: l.prints,
	})
	if err != nil {
		return nil, err
	}
	return l.promise(at, index, issuer, body)
}

func (l *Log) promise(at, index uint64, issuer [sha256.Size]byte, body []byte) ([]byte, error) {
	place, err := leafIndex(index)
	if err != nil {
		return nil, err
	}
	sct := ct.SignedCertificateTimestamp{SCTVersion: ct.V1, LogID: ct.LogID{KeyID: l.id}, Timestamp: at, Extensions: place}
	input, err := ct.SerializeSCTSignatureInput(sct, ct.LogEntry{Leaf: ct.MerkleTreeLeaf{
		Version: ct.V1, LeafType: ct.TimestampedEntryLeafType,
		TimestampedEntry: &ct.TimestampedEntry{
			Timestamp: at, EntryType: ct.PrecertLogEntryType, Extensions: place,
			PrecertEntry: &ct.PreCert{IssuerKeyHash: issuer, TBSCertificate: body},
		},
	}})
	if err != nil {
		return nil, err
	}
	signature, err := tls.CreateSignature(*l.key, tls.SHA256, input)
	if err != nil {
		return nil, err
	}
	sct.Signature = ct.DigitallySigned(signature)
	one, err := tls.Marshal(sct)
	if err != nil {
		return nil, err
	}
	return tls.Marshal(ctx509.SignedCertificateTimestampList{SCTList: []ctx509.SerializedSCT{{Val: one}}})
}

// leafIndex is the extension that says where the entry is: type 0, two bytes of
// length, and a number of five bytes (c2sp.org/static-ct-api, SCT Extension).
func leafIndex(index uint64) ([]byte, error) {
	if index >= 1<<40 {
		return nil, errors.New("the log is full")
	}
	extension := binary.BigEndian.AppendUint64([]byte{0, 0, 5}, index<<24)
	return extension[:8], nil
}

// ServeHTTP serves the checkpoint, the tiles and the issuers.
func (l *Log) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	want, ok := strings.CutPrefix(r.URL.Path, "/issuer/")
	if !ok {
		l.tree.ServeHTTP(w, r)
		return
	}
	for i, p := range l.prints {
		if hex.EncodeToString(p[:]) == want {
			w.Header().Set("Content-Type", "application/pkix-cert")
			_, _ = w.Write(l.issuers[i].Raw)
			return
		}
	}
	http.NotFound(w, r)
}

// A noteSigner signs checkpoints as tree heads of RFC 6962, section 3.5
// (c2sp.org/static-ct-api, Checkpoints).
type noteSigner struct {
	name string
	log  *Log
}

func (s *noteSigner) Name() string { return s.name }

func (s *noteSigner) KeyHash() uint32 {
	const rfc6962Signature = 5
	h := sha256.New()
	h.Write(append([]byte(s.name), '\n', rfc6962Signature))
	h.Write(s.log.id[:])
	return binary.BigEndian.Uint32(h.Sum(nil))
}

func (s *noteSigner) Sign(text []byte) ([]byte, error) {
	var checkpoint log.Checkpoint
	if _, err := checkpoint.Unmarshal(text); err != nil {
		return nil, err
	}
	at := uint64(s.log.now().UnixMilli())
	head := ct.SignedTreeHead{Version: ct.V1, TreeSize: checkpoint.Size, Timestamp: at}
	copy(head.SHA256RootHash[:], checkpoint.Hash)
	input, err := ct.SerializeSTHSignatureInput(head)
	if err != nil {
		return nil, err
	}
	signature, err := tls.CreateSignature(*s.log.key, tls.SHA256, input)
	if err != nil {
		return nil, err
	}
	signed, err := tls.Marshal(signature)
	return append(binary.BigEndian.AppendUint64(nil, at), signed...), err
}
