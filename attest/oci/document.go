package oci

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/carnet-project/carnet/attest"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// The media types that are read. Docker's older names mean the same documents.
const (
	mediaOCIIndex       = "application/vnd.oci.image.index.v1+json"
	mediaOCIManifest    = "application/vnd.oci.image.manifest.v1+json"
	mediaDockerList     = "application/vnd.docker.distribution.manifest.list.v2+json"
	mediaDockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
	mediaOCIConfig      = "application/vnd.oci.image.config.v1+json"
	mediaDockerConfig   = "application/vnd.docker.container.image.v1+json"
	mediaEmpty          = "application/vnd.oci.empty.v1+json"
)

func isIndex(mediaType string) bool {
	return mediaType == mediaOCIIndex || mediaType == mediaDockerList
}

func isManifest(mediaType string) bool {
	return mediaType == mediaOCIManifest || mediaType == mediaDockerManifest
}

// A descriptor is how a manifest or index names content (OCI image specification
// 1.1, descriptor.md). Fields are as they were read: nothing is checked yet.
type descriptor struct {
	MediaType    string            `json:"mediaType"`
	Digest       string            `json:"digest"`
	Size         int64             `json:"size"`
	ArtifactType string            `json:"artifactType,omitempty"`
	Annotations  map[string]string `json:"annotations,omitempty"`
	Platform     *platform         `json:"platform,omitempty"`
	Data         []byte            `json:"data,omitempty"`
}

type platform struct {
	OS           string `json:"os"`
	Architecture string `json:"architecture"`
	Variant      string `json:"variant,omitempty"`
}

func (p *platform) String() string {
	if p == nil {
		return ""
	}
	s := p.OS + "/" + p.Architecture
	if p.Variant != "" {
		s += "/" + p.Variant
	}
	return s
}

// named is the descriptor's digest. An error is of [KindMalformed].
func (d descriptor) named() (attest.Digest, error) {
	digest, err := attest.ParseDigest(d.Digest)
	switch {
	case err != nil:
		return attest.Digest{}, failure(KindMalformed, "a descriptor's digest: %s", plain(err.Error()))
	case d.Size < 0:
		return attest.Digest{}, failure(KindMalformed, "the descriptor of %s has size %d", digest, d.Size)
	}
	return digest, nil
}

// A document is an image manifest or an image index.
type document struct {
	raw          []byte
	MediaType    string            `json:"mediaType"`
	ArtifactType string            `json:"artifactType"`
	Config       *descriptor       `json:"config"`
	Layers       []descriptor      `json:"layers"`
	Subject      *descriptor       `json:"subject"`
	Annotations  map[string]string `json:"annotations"`
	// Manifests stay unread, so that one bad entry does not hide the others.
	Manifests []jsontext.Value `json:"manifests"`
}

// parseDocument reads a manifest or index strictly: no name twice, no name that
// differs from a specified one by case, nothing after the document, and not both a
// manifest and an index (CVE-2021-41190). declared is the media type by which it
// was named, or "".
func parseDocument(raw []byte, declared string) (*document, error) {
	if err := checkNames(raw); err != nil {
		return nil, err
	}
	d := &document{raw: raw}
	if err := json.Unmarshal(raw, d); err != nil {
		return nil, failure(KindMalformed, "is not an OCI manifest or index: %s", plain(err.Error()))
	}
	if d.MediaType == "" {
		d.MediaType = declared
	}
	switch {
	case declared != "" && d.MediaType != declared:
		return nil, failure(KindMalformed, "says it is %q but was named as %q", plain(d.MediaType), plain(declared))
	case d.Manifests != nil && (d.Layers != nil || d.Config != nil):
		return nil, failure(KindMalformed, "is both an index and a manifest")
	case isManifest(d.MediaType) && d.Manifests != nil, isIndex(d.MediaType) && (d.Layers != nil || d.Config != nil):
		return nil, failure(KindMalformed, "is not the %s that it says it is", d.MediaType)
	}
	return d, nil
}

// entries reads the index's descriptors; bad gets those that cannot be read.
func (d *document) entries(bad func(i int, err error)) []descriptor {
	var read []descriptor
	for i, value := range d.Manifests {
		var e descriptor
		if err := json.Unmarshal(value, &e); err != nil {
			bad(i, failure(KindMalformed, "entry %d is not a descriptor: %s", i, plain(err.Error())))
			continue
		}
		if _, err := e.named(); err != nil {
			bad(i, failure(KindMalformed, "entry %d: %s", i, explain(err).Detail))
			continue
		}
		read = append(read, e)
	}
	return read
}

// checkNames refuses member names that another parser could read as specified ones.
func checkNames(raw []byte) error {
	dec := jsontext.NewDecoder(bytes.NewBuffer(raw))
	for {
		token, err := dec.ReadToken()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return failure(KindMalformed, "is not JSON: %s", plain(err.Error()))
		}
		kind, length := dec.StackIndex(dec.StackDepth())
		if kind != '{' || length%2 == 0 || token.Kind() != '"' {
			continue
		}
		name := token.String()
		if known := specified[strings.ToLower(name)]; known != "" && known != name {
			return failure(KindMalformed, "has a member %q, which differs from %q only by case", plain(name), known)
		}
		// These have names of their own.
		if name == "annotations" || name == "data" {
			if err := dec.SkipValue(); err != nil && !errors.Is(err, io.EOF) {
				return failure(KindMalformed, "is not JSON: %s", plain(err.Error()))
			}
		}
	}
}

// specified are the members that are read, by their lower-case form.
var specified = map[string]string{
	"schemaversion": "schemaVersion",
	"mediatype":     "mediaType",
	"artifacttype":  "artifactType",
	"manifests":     "manifests",
	"config":        "config",
	"layers":        "layers",
	"subject":       "subject",
	"annotations":   "annotations",
	"digest":        "digest",
	"size":          "size",
	"data":          "data",
	"platform":      "platform",
	"os":            "os",
	"architecture":  "architecture",
	"variant":       "variant",
}
