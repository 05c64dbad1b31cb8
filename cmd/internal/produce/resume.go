package produce

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	urfave "github.com/urfave/cli/v2"
	"golang.org/x/sync/errgroup"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/sign"
	"github.com/carnet-project/carnet/sign/rekor"
	"github.com/carnet-project/carnet/sign/tsa"
)

// Resume finishes what sign, attest and seal could not.
func Resume() cli.Command {
	return cli.Command{
		Name: "resume", Usage: "finish signatures that services were not there for", Args: "SPOOL",
		About: `Reads the SPOOL that sign, attest or seal left when the certificate authority, a log, a
timestamp authority or the registry could not be reached, asks them again, and stores
each signature where it belongs. What has no certificate yet, or one that ended before
its signature was timestamped, is signed anew with a fresh identity token; a file must
be what it was. The spool is deleted when all is done; until then resume can be run
again.`,
		Arguments: [][2]string{{"SPOOL", "the file that sign, attest or seal named"}},
		Flags:     append(append([]urfave.Flag{cli.OutputFlag("text", "json")}, identityFlags()...), cli.RegistryFlags()...),
		Exits:     cli.MakeExits,
		Examples:  [][2]string{{"after an outage", "carnet resume carnet-spool-0f343b0931126a20.json"}},
		Run:       runResume,
	}
}

func runResume(c *cli.Call) error {
	path, err := c.One("SPOOL")
	if err != nil {
		return err
	}
	receipt, err := newReceipt(c)
	if err != nil {
		return err
	}
	doc, err := readSpool(path)
	if err != nil {
		return err
	}
	ctx, cancel := withTimeout(c)
	defer cancel()
	s, err := newSigning(c, doc.Plan)
	if err != nil {
		return err
	}
	r := &resumption{signing: s, path: path, doc: doc, receipt: receipt}
	if err := r.run(ctx); err != nil {
		return err
	}
	if err := receipt.print(); err != nil {
		return err
	}
	return sayNotBegun(c, path, doc.Command, doc.NotBegun)
}

// A resumption works through one spool.
type resumption struct {
	signing *signing
	path    string
	receipt *receipt
	mu      sync.Mutex // guards doc and receipt
	doc     spoolJSON
}

// run finishes the pieces, several at once, and writes down each step, so that a run that
// is killed loses none.
func (r *resumption) run(ctx context.Context) error {
	pieces := r.doc.Pieces
	errs := make([]error, len(pieces))
	var group errgroup.Group // without a context: one that fails must not end the others
	group.SetLimit(atOnce)
	for i, p := range pieces {
		group.Go(func() error {
			errs[i] = r.finish(ctx, p)
			return nil
		})
	}
	_ = group.Wait() // the errors are in errs
	left, usage, said := 0, false, map[string]bool{}
	for i, err := range errs {
		if err == nil {
			continue
		}
		left++
		usage = usage || cli.IsUsage(err)
		if text := err.Error(); !said[text] {
			said[text] = true
			r.signing.call.Sayf("not finished: %s: %s", pieces[i].To, text)
			r.signing.call.SayHint(err)
		}
	}
	if left == 0 {
		return os.Remove(r.path)
	}
	_ = sayNotBegun(r.signing.call, r.path, r.doc.Command, r.doc.NotBegun) // what is not finished counts more
	err := fmt.Errorf("%d of %d not finished; what there is of it is in %s", left, len(pieces), r.path)
	if usage {
		return cli.Usagef("%v", err)
	}
	return cli.WithHint(&cli.UnavailableError{Err: err}, "carnet resume "+r.path)
}

// finish signs, witnesses and stores a piece, and takes it out of the spool.
func (r *resumption) finish(ctx context.Context, p *piece) error {
	b, err := r.whole(ctx, p)
	if err != nil {
		return errors.Join(err, r.save(func() { p.Error = err.Error() }))
	}
	// From here on the signature is finished: storing alone can be tried again.
	if err := r.save(func() { p.Bundle, p.PublicKey, p.Missing = b.Bytes(), b.PublicKey(), nil }); err != nil {
		return err
	}
	if err := r.deliver(ctx, p, b); err != nil {
		return err
	}
	return r.save(func() {
		kept := r.doc.Pieces[:0:0]
		for _, other := range r.doc.Pieces {
			if other != p {
				kept = append(kept, other)
			}
		}
		r.doc.Pieces = kept
	})
}

// save writes the spool as it is after a change.
func (r *resumption) save(change func()) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	change()
	raw, err := encodeSpool(r.doc)
	if err != nil {
		return err
	}
	return writePrivate(r.path, raw)
}

// whole is the piece's bundle with all proofs.
func (r *resumption) whole(ctx context.Context, p *piece) (*attest.Bundle, error) {
	if len(p.Bundle) == 0 {
		return r.sign(ctx, p)
	}
	b, err := attest.ParseBundle(p.Bundle)
	if err != nil {
		return nil, cli.Usagef("the bundle in %s: %v", r.path, err)
	}
	b = b.SignedWith(p.PublicKey)
	if len(p.Missing) == 0 {
		return b, nil
	}
	if spent(b, p.Missing, time.Now()) {
		return r.sign(ctx, p)
	}
	var missing []sign.Witness
	for _, m := range p.Missing {
		missing = append(missing, m.witness(r.signing.outages))
	}
	whole, err := sign.Witnessed(ctx, b, missing...)
	if errors.Is(err, tsa.ErrExpired) || errors.Is(err, rekor.ErrExpired) || errors.Is(err, rekor.ErrAlreadyLogged) {
		return r.sign(ctx, p)
	}
	return whole, r.progress(p, err)
}

// progress keeps the proofs that there are now.
func (r *resumption) progress(p *piece, err error) error {
	var unwitnessed *sign.UnwitnessedError
	if errors.As(err, &unwitnessed) {
		return errors.Join(err, r.save(func() { p.hold(unwitnessed) }))
	}
	return err
}

// sign signs a piece from the beginning.
func (r *resumption) sign(ctx context.Context, p *piece) (b *attest.Bundle, err error) {
	s := r.signing
	digest := attest.SHA256(p.Statement)
	if p.File != "" {
		if digest, err = unchanged(ctx, p); err != nil {
			return nil, err
		}
	}
	if err := s.tell(ctx, digest); err != nil {
		return nil, err
	}
	if p.File != "" {
		b, err = r.signFile(ctx, p)
	} else {
		var st *attest.Statement
		if st, err = attest.ParseStatement(p.Statement); err != nil {
			return nil, cli.Usagef("the statement in %s: %v", r.path, err)
		}
		b, err = sign.Statement(ctx, st, s.signer, s.witnesses...)
	}
	if err != nil {
		return nil, r.progress(p, err)
	}
	s.announce(ctx)
	return b, nil
}

func (r *resumption) signFile(ctx context.Context, p *piece) (*attest.Bundle, error) {
	f, err := os.Open(p.File)
	if err != nil {
		return nil, cli.Usagef("%v", err)
	}
	defer f.Close()
	b, err := sign.File(ctx, f, r.signing.signer, r.signing.witnesses...)
	if err != nil {
		return nil, err
	}
	// What was read while it was signed is what counts.
	if d := b.MessageDigest(); d.Algorithm() == "sha256" && d.String() != p.FileDigest {
		return nil, changed(p)
	}
	return b, nil
}

// unchanged is the digest of the piece's file, if it is the one that was to be signed.
func unchanged(ctx context.Context, p *piece) (attest.Digest, error) {
	d, err := fileDigest(ctx, p.File)
	if err == nil && d.String() != p.FileDigest {
		err = changed(p)
	}
	return d, err
}

func changed(p *piece) error {
	return &cli.UsageError{Message: p.File + " is not what it was: its digest was " + p.FileDigest, Hint: "sign the file as it is now: carnet sign " + p.File}
}

// spent says whether a signature can't be finished any more: its certificate has ended,
// and what is missing would say that it is from after that.
func spent(b *attest.Bundle, missing []place, now time.Time) bool {
	chain := b.Certificates()
	if len(chain) == 0 {
		return false
	}
	leaf, err := x509.ParseCertificate(chain[0])
	if err != nil || !now.After(leaf.NotAfter) {
		return false
	}
	for _, m := range missing {
		if m.Kind == placeTimestamp || m.Version == rekor.V1 {
			return true
		}
	}
	return len(b.Timestamps()) == 0
}

// deliver stores a finished bundle where it belongs; one that is there is left alone.
func (r *resumption) deliver(ctx context.Context, p *piece, b *attest.Bundle) error {
	if p.To.Image == "" {
		if err := r.signing.call.WriteFile(p.To.File, b.Bytes()); err != nil {
			return err
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.signing.call.Sayf("finished: %s", outName(p.To.File))
		if p.To.File != "-" && p.File != "" {
			r.receipt.file(p.File, b.MessageDigest(), "", b, p.To.File)
		}
		return nil
	}
	return r.store(ctx, p, b)
}

func (r *resumption) store(ctx context.Context, p *piece, b *attest.Bundle) error {
	client, err := r.signing.call.Registry()
	if err != nil {
		return err
	}
	s, err := openImage(ctx, client, p.To.Image)
	if err != nil {
		return err
	}
	defer s.store.Close()
	st, err := b.UnverifiedStatement()
	if err != nil {
		return cli.Usagef("the bundle in %s: %v", r.path, err)
	}
	node, err := nodeAbout(s.artifact, st)
	if err != nil {
		return err
	}
	fresh, err := missing(ctx, s.store, node.Digest, []*attest.Bundle{b})
	if err != nil {
		return err
	}
	if len(fresh) > 0 {
		if _, err := s.store.Attach(ctx, node, fresh...); err != nil {
			return cli.StoreError(err)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.receipt.image(s, []made{{claim{node, st}, b.Digest(), len(fresh) == 0}})
	return nil
}
