package pack

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/verify"
)

// Schema names the format of case.json.
const Schema = "https://github.com/carnet-project/carnet/schema/case/v1"

// FileName is the file beside the folder blobs.
const FileName = "case.json"

// The bounds on what is read.
const (
	maxDocumentBytes = 16 << 20
	maxFileBytes     = 1 << 20
	maxImages        = 200
	maxFiles         = 100
	maxListings      = 2000
	maxEntries       = 10_000
)

// document is case.json.
type document struct {
	Schema string    `json:"schema"`
	At     time.Time `json:"at,omitzero"`
	Image  image     `json:"image"`
	// Bases are the images that the image may be built on, and theirs.
	Bases        []image `json:"bases,omitempty"`
	TrustedRoots []file  `json:"trustedRoots,omitempty"`
	Policies     []file  `json:"policies,omitempty"`
	Files        []file  `json:"files,omitempty"`
}

// image is one image, and what its store said of it.
type image struct {
	// Name is the full repository name, and Tag what was asked for.
	Name   string        `json:"name"`
	Tag    string        `json:"tag,omitempty"`
	Digest attest.Digest `json:"-"`
	Pinned string        `json:"digest"`
	// Unread are configurations and attestation manifests that could not be read.
	Unread []unread `json:"unread,omitempty"`
	// Documents are those that evidence refers to and that could not be read, by their blobs.
	Documents []unread  `json:"documents,omitempty"`
	Listings  []listing `json:"listings"`
}

type unread struct {
	Digest string   `json:"digest"`
	Error  *failure `json:"error"`
}

// listing is what was stored about one subject, near or far.
type listing struct {
	Subject string   `json:"subject"`
	Depth   string   `json:"depth"`
	Error   *failure `json:"error,omitempty"`
	Entries []entry  `json:"entries,omitempty"`
}

// entry is one piece that the store listed, or with Whole a manifest of pieces.
type entry struct {
	Place         attest.Place `json:"place"`
	Manifest      string       `json:"manifest,omitempty"`
	PredicateType string       `json:"predicateType,omitempty"`
	Form          attest.Form  `json:"form,omitempty"`
	Refers        []string     `json:"refers,omitempty"`
	Bytes         int64        `json:"bytes,omitzero"`
	Ignored       string       `json:"ignored,omitempty"`
	Whole         bool         `json:"whole,omitzero"`
	Layer         int          `json:"layer,omitzero"`
	Error         *failure     `json:"error,omitempty"`
}

// failure is why something could not be read.
type failure struct {
	Reason verify.Reason `json:"reason"`
	Detail string        `json:"detail"`
}

type file struct {
	Name   string `json:"name"`
	Digest string `json:"digest"`
}

func failed(err error) *failure {
	return &failure{verify.Refusal(err).Reason, clean(err.Error())}
}

// clean makes foreign text fit for a document that people read.
func clean(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

func (f *failure) err() error {
	return &verify.Error{Reason: f.Reason, Expected: "content that can be read", Found: f.Detail}
}

// write gives the document's bytes.
func (d *document) write() ([]byte, error) {
	raw, err := json.Marshal(d, json.Deterministic(true), jsontext.WithIndent("  "))
	return append(raw, '\n'), err
}

// readDocument reads case.json strictly.
func readDocument(files fs.FS) (*document, error) {
	raw, err := read(files, FileName, maxDocumentBytes)
	if err != nil {
		return nil, err
	}
	var d document
	if err := json.UnmarshalRead(bytes.NewReader(raw), &d, json.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf("%s: is not a saved case: %w", FileName, err)
	}
	if d.Schema != Schema {
		return nil, fmt.Errorf("%s: is of the schema %.100q, want %q", FileName, d.Schema, Schema)
	}
	if len(d.Bases) >= maxImages || len(d.TrustedRoots) > maxFiles || len(d.Policies) > maxFiles || len(d.Files) > maxFiles {
		return nil, fmt.Errorf("%s: has more than %d images or %d files", FileName, maxImages, maxFiles)
	}
	if err := d.Image.check(); err != nil {
		return nil, fmt.Errorf("%s: /image: %w", FileName, err)
	}
	for i := range d.Bases {
		if err := d.Bases[i].check(); err != nil {
			return nil, fmt.Errorf("%s: /bases/%d: %w", FileName, i, err)
		}
	}
	return &d, nil
}

func (i *image) check() error {
	var err error
	if i.Digest, err = attest.ParseDigest(i.Pinned); err != nil {
		return err
	}
	if i.Name == "" || len(i.Listings) > maxListings || len(i.Unread)+len(i.Documents) > maxEntries {
		return fmt.Errorf("has no name, or more than %d listings", maxListings)
	}
	seen := map[string]bool{}
	for _, l := range i.Listings {
		if err := l.check(); err != nil {
			return fmt.Errorf("the listing of %.100q: %w", l.Subject, err)
		}
		if key := l.Subject + l.Depth; seen[key] {
			return fmt.Errorf("lists %s twice", l.Subject)
		} else {
			seen[key] = true
		}
	}
	for _, u := range slices.Concat(i.Unread, i.Documents) {
		if _, err := attest.ParseDigest(u.Digest); err != nil || u.Error == nil {
			return fmt.Errorf("what could not be read, %.100q, has no digest or no error", u.Digest)
		}
	}
	return nil
}

func (l *listing) check() error {
	if _, err := attest.ParseDigest(l.Subject); err != nil {
		return err
	}
	switch {
	case l.Depth != near && l.Depth != far:
		return fmt.Errorf("has the depth %.20q, want %q or %q", l.Depth, near, far)
	case len(l.Entries) > maxEntries:
		return fmt.Errorf("has more than %d entries", maxEntries)
	case l.Error != nil && len(l.Entries) > 0:
		return errors.New("has entries and an error")
	}
	for i, e := range l.Entries {
		if e.Ignored != "" && e.Manifest == "" {
			continue // a store's entry without a digest that can be read
		}
		if _, err := attest.ParseDigest(e.Manifest); err != nil {
			return fmt.Errorf("entry %d: %w", i, err)
		}
		if e.Layer < 0 || e.Bytes < 0 {
			return fmt.Errorf("entry %d has a negative number", i)
		}
	}
	return nil
}

// near and far are the depths.
const (
	near = "near"
	far  = "far"
)

// read reads a file of at most so many bytes.
func read(files fs.FS, name string, most int64) ([]byte, error) {
	f, err := files.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, err
	}
	if int64(len(raw)) > most {
		return nil, fmt.Errorf("%s: has more than %d bytes", name, most)
	}
	return raw, nil
}
