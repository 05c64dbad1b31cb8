package oci

import (
	"context"

	"github.com/go-json-experiment/json"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
)

// A File is a file that is stored as an artifact of its own: a manifest with one layer,
// which is the file's exact bytes (OCI image specification 1.1, manifest.md, "Guidelines
// for Artifact Usage").
type File struct {
	// Artifact is the manifest, beside which evidence about the file lies.
	Artifact artifact.Artifact
	// Manifest and Content are the bytes of the manifest and of the file.
	Manifest, Content []byte
}

// ReadFile reads the file that t names, whose artifact type and layer must be of the media
// type, and which has at most so many bytes.
func (s *Store) ReadFile(ctx context.Context, t Target, mediaType string, most int64) (File, error) {
	if t.Name() != s.target.Name() || s.repo == nil && s.layout == nil {
		return File{}, s.at(failure(KindUsage, "%s can't be read here", t), "read", "")
	}
	doc, digest, err := s.root(ctx, t)
	if err != nil {
		return File{}, s.at(err, "read", "")
	}
	f, layer, err := fileOf(doc, digest, mediaType)
	if err != nil {
		return File{}, s.at(err, "read", digest.String())
	}
	f.Content, err = s.bytes(ctx, layer, most)
	return f, err
}

// ParseFile is the file that [Store.ReadFile] read once, from its bytes. The digest is that
// of the manifest.
func ParseFile(manifest, content []byte, digest attest.Digest, mediaType string) (File, error) {
	const place = "a stored file"
	if err := checkBytes(manifest, digest); err != nil {
		return File{}, at(err, "read", place)
	}
	doc, err := parseDocument(manifest, "")
	if err != nil {
		return File{}, at(err, "read", place)
	}
	f, layer, err := fileOf(doc, digest, mediaType)
	if err != nil {
		return File{}, at(err, "read", place)
	}
	named, err := layer.named()
	if err == nil {
		err = checkBytes(content, named)
	}
	f.Content = content
	return f, at(err, "read", place)
}

// fileOf reads the manifest of a file.
func fileOf(doc *document, digest attest.Digest, mediaType string) (File, descriptor, error) {
	switch {
	case !isManifest(doc.MediaType) || doc.ArtifactType != mediaType:
		return File{}, descriptor{}, failure(KindUnsupported, "is %s of artifact type %s, want one of %s", orNothing(doc.MediaType), orNothing(doc.ArtifactType), mediaType)
	case len(doc.Layers) != 1 || doc.Layers[0].MediaType != mediaType:
		return File{}, descriptor{}, failure(KindMalformed, "has %d layers, want one of type %s", len(doc.Layers), mediaType)
	}
	a := artifact.Artifact{Kind: artifact.KindOther, Digest: digest, MediaType: doc.MediaType, Size: int64(len(doc.raw))}
	return File{Artifact: a, Manifest: doc.raw}, doc.Layers[0], nil
}

// WriteFile stores a file as an artifact of the media type under the tag of t, in a
// registry. The same file is always the same manifest: existed says that the tag named it
// already, and nothing was written.
func (s *Store) WriteFile(ctx context.Context, t Target, mediaType string, content []byte) (f File, existed bool, err error) {
	switch {
	case s.repo == nil || t.Name() != s.target.Name():
		return File{}, false, s.at(failure(KindUnsupported, "a file is stored in a registry"), "write", "")
	case t.Tag == "" || !t.Digest.IsZero():
		return File{}, false, s.at(failure(KindUsage, "a file is stored under a tag: want REGISTRY/REPO:TAG"), "write", "")
	}
	raw, err := json.Marshal(fileManifest{
		SchemaVersion: 2, MediaType: mediaOCIManifest, ArtifactType: mediaType,
		Config: descriptor{MediaType: mediaEmpty, Digest: attest.SHA256([]byte(emptyConfig)).String(), Size: int64(len(emptyConfig))},
		Layers: []descriptor{{MediaType: mediaType, Digest: attest.SHA256(content).String(), Size: int64(len(content))}},
	}, json.Deterministic(true))
	if err != nil {
		return File{}, false, err
	}
	digest := attest.SHA256(raw)
	f = File{Manifest: raw, Content: content, Artifact: artifact.Artifact{Kind: artifact.KindOther, Digest: digest, MediaType: mediaOCIManifest, Size: int64(len(raw))}}
	if _, now, err := s.repo.tagged(ctx, t.Tag); err != nil || now == digest {
		return f, err == nil, s.at(err, "write", t.Tag)
	}
	return f, false, s.at(s.repo.putFile(ctx, t.Tag, f), "write", t.Tag)
}

// fileManifest is the manifest of a file, in the order of the specification.
type fileManifest struct {
	SchemaVersion int          `json:"schemaVersion"`
	MediaType     string       `json:"mediaType"`
	ArtifactType  string       `json:"artifactType"`
	Config        descriptor   `json:"config"`
	Layers        []descriptor `json:"layers"`
}

// putFile uploads what is missing, and then the manifest, by its tag.
func (r *repository) putFile(ctx context.Context, tag string, f File) error {
	if _, err := r.session(ctx, true); err != nil {
		return err
	}
	err := each(ctx, 2, 2, func(ctx context.Context, i int) error {
		blob := [][]byte{f.Content, []byte(emptyConfig)}[i]
		there, err := r.exists(ctx, "blobs", attest.SHA256(blob), true)
		if err != nil || there {
			return err
		}
		return r.upload(ctx, held(blob))
	})
	if err != nil {
		return err
	}
	return r.putManifest(ctx, tag, mediaOCIManifest, f.Manifest)
}
