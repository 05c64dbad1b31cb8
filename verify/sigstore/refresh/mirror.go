package refresh

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// errAbsent is a file that the mirror does not have.
var errAbsent = errors.New("the server has no such file")

// perFile bounds the time for one file.
const perFile = 30 * time.Second

// A mirror is a TUF repository on a web server.
type mirror struct {
	base   *url.URL
	client *http.Client
}

func newMirror(base string, client *http.Client) (*mirror, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, fmt.Errorf("the mirror %q is not an http or https URL", base)
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		// Where it was fetched from is stored and shown.
		return nil, errors.New("the mirror's URL has a user, a query or a fragment")
	}
	bounded := http.Client{Timeout: perFile, CheckRedirect: stayThere}
	if client != nil {
		bounded.Transport = client.Transport
	}
	return &mirror{u, &bounded}, nil
}

// stayThere refuses redirects to other hosts: whom the caller asks is the caller's to
// say.
func stayThere(r *http.Request, via []*http.Request) error {
	first := via[0].URL
	if r.URL.Host != first.Host || r.URL.Scheme != first.Scheme {
		return fmt.Errorf("it redirects to %s://%s", r.URL.Scheme, r.URL.Host)
	}
	if len(via) > 3 {
		return errors.New("it redirects more than 3 times")
	}
	return nil
}

// get fetches a file of at most limit bytes.
func (m *mirror) get(ctx context.Context, limit int64, path ...string) ([]byte, error) {
	where := m.base.JoinPath(path...).String()
	name := path[len(path)-1]
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, where, nil)
	if err != nil {
		return nil, &Error{Malformed, name, err}
	}
	resp, err := m.client.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // the URL is told already
		}
		return nil, &UnavailableError{where, err}
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusNotFound:
		return nil, &UnavailableError{where, errAbsent}
	case resp.StatusCode != http.StatusOK:
		return nil, &UnavailableError{where, fmt.Errorf("the server answered %s", resp.Status)}
	}
	b, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return nil, &UnavailableError{where, err}
	}
	if int64(len(b)) > limit {
		return nil, &Error{Malformed, name, fmt.Errorf("is over %d bytes", limit)}
	}
	return b, nil
}
