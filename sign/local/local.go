//go:build unix

// Package local is a private Sigstore in one process: a certificate authority with the
// API of Fulcio, a Rekor v2 transparency log, a certificate transparency log, a timestamp
// authority, an issuer of identity tokens, and a TUF repository of their trusted root.
//
// It is for laptops, laboratories, tests, and sites without a network. Its keys are files
// in one folder: who can read them can sign as anybody. Nobody watches its logs unless
// somebody does.
package local

import (
	"context"
	"crypto"
	"crypto/rsa"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/carnet-project/carnet/sign/local/internal/authority"
	"github.com/carnet-project/carnet/sign/local/internal/ctlog"
	"github.com/carnet-project/carnet/sign/local/internal/disk"
	"github.com/carnet-project/carnet/sign/local/internal/identity"
	"github.com/carnet-project/carnet/sign/local/internal/issuer"
	"github.com/carnet-project/carnet/sign/local/internal/rekor"
	"github.com/carnet-project/carnet/sign/local/internal/timestamp"
	"github.com/carnet-project/carnet/sign/local/internal/tuf"
)

// ErrInUse is the error of a folder that another process has open.
var ErrInUse = disk.ErrLocked

// Options are how a Sigstore is opened. The zero value is a new port of 127.0.0.1, or the
// one that the folder remembers, and the built-in issuer alone.
type Options struct {
	// Listen is the address, host:port; with port 0 a free one. "" is the remembered
	// one, or 127.0.0.1:0 the first time.
	Listen string
	// URL is how clients reach it, where that is not http:// and the address: behind a
	// proxy that has TLS, or when all addresses of a machine are listened on.
	URL string
	// Issuers are whose tokens are believed beside the built-in issuer's.
	Issuers []Issuer
	// Client asks issuers for their keys; nil is one with a time-out of 10 s.
	Client *http.Client
	// Now is the clock; nil is the system's.
	Now func() time.Time
}

// An Issuer is an OIDC issuer whose tokens are believed.
type Issuer = identity.Issuer

// ParseIssuer reads an issuer as URL[,type=KIND][,url=BASE][,domain=DOMAIN].
func ParseIssuer(text string) (Issuer, error) { return identity.ParseIssuer(text) }

// A Sigstore is a private Sigstore, open in this process and in no other.
type Sigstore struct {
	dir      string
	state    state
	keys     keys
	now      func() time.Time
	lock     *os.File
	listener net.Listener
	handler  http.Handler

	root, config []byte
	log          *rekor.Log
	ct           *ctlog.Log
	tuf          *tuf.Repository
	// issuerKey is the built-in issuer's.
	issuerKey func() (*rsa.PrivateKey, error)
}

// Open opens the Sigstore of a folder, which it makes with new keys if it is not there,
// and takes its port; call [Sigstore.Serve] to answer. The error is [ErrInUse] if another
// process has it open.
func Open(dir string, o Options) (*Sigstore, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Client == nil {
		o.Client = &http.Client{Timeout: 10 * time.Second}
	}
	if err := disk.Folder(dir); err != nil {
		return nil, err
	}
	lock, err := disk.Lock(dir)
	if err != nil {
		return nil, err
	}
	s := &Sigstore{dir: dir, now: o.Now, lock: lock, issuerKey: sync.OnceValues(func() (*rsa.PrivateKey, error) { return issuerKey(dir) })}
	if err := s.open(o); err != nil {
		return nil, errors.Join(err, s.Close(context.Background()))
	}
	return s, nil
}

func (s *Sigstore) open(o Options) error {
	var err error
	if s.state, s.keys, err = load(s.dir, s.now()); err != nil {
		return err
	}
	if err := s.listen(o); err != nil {
		return err
	}
	s.state.Status.Issuers = o.Issuers
	if s.root, err = trustedRoot(s.state, s.keys); err != nil {
		return fmt.Errorf("making the trusted root: %w", err)
	}
	if s.config, err = signingConfig(s.state); err != nil {
		return fmt.Errorf("making the signing config: %w", err)
	}
	if err := s.openServices(o); err != nil {
		return err
	}
	if err := disk.Write(filepath.Join(s.dir, rootFile), s.root); err != nil {
		return err
	}
	if err := disk.Write(filepath.Join(s.dir, configFile), s.config); err != nil {
		return err
	}
	return s.state.write(s.dir)
}

// listen takes the port and says how clients reach it.
func (s *Sigstore) listen(o Options) error {
	address := o.Listen
	if address == "" {
		address = s.state.Listen
	}
	if address == "" {
		address = "127.0.0.1:0"
	}
	var err error
	if s.listener, err = net.Listen("tcp", address); err != nil {
		var cause *net.OpError
		if errors.As(err, &cause) {
			err = cause.Err // the rest repeats the address
		}
		return fmt.Errorf("listening on %s: %w", address, err)
	}
	bound := s.listener.Addr().(*net.TCPAddr)
	s.state.Listen = bound.String()
	where := o.URL
	if where == "" {
		if bound.IP.IsUnspecified() {
			return fmt.Errorf("listening on %s, all addresses of this machine: the URL that clients use must be given", address)
		}
		where = "http://" + bound.String()
	}
	u, err := url.Parse(where)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return fmt.Errorf("the URL %q is not one of http or https with a host alone", where)
	}
	s.state.Status = newStatus(s.state.Name, u, bound.IP.IsLoopback())
	return nil
}

func (s *Sigstore) openServices(o Options) error {
	var err error
	k := s.keys
	if s.ct, err = ctlog.Open(ctlog.Options{Dir: filepath.Join(s.dir, ctFolder), Origin: s.state.host("ct"), Key: k.ct, Issuers: k.authorityChain, Now: s.now}); err != nil {
		return err
	}
	if s.log, err = rekor.Open(filepath.Join(s.dir, logFolder), s.state.host("rekor"), k.rekor); err != nil {
		return err
	}
	targets := map[string][]byte{"trusted_root.json": s.root, "signing_config.v0.2.json": s.config}
	if s.tuf, err = tuf.Open(tuf.Options{Dir: filepath.Join(s.dir, tufFolder), Root: k.tufRoot, Online: k.tuf, Targets: targets, Now: s.now}); err != nil {
		return err
	}
	var built *identity.Built
	mux := http.NewServeMux()
	issuers := o.Issuers
	if s.state.Status.Issuer != "" {
		built = &identity.Built{URL: s.state.Status.Issuer, Key: func() (crypto.PublicKey, error) { return s.issuerPublic() }}
		mux.Handle("/issuer/", http.StripPrefix("/issuer", issuer.Handler(built.URL, s.issuerPublic)))
		issuers = append([]Issuer{{URL: built.URL, Kind: identity.Email}}, issuers...)
	}
	tokens, err := identity.NewVerifier(o.Issuers, built, o.Client, s.now)
	if err != nil {
		return err
	}
	ca := &authority.Authority{Key: k.authority, Chain: k.authorityChain, Tokens: tokens, Issuers: issuers, Log: s.ct, Now: s.now}
	stamps := &timestamp.Authority{Key: k.tsa, Chain: k.tsaChain, Now: s.now}
	mux.Handle("/fulcio/", http.StripPrefix("/fulcio", ca.Handler()))
	mux.Handle("/rekor/", http.StripPrefix("/rekor", s.log.Handler()))
	mux.Handle("/tsa/", http.StripPrefix("/tsa", stamps.Handler()))
	mux.Handle("GET /ct/", http.StripPrefix("/ct", s.ct))
	mux.Handle("GET /tuf/", http.StripPrefix("/tuf", s.tuf))
	mux.HandleFunc("GET /healthz", s.health)
	s.handler = mux
	return nil
}

// Handler answers for all services, below the path of each.
func (s *Sigstore) Handler() http.Handler { return s.handler }

// TrustedRoot is what verifiers need, in JSON.
func (s *Sigstore) TrustedRoot() []byte { return s.root }

// SigningConfig is what signers need, in JSON.
func (s *Sigstore) SigningConfig() []byte { return s.config }

// Status is where the services are.
func (s *Sigstore) Status() Status { return s.state.Status }

// Entries is how many entries the log has.
func (s *Sigstore) Entries(ctx context.Context) (uint64, error) { return s.log.Size(ctx) }

// Token makes an identity token, with which its holder is believed for ten minutes.
func (s *Sigstore) Token(h Holder) (string, error) {
	key, err := s.issuerKey()
	if err != nil {
		return "", err
	}
	return mint(s.state.Status.Issuer, key, h, s.now())
}

func (s *Sigstore) issuerPublic() (*rsa.PublicKey, error) {
	key, err := s.issuerKey()
	if err != nil {
		return nil, err
	}
	return &key.PublicKey, nil
}
