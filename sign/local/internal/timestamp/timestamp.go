// Package timestamp is a timestamp authority over HTTP (RFC 3161), with the paths of
// sigstore/timestamp-authority.
package timestamp

import (
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"io"
	"net/http"
	"strings"
	"time"

	rfc3161 "github.com/digitorus/timestamp"

	"github.com/carnet-project/carnet/sign/local/internal/web"
)

const (
	maxRequest = 4 << 10
	maxNonce   = 160 // bits
)

// policy is that of sigstore's authorities.
var policy = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 2}

// An Authority signs timestamps. It may be used by several goroutines at once.
type Authority struct {
	// Key signs, and Chain is its certificate and those above it, the root last.
	Key   crypto.Signer
	Chain []*x509.Certificate
	Now   func() time.Time
}

// Handler serves POST /api/v1/timestamp and GET /api/v1/timestamp/certchain.
func (a *Authority) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v1/timestamp", a.stamp)
	mux.HandleFunc("GET /api/v1/timestamp/certchain", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/pem-certificate-chain")
		for _, c := range a.Chain {
			_ = pem.Encode(w, &pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
		}
	})
	return mux
}

func (a *Authority) stamp(w http.ResponseWriter, r *http.Request) {
	if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); kind != "application/timestamp-query" {
		web.Fail(w, http.StatusUnsupportedMediaType, "expected a request of type application/timestamp-query")
		return
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		web.Fail(w, http.StatusRequestEntityTooLarge, "the request could not be read, or is too large")
		return
	}
	asked, err := rfc3161.ParseRequest(raw)
	if err != nil {
		web.Fail(w, http.StatusBadRequest, "the request is not a TimeStampReq (RFC 3161)")
		return
	}
	if problem := refused(asked); problem != "" {
		web.Fail(w, http.StatusBadRequest, problem)
		return
	}
	stamp := rfc3161.Timestamp{
		HashAlgorithm: asked.HashAlgorithm, HashedMessage: asked.HashedMessage, Time: a.Now().UTC(), Nonce: asked.Nonce,
		Policy: policy, Accuracy: time.Second, AddTSACertificate: asked.Certificates, Certificates: a.Chain[1:],
	}
	answer, err := stamp.CreateResponseWithOpts(a.Chain[0], a.Key, crypto.SHA256)
	if err != nil {
		web.Fail(w, http.StatusInternalServerError, "the timestamp could not be made")
		return
	}
	w.Header().Set("Content-Type", "application/timestamp-reply")
	w.WriteHeader(http.StatusCreated)
	_, _ = w.Write(answer)
}

// refused is why a request is not answered, or "".
func refused(asked *rfc3161.Request) string {
	switch asked.HashAlgorithm {
	case crypto.SHA256, crypto.SHA384, crypto.SHA512:
	default:
		return "expected a digest of SHA-256, SHA-384 or SHA-512"
	}
	switch {
	case len(asked.HashedMessage) != asked.HashAlgorithm.Size():
		return "the digest has another length than its algorithm's"
	case len(asked.TSAPolicyOID) > 0 && !asked.TSAPolicyOID.Equal(policy):
		return "expected the policy " + policy.String() + ", or none"
	case len(asked.Extensions) > 0:
		return "extensions of requests are not known"
	case asked.Nonce != nil && asked.Nonce.BitLen() > maxNonce:
		return "the nonce is too large"
	}
	return ""
}
