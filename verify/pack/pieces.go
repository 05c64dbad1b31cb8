package pack

import (
	"context"
	"fmt"
	"slices"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/verify/gate"
)

// A Piece is one piece of evidence of a case: what can be taken out of it. What it says of
// itself is not verified.
type Piece struct {
	// Image is the image that it was stored with, by its digest: the case's own or a base;
	// Name is that image's full repository name.
	Image attest.Digest
	Name  string
	// Subject is the digest that it is about, and Place where it lay.
	Subject  attest.Digest
	Place    attest.Place
	Manifest attest.Digest
	// Bundle is the bundle's digest; zero for an unsigned statement and for what can't be read.
	Bundle        attest.Digest
	PredicateType string
	Form          attest.Form
	// Problem says why it is no evidence, if it is none: unsigned, foreign, unreadable.
	Problem string

	layer int
	added *attest.Bundle
}

// Base says whether the piece is of a base image.
func (c *Case) Base(p Piece) bool { return p.Image != c.doc.Image.Digest }

// Pieces lists all evidence of the case, that of base images included, each piece once.
func (c *Case) Pieces() []Piece {
	var all []Piece
	seen := map[slot]bool{}
	for _, i := range c.images() {
		for _, l := range i.Listings {
			subject, err := attest.ParseDigest(l.Subject)
			if err != nil {
				continue // such a case is not opened
			}
			if l.Depth == near {
				for _, b := range c.with[place{i.Digest, subject}] {
					all = append(all, c.piece(Piece{Image: i.Digest, Name: i.Name, Subject: subject, Place: attest.PlaceFile, added: b}, b))
				}
			}
			for _, e := range l.Entries {
				for _, p := range c.entry(i, subject, e) {
					s := slot{place{i.Digest, subject}, e.Manifest, p.layer}
					if !seen[s] && !c.without[s] {
						seen[s] = true
						all = append(all, p)
					}
				}
			}
		}
	}
	return all
}

// piece fills in what a bundle says of itself.
func (c *Case) piece(p Piece, b *attest.Bundle) Piece {
	p.Bundle, p.Form = b.Digest(), b.Form()
	if st, err := b.UnverifiedStatement(); err == nil {
		p.PredicateType = st.PredicateType()
	}
	return p
}

// entry lists the pieces of one entry of a listing.
func (c *Case) entry(i *image, subject attest.Digest, e entry) []Piece {
	p := Piece{Image: i.Digest, Name: i.Name, Subject: subject, Place: e.Place, PredicateType: e.PredicateType, Form: e.Form, Problem: e.Ignored, layer: e.Layer}
	if d, err := attest.ParseDigest(e.Manifest); err == nil {
		p.Manifest = d
	}
	if e.Ignored != "" {
		return []Piece{p}
	}
	found, err := c.found(e)
	if err != nil {
		p.Problem = err.Error()
		return []Piece{p}
	}
	var all []Piece
	for _, f := range found {
		next := p
		next.layer, next.Problem = f.layer, f.Ignored
		if f.Ignored == "" {
			bundles, err := f.Open(context.Background()) // it reads a file
			if err != nil {
				next.Problem = err.Error()
			} else if len(bundles) == 1 {
				next = c.piece(next, bundles[0])
			}
		}
		all = append(all, next)
	}
	return all
}

// A layer is a piece of a manifest, by its place among them.
type layer struct {
	attest.Found
	layer int
}

// found are the pieces that an entry stands for: all of its manifest's, or one.
func (c *Case) found(e entry) ([]layer, error) {
	d, err := attest.ParseDigest(e.Manifest)
	if err != nil {
		return nil, err
	}
	pieces, err := c.blobs.Pieces(context.Background(), e.Place, d) // it reads a file
	if err != nil {
		if e.Error != nil {
			err = e.Error.err()
		}
		return nil, err
	}
	var all []layer
	for i, f := range pieces {
		if e.Whole || e.Layer == i {
			all = append(all, layer{orElse(f, e.Error), i})
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("the manifest %s has no layer %d", d, e.Layer)
	}
	return all, nil
}

// orElse gives a recorded error in place of the one that the missing file gives.
func orElse(f attest.Found, recorded *failure) attest.Found {
	open := f.Open
	if recorded != nil && open != nil {
		f.Open = func(ctx context.Context) ([]*attest.Bundle, error) {
			bundles, err := open(ctx)
			if err != nil {
				return nil, recorded.err()
			}
			return bundles, nil
		}
	}
	return f
}

// source is what the store of an image listed, with the changes of the case.
type source struct {
	c *Case
	i *image
}

// Discover implements [gate.Source].
func (s source) Discover(_ context.Context, subject artifact.Artifact, depth gate.Depth) ([]attest.Found, error) {
	at := slices.IndexFunc(s.i.Listings, func(l listing) bool { return l.Subject == subject.Digest.String() && depths[l.Depth] == depth })
	if at < 0 {
		return nil, fmt.Errorf("the saved case does not have what was stored about %s", subject.Digest)
	}
	l := s.i.Listings[at]
	if l.Error != nil {
		return nil, l.Error.err()
	}
	var all []attest.Found
	here := place{s.i.Digest, subject.Digest}
	if depth == gate.Near {
		for _, b := range s.c.with[here] {
			all = append(all, added(b))
		}
	}
	for _, e := range l.Entries {
		if f, there := s.replay(here, e); there {
			all = append(all, f)
		}
	}
	return all, nil
}

// replay is an entry as the store listed it, unless it was taken out.
func (s source) replay(here place, e entry) (attest.Found, bool) {
	f := attest.Found{Place: e.Place, PredicateType: e.PredicateType, Refers: e.Refers, Form: e.Form, Bytes: e.Bytes, Ignored: e.Ignored}
	if d, err := attest.ParseDigest(e.Manifest); err == nil {
		f.Manifest = d
	}
	if e.Ignored != "" {
		return f, !s.c.without[slot{here, e.Manifest, e.Layer}]
	}
	pieces, err := s.c.found(e)
	if err != nil {
		f.Open = func(context.Context) ([]*attest.Bundle, error) { return nil, err }
		return f, !s.c.without[slot{here, e.Manifest, e.Layer}]
	}
	pieces = slices.DeleteFunc(pieces, func(p layer) bool { return s.c.without[slot{here, e.Manifest, p.layer}] })
	if len(pieces) == 0 {
		return f, false
	}
	if !e.Whole {
		f.Open = pieces[0].Open
		return f, true
	}
	f.Look = func(context.Context) ([]attest.Found, error) {
		var all []attest.Found
		for _, p := range pieces {
			all = append(all, p.Found)
		}
		return all, nil
	}
	f.Open = func(ctx context.Context) ([]*attest.Bundle, error) { return openAll(ctx, f.Manifest, pieces) }
	return f, true
}

func openAll(ctx context.Context, manifest attest.Digest, pieces []layer) ([]*attest.Bundle, error) {
	var all []*attest.Bundle
	for _, p := range pieces {
		if p.Ignored != "" {
			continue
		}
		bundles, err := p.Open(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, bundles...)
	}
	if all == nil {
		return nil, &attest.Error{Fault: attest.FaultMalformed, Detail: manifest.String() + " is listed as a bundle and holds none"}
	}
	return all, nil
}

// added is a bundle that was put into the case.
func added(b *attest.Bundle) attest.Found {
	f := attest.Found{Place: attest.PlaceFile, Manifest: b.Digest(), Form: b.Form(), Bytes: int64(len(b.Bytes()))}
	if st, err := b.UnverifiedStatement(); err == nil {
		f.PredicateType = st.PredicateType()
	}
	f.Open = func(context.Context) ([]*attest.Bundle, error) { return []*attest.Bundle{b}, nil }
	return f
}
