package pack

import (
	"context"
	"fmt"
	"io"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/oci"
	"github.com/carnet-project/carnet/attest/predicate/reference"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/gate"
)

// maxStoredBytes bounds what one document is stored as: what is kept is held in memory.
const maxStoredBytes = attest.MaxBundleBytes

// documents keeps the documents to which the evidence of a kept entry refers, whoever signed
// it. That one is not there is recorded, as is that one could not be read.
func (k *keeper) documents(ctx context.Context, i *image, s Site, e entry) error {
	for _, b := range k.bundles(ctx, e, func(t string) bool { return t == reference.V01 }) {
		st, err := b.UnverifiedStatement()
		if err != nil || st.PredicateType() != reference.V01 {
			continue
		}
		r, err := reference.Parse(st.PredicateType(), st.Predicate())
		if err != nil {
			continue // who judges it will say so
		}
		for _, d := range r.Documents {
			if d.Problem() != "" || k.kept[d.Stored.Digest] || reasonFor(i.Documents, d.Stored.Digest) != nil {
				continue
			}
			raw, err := storedDocument(ctx, s.Store, d)
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err != nil {
				failure := k.gap(i, "the document "+d.Digest().String(), err)
				if oci.IsNotFound(err) {
					failure.Reason = verify.ReasonDocumentMissing
				}
				i.Documents = append(i.Documents, unread{d.Stored.Digest.String(), failure})
				continue
			}
			if err := k.put(d.Stored.Digest, raw); err != nil {
				return err
			}
		}
	}
	return nil
}

func storedDocument(ctx context.Context, store *oci.Store, d reference.Document) ([]byte, error) {
	if d.Stored.Size > maxStoredBytes {
		return nil, &attest.Error{Fault: attest.FaultTooLarge, Detail: fmt.Sprintf("the document is stored in %d bytes, over the bound of %d", d.Stored.Size, maxStoredBytes)}
	}
	body, err := store.Blob(ctx, d.Stored.Digest, d.Stored.Size)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return io.ReadAll(body)
}

// documents opens what was kept of the documents of an image.
func (c *Case) documents(i *image) func(context.Context, attest.Digest, int64) (io.ReadCloser, error) {
	return func(ctx context.Context, stored attest.Digest, size int64) (io.ReadCloser, error) {
		if err := reasonFor(i.Documents, stored); err != nil {
			return nil, err
		}
		body, err := c.blobs.Blob(ctx, stored, size)
		if oci.IsNotFound(err) {
			return nil, fmt.Errorf("%w: %v", gate.ErrNoDocument, err)
		}
		return body, err
	}
}
