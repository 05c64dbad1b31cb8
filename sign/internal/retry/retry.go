// Package retry asks a signing service until it answers, for a bounded time.
package retry

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"time"
)

// The waits between attempts double from first to longest; half of each is chance, so
// that many who were turned away together do not come back together.
const (
	first   = 250 * time.Millisecond
	longest = 15 * time.Second
)

// A Policy says for how long a service is asked again. The zero Policy asks once.
type Policy struct {
	// For is the time after which no further attempt begins. The one that is running
	// then may end.
	For time.Duration
	// Now is the clock; nil is the machine's.
	Now func() time.Time
	// Wait sleeps for a time or until ctx ends, whose error it then returns; nil does so.
	Wait func(ctx context.Context, d time.Duration) error
}

// Do asks until ask succeeds, fails for good, or the policy's time or ctx ends. Only a
// [Temporary] error is worth another attempt. What is returned after more than one says
// how often and how long it was tried, and wraps the last error.
func (p Policy) Do(ctx context.Context, ask func(context.Context) error) error {
	now, wait := p.Now, p.Wait
	if now == nil {
		now = time.Now
	}
	if wait == nil {
		wait = sleep
	}
	start := now()
	for n := 1; ; n++ {
		err := plain(ask(ctx))
		if err == nil {
			return nil
		}
		tried := now().Sub(start)
		if !Temporary(err) || tried >= p.For {
			return told(err, n, tried)
		}
		if ended := wait(ctx, min(pause(n, err, now()), p.For-tried)); ended != nil {
			return told(fmt.Errorf("%w: %w", ended, err), n, now().Sub(start))
		}
	}
}

// told adds to the last of several errors what was done before it.
func told(err error, n int, tried time.Duration) error {
	if n == 1 {
		return err
	}
	return fmt.Errorf("gave up after %d attempts in %v: %w", n, tried.Round(10*time.Millisecond), err)
}

// plain takes the request off an error that went through http.Client: what [Transport]
// says names the service.
func plain(err error) error {
	var request *url.Error
	if errors.As(err, &request) && request.Op != "parse" {
		return request.Err
	}
	return err
}

// pause is the wait after the n-th attempt: our own, or more if the service asks for it.
func pause(n int, err error, now time.Time) time.Duration {
	full := longest
	if n < 7 { // 0.25 s doubled six times is over 15 s
		full = min(first<<(n-1), longest)
	}
	own := full/2 + rand.N(full/2)
	var status *Status
	if errors.As(err, &status) {
		return max(own, status.retryAfter(now))
	}
	return own
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
