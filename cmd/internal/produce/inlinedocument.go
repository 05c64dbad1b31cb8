package produce

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/oci"
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/attest/predicate/reference"
	"github.com/carnet-project/carnet/cmd/internal/cli"
)

// A packedDocument is a document that is ready to be stored, in a file that is only here until
// it is.
type packedDocument struct {
	reference.Packed
	predicateType string
	mediaType     string
	path          string
}

// packDocument writes a predicate of a type into a temporary file, packed, as it is read.
func packDocument(from io.Reader, uri string) (d *packedDocument, err error) {
	f, err := os.CreateTemp("", "carnet-document-*")
	if err != nil {
		return nil, fmt.Errorf("a place for the document: %w", err)
	}
	d = &packedDocument{predicateType: uri, mediaType: predicate.MediaType(uri), path: f.Name()}
	defer func() {
		if err != nil {
			d.remove()
		}
	}()
	d.Packed, err = reference.Pack(f, from)
	return d, errors.Join(err, f.Close())
}

func (d *packedDocument) remove() { _ = os.Remove(d.path) } // it lies in the directory for such files

// packInput packs a predicate while it is held to its type, in one pass. What is not of the
// type is an error of the user's file, called name.
func packInput(from io.Reader, uri, name string) (*packedDocument, error) {
	read, write := io.Pipe()
	valid := make(chan error, 1)
	go func() {
		err := predicate.ValidateFrom(uri, read)
		read.CloseWithError(errNotOfType) // nothing more is packed
		valid <- err
	}()
	d, err := packDocument(io.TeeReader(from, write), uri)
	write.CloseWithError(err) // nil is the document's end
	invalid := <-valid
	switch {
	case err != nil && !errors.Is(err, errNotOfType):
		return nil, err
	case invalid != nil:
		if d != nil {
			d.remove()
		}
		return nil, cli.Usagef("%s is not a predicate of type %s: %v", name, uri, invalid)
	}
	return d, err
}

var errNotOfType = errors.New("the predicate is not of its type")

func (d *packedDocument) document() oci.Document {
	return oci.Document{
		MediaType: d.mediaType, Digest: d.Digest, Size: d.Size,
		Encoding: d.Stored.Encoding, Stored: d.Stored.Digest, StoredSize: d.Stored.Size,
		Open: func() (io.ReadCloser, error) { return os.Open(d.path) },
	}
}

// store puts the document beside a node, unless it is there.
func (d *packedDocument) store(ctx context.Context, s *subject, n artifact.Artifact) error {
	if err := s.store.Writable(); err != nil {
		return cli.StoreError(err)
	}
	if _, err := s.store.AttachDocument(ctx, n, d.document()); err != nil {
		return cli.StoreError(err)
	}
	return nil
}

// statement states that the document is beside a node. It is the same again for the same
// document in the same store.
func (d *packedDocument) statement(s *subject, n artifact.Artifact, subjects ...attest.Subject) (*attest.Statement, error) {
	where, err := s.store.DocumentLocation(n, d.document())
	if err != nil {
		return nil, cli.StoreError(err)
	}
	raw, err := reference.Reference{Attester: reference.Attester, Documents: []reference.Document{{
		Location: where, MediaType: d.mediaType, Digests: map[string]string{d.Digest.Algorithm(): d.Digest.Hex()},
		PredicateType: d.predicateType, Size: d.Size, Stored: d.Stored,
	}}}.Predicate()
	if err != nil {
		return nil, err
	}
	return attest.NewStatement(reference.V01, raw, subjects...)
}

// attestFile attests an SBOM from a user's file, which is read into memory only as far as it
// goes into the statement.
func attestFile(c *cli.Call, arg, uri string) error {
	p, err := planOf(c)
	if err != nil {
		return err
	}
	limit, err := inlineLimit(c, p)
	if err != nil {
		return err
	}
	name := c.String("predicate")
	from, err := c.OpenInput(name)
	if err != nil {
		return err
	}
	defer from.Close()
	head, err := io.ReadAll(io.LimitReader(from, limit+1))
	if err != nil {
		return err
	}
	if int64(len(head)) <= limit {
		return attestRaw(c, arg, uri, head)
	}
	if _, err := attest.ParseDigest(arg); err == nil {
		return noPlace(name)
	}
	if t, err := cli.Target(arg); err != nil {
		return err
	} else if t.Scheme == oci.SchemeFile {
		return noPlace(name)
	}
	ctx, cancel := withTimeout(c)
	defer cancel()
	done := c.Progress("packing " + name)
	d, err := packInput(io.MultiReader(bytes.NewReader(head), from), uri, name)
	done()
	if err != nil {
		return err
	}
	defer d.remove()
	return aboutImage(ctx, c, arg, func(s *subject, nodes []artifact.Artifact) ([]claim, error) {
		var claims []claim
		for _, n := range nodes {
			noteIndex(c, n, uri)
			st, err := d.statement(s, n, attest.NewSubject(s.name(), n.Digest))
			if err != nil {
				return nil, err
			}
			claims = append(claims, claim{n, st})
		}
		return claims, nil
	}, func(s *subject, nodes []artifact.Artifact) error {
		for _, n := range nodes {
			if err := d.store(ctx, s, n); err != nil {
				return err
			}
		}
		return nil
	})
}

func noPlace(name string) error {
	return &cli.UsageError{Message: name + " is over --inline-limit, and a file has no place for a document beside it", Hint: "write the bundle with --bundle OUT: it holds the predicate itself"}
}
