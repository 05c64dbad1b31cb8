package produce

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

const (
	// attempt bounds one request to a service, from dialling to the answer's last byte.
	attempt = 30 * time.Second
	// leastAttempt is what a request gets that begins when the time is nearly over.
	leastAttempt = 5 * time.Second
	// maxAnswer bounds a service's answer in bytes, as those who read it do, or wider.
	maxAnswer = 10 << 20
)

var (
	errGivenUp = errors.New("given up already")
	// errOver ends the waiting of those who began before a service was given up.
	errOver = errors.New("this run asks it no more")
	errMute = errors.New("no answer to anybody")
)

// outages are what a run knows of its services. Each service has one time for the whole
// run in which it may be out of order, so that an outage costs the same whether it is
// met by one signature or by a thousand.
type outages struct {
	// retryFor is how long a service is asked without an answer.
	retryFor time.Duration

	mu sync.Mutex
	of map[string]*outage
}

// at is the outage of the service at a URL, the same for all who ask.
func (o *outages) at(url string) *outage {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.of[url] == nil {
		if o.of == nil {
			o.of = map[string]*outage{}
		}
		o.of[url] = &outage{retryFor: o.retryFor, base: http.DefaultTransport, over: make(chan struct{})}
	}
	return o.of[url]
}

// An outage carries the requests to one service (http.RoundTripper) and lets all who wait
// between two of them share one time limit: whoever fails when the service has been asked
// for retryFor without an answer gives it up for all, and nothing is sent any more. An
// answer to one that is still under way takes that back.
type outage struct {
	retryFor time.Duration
	base     http.RoundTripper

	mu     sync.Mutex
	asking int       // requests under way
	since  time.Time // begin of the first request after the last answer; zero if there is none
	cause  error     // why it was given up, or nil
	over   chan struct{}
}

// client is for one who asks the service.
func (o *outage) client() *http.Client { return &http.Client{Transport: o, Timeout: attempt} }

// wait sleeps between two requests, until the service is given up.
func (o *outage) wait(ctx context.Context, d time.Duration) error {
	o.mu.Lock()
	over := o.over
	o.mu.Unlock()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-over:
		return errOver
	case <-timer.C:
		return nil
	}
}

// RoundTrip sends a request, and reads the whole answer: a service that hangs in the
// middle of it has not answered.
func (o *outage) RoundTrip(r *http.Request) (*http.Response, error) {
	until, err := o.begin()
	if err != nil {
		if r.Body != nil {
			_ = r.Body.Close() // nobody reads it
		}
		return nil, err
	}
	ctx, cancel := context.WithDeadlineCause(r.Context(), until, errMute)
	defer cancel()
	response, err := o.exchange(r.WithContext(ctx))
	switch {
	case err != nil && errors.Is(r.Context().Err(), context.Canceled):
		o.end(false, nil) // who asked has gone
	case err != nil:
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		o.end(false, err)
	case outOfOrder(response.StatusCode):
		o.end(false, errors.New(response.Status))
	default:
		o.end(true, nil)
	}
	return response, err
}

func (o *outage) exchange(r *http.Request) (*http.Response, error) {
	response, err := o.base.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	// One byte more, so that who bounds the answer sees that it is longer.
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err != nil {
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, nil
}

// outOfOrder says whether a status can get better by itself, as those who ask again see
// it: too much to do, or broken.
func outOfOrder(status int) bool {
	permanent := status == http.StatusNotImplemented || status == http.StatusHTTPVersionNotSupported
	return status == http.StatusTooManyRequests || status >= 500 && !permanent
}

// begin lets a request begin, and says when it has to end: none may make the outage
// longer by its own attempt.
func (o *outage) begin() (until time.Time, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.cause != nil {
		return time.Time{}, fmt.Errorf("%w: %w", errGivenUp, o.cause)
	}
	now := time.Now()
	if o.since.IsZero() {
		o.since = now
	}
	o.asking++
	until = o.since.Add(o.retryFor + attempt)
	if least := now.Add(leastAttempt); until.Before(least) {
		until = least
	}
	return until, nil
}

// end notes how a request ended: with an answer, or for a cause that the service has.
func (o *outage) end(answered bool, cause error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asking--
	switch now := time.Now(); {
	case answered:
		o.since = time.Time{}
		if o.asking > 0 {
			o.since = now
		}
		if o.cause != nil {
			o.cause, o.over = nil, make(chan struct{})
		}
	case cause != nil && o.cause == nil && now.Sub(o.since) >= o.retryFor:
		o.cause = cause
		close(o.over)
	}
}
