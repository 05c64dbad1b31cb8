package pack_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/attest/oci"
	"github.com/carnet-project/carnet/attest/predicate/reference"
	"github.com/carnet-project/carnet/fixtures/registry"
	"github.com/carnet-project/carnet/verify/policy"
)

const typeNotes = "https://acme.example/notes/v1"

// refers attests notes about the image that lie beside it, and gives the document. Where it is
// not stored it is missing.
func (p *port) refers(text string, stored bool) reference.Document {
	p.t.Helper()
	var packed bytes.Buffer
	made, err := reference.Pack(&packed, strings.NewReader(text))
	if err != nil {
		p.t.Fatal(err)
	}
	d := reference.Document{
		Location: "oci://example.com/app", MediaType: "application/json", Digests: map[string]string{"sha256": made.Digest.Hex()},
		PredicateType: typeNotes, Size: made.Size, Stored: made.Stored,
	}
	site := p.site("app:1")
	if stored {
		_, err = site.Store.AttachDocument(p.t.Context(), site.Artifact, oci.Document{
			MediaType: d.MediaType, Digest: made.Digest, Size: made.Size, Encoding: reference.Gzip, Stored: made.Stored.Digest, StoredSize: made.Stored.Size,
			Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(packed.Bytes())), nil },
		})
		if err != nil {
			p.t.Fatal(err)
		}
	}
	raw, err := reference.Reference{Attester: reference.Attester, Documents: []reference.Document{d}}.Predicate()
	if err != nil {
		p.t.Fatal(err)
	}
	p.attach("app", p.says(site.Artifact.Digest, reference.V01, string(raw)))
	return d
}

// A saved case has the documents to which its evidence refers, and knows which were not there
// and which could not be read.
func TestASavedCaseHasItsDocuments(t *testing.T) {
	notes := policy.Require{Checks: []policy.CheckClause{{Name: "notes", Type: "predicate", Predicate: typeNotes, OnImage: true}}}
	for name, c := range map[string]struct {
		stored  bool
		fault   bool
		outcome policy.Outcome
	}{
		"there": {true, false, policy.Allowed}, "missing": {false, false, policy.Denied}, "unreadable": {true, true, policy.Undecided},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPort(t)
			d := p.refers(`{"note":"good"}`, c.stored)
			broken := func(q *http.Request) bool { return c.fault && strings.HasSuffix(q.URL.Path, d.Stored.Digest.String()) }
			files, _ := p.save(broken)
			p.registry.Fail(broken, registry.Always, registry.Status(http.StatusForbidden))
			here := p.here(notes)
			if here.Outcome() != c.outcome {
				t.Errorf("%s: %+v", here.Outcome(), here.Findings())
			}
			same(t, name, here, p.there(open(t, files), notes))
			if _, kept := files["blobs/sha256/"+d.Stored.Digest.Hex()]; kept != (c.outcome == policy.Allowed) {
				t.Errorf("the document is kept: %t", kept)
			}
		})
	}
}
