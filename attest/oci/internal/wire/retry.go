package wire

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"
)

// maxRetryAfter bounds how long a registry may make its client wait before a retry.
const maxRetryAfter = 30 * time.Second

// A retrier repeats what failed for a passing reason, a bounded number of times,
// with pauses that double and are spread so that many clients do not come back at
// once. A status that stays is returned as it is.
type retrier struct {
	next    http.RoundTripper
	retries int
	pause   time.Duration
}

func (t *retrier) RoundTrip(r *http.Request) (*http.Response, error) {
	for attempt := 0; ; attempt++ {
		// Callers above send a request again with a body that was read already, when
		// the registry asked for another token.
		try, err := rewound(r)
		if err != nil {
			return nil, err
		}
		resp, err := t.next.RoundTrip(try)
		if attempt == t.retries || !repeatable(r) || !passing(resp, err) || r.Context().Err() != nil {
			return resp, err
		}
		pause, ok := t.wait(attempt, resp)
		if !ok {
			return resp, err
		}
		if resp != nil {
			io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection is used again
			resp.Body.Close()
		}
		if err := sleep(r.Context(), pause); err != nil {
			return nil, err
		}
	}
}

// wait is the pause before the next attempt, and whether to make one: a registry
// that asks for a longer wait than the bound gets none.
func (t *retrier) wait(attempt int, resp *http.Response) (time.Duration, bool) {
	pause := t.pause << attempt
	pause = pause/2 + rand.N(pause+1)
	if resp == nil {
		return pause, true
	}
	after := resp.Header.Get("Retry-After")
	if after == "" {
		return pause, true
	}
	asked := time.Duration(0)
	if seconds, err := strconv.ParseUint(after, 10, 32); err == nil {
		asked = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(after); err == nil {
		asked = time.Until(at)
	}
	return max(pause, asked), asked <= maxRetryAfter
}

func rewound(r *http.Request) (*http.Request, error) {
	if r.GetBody == nil {
		return r, nil
	}
	body, err := r.GetBody()
	if err != nil {
		return nil, err
	}
	if r.Body != nil {
		r.Body.Close()
	}
	again := *r
	again.Body = body
	return &again, nil
}

// repeatable says whether r can be sent twice. All requests of the distribution
// API can where their bodies can: the worst is an upload that was begun for nothing.
func repeatable(r *http.Request) bool {
	return r.Body == nil || r.Body == http.NoBody || r.GetBody != nil
}

func passing(resp *http.Response, err error) bool {
	if err != nil {
		return broken(err)
	}
	switch resp.StatusCode {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// broken says whether err is a connection that failed, rather than a name that does
// not exist, a certificate that does not fit or a request that was refused.
func broken(err error) bool {
	var refused *RefusedError
	var lookup *net.DNSError
	var dialed *net.OpError
	switch {
	case errors.As(err, &refused):
		return false
	case errors.As(err, &lookup):
		return lookup.IsTemporary || lookup.IsTimeout
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return true
	case errors.As(err, &dialed):
		return dialed.Op == "dial" || dialed.Op == "read" || dialed.Op == "write"
	}
	return false
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
