// Package issuer is an OIDC issuer for local tokens. It serves its discovery document
// and key over HTTP (OpenID Connect Discovery 1.0); tokens are made by whoever has the
// private key, and there is no way to ask for one over HTTP.
package issuer

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
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

// Handler serves the issuer's discovery document and its public key, which is asked for
// when a client is.
func Handler(url string, key func() (*rsa.PublicKey, error)) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		web.JSON(w, map[string]any{
			"issuer": url, "jwks_uri": url + "/keys", "response_types_supported": []string{"id_token"},
			"subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{"RS256"},
		})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		found, err := key()
		if err != nil {
			web.Fail(w, http.StatusInternalServerError, "the key can't be read")
			return
		}
		public, err := webKey(found)
		if err != nil {
			web.Fail(w, http.StatusInternalServerError, "the key can't be read")
			return
		}
		web.JSON(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{public}})
	})
	return mux
}

func webKey(key *rsa.PublicKey) (jose.JSONWebKey, error) {
	out := jose.JSONWebKey{Key: key, Algorithm: string(jose.RS256), Use: "sig"}
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
func Mint(url string, key *rsa.PrivateKey, t Token, now time.Time, lifetime time.Duration) (string, error) {
	if t.Subject == "" {
		return "", errors.New("a token needs a subject")
	}
	public, err := webKey(&key.PublicKey)
	if err != nil {
		return "", err
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key, KeyID: public.KeyID}}, (&jose.SignerOptions{}).WithType("JWT"))
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
