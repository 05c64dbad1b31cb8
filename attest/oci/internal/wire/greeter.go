package wire

import (
	"net/http"
	"sync"
)

// A greeter asks a registry once how it wants to be talked to. go-containerregistry
// asks again for every repository and scope, and the answer is the registry's.
type greeter struct {
	next http.RoundTripper

	mu      sync.Mutex
	answers map[string]answer // by URL
}

type answer struct {
	status int
	header http.Header
}

func (g *greeter) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodGet || r.URL.Path != "/v2/" || r.Header.Get("Authorization") != "" {
		return g.next.RoundTrip(r)
	}
	address := r.URL.String()
	g.mu.Lock()
	known, ok := g.answers[address]
	g.mu.Unlock()
	if ok {
		return known.response(r), nil
	}
	resp, err := g.next.RoundTrip(r)
	if err == nil && (resp.StatusCode == http.StatusOK || resp.StatusCode == http.StatusUnauthorized) {
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.answers == nil {
			g.answers = map[string]answer{}
		}
		g.answers[address] = answer{resp.StatusCode, resp.Header.Clone()}
	}
	return resp, err
}

func (a answer) response(r *http.Request) *http.Response {
	return &http.Response{
		StatusCode: a.status,
		Status:     http.StatusText(a.status),
		Proto:      "HTTP/1.1",
		ProtoMajor: 1,
		ProtoMinor: 1,
		Header:     a.header.Clone(),
		Body:       http.NoBody,
		Request:    r,
	}
}
