package wire

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// A zone is how far inside the network an address lies.
type zone int32

const (
	public zone = iota
	private
	loopback
	// local is link-local, where clouds keep their metadata services.
	local
)

func zoneOf(a netip.Addr) zone {
	a = a.Unmap()
	switch {
	case a.IsLinkLocalUnicast() || a.IsLinkLocalMulticast():
		return local
	case a.IsLoopback() || a.IsUnspecified():
		return loopback
	case a.IsPrivate():
		return private
	}
	return public
}

// IsLoopback says whether host[:port] is this machine by its name alone:
// localhost, 127.0.0.0/8 or ::1.
func IsLoopback(host string) bool {
	name := hostname(host)
	if strings.EqualFold(name, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(name)
	return err == nil && a.Unmap().IsLoopback()
}

func hostname(host string) string { return (&url.URL{Host: host}).Hostname() }

// A border keeps a registry from sending its clients to addresses inside their
// own network, where it could not go itself. What is no deeper inside than the
// registry is allowed: a company's registry may keep its blobs next door.
type border struct {
	host      string
	allowHTTP bool
	// zone is where the registry itself was found to be.
	zone atomic.Int32
	// proxies are addresses that the user chose.
	proxies sync.Map
}

func (b *border) dial(ctx context.Context, network, address string) (net.Conn, error) {
	own := address == b.host || hostname(address) == hostname(b.host)
	_, proxy := b.proxies.Load(address)
	d := &net.Dialer{
		Timeout:   30 * time.Second,
		KeepAlive: 30 * time.Second,
		Control: func(_, resolved string, _ syscall.RawConn) error {
			at, err := netip.ParseAddrPort(resolved)
			switch {
			case err != nil || proxy:
				return err
			case own:
				b.zone.Store(int32(zoneOf(at.Addr())))
				return nil
			}
			return b.admit(zoneOf(at.Addr()), hostname(address))
		},
	}
	return d.DialContext(ctx, network, address)
}

// admit refuses an address that is deeper inside the network than the registry.
func (b *border) admit(z zone, host string) error {
	here := zone(b.zone.Load())
	if z == public || z == here || z == private && here == loopback {
		return nil
	}
	return &RefusedError{fmt.Sprintf("the registry %s points to %q, an address inside this network", b.host, host)}
}

// remember notes the proxies that the user's choice names, which may lie anywhere.
func (b *border) remember(proxy func(*http.Request) (*url.URL, error)) func(*http.Request) (*url.URL, error) {
	if proxy == nil {
		return nil
	}
	return func(r *http.Request) (*url.URL, error) {
		u, err := proxy(r)
		if u != nil {
			b.proxies.Store(withPort(u), true)
		}
		return u, err
	}
}

// withPort is the address that http.Transport dials for u.
func withPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}
