package oci

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/carnet-project/carnet/attest"
	"github.com/go-json-experiment/json"
)

// refName names an entry in a layout's index, as a tag does in a registry (OCI image
// specification 1.1, annotations.md); kind is cosign's, in layouts that it saved.
const (
	refName = "org.opencontainers.image.ref.name"
	kind    = "kind"

	kindSignatures   = "dev.cosignproject.cosign/sigs"
	kindAttestations = "dev.cosignproject.cosign/atts"
)

// A layout is an OCI image layout, a directory or a tar of one.
type layout struct {
	path    string
	files   fs.FS
	options Options
	// root is the directory, or nil for a tar, which is only read.
	root *os.Root
	shut io.Closer
}

func openLayout(at string, o Options) (*layout, error) {
	info, err := os.Stat(at)
	if err != nil {
		return nil, err
	}
	l := &layout{path: at, options: o}
	if info.IsDir() {
		if l.root, err = os.OpenRoot(at); err != nil {
			return nil, err
		}
		l.files, l.shut = rootFiles{l.root}, l.root
	} else {
		archive, err := openTar(at, o.Limits.Entries)
		if err != nil {
			return nil, err
		}
		l.files, l.shut = archive, archive
	}
	if err := l.check(); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

func (l *layout) close() error { return l.shut.Close() }

// check reads the file that says that this is a layout.
func (l *layout) check() error {
	var mark struct {
		Version string `json:"imageLayoutVersion"`
	}
	raw, err := l.read("oci-layout", 4<<10)
	if errors.Is(err, fs.ErrNotExist) {
		return failure(KindUnsupported, "is not an OCI layout: it has no file \"oci-layout\"")
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, &mark); err != nil || mark.Version != "1.0.0" {
		return failure(KindUnsupported, "is an OCI layout of version %q, want 1.0.0", plain(mark.Version))
	}
	return nil
}

func (l *layout) read(name string, most int64) ([]byte, error) {
	f, err := l.files.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readBounded(f, most)
}

// index reads index.json.
func (l *layout) index() (*document, error) {
	raw, err := l.read("index.json", l.options.Limits.ManifestBytes)
	if err != nil {
		return nil, at(err, "read", l.path+"/index.json")
	}
	doc, err := parseDocument(raw, "")
	if err == nil && len(doc.Manifests) > l.options.Limits.Entries {
		err = failure(KindOverBound, "has more than %d entries", l.options.Limits.Entries)
	}
	return doc, at(err, "read", l.path+"/index.json")
}

func blobPath(d attest.Digest) string { return path.Join("blobs", d.Algorithm(), d.Hex()) }

// manifest reads a manifest or index from the layout's blobs.
func (l *layout) manifest(ctx context.Context, d attest.Digest) (*document, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	raw, err := l.read(blobPath(d), l.options.Limits.ManifestBytes)
	if err == nil {
		err = checkBytes(raw, d)
	}
	if err != nil {
		return nil, at(err, "read manifest", l.path+"@"+d.String())
	}
	doc, err := parseDocument(raw, "")
	if err == nil && doc.MediaType == "" {
		// Before OCI 1.1 a manifest did not have to say what it is.
		doc.MediaType = mediaOCIManifest
		if doc.Manifests != nil {
			doc.MediaType = mediaOCIIndex
		}
	}
	return doc, at(err, "read manifest", l.path+"@"+d.String())
}

// blob opens content. Its reader checks digest and size.
func (l *layout) blob(ctx context.Context, d attest.Digest, size int64) (io.ReadCloser, error) {
	f, err := l.files.Open(blobPath(d))
	if err != nil {
		return nil, at(err, "read blob", l.path+"@"+d.String())
	}
	return newVerified(struct {
		io.Reader
		io.Closer
	}{contextReader{ctx, f}, f}, d, size), nil
}

// find is the digest of what t names in the layout's index.
func (l *layout) find(t Target) (attest.Digest, error) {
	if !t.Digest.IsZero() {
		return t.Digest, nil
	}
	index, err := l.index()
	if err != nil {
		return attest.Digest{}, err
	}
	named := map[attest.Digest]bool{}
	var last attest.Digest
	for _, e := range index.entries(func(int, error) {}) {
		if t.Tag != "" && e.Annotations[refName] != t.Tag || t.Tag == "" && isEvidence(e) {
			continue
		}
		last, _ = e.named() // entries gives only those with one
		named[last] = true
	}
	switch {
	case len(named) == 1:
		return last, nil
	case t.Tag == "" && len(named) > 1:
		return attest.Digest{}, failure(KindUsage, "holds %d images: name one by :TAG or @DIGEST", len(named))
	case len(named) > 1:
		return attest.Digest{}, failure(KindMalformed, "the tag %q names %d different manifests", t.Tag, len(named))
	case t.Tag == "":
		return attest.Digest{}, failure(KindNotFound, "holds no image")
	}
	return attest.Digest{}, failure(KindNotFound, "has no tag %q", t.Tag)
}

// isEvidence says whether an entry of a layout's index is there as evidence about
// another, and not as an image.
func isEvidence(e descriptor) bool {
	name := e.Annotations[refName]
	switch {
	case e.Annotations[kind] == kindSignatures, e.Annotations[kind] == kindAttestations:
		return true
	case e.ArtifactType != "" && e.ArtifactType != mediaOCIConfig && e.ArtifactType != mediaDockerConfig:
		return true
	}
	return strings.HasPrefix(name, "sha256-") || strings.HasPrefix(name, "sha512-")
}

func (l *ledger) searchLayout(ctx context.Context, subject attest.Digest, depth Depth) error {
	in := l.store.layout
	index, err := in.index()
	if err != nil {
		return err
	}
	var own listing
	for _, e := range index.entries(func(_ int, err error) { own.unreadable = append(own.unreadable, err) }) {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		if err := l.layoutEntry(ctx, subject, e, &own, depth); err != nil {
			return err
		}
	}
	if err := own.check(l.store.options.Limits.Referrers); err != nil {
		return err
	}
	return l.take(ctx, attest.PlaceLayout, own)
}

// layoutEntry sorts one entry of a layout's index: a referrer of subject, a fallback
// index under subject's tag, or one of cosign's older manifests.
func (l *ledger) layoutEntry(ctx context.Context, subject attest.Digest, e descriptor, own *listing, depth Depth) error {
	digest, err := e.named()
	if err != nil || digest == subject {
		return nil
	}
	switch name := e.Annotations[refName]; {
	case name == fallbackTag(subject, ""):
		doc, err := l.store.layout.manifest(ctx, digest)
		if err != nil {
			return err
		}
		own.add(doc)
		return nil
	case depth == Far && (name == fallbackTag(subject, ".sig") || e.Annotations[kind] == kindSignatures):
		return l.older(ctx, attest.PlaceCosignSig, digest)
	case depth == Far && (name == fallbackTag(subject, ".att") || e.Annotations[kind] == kindAttestations):
		return l.older(ctx, attest.PlaceCosignAtt, digest)
	case !isManifest(e.MediaType):
		return nil
	}
	doc, err := l.store.layout.manifest(ctx, digest)
	if err != nil {
		// It may be about subject: whoever looks must see that it cannot be read.
		l.add([]attest.Found{broken(attest.PlaceLayout, digest, err)})
		return nil
	}
	if doc.Subject != nil && doc.Subject.Digest == subject.String() {
		own.entries = append(own.entries, e)
		return own.check(l.store.options.Limits.Referrers)
	}
	return nil
}

func (l *ledger) older(ctx context.Context, place attest.Place, d attest.Digest) error {
	pieces, err := l.store.entry(ctx, place, d, descriptor{})
	l.add(pieces)
	return err
}
