package authority

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/cryptoutils/goodkey"
	"github.com/sigstore/sigstore/pkg/signature"

	"github.com/carnet-project/carnet/sign/local/internal/identity"
	"github.com/carnet-project/carnet/sign/local/internal/web"
)

// maxRequest is the largest request in bytes: a token, a key and a proof.
const maxRequest = 64 << 10

// Handler serves POST /api/v2/signingCert, GET /api/v2/trustBundle and GET
// /api/v2/configuration.
func (a *Authority) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v2/signingCert", a.create)
	mux.HandleFunc("GET /api/v2/trustBundle", a.trustBundle)
	mux.HandleFunc("GET /api/v2/configuration", a.configuration)
	return mux
}

// A request is CreateSigningCertificateRequest of fulcio.proto. The token may come in
// the Authorization header instead.
type request struct {
	Credentials struct {
		Token string `json:"oidcIdentityToken"`
	} `json:"credentials"`
	PublicKeyRequest struct {
		PublicKey struct {
			Content string `json:"content"`
		} `json:"publicKey"`
		Proof []byte `json:"proofOfPossession"`
	} `json:"publicKeyRequest"`
	CSR []byte `json:"certificateSigningRequest"`
}

func (a *Authority) create(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		web.Fail(w, http.StatusRequestEntityTooLarge, "the request could not be read, or is too large")
		return
	}
	var asked request
	if err := json.Unmarshal(raw, &asked); err != nil {
		// The error of the decoder may quote the request, which has a token.
		web.Fail(w, http.StatusBadRequest, "the request is not a CreateSigningCertificateRequest in JSON")
		return
	}
	token := asked.Credentials.Token
	if token == "" {
		token, _ = strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	}
	principal, err := a.Tokens.Verify(r.Context(), token)
	if err != nil {
		status := http.StatusBadRequest
		if errors.Is(err, identity.ErrUnavailable) {
			status = http.StatusServiceUnavailable
		}
		web.Fail(w, status, err.Error())
		return
	}
	key, err := asked.key(principal.Proof)
	if err != nil {
		web.Fail(w, http.StatusBadRequest, err.Error())
		return
	}
	said, err := extensions(principal)
	if err != nil {
		web.Fail(w, http.StatusBadRequest, err.Error())
		return
	}
	made, err := a.issue(r.Context(), said, key)
	if err != nil {
		web.Fail(w, http.StatusInternalServerError, "the certificate could not be made")
		return
	}
	chain := append([]string{text(made)}, a.chain()...)
	web.JSON(w, map[string]any{"signedCertificateEmbeddedSct": map[string]any{"chain": map[string]any{"certificates": chain}}})
}

// key is the public key of the request, whose owner has signed the text.
func (q *request) key(proven string) (crypto.PublicKey, error) {
	if len(q.CSR) > 0 {
		csr, err := cryptoutils.ParseCSR(q.CSR)
		if err != nil {
			return nil, errors.New("the certificate signing request can't be read")
		}
		if err := goodkey.ValidatePubKey(csr.PublicKey); err != nil {
			return nil, errors.New("the public key is insecure: " + err.Error())
		}
		if err := csr.CheckSignature(); err != nil {
			return nil, errors.New("the signature of the certificate signing request is wrong")
		}
		return csr.PublicKey, nil
	}
	block, rest := pem.Decode([]byte(q.PublicKeyRequest.PublicKey.Content))
	if block == nil || len(bytes.TrimSpace(rest)) > 0 {
		return nil, errors.New("the public key is not one PEM block")
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, errors.New("the public key is not a SubjectPublicKeyInfo")
	}
	if err := goodkey.ValidatePubKey(key); err != nil {
		return nil, errors.New("the public key is insecure: " + err.Error())
	}
	verifier, err := signature.LoadDefaultVerifier(key)
	if err != nil {
		return nil, errors.New("keys of this kind are not known")
	}
	if err := verifier.VerifySignature(bytes.NewReader(q.PublicKeyRequest.Proof), strings.NewReader(proven)); err != nil {
		return nil, errors.New("the proof of possession is not a signature of the token's subject by the key")
	}
	return key, nil
}

func (a *Authority) trustBundle(w http.ResponseWriter, _ *http.Request) {
	web.JSON(w, map[string]any{"chains": []any{map[string]any{"certificates": a.chain()}}})
}

func (a *Authority) configuration(w http.ResponseWriter, _ *http.Request) {
	issuers := []any{}
	for _, i := range a.Issuers {
		challenge := "sub"
		if i.Kind == identity.Email {
			challenge = "email"
		}
		issuers = append(issuers, map[string]any{"issuerUrl": i.URL, "audience": identity.Audience, "challengeClaim": challenge, "issuerType": i.Kind})
	}
	web.JSON(w, map[string]any{"issuers": issuers})
}

func (a *Authority) chain() []string {
	var chain []string
	for _, c := range a.Chain {
		chain = append(chain, text(c.Raw))
	}
	return chain
}

func text(der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}
