package oci

import (
	"context"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
)

// maxDiffIDs bounds the layers of one image; runtimes stop at 128 or so.
const maxDiffIDs = 1000

// A Config is what an image's manifest and its configuration say (OCI image specification
// 1.1, config.md). Its author wrote it, and nobody else vouches for it.
type Config struct {
	// Created is zero where the configuration does not say. Reproducible builds write 1970
	// or the time of the commit.
	Created time.Time
	// DiffIDs are the digests of the uncompressed layers, lowest first. A runtime holds
	// what it unpacks to them.
	DiffIDs []string
	Labels  map[string]string
	// Annotations are the manifest's.
	Annotations map[string]string
	// Platform is os/arch[/variant], or "".
	Platform string
}

// Config reads the manifest d and its configuration, of at most 8 MiB, and checks both
// against their digests. It costs one request for each, and none for a manifest that
// resolving has read.
func (s *Store) Config(ctx context.Context, d attest.Digest) (Config, error) {
	if s.archive != nil {
		raw, err := s.archive.RawConfigFile()
		if err != nil {
			return Config{}, s.at(malformed(err), "read config", d.String())
		}
		c, err := parseConfig(raw)
		return c, s.at(err, "read config", d.String())
	}
	doc, raw, err := s.config(ctx, d)
	if err != nil {
		return Config{}, err
	}
	c, err := parseConfig(raw)
	if err == nil && len(c.DiffIDs) != len(doc.Layers) {
		// No runtime unpacks it, and whose layers these are is anybody's guess.
		err = failure(KindMalformed, "the configuration names %d layers and the manifest %d", len(c.DiffIDs), len(doc.Layers))
	}
	c.Annotations = doc.Annotations
	return c, s.at(err, "read config", d.String())
}

// config reads the manifest d, which must be an image's, and the bytes of its configuration.
func (s *Store) config(ctx context.Context, d attest.Digest) (*document, []byte, error) {
	doc, err := s.manifest(ctx, d)
	if err != nil {
		return nil, nil, err
	}
	if !isManifest(doc.MediaType) || manifestKind(doc) != artifact.KindImage {
		return nil, nil, s.at(failure(KindUnsupported, "is a %q, want an image", plain(doc.MediaType)), "read config", d.String())
	}
	s.remember(d, doc)
	raw, err := s.bytes(ctx, *doc.Config, maxConfigBytes)
	return doc, raw, err
}

// misspelt refuses members that are not read here, and that a reader who does not mind the
// case of letters would read.
func misspelt(rest map[string]jsontext.Value) error {
	for name := range rest {
		for _, known := range []string{"created", "os", "architecture", "variant", "rootfs", "config", "diff_ids", "Labels"} {
			if name != known && strings.EqualFold(name, known) {
				return failure(KindMalformed, "has a member %q, which differs from %q only by case", plain(name), known)
			}
		}
	}
	return nil
}

// parseConfig reads a configuration strictly where readers could differ: no name twice, and
// none that differs from one that is read only by case.
func parseConfig(raw []byte) (Config, error) {
	var doc struct {
		Created      string `json:"created"`
		OS           string `json:"os"`
		Architecture string `json:"architecture"`
		Variant      string `json:"variant"`
		RootFS       struct {
			DiffIDs []string                  `json:"diff_ids"`
			Rest    map[string]jsontext.Value `json:",embed"`
		} `json:"rootfs"`
		Config struct {
			Labels map[string]string         `json:"Labels"`
			Rest   map[string]jsontext.Value `json:",embed"`
		} `json:"config"`
		Rest map[string]jsontext.Value `json:",embed"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		return Config{}, failure(KindMalformed, "is not an image's configuration: %s", plain(err.Error()))
	}
	for _, rest := range []map[string]jsontext.Value{doc.Rest, doc.RootFS.Rest, doc.Config.Rest} {
		if err := misspelt(rest); err != nil {
			return Config{}, err
		}
	}
	c := Config{DiffIDs: doc.RootFS.DiffIDs, Labels: doc.Config.Labels}
	if len(c.DiffIDs) > maxDiffIDs {
		return Config{}, failure(KindOverBound, "has more than %d layers", maxDiffIDs)
	}
	for _, id := range c.DiffIDs {
		if _, err := attest.ParseDigest(id); err != nil {
			return Config{}, failure(KindMalformed, "a layer's diff id: %s", plain(err.Error()))
		}
	}
	if doc.Created != "" {
		created, err := time.Parse(time.RFC3339Nano, doc.Created)
		if err != nil {
			return Config{}, failure(KindMalformed, "its time of creation %q is not RFC 3339", plain(doc.Created))
		}
		c.Created = created
	}
	if doc.OS != "" && doc.Architecture != "" {
		c.Platform = (&platform{OS: doc.OS, Architecture: doc.Architecture, Variant: doc.Variant}).String()
	}
	return c, nil
}
