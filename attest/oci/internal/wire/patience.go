package wire

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// minProgress is what must arrive while patience lasts: a drip of a byte now and
// then keeps a connection open and a client waiting for ever.
const minProgress = 1 << 10

// A StalledError is an answer that came too slowly to wait for.
type StalledError struct{ Patience time.Duration }

func (e *StalledError) Error() string {
	return fmt.Sprintf("the server sent less than %d bytes in %v", minProgress, e.Patience)
}

// Timeout says that this is a timeout, as net.Error does.
func (e *StalledError) Timeout() bool { return true }

// patient ends a request whose body does not come on. Only time spent waiting
// counts: a reader may take as long as it likes over what has arrived.
type patient struct {
	next     http.RoundTripper
	patience time.Duration
}

func (t *patient) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(r.Context())
	// Headers too, for connections that accept and then say nothing; a body that is
	// being sent has its own pace.
	var head *time.Timer
	if r.Body == nil || r.Body == http.NoBody {
		head = time.AfterFunc(t.patience, func() { cancel(&StalledError{t.patience}) })
	}
	resp, err := t.next.RoundTrip(r.WithContext(ctx))
	if head != nil {
		head.Stop()
	}
	if err != nil {
		err = causeOf(ctx, err)
		cancel(nil)
		return nil, err
	}
	resp.Body = &pacedBody{body: resp.Body, ctx: ctx, cancel: cancel, patience: t.patience}
	return resp, nil
}

// causeOf replaces "context canceled" by why this package canceled.
func causeOf(ctx context.Context, err error) error {
	if stalled, ok := context.Cause(ctx).(*StalledError); ok {
		return stalled
	}
	return err
}

type pacedBody struct {
	body     io.ReadCloser
	ctx      context.Context
	cancel   context.CancelCauseFunc
	patience time.Duration
	// waited and got are since progress was last enough.
	waited time.Duration
	got    int
}

func (b *pacedBody) Read(p []byte) (int, error) {
	began := time.Now()
	timer := time.AfterFunc(b.patience-b.waited, func() { b.cancel(&StalledError{b.patience}) })
	n, err := b.body.Read(p)
	timer.Stop()
	b.waited += time.Since(began)
	if b.got += n; b.got >= minProgress {
		b.got, b.waited = 0, 0
	}
	if err != nil && err != io.EOF {
		err = causeOf(b.ctx, err)
	}
	return n, err
}

func (b *pacedBody) Close() error {
	err := b.body.Close()
	b.cancel(nil)
	return err
}
