// Package issuer is an OIDC issuer for local tokens. It serves its discovery document
// and key over HTTP (OpenID Connect Discovery 1.0); tokens are made by whoever has the
// private key, and there is no way to ask for one over HTTP.
package issuer

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/carnet-project/carnet/sign/local/internal/identity"
	"github.com/carnet-project/carnet/sign/local/internal/web"
)

// Handler serves the issuer's discovery document and its public key.
func Handler(url string, key *ecdsa.PublicKey) (http.Handler, error) {
	public, err := public(key)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		web.JSON(w, map[string]any{
			"issuer": url, "jwks_uri": url + "/keys", "response_types_supported": []string{"id_token"},
			"subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{"ES256"},
		})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		web.JSON(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{public}})
	})
	return mux, nil
}

func public(key *ecdsa.PublicKey) (jose.JSONWebKey, error) {
	out := jose.JSONWebKey{Key: key, Algorithm: string(jose.ES256), Use: "sig"}
	print, err := out.Thumbprint(crypto.SHA256)
	out.KeyID = base64.RawURLEncoding.EncodeToString(print)
	return out, err
}

// A Token is what a token says beside who issued it and when.
type Token struct {
	Kind    identity.Kind
	Subject string
	Claims  map[string]any
}

// Mint makes a token of the issuer, for Sigstore, which is good from now on for a while.
func Mint(url string, key *ecdsa.PrivateKey, t Token, now time.Time, lifetime time.Duration) (string, error) {
	if t.Subject == "" {
		return "", errors.New("a token needs a subject")
	}
	public, err := public(&key.PublicKey)
	if err != nil {
		return "", err
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: public.KeyID}}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", fmt.Errorf("the issuer's key: %w", err)
	}
	id := make([]byte, 16)
	_, _ = rand.Read(id) // never fails
	claims := maps.Clone(t.Claims)
	if claims == nil {
		claims = map[string]any{}
	}
	maps.Copy(claims, map[string]any{
		"iss": url, "aud": identity.Audience, "sub": t.Subject, identity.KindClaim: t.Kind,
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(lifetime).Unix(), "jti": base64.RawURLEncoding.EncodeToString(id),
	})
	return jwt.Signed(signer).Claims(claims).Serialize()
}
