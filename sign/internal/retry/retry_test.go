package retry_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/carnet-project/carnet/sign/internal/retry"
)

// A clock moves only when somebody waits.
type clock struct {
	now   time.Time
	waits []time.Duration
}

func newClock() *clock { return &clock{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

func (c *clock) policy(d time.Duration) retry.Policy {
	return retry.Policy{For: d, Now: func() time.Time { return c.now }, Wait: c.wait}
}

func (c *clock) wait(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.waits = append(c.waits, d)
	c.now = c.now.Add(d)
	return nil
}

// get asks a server as the clients of services do.
func get(ctx context.Context, client *http.Client, url string) error {
	r, err := (&http.Client{Transport: retry.NewTransport(ctx, client, 1<<10)}).Get(url)
	if err != nil {
		return err
	}
	defer r.Body.Close()
	_, err = io.Copy(io.Discard, r.Body)
	return err
}

// answers is a server that gives one answer after the other, the last for ever.
func answers(t *testing.T, all ...http.HandlerFunc) (url string, asked *int) {
	t.Helper()
	asked = new(int)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := all[min(*asked, len(all)-1)]
		*asked++
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL, asked
}

func status(code int, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
		fmt.Fprintf(w, `{"code":3,"message":"it is %d"}`, code)
	}
}

func TestOnlyWhatCanGetBetterIsTriedAgain(t *testing.T) {
	for code, again := range map[int]bool{400: false, 401: false, 404: false, 409: false, 429: true, 500: true, 501: false, 502: true, 503: true, 504: true} {
		c := newClock()
		url, asked := answers(t, status(code), status(200))
		err := c.policy(time.Minute).Do(t.Context(), func(ctx context.Context) error { return get(ctx, nil, url) })
		if again && (err != nil || *asked != 2) {
			t.Errorf("%d and then 200: asked %d times, %v", code, *asked, err)
		}
		var told *retry.Status
		if !again && (*asked != 1 || !errors.As(err, &told) || told.Code != code) {
			t.Errorf("%d: asked %d times, %v", code, *asked, err)
		}
	}
}

func TestTheTimeIsKeptTo(t *testing.T) {
	c := newClock()
	start := c.now
	url, asked := answers(t, status(503))
	err := c.policy(5*time.Minute).Do(t.Context(), func(ctx context.Context) error { return get(ctx, nil, url) })
	want := fmt.Sprintf("gave up after %d attempts in 5m0s: %s answered 503 Service Unavailable: it is 503", *asked, url)
	if err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
	if c.now.Sub(start) != 5*time.Minute {
		t.Errorf("tried for %v", c.now.Sub(start))
	}
	for i, d := range c.waits[:len(c.waits)-1] {
		full := min(250*time.Millisecond<<min(i, 10), 15*time.Second)
		if d < full/2 || d > full {
			t.Errorf("wait %d is %v, want %v to %v", i, d, full/2, full)
		}
	}
}

func TestZeroAsksOnce(t *testing.T) {
	url, asked := answers(t, status(503), status(200))
	err := retry.Policy{}.Do(t.Context(), func(ctx context.Context) error { return get(ctx, nil, url) })
	if *asked != 1 || err == nil || strings.Contains(err.Error(), "gave up") {
		t.Errorf("asked %d times: %v", *asked, err)
	}
}

func TestRetryAfter(t *testing.T) {
	c := newClock()
	date := c.now.Add(40 * time.Second).Format(http.TimeFormat)
	url, _ := answers(t, status(429, "Retry-After", "20"), status(503, "Retry-After", date), status(429, "Retry-After", "0"),
		status(429, "Retry-After", "-5"), status(429, "Retry-After", "soon"), status(429, "Retry-After", "86400"), status(200))
	if err := c.policy(time.Minute).Do(t.Context(), func(ctx context.Context) error { return get(ctx, nil, url) }); err != nil {
		t.Fatal(err)
	}
	if len(c.waits) != 6 || c.waits[0] != 20*time.Second || c.waits[1] != 20*time.Second {
		t.Fatalf("waited %v", c.waits)
	}
	for _, own := range c.waits[2:5] {
		if own < 500*time.Millisecond || own > 4*time.Second {
			t.Errorf("where nothing useful was asked for, waited %v", own)
		}
	}
	left := time.Minute
	for _, d := range c.waits[:5] {
		left -= d
	}
	if c.waits[5] != left {
		t.Errorf("asked to wait for a day, waited %v of the %v that were left", c.waits[5], left)
	}
}

func TestHangingAttempt(t *testing.T) {
	c := newClock()
	url, asked := answers(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, status(200))
	client := &http.Client{Timeout: 30 * time.Millisecond}
	if err := c.policy(time.Minute).Do(t.Context(), func(ctx context.Context) error { return get(ctx, client, url) }); err != nil || *asked != 2 {
		t.Errorf("asked %d times: %v", *asked, err)
	}
	half := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "half")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}
	url, _ = answers(t, half)
	err := retry.Policy{}.Do(t.Context(), func(ctx context.Context) error { return get(ctx, client, url) })
	if err == nil || err.Error() != url+" does not answer: no answer within 30ms" {
		t.Errorf("a body that stops: %v", err)
	}
}

func TestCancelledAtOnce(t *testing.T) {
	url, asked := answers(t, status(503))
	ctx, cancel := context.WithCancel(t.Context())
	began := time.Now()
	time.AfterFunc(50*time.Millisecond, cancel)
	err := retry.Policy{For: time.Hour}.Do(ctx, func(ctx context.Context) error { return get(ctx, nil, url) })
	var last *retry.Status
	if !errors.Is(err, context.Canceled) || !errors.As(err, &last) || time.Since(began) > 10*time.Second || *asked == 0 {
		t.Errorf("after %v and %d requests: %v", time.Since(began), *asked, err)
	}

	hang, _ := answers(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	ctx, cancel = context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	err = retry.Policy{For: time.Hour}.Do(ctx, func(ctx context.Context) error { return get(ctx, nil, hang) })
	if !errors.Is(err, context.Canceled) || time.Since(began) > 20*time.Second {
		t.Errorf("while a service hangs: %v", err)
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	elsewhere, asked := answers(t, status(200))
	for _, code := range []int{301, 302, 307, 308} {
		url, _ := answers(t, status(code, "Location", elsewhere+"/x?token=secret"))
		err := retry.Policy{For: time.Minute}.Do(t.Context(), func(ctx context.Context) error { return get(ctx, nil, url) })
		var away *retry.Redirect
		if !errors.As(err, &away) || err.Error() != fmt.Sprintf("%s redirects to %s/x, and is not followed", url, elsewhere) {
			t.Errorf("%d: %v", code, err)
		}
	}
	if *asked != 0 {
		t.Errorf("a redirect was followed %d times", *asked)
	}
}

func TestConnections(t *testing.T) {
	closed := httptest.NewServer(nil)
	closed.Close()
	unknown := &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", IsNotFound: true}}
	}}}
	for name, tc := range map[string]struct {
		url    string
		client *http.Client
		again  bool
	}{
		"refused":                 {closed.URL, nil, true},
		"an unknown name":         {"http://service.example", unknown, false},
		"a certificate of nobody": {tlsServer(t), nil, false},
		"no TLS":                  {strings.Replace(plainServer(t), "http:", "https:", 1), nil, false},
	} {
		c := newClock()
		err := c.policy(10*time.Second).Do(t.Context(), func(ctx context.Context) error { return get(ctx, tc.client, tc.url) })
		if err == nil || retry.Temporary(err) != tc.again || (len(c.waits) > 0) != tc.again || !strings.Contains(err.Error(), tc.url) {
			t.Errorf("%s: %d waits, %v", name, len(c.waits), err)
		}
	}
}

func tlsServer(t *testing.T) string {
	s := httptest.NewUnstartedServer(status(200))
	s.Config.ErrorLog = nil
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL
}

func plainServer(t *testing.T) string {
	url, _ := answers(t, status(200))
	return url
}

func TestAnswersAreBounded(t *testing.T) {
	c := newClock()
	huge := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(code)
			for r.Context().Err() == nil {
				if _, err := w.Write([]byte("no\x1b[31m \n" + strings.Repeat("x", 1<<12))); err != nil {
					return
				}
			}
		}
	}
	url, _ := answers(t, huge(200))
	err := c.policy(time.Minute).Do(t.Context(), func(ctx context.Context) error { return get(ctx, nil, url) })
	if err == nil || !strings.Contains(err.Error(), "over 1024 bytes") || len(c.waits) > 0 {
		t.Errorf("%v, waits %v", err, c.waits)
	}
	url, _ = answers(t, huge(400))
	err = c.policy(time.Minute).Do(t.Context(), func(ctx context.Context) error { return get(ctx, nil, url) })
	var told *retry.Status
	if !errors.As(err, &told) || len(told.Message) > 1100 || strings.ContainsAny(told.Message, "\x1b\n") || !strings.HasPrefix(told.Message, "no[31m xxx") {
		t.Errorf("%v", err)
	}
}
