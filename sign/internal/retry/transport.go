package retry

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// AttemptTimeout bounds an attempt, from dialling to the last byte of the answer, where
// the caller's client has no bound of its own.
const AttemptTimeout = 30 * time.Second

// A Status is an answer other than success.
type Status struct {
	// Service is the scheme and host that answered.
	Service string
	Code    int
	Header  http.Header
	// Message is the answer's text: what its JSON has for a message, else the first
	// 1 KiB of it on one line.
	Message string
}

func (s *Status) Error() string {
	text := fmt.Sprintf("%s answered %d %s", s.Service, s.Code, http.StatusText(s.Code))
	if s.Message != "" {
		text += ": " + s.Message
	}
	return text
}

// retryAfter is the wait that the answer asks for, or zero (RFC 9110, section 10.2.3).
func (s *Status) retryAfter(now time.Time) time.Duration {
	value := s.Header.Get("Retry-After")
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if date, err := http.ParseTime(value); err == nil {
		return date.Sub(now)
	}
	return 0
}

// A Redirect is a service that points elsewhere. It is not followed: what is sent has a
// token, and services are asked only where the configuration says that they are.
type Redirect struct{ From, To string }

func (r *Redirect) Error() string {
	return fmt.Sprintf("%s redirects to %s, and is not followed", r.From, r.To)
}

// An unreachable service did not answer in full.
type unreachable struct {
	service string
	err     error
}

func (u *unreachable) Error() string { return fmt.Sprintf("%s does not answer: %v", u.service, u.err) }
func (u *unreachable) Unwrap() error { return u.err }

// Temporary says whether the same request may succeed later: the service was not
// reached, has too much to do (429) or is broken (5xx, but for 501 and 505).
func Temporary(err error) bool {
	var status *Status
	if errors.As(err, &status) {
		broken := status.Code >= 500 && status.Code != http.StatusNotImplemented && status.Code != http.StatusHTTPVersionNotSupported
		return broken || status.Code == http.StatusTooManyRequests
	}
	var away *unreachable
	if !errors.As(err, &away) {
		return false
	}
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var name *net.DNSError
	unknown := errors.As(err, &name) && name.IsNotFound
	return !errors.As(err, &certificate) && !errors.As(err, &record) && !unknown
}

// A Transport carries the requests of one attempt. It is for clients that know neither
// contexts nor bounds, and that lose what a service says of its refusal.
type Transport struct {
	base    http.RoundTripper
	ctx     context.Context // the clients it is for drop theirs
	timeout time.Duration
	limit   int64
}

// NewTransport is the transport of client, of which the Timeout counts too, for one
// attempt in ctx. An answer of over limit bytes is an error, as is one other than 2xx: a
// *[Status] or a *[Redirect].
func NewTransport(ctx context.Context, client *http.Client, limit int64) *Transport {
	t := &Transport{base: http.DefaultTransport, ctx: ctx, timeout: AttemptTimeout, limit: limit}
	if client != nil && client.Transport != nil {
		t.base = client.Transport
	}
	if client != nil && client.Timeout > 0 {
		t.timeout = client.Timeout
	}
	return t
}

// RoundTrip implements http.RoundTripper. The answer is read when it returns.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	service := (&url.URL{Scheme: r.URL.Scheme, Host: r.URL.Host}).String()
	ctx, cancel := context.WithTimeoutCause(t.ctx, t.timeout, fmt.Errorf("no answer within %v", t.timeout))
	defer cancel()
	response, err := t.base.RoundTrip(r.WithContext(ctx))
	if err != nil {
		return nil, &unreachable{service, because(ctx, err)}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, t.limit+1))
	switch code := response.StatusCode; {
	case code >= 300 && code < 400:
		return nil, &Redirect{From: service, To: target(r.URL, response.Header.Get("Location"))}
	case code < 200 || code >= 300:
		// A message that was cut off is still a message.
		return nil, &Status{Service: service, Code: code, Header: response.Header, Message: message(body)}
	case err != nil:
		return nil, &unreachable{service, because(ctx, err)}
	case int64(len(body)) > t.limit:
		return nil, fmt.Errorf("the answer of %s is over %d bytes", service, t.limit)
	}
	response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return response, nil
}

// because names the bound where it was the bound that ended a request.
func because(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// target is where a redirect points, without what may be secret in it.
func target(from *url.URL, location string) string {
	to, err := from.Parse(location)
	if err != nil || location == "" {
		return "nowhere"
	}
	return oneLine((&url.URL{Scheme: to.Scheme, Host: to.Host, Path: to.Path}).String())
}

// oneLine is the first KiB of a foreign text in printable characters.
func oneLine(text string) string {
	const most = 1 << 10
	if len(text) > most {
		text = text[:most] + "…"
	}
	printable := func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}
	return strings.Join(strings.Fields(strings.Map(printable, text)), " ")
}
