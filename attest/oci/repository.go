package oci

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"syscall"

	"github.com/carnet-project/carnet/attest"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// A repository is one authenticated session with one repository of a registry. The
// requests are made here and not by go-containerregistry's remote package because
// every body needs our bounds, a listing its pages, and a push the registry's
// OCI-Subject answer; its transport does the authentication.
type repository struct {
	name    name.Repository
	wire    http.RoundTripper
	options Options
	// slots bounds the requests whose whole body is read.
	slots chan struct{}

	// turn guards what follows; a channel, so that waiting ends with the context.
	turn chan struct{}
	// client is nil until it is needed, and pushes says whether its token may write.
	client *http.Client
	pushes bool
}

// session authenticates once for reading and, if push asks for it, once more for
// writing; that token then serves for both.
func (r *repository) session(ctx context.Context, push bool) (*http.Client, error) {
	select {
	case r.turn <- struct{}{}:
		defer func() { <-r.turn }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if r.client != nil && (r.pushes || !push) {
		return r.client, nil
	}
	auth, err := r.credentials(ctx)
	if err != nil {
		return nil, &Error{Kind: KindUnauthorized, Detail: "reading credentials for " + r.host() + ": " + plain(err.Error())}
	}
	scope := transport.PullScope
	if push {
		scope = transport.PushScope
	}
	authenticated, err := transport.NewWithContext(ctx, r.name.Registry, auth, r.wire, []string{r.name.Scope(scope)})
	if err != nil {
		return nil, err
	}
	r.client = &http.Client{Transport: authenticated, CheckRedirect: onlyReads}
	r.pushes = push
	return r.client, nil
}

func (r *repository) credentials(ctx context.Context) (authn.Authenticator, error) {
	switch {
	case r.options.Username != "":
		return authn.FromConfig(authn.AuthConfig{Username: r.options.Username, Password: r.options.Password}), nil
	case r.options.Keychain == nil:
		return authn.Anonymous, nil
	}
	return authn.Resolve(ctx, r.options.Keychain, r.name)
}

// onlyReads leaves a redirected write alone: http.Client would make a GET of it.
// Where reads may go is the wire package's decision.
func onlyReads(_ *http.Request, via []*http.Request) error {
	if method := via[0].Method; method != http.MethodGet && method != http.MethodHead {
		return http.ErrUseLastResponse
	}
	return nil
}

func (r *repository) host() string { return r.name.RegistryStr() }

func (r *repository) place(ref string) string {
	if ref == "" {
		return r.name.Name()
	}
	if strings.Contains(ref, ":") {
		return r.name.Name() + "@" + ref
	}
	return r.name.Name() + ":" + ref
}

// at says which registry an error came from, beside where.
func (r *repository) at(err error, op, ref string) error {
	if err == nil {
		return nil
	}
	e := *explain(err)
	if e.Op == "" {
		e.Op, e.Place = op, r.place(ref)
	}
	e.Host = r.host()
	return &e
}

func (r *repository) url(kind, ref string) *url.URL {
	return &url.URL{Scheme: r.name.Scheme(), Host: r.host(), Path: "/v2/" + r.name.RepositoryStr() + "/" + kind + "/" + ref}
}

// A call is one request.
type call struct {
	method string
	url    *url.URL
	header map[string]string
	body   *content
	push   bool
	// want are the statuses that are not errors.
	want []int
}

func (r *repository) do(ctx context.Context, c call) (*http.Response, error) {
	client, err := r.session(ctx, c.push)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, c.method, c.url.String(), nil)
	if err != nil {
		return nil, err
	}
	if c.body != nil {
		if req.Body, err = c.body.open(); err != nil {
			return nil, err
		}
		req.ContentLength, req.GetBody = c.body.size, c.body.open
	}
	for name, value := range c.header {
		req.Header.Set(name, value)
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	if err := transport.CheckError(resp, c.want...); err != nil {
		resp.Body.Close()
		return nil, err
	}
	return resp, nil
}

// whole is do for answers that are read at once; a connection that breaks on the way
// is a passing failure too.
func (r *repository) whole(ctx context.Context, c call, read func(*http.Response) error) error {
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	for attempt := 0; ; attempt++ {
		resp, err := r.do(ctx, c)
		if err != nil {
			return err
		}
		err = read(resp)
		io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection is used again
		resp.Body.Close()
		cut := errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)
		if !cut || attempt == r.options.Retries || ctx.Err() != nil {
			return err
		}
	}
}

var manifestTypes = strings.Join([]string{mediaOCIIndex, mediaDockerList, mediaOCIManifest, mediaDockerManifest}, ", ")

// manifest fetches a manifest or index by tag or digest. By digest its bytes are
// checked; by tag they are what the tag is now, and their digest is computed.
func (r *repository) manifest(ctx context.Context, ref string) (*document, attest.Digest, error) {
	var raw []byte
	var mediaType string
	get := call{method: http.MethodGet, url: r.url("manifests", ref), header: map[string]string{"Accept": manifestTypes}, want: []int{http.StatusOK}}
	err := r.whole(ctx, get, func(resp *http.Response) (err error) {
		mediaType = mediaTypeOf(resp)
		raw, err = readBounded(resp.Body, r.options.Limits.ManifestBytes)
		return err
	})
	if err != nil {
		return nil, attest.Digest{}, r.at(err, "fetch manifest", ref)
	}
	digest := attest.SHA256(raw)
	if named, err := attest.ParseDigest(ref); err == nil {
		digest = named
		if err := checkBytes(raw, named); err != nil {
			return nil, attest.Digest{}, r.at(err, "fetch manifest", ref)
		}
	}
	doc, err := parseDocument(raw, mediaType)
	return doc, digest, r.at(err, "read manifest", ref)
}

func mediaTypeOf(resp *http.Response) string {
	mediaType, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return mediaType
}

// blob opens a blob. Its reader checks digest and size.
func (r *repository) blob(ctx context.Context, d attest.Digest, size int64) (io.ReadCloser, error) {
	resp, err := r.do(ctx, call{method: http.MethodGet, url: r.url("blobs", d.String()), want: []int{http.StatusOK}})
	if err != nil {
		return nil, r.at(err, "fetch blob", d.String())
	}
	return newVerified(resp.Body, d, size), nil
}

// blobBytes reads a blob whole.
func (r *repository) blobBytes(ctx context.Context, d attest.Digest, size int64) (raw []byte, err error) {
	get := call{method: http.MethodGet, url: r.url("blobs", d.String()), want: []int{http.StatusOK}}
	err = r.whole(ctx, get, func(resp *http.Response) (err error) {
		raw, err = readExactly(newVerified(resp.Body, d, size), size)
		return err
	})
	return raw, r.at(err, "fetch blob", d.String())
}
