// Package login has a person log in and returns the identity token that the issuer gives
// then: in a browser on this machine, or on any other device by a code. It is for
// programs that somebody sits before.
package login

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/sigstore/sigstore/pkg/oauthflow"
	"golang.org/x/oauth2"
)

// Options say where and with whom to log in.
type Options struct {
	// Issuer is the OpenID Connect issuer, and ClientID whom its tokens are for; Sigstore's
	// is "sigstore".
	Issuer, ClientID string
	// Out is where the person reads what to do, and In where a code is typed that the
	// browser shows when it can't reach this machine.
	Out io.Writer
	In  io.Reader
	// OpenBrowser opens a page; nil is the platform's own way.
	OpenBrowser func(url string) error
	// Client asks the issuer for its configuration and keys; nil is the default one.
	Client *http.Client
}

// Browser has the person log in in a browser (OAuth 2.0 for Native Apps, RFC 8252, with
// PKCE). It returns the token, whose signature, audience and nonce are checked, or the
// error of ctx when that ends first.
func Browser(ctx context.Context, o Options) (string, error) {
	return o.login(ctx, &oauthflow.InteractiveIDTokenGetter{
		HTMLPage: oauthflow.DefaultIDTokenGetter.HTMLPage, Input: o.In, Output: o.Out, BrowserOpener: o.OpenBrowser,
	})
}

// Device has the person log in elsewhere and type a code there (OAuth 2.0 Device
// Authorization Grant, RFC 8628). It returns the token, whose signature and audience are
// checked, or the error of ctx when that ends first.
func Device(ctx context.Context, o Options) (string, error) {
	flow := oauthflow.NewDeviceFlowTokenGetterForIssuer(o.Issuer)
	flow.MessagePrinter = func(s string) { fmt.Fprintln(o.Out, s) }
	flow.Sleeper = func(d time.Duration) {
		select {
		case <-ctx.Done():
		case <-time.After(d):
		}
	}
	return o.login(ctx, flow)
}

func (o Options) login(ctx context.Context, flow oauthflow.TokenGetter) (string, error) {
	if err := o.check(); err != nil {
		return "", err
	}
	client := o.Client
	if client == nil {
		client = &http.Client{Timeout: 30 * time.Second}
	}
	provider, err := oidc.NewProvider(oidc.ClientContext(ctx, client), o.Issuer)
	if err != nil {
		return "", fmt.Errorf("asking %s how to log in: %w", o.Issuer, err)
	}
	config := oauth2.Config{ClientID: o.ClientID, Endpoint: provider.Endpoint(), Scopes: []string{oidc.ScopeOpenID, "email"}}
	// The flows know no context: one that is given up ends with the program.
	type result struct {
		token *oauthflow.OIDCIDToken
		err   error
	}
	done := make(chan result, 1)
	go func() {
		token, err := flow.GetIDToken(provider, config)
		done <- result{token, err}
	}()
	select {
	case <-ctx.Done():
		return "", fmt.Errorf("waiting for the login at %s: %w", o.Issuer, ctx.Err())
	case r := <-done:
		if r.err != nil {
			return "", fmt.Errorf("logging in at %s: %w", o.Issuer, r.err)
		}
		return r.token.RawString, nil
	}
}

// check refuses an issuer to which a code would travel in the clear.
func (o Options) check() error {
	u, err := url.Parse(o.Issuer)
	if err != nil || u.Host == "" {
		return fmt.Errorf("the issuer %q is not a URL", o.Issuer)
	}
	ip := net.ParseIP(u.Hostname())
	if u.Scheme != "https" && (u.Scheme != "http" || u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback())) {
		return fmt.Errorf("the issuer %s is not reached by https", o.Issuer)
	}
	if o.ClientID == "" {
		return errors.New("a login needs a client id")
	}
	return nil
}
