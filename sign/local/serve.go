//go:build unix

package local

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/carnet-project/carnet/sign/local/internal/web"
)

// Bounds of what clients may take: requests are small, and so are answers.
const (
	headerTime  = 5 * time.Second
	requestTime = 30 * time.Second
	idleTime    = 2 * time.Minute
	maxHeader   = 64 << 10
	graceful    = 10 * time.Second
)

// Serve answers until ctx ends; then it takes no more requests, finishes those that it
// has, within ten seconds, and closes s.
func (s *Sigstore) Serve(ctx context.Context) error {
	server := &http.Server{
		Handler: s.handler, ReadHeaderTimeout: headerTime, ReadTimeout: requestTime, WriteTimeout: requestTime,
		IdleTimeout: idleTime, MaxHeaderBytes: maxHeader,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(s.listener) }()
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), graceful)
	defer cancel()
	return errors.Join(err, server.Shutdown(grace), s.Close(grace))
}

// Close ends s without finishing requests. It is for one that was never served.
func (s *Sigstore) Close(ctx context.Context) error {
	var errs []error
	if s.listener != nil {
		// Shutdown of the server has closed it already, if there was one.
		_ = s.listener.Close()
	}
	if s.log != nil {
		errs = append(errs, closing("the log", s.log.Close(ctx)))
	}
	if s.ct != nil {
		errs = append(errs, closing("the CT log", s.ct.Close(ctx)))
	}
	return errors.Join(append(errs, s.lock.Close())...)
}

func closing(what string, err error) error {
	if err != nil {
		return fmt.Errorf("closing %s: %w", what, err)
	}
	return nil
}

func (s *Sigstore) health(w http.ResponseWriter, r *http.Request) {
	entries, err := s.Entries(r.Context())
	if err != nil {
		web.Fail(w, http.StatusInternalServerError, "the log can't be read")
		return
	}
	web.JSON(w, health{Name: s.state.Name, Entries: entries})
}
