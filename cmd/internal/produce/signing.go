package produce

import (
	"context"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/sign"
	"github.com/carnet-project/carnet/sign/fulcio"
	"github.com/carnet-project/carnet/sign/kms"
	"github.com/carnet-project/carnet/sign/rekor"
	"github.com/carnet-project/carnet/verify/report"
)

// A signing is what one run of a command signs with: one key, or one identity with one
// certificate, whatever the number of targets. It may be used from several goroutines.
type signing struct {
	call      *cli.Call
	plan      plan
	signer    sign.Signer
	witnesses []sign.Witness
	outages   *outages
	publicPEM []byte         // of the key; nil if keyless
	identity  *identity      // nil with a key
	authority *fulcio.Signer // nil with a key
	disclose  *disclosure
	spool     *spool
	slots     chan struct{}
	unsigned  []unsigned // where a run of many targets ended early
	targets   []string   // what is signed, where that is not what the arguments are
	announced sync.Once
}

// atOnce bounds the signatures that are made at one time: services have many to serve.
const atOnce = 8

// errSpooled says that a signature is not finished and lies in the spool.
var errSpooled = errors.New("not finished")

// openSigning opens what the flags say to sign with.
func openSigning(ctx context.Context, c *cli.Call) (*signing, error) {
	p, err := planOf(c)
	if err != nil {
		return nil, err
	}
	s, err := newSigning(c, p)
	if err != nil {
		return nil, err
	}
	if s.identity != nil {
		return s, s.identity.prepare(ctx)
	}
	s.plan.Certificates, err = readChain(c, s.publicPEM, time.Now())
	if err != nil {
		return nil, err
	}
	if len(s.plan.Certificates) > 0 {
		s.signer = certified{s.signer, s.plan.Certificates}
		if !p.tellsTime() {
			c.Sayf("note: nobody will be able to tell whether the certificate was valid when it was signed: add --timestamp")
		}
	}
	return s, nil
}

// newSigning opens what a plan says to sign with. Nothing is asked yet.
func newSigning(c *cli.Call, p plan) (*signing, error) {
	s := &signing{call: c, plan: p, disclose: &disclosure{call: c, plan: p}, spool: &spool{call: c, path: c.String("spool")}, slots: make(chan struct{}, atOnce)}
	s.outages = &outages{retryFor: c.Duration("retry-for")}
	for _, w := range p.Witnesses {
		s.witnesses = append(s.witnesses, w.witness(s.outages))
	}
	if p.Key == "" {
		s.identity = &identity{call: c, plan: p}
		at := s.outages.at(p.Authority)
		s.authority = fulcio.New(fulcio.Options{URL: p.Authority, Client: at.client(), RetryFor: s.outages.retryFor, Wait: at.wait, Token: func(ctx context.Context) (string, error) {
			t, err := s.identity.Token(ctx)
			return t.Raw.Reveal(), err
		}})
		s.signer = s.authority
		return s, nil
	}
	key, err := openKey(c, p.Key)
	if err != nil {
		return nil, err
	}
	s.signer, s.publicPEM = key, key.PublicPEM()
	if len(p.Certificates) > 0 {
		s.signer = certified{key, p.Certificates}
	}
	return s, nil
}

// statement signs a statement for a destination. What can't be finished goes into the
// spool, and the error is then [errSpooled].
func (s *signing) statement(ctx context.Context, st *attest.Statement, to destination) (*attest.Bundle, error) {
	return s.make(ctx, attest.SHA256(st.Bytes()), &piece{Statement: st.Bytes(), To: to}, func(ctx context.Context) (*attest.Bundle, error) {
		return sign.Statement(ctx, st, s.signer, s.witnesses...)
	})
}

// file signs a file of any size in constant memory, as [signing.statement] does.
func (s *signing) file(ctx context.Context, path string, to destination) (*attest.Bundle, error) {
	digest, err := s.digestFirst(ctx, path)
	if err != nil {
		return nil, err
	}
	return s.make(ctx, digest, &piece{File: path, To: to}, func(ctx context.Context) (*attest.Bundle, error) {
		f, err := os.Open(path)
		if err != nil {
			return nil, cli.Usagef("%v", err)
		}
		defer f.Close()
		return sign.File(ctx, f, s.signer, s.witnesses...)
	})
}

// digestFirst is a file's digest where somebody must be told of it before it is signed.
func (s *signing) digestFirst(ctx context.Context, path string) (attest.Digest, error) {
	if len(s.plan.published()) == 0 {
		return attest.Digest{}, nil
	}
	return fileDigest(ctx, path)
}

func (s *signing) make(ctx context.Context, digest attest.Digest, p *piece, make func(context.Context) (*attest.Bundle, error)) (*attest.Bundle, error) {
	s.slots <- struct{}{}
	defer func() { <-s.slots }()
	err := s.tell(ctx, digest)
	var b *attest.Bundle
	if err == nil {
		b, err = make(ctx)
	}
	if err == nil {
		s.announce(ctx)
		return b, nil
	}
	if !s.spoolable(err) {
		return nil, unavailable(err)
	}
	return nil, s.keep(ctx, p, err)
}

// keep puts a signature that is not finished into the spool.
func (s *signing) keep(ctx context.Context, p *piece, cause error) error {
	if p.File != "" {
		// An interrupt must not keep the file's digest from being noted.
		d, err := fileDigest(context.WithoutCancel(ctx), p.File)
		if err != nil {
			return cause
		}
		p.FileDigest = d.String()
		if abs, err := filepath.Abs(p.File); err == nil {
			p.File = abs
		}
	}
	var unwitnessed *sign.UnwitnessedError
	if errors.As(cause, &unwitnessed) {
		s.announce(ctx)
		p.hold(unwitnessed)
	}
	p.Error = cause.Error()
	s.spool.add(p, cause)
	return errSpooled
}

// keepWhole puts finished signatures into the spool that could not be stored, unless a
// key file can make them again for nothing. What it returns says so of the cause.
func (s *signing) keepWhole(bundles []*attest.Bundle, to destination, cause error) error {
	if s.identity == nil && len(s.witnesses) == 0 {
		return cause
	}
	for _, b := range bundles {
		s.spool.add(&piece{Statement: b.UnverifiedPayload(), Bundle: b.Bytes(), PublicKey: b.PublicKey(), To: to, Error: cause.Error()}, cause)
	}
	return &keptError{cause}
}

// spoolable says whether finishing later can help. Who signs with a key file and no
// witness just runs the command again.
func (s *signing) spoolable(err error) bool {
	permanent := cli.IsUsage(err) && !s.identity.outlived(err) || errors.Is(err, sign.ErrEnvelope) || errors.Is(err, rekor.ErrPureEd25519) || errors.Is(err, rekor.ErrNoKey)
	var unwitnessed *sign.UnwitnessedError
	return !permanent && (s.identity != nil || errors.As(err, &unwitnessed) || errors.Is(err, kms.ErrUnavailable))
}

func unavailable(err error) error {
	if errors.Is(err, kms.ErrUnavailable) {
		return &cli.UnavailableError{Err: err}
	}
	if errors.Is(err, rekor.ErrPureEd25519) {
		return cli.Usagef("%v", err)
	}
	return err
}

// tell has the signer agree to what will be public.
func (s *signing) tell(ctx context.Context, digest attest.Digest) error {
	if len(s.plan.published()) == 0 {
		return nil
	}
	if s.identity == nil {
		key := keyDigest(s.publicPEM).String()
		return s.disclose.before("key "+key, [][2]string{{"public key", key}}, digest)
	}
	t, err := s.identity.Token(ctx)
	if err != nil {
		return err
	}
	c := t.Certificate()
	return s.disclose.before(c.Issuer+" "+c.Subject, certificateWords(c), digest)
}

// announce says once for whom the certificate is, and by which token.
func (s *signing) announce(ctx context.Context) {
	if s.identity == nil {
		return
	}
	s.announced.Do(func() {
		c, err := s.authority.Certificate(context.WithoutCancel(ctx)) // the one that has just signed
		if err != nil {
			return
		}
		s.call.Sayf("signing as %s (%s), by the token from %s", report.Clean(c.Subject), report.Clean(c.Issuer), s.identity.source())
	})
}

// close ends a run: what is not finished goes into a file, whatever else went wrong.
func (s *signing) close(err error) error {
	targets := s.targets
	if targets == nil {
		targets = s.call.Arguments()
	}
	if errors.Is(err, errSpooled) {
		err = nil
	} else if err != nil && s.unsigned == nil && len(targets) == 1 {
		s.unsigned = []unsigned{{targets[0], isKept(err)}}
	}
	if err != nil && (len(targets) > 1 || len(s.spool.pieces) > 0) {
		defer sayUnsigned(s.call, s.unsigned, len(targets))
	}
	return s.spool.close(s.plan, notBegun(s.unsigned), err)
}

// keyDigest is the SHA-256 of a public key's PKIX encoding.
func keyDigest(publicPEM []byte) attest.Digest {
	block, _ := pem.Decode(publicPEM)
	if block == nil {
		return attest.Digest{}
	}
	return attest.SHA256(block.Bytes)
}
