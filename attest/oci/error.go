package oci

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/oci/internal/wire"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// A Kind says in one stable kebab-case word what went wrong with a store.
type Kind string

// The kinds of failure. NotFound and below are answers; from KindUnauthorized to
// KindOverBound nothing was decided.
const (
	// KindUsage: the target is not written as the grammar asks.
	KindUsage Kind = "usage"
	// KindNotFound: the store answered that it does not have this.
	KindNotFound Kind = "not-found"
	// KindTampered: content is not what its digest or size says.
	KindTampered Kind = "tampered"
	// KindMalformed: the store's answer is not what the specification asks for.
	KindMalformed Kind = "malformed"
	// KindUnsupported: this kind of store or content cannot do what was asked.
	KindUnsupported Kind = "unsupported"
	// KindUnauthorized: the registry wants credentials, or other ones.
	KindUnauthorized Kind = "unauthorized"
	// KindDenied: the registry knows who asks and refuses.
	KindDenied Kind = "denied"
	// KindRateLimited: the registry asks to come back later.
	KindRateLimited Kind = "rate-limited"
	// KindUnavailable: no answer, a broken one, or a server error, after retries.
	KindUnavailable Kind = "unavailable"
	// KindRefused: the registry asked for something unsafe, such as a redirect
	// elsewhere or plain http, and the client refused.
	KindRefused Kind = "refused"
	// KindOffline: a registry is needed and the client is offline.
	KindOffline Kind = "offline"
	// KindOverBound: there is more than the client's limits allow.
	KindOverBound Kind = "over-bound"
)

// An Error is what failed, where and why. It never holds a secret: no token, no
// query of an URL, no header.
type Error struct {
	// Op is what was being done: "resolve", "list referrers", "fetch blob", …
	Op string
	// Place is the repository or path, and the tag or digest, it was done to.
	Place string
	Kind  Kind
	// Detail says what was found there.
	Detail string
	// Host is the registry's host, or "" where none was involved.
	Host string
	// Err is the cause, for errors.Is; its text is already in Detail.
	Err error
}

func (e *Error) Error() string {
	if e.Op == "" && e.Place == "" {
		return e.Detail
	}
	if e.Op == "" {
		return e.Place + ": " + e.Detail
	}
	return e.Op + " " + e.Place + ": " + e.Detail
}

// Unwrap gives the cause, such as context.Canceled. What is over a bound is
// [attest.FaultTooLarge] to those who know nothing of stores.
func (e *Error) Unwrap() error {
	if e.Err == nil && e.Kind == KindOverBound {
		return &attest.Error{Fault: attest.FaultTooLarge, Detail: e.Detail}
	}
	return e.Err
}

// IsNotFound says whether err is a store's answer that it does not have something.
func IsNotFound(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Kind == KindNotFound
}

func failure(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Detail: fmt.Sprintf(format, args...)}
}

// at says where err happened. It keeps what an inner call has said already.
func at(err error, op, place string) error {
	if err == nil {
		return nil
	}
	e := explain(err)
	if e.Op != "" {
		return e
	}
	said := *e
	said.Op, said.Place = op, place
	return &said
}

// explain finds the kind of any error that the layers below give.
func explain(err error) *Error {
	var known *Error
	var status *transport.Error
	var refused *wire.RefusedError
	var certificate *tls.CertificateVerificationError
	var network *url.Error
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &certificate):
		// First, because the transport tries http after https, and why that failed too
		// is of no interest.
		return &Error{Kind: KindRefused, Detail: "the server's certificate is not trusted: " + plain(certificate.Err.Error()), Err: err}
	case errors.As(err, &refused):
		return &Error{Kind: KindRefused, Detail: refused.Reason, Err: refused}
	case errors.As(err, &status):
		return answered(status)
	case errors.Is(err, fs.ErrNotExist):
		return &Error{Kind: KindNotFound, Detail: "no such file", Err: fs.ErrNotExist}
	case errors.Is(err, context.Canceled):
		return &Error{Kind: KindUnavailable, Detail: "interrupted", Err: context.Canceled}
	case errors.Is(err, context.DeadlineExceeded):
		return &Error{Kind: KindUnavailable, Detail: "out of time", Err: context.DeadlineExceeded}
	case errors.As(err, &network):
		return explain(network.Err) // without the URL, whose query may be a secret
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &Error{Kind: KindUnavailable, Detail: "the connection ended in the middle of the answer", Err: io.ErrUnexpectedEOF}
	case errors.Is(err, io.EOF):
		return &Error{Kind: KindUnavailable, Detail: "the connection ended without an answer", Err: io.EOF}
	}
	var lookup *net.DNSError
	if errors.As(err, &lookup) {
		return &Error{Kind: KindUnavailable, Detail: fmt.Sprintf("host %q is not known: %s", lookup.Name, lookup.Err), Err: err}
	}
	return &Error{Kind: KindUnavailable, Detail: err.Error(), Err: err}
}

// answered explains a registry's status. Its codes are specified; the text beside
// them is the registry's own and is kept short and in one line.
func answered(e *transport.Error) *Error {
	kind := KindMalformed
	switch code := e.StatusCode; {
	case code == http.StatusUnauthorized:
		kind = KindUnauthorized
	case code == http.StatusForbidden:
		kind = KindDenied
	case code == http.StatusNotFound:
		kind = KindNotFound
	case code == http.StatusTooManyRequests:
		kind = KindRateLimited
	case code == http.StatusRequestTimeout || code >= 500:
		kind = KindUnavailable
	case code == http.StatusMethodNotAllowed || code == http.StatusNotImplemented:
		kind = KindUnsupported
	}
	detail := fmt.Sprintf("%d %s", e.StatusCode, http.StatusText(e.StatusCode))
	for _, d := range e.Errors[:min(len(e.Errors), 3)] {
		detail += ": " + plain(string(d.Code)+" "+d.Message)
	}
	return &Error{Kind: kind, Detail: detail}
}

// plain makes foreign text fit for one line of a terminal.
func plain(s string) string {
	const most = 200
	s = strings.Map(func(r rune) rune {
		if r < 0x20 || r >= 0x7f && r < 0xa0 {
			return ' '
		}
		return r
	}, s)
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return strings.TrimSpace(s)
}
