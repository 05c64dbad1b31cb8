package wire

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
)

// maxHops bounds the redirects that one request may follow.
const maxHops = 5

// A guard looks at every single request, also at those that an http.Client makes
// to follow a redirect, and refuses what must not leave.
type guard struct {
	next      http.RoundTripper
	border    *border
	userAgent string
}

func (g *guard) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := g.check(r); err != nil {
		if r.Body != nil {
			r.Body.Close()
		}
		return nil, err
	}
	if g.userAgent != "" || r.Response != nil {
		r = r.Clone(r.Context())
		g.dress(r)
	}
	return g.next.RoundTrip(r)
}

// dress sets our name, and takes credentials off a request that leaves for another
// host, whoever put them on.
func (g *guard) dress(r *http.Request) {
	if g.userAgent != "" {
		r.Header.Set("User-Agent", g.userAgent)
	}
	if r.Response != nil && r.URL.Host != origin(r).URL.Host {
		r.Header.Del("Authorization")
		r.Header.Del("Cookie")
	}
}

func (g *guard) check(r *http.Request) error {
	switch scheme := r.URL.Scheme; {
	case scheme != "https" && scheme != "http":
		return &RefusedError{fmt.Sprintf("the registry %s points to a %q address", g.border.host, scheme)}
	case scheme == "http" && !g.plainAllowed(r):
		return &RefusedError{fmt.Sprintf("plain http to %q is refused: it is neither loopback nor allowed", r.URL.Host)}
	}
	if r.Response == nil {
		return nil
	}
	return g.checkRedirect(r)
}

// plainAllowed says whether r may travel without TLS: to loopback, to a registry
// that the user allowed it for, and wherever such a registry redirects.
func (g *guard) plainAllowed(r *http.Request) bool {
	if r.Response != nil {
		return origin(r).URL.Scheme == "http"
	}
	return IsLoopback(r.URL.Host) || g.border.allowHTTP
}

func (g *guard) checkRedirect(r *http.Request) error {
	first := origin(r)
	if hops(r) > maxHops {
		return &RefusedError{fmt.Sprintf("the registry %s redirects more than %d times", g.border.host, maxHops)}
	}
	if r.URL.Host == first.URL.Host {
		return nil
	}
	if !isBlob(first) {
		return &RefusedError{fmt.Sprintf("%s redirects %s %s to another host, %q: only blobs may lie elsewhere",
			first.URL.Host, first.Method, first.URL.Path, r.URL.Host)}
	}
	if a, err := netip.ParseAddr(r.URL.Hostname()); err == nil {
		return g.border.admit(zoneOf(a), r.URL.Hostname())
	}
	if IsLoopback(r.URL.Host) {
		return g.border.admit(loopback, r.URL.Hostname())
	}
	return nil
}

// isBlob says whether r reads a blob, the one thing that registries keep in other
// hosts' stores (OCI distribution specification 1.1, "Pulling blobs").
func isBlob(r *http.Request) bool {
	read := r.Method == http.MethodGet || r.Method == http.MethodHead
	return read && strings.Contains(r.URL.Path, "/blobs/")
}

// origin is the request that the redirects up to r began with.
func origin(r *http.Request) *http.Request {
	for r.Response != nil && r.Response.Request != nil {
		r = r.Response.Request
	}
	return r
}

func hops(r *http.Request) int {
	n := 0
	for ; r.Response != nil && r.Response.Request != nil; r = r.Response.Request {
		n++
	}
	return n
}
