package identity

import (
	"bytes"
	"context"
	"crypto"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

const (
	// Audience is whom tokens must be for.
	Audience = "sigstore"
	// MaxToken is the largest token in bytes.
	MaxToken = 32 << 10
	// maxAnswer is the largest discovery document or key set in bytes.
	maxAnswer = 1 << 20
)

// ErrUnavailable is the error of a token that can't be checked because its issuer does
// not answer.
var ErrUnavailable = errors.New("the issuer can't be asked")

// Built is an issuer in this process, whose public key is at hand when it is wanted.
type Built struct {
	URL string
	Key func() (crypto.PublicKey, error)
}

// KindClaim is the claim by which the built-in issuer, and it alone, says of which kind
// a token is.
const KindClaim = "carnet_kind"

// A Verifier checks tokens. It may be used by several goroutines at once.
type Verifier struct {
	issuers []Issuer
	built   *Built
	client  *http.Client
	now     func() time.Time

	// mu guards the providers that were asked for their keys.
	mu        sync.Mutex
	providers map[string]*oidc.IDTokenVerifier
}

// NewVerifier believes the issuers, and the built-in one if it is not nil. The client
// asks for their keys, when the first token of each comes.
func NewVerifier(issuers []Issuer, built *Built, client *http.Client, now func() time.Time) (*Verifier, error) {
	seen := map[string]bool{}
	for _, i := range issuers {
		if err := i.valid(); err != nil {
			return nil, err
		}
		if seen[i.URL] || built != nil && i.URL == built.URL {
			return nil, fmt.Errorf("issuer %q is given twice", i.URL)
		}
		seen[i.URL] = true
	}
	bounded := *client
	bounded.Transport = limited{client.Transport}
	return &Verifier{issuers: issuers, built: built, client: &bounded, now: now, providers: map[string]*oidc.IDTokenVerifier{}}, nil
}

// Verify checks a token and returns whom it is for. Errors hold nothing of the token
// but its issuer.
func (v *Verifier) Verify(ctx context.Context, raw string) (Principal, error) {
	if len(raw) > MaxToken {
		return Principal{}, fmt.Errorf("the identity token is larger than %d bytes", MaxToken)
	}
	said, err := issuerOf(raw)
	if err != nil {
		return Principal{}, err
	}
	issuer, verifier, err := v.verifier(ctx, said)
	if err != nil {
		return Principal{}, err
	}
	token, err := verifier.Verify(oidc.ClientContext(ctx, v.client), raw)
	if err != nil {
		return Principal{}, fmt.Errorf("the identity token of %q is refused: %w", said, err)
	}
	if now := v.now(); token.IssuedAt.After(now.Add(time.Minute)) {
		return Principal{}, fmt.Errorf("the identity token of %q is issued in the future", said)
	}
	var content json.RawMessage
	if err := token.Claims(&content); err != nil {
		return Principal{}, err
	}
	claims, err := readClaims(content)
	if err != nil {
		return Principal{}, err
	}
	if v.built != nil && said == v.built.URL {
		issuer.Kind = Kind(claims[KindClaim])
		issuer.Domain = builtDomain(issuer.Kind, token.Subject)
	}
	return principal(issuer, token.Subject, claims)
}

// verifier finds the issuer that a token names, and what checks its signature.
func (v *Verifier) verifier(ctx context.Context, said string) (Issuer, *oidc.IDTokenVerifier, error) {
	config := &oidc.Config{ClientID: Audience, Now: v.now}
	if v.built != nil && said == v.built.URL {
		key, err := v.built.Key()
		if err != nil {
			return Issuer{}, nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
		config.SupportedSigningAlgs = []string{oidc.RS256}
		keys := &oidc.StaticKeySet{PublicKeys: []crypto.PublicKey{key}}
		return Issuer{URL: said}, oidc.NewVerifier(said, keys, config), nil
	}
	for _, i := range v.issuers {
		if i.URL == said {
			found, err := v.provider(ctx, i, config)
			return i, found, err
		}
	}
	return Issuer{}, nil, fmt.Errorf("the identity token is of issuer %q, which is not configured", said)
}

func (v *Verifier) provider(ctx context.Context, i Issuer, config *oidc.Config) (*oidc.IDTokenVerifier, error) {
	v.mu.Lock()
	found := v.providers[i.URL]
	v.mu.Unlock()
	if found != nil {
		return found, nil
	}
	// The provider keeps the context for later fetches of keys, so that it must not end
	// with the request; the client bounds each fetch.
	keep := oidc.ClientContext(context.WithoutCancel(ctx), v.client)
	provider, err := oidc.NewProvider(keep, i.URL)
	if err != nil {
		return nil, fmt.Errorf("%w: asking issuer %q for its keys: %w", ErrUnavailable, i.URL, err)
	}
	found = provider.Verifier(config)
	v.mu.Lock()
	v.providers[i.URL] = found
	v.mu.Unlock()
	return found, nil
}

// issuerOf reads the issuer that a token names, unverified.
func issuerOf(raw string) (string, error) {
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return "", errors.New("the identity token is not a JWT")
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return "", errors.New("the identity token is not a JWT")
	}
	var said struct {
		Issuer string `json:"iss"`
	}
	if err := json.Unmarshal(payload, &said); err != nil || said.Issuer == "" {
		return "", errors.New("the identity token names no issuer")
	}
	return said.Issuer, nil
}

// readClaims reads all claims with one value as text, numbers as they are written. The
// namespace and service account of Kubernetes are "kubernetes.io/namespace" and
// "kubernetes.io/serviceaccount".
func readClaims(content []byte) (map[string]string, error) {
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.UseNumber()
	var all map[string]any
	if err := decoder.Decode(&all); err != nil {
		return nil, errors.New("the claims of the identity token are not a JSON object")
	}
	claims := map[string]string{}
	for name, value := range all {
		switch value := value.(type) {
		case string:
			claims[name] = value
		case json.Number:
			claims[name] = value.String()
		case bool:
			claims[name] = fmt.Sprint(value)
		}
	}
	if cluster, ok := all["kubernetes.io"].(map[string]any); ok {
		claims["kubernetes.io/namespace"], _ = cluster["namespace"].(string)
		if account, ok := cluster["serviceaccount"].(map[string]any); ok {
			claims["kubernetes.io/serviceaccount"], _ = account["name"].(string)
		}
	}
	return claims, nil
}

// limited bounds the answers of issuers.
type limited struct{ next http.RoundTripper }

func (l limited) RoundTrip(r *http.Request) (*http.Response, error) {
	next := l.next
	if next == nil {
		next = http.DefaultTransport
	}
	answer, err := next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	answer.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(answer.Body, maxAnswer), answer.Body}
	return answer, nil
}
