package oci

import (
	"context"
	"io"
	"os"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
)

// The annotations by which BuildKit marks attestation manifests in an image index
// (moby/buildkit, docs/attestations/attestation-storage.md).
const (
	buildKitType    = "vnd.docker.reference.type"
	buildKitSubject = "vnd.docker.reference.digest"
	attestationKind = "attestation-manifest"
)

// Resolve reads what t names, once: its tag becomes a digest, and its index the tree
// of what that digest commits to. Everything after it should use these digests. A
// digest in t counts before its tag, which is then not looked at. A registry is asked
// once, and once more for each index inside the index.
//
// The platform of a single image stays empty: it is in the image's config, see
// [Store.Platform].
func (s *Store) Resolve(ctx context.Context, t Target) (artifact.Artifact, error) {
	if t.Name() != s.target.Name() {
		return artifact.Artifact{}, s.at(failure(KindUsage, "%s lies in another place", t), "resolve", "")
	}
	if t.Scheme == SchemeFile {
		return resolveFile(ctx, t.Path)
	}
	if s.archive != nil {
		return s.resolveArchive()
	}
	doc, digest, err := s.root(ctx, t)
	if err != nil {
		return artifact.Artifact{}, s.at(err, "resolve", "")
	}
	w := walker{store: s, left: s.options.Limits.Entries}
	root, err := w.node(ctx, doc, digest, 0)
	return root, s.at(err, "resolve", digest.String())
}

func (s *Store) root(ctx context.Context, t Target) (*document, attest.Digest, error) {
	switch {
	case s.layout != nil:
		digest, err := s.layout.find(t)
		if err != nil {
			return nil, attest.Digest{}, err
		}
		doc, err := s.layout.manifest(ctx, digest)
		return doc, digest, err
	case !t.Digest.IsZero():
		return s.repo.manifest(ctx, t.Digest.String())
	case t.Tag != "":
		return s.repo.manifest(ctx, t.Tag)
	}
	// As every other tool reads it; what it was at this moment is in the digest.
	return s.repo.manifest(ctx, "latest")
}

// A walker reads an index with the indexes inside it.
type walker struct {
	store *Store
	// left is how many more entries are allowed.
	left int
}

func (w *walker) node(ctx context.Context, doc *document, d attest.Digest, depth int) (artifact.Artifact, error) {
	w.store.remember(d, doc)
	a := artifact.Artifact{Digest: d, MediaType: doc.MediaType, Size: int64(len(doc.raw))}
	switch {
	case isManifest(doc.MediaType):
		a.Kind = manifestKind(doc)
		return a, nil
	case !isIndex(doc.MediaType):
		return a, failure(KindUnsupported, "is a %q, want an image or an index", plain(doc.MediaType))
	case depth == w.store.options.Limits.Depth:
		return a, failure(KindOverBound, "indexes lie in each other deeper than %d", depth)
	}
	a.Kind = artifact.KindIndex
	var bad error
	entries := doc.entries(func(_ int, err error) { bad = err })
	if bad != nil {
		return a, bad
	}
	if w.left -= len(entries); w.left < 0 {
		return a, failure(KindOverBound, "has more than %d entries", w.store.options.Limits.Entries)
	}
	for _, e := range entries {
		child, err := w.child(ctx, e, depth)
		if err != nil {
			return a, err
		}
		a.Children = append(a.Children, child)
	}
	return a, nil
}

// child makes the node of an index's entry. An entry says all that is needed about a
// manifest, but for one without a platform.
func (w *walker) child(ctx context.Context, e descriptor, depth int) (artifact.Artifact, error) {
	digest, err := e.named()
	if err != nil {
		return artifact.Artifact{}, err
	}
	a := artifact.Artifact{Digest: digest, MediaType: e.MediaType, Size: e.Size}
	if isIndex(e.MediaType) {
		doc, err := w.store.manifest(ctx, digest)
		if err != nil {
			return a, err
		}
		if doc.MediaType != e.MediaType {
			return a, failure(KindMalformed, "%s says it is %q but its index says %q", digest, plain(doc.MediaType), e.MediaType)
		}
		if a, err = w.node(ctx, doc, digest, depth+1); err != nil {
			return a, err
		}
	} else if a.Kind, err = w.entryKind(ctx, digest, e); err != nil {
		return a, err
	}
	if p := e.Platform.String(); p != "unknown/unknown" {
		a.Platform = p
	}
	a.Annotations = e.Annotations
	return a, nil
}

// entryKind tells apart what can lie in an image index beside images. It goes by what
// a runtime goes by when it chooses, the platform: neither an annotation nor an
// artifact type keeps containerd from running an entry that has one. An entry without
// a platform may be chosen too, by the platform in the image's config: so its manifest
// is fetched to learn whether it is an image.
func (w *walker) entryKind(ctx context.Context, d attest.Digest, e descriptor) (artifact.Kind, error) {
	switch {
	case !isManifest(e.MediaType):
		return artifact.KindOther, nil
	case e.Platform == nil || e.Platform.OS == "" || e.Platform.Architecture == "":
		doc, err := w.store.manifest(ctx, d)
		if err != nil {
			return "", err
		}
		return manifestKind(doc), nil
	case e.Platform.OS == "unknown" && e.Platform.Architecture == "unknown":
		return artifact.KindAttestation, nil
	}
	return artifact.KindImage, nil
}

// manifestKind says whether a runtime can run what the manifest describes.
func manifestKind(doc *document) artifact.Kind {
	if doc.Config != nil && (doc.Config.MediaType == mediaOCIConfig || doc.Config.MediaType == mediaDockerConfig) {
		return artifact.KindImage
	}
	return artifact.KindOther
}

// resolveArchive names an image by the digest of its config, Docker's image id: a
// docker-archive has no manifest, and the layers' digests in a registry will depend
// on how they are compressed then.
func (s *Store) resolveArchive() (artifact.Artifact, error) {
	config, err := s.archive.RawConfigFile()
	if err != nil {
		return artifact.Artifact{}, s.at(malformed(err), "resolve", "")
	}
	return artifact.Artifact{
		Kind:      artifact.KindImage,
		Digest:    attest.SHA256(config),
		Size:      int64(len(config)),
		MediaType: mediaDockerConfig,
	}, nil
}

// resolveFile reads a file of any size in constant memory.
func resolveFile(ctx context.Context, path string) (artifact.Artifact, error) {
	f, err := os.Open(path)
	if err != nil {
		return artifact.Artifact{}, at(err, "resolve", "file:"+path)
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return artifact.Artifact{}, at(failure(KindUnsupported, "is not a regular file"), "resolve", "file:"+path)
	}
	h := hasherOf(attest.Digest{})
	size, err := io.CopyBuffer(h, struct{ io.Reader }{contextReader{ctx, f}}, make([]byte, 1<<20))
	if err != nil {
		return artifact.Artifact{}, at(err, "resolve", "file:"+path)
	}
	d, err := attest.DigestOf("sha256", h.Sum(nil))
	return artifact.Artifact{Kind: artifact.KindFile, Digest: d, Size: size}, err
}

// contextReader ends a long read with its context.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := context.Cause(c.ctx); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
