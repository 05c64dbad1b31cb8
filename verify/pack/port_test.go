package pack_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/oci"
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/fixtures/registry"
	"github.com/carnet-project/carnet/sign"
	signkey "github.com/carnet-project/carnet/sign/key"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/gate"
	"github.com/carnet-project/carnet/verify/key"
	"github.com/carnet-project/carnet/verify/pack"
	"github.com/carnet-project/carnet/verify/policy"
)

const (
	typeSLSA = "https://slsa.dev/provenance/v1"
	typeSPDX = "https://spdx.dev/Document"
)

var moment = time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)

// A port is a registry with an image for two platforms on a base image, all sealed with one
// key: signatures and provenance of the indexes, and a BuildKit statement.
type port struct {
	t        testing.TB
	registry *registry.Registry
	signer   *signkey.Signer
	root     *key.Root
}

func newPort(t testing.TB) *port {
	t.Helper()
	p := &port{t: t, registry: registry.Start(t, registry.Config{Referrers: true})}
	pair, err := signkey.Generate(signkey.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	if p.signer, err = pair.Signer(); err != nil {
		t.Fatal(err)
	}
	if p.root, err = key.Parse("port.pub", pair.PublicPEM()); err != nil {
		t.Fatal(err)
	}
	below := []v1.Image{p.on(empty.Image, "amd64"), p.on(empty.Image, "arm64")}
	ground := p.push("base", p.index(below...))
	p.attach("base", p.says(ground, predicate.SignV1, `{}`))
	app := []v1.Image{p.on(below[0], "amd64"), p.on(below[1], "arm64")}
	index := p.push("app", p.index(append(app, p.attestation(app[0]))...))
	p.attach("app", p.says(index, predicate.SignV1, `{}`), p.says(index, typeSLSA, p.builtFrom(ground)), p.says(index, typeSPDX, `{}`))
	p.older(index)
	return p
}

func (p *port) name(repository string) string { return p.registry.Host + "/" + repository }

func (p *port) on(below v1.Image, architecture string) v1.Image {
	p.t.Helper()
	layer, err := random.Layer(64, types.OCILayer)
	if err != nil {
		p.t.Fatal(err)
	}
	image, err := mutate.AppendLayers(below, layer)
	if err != nil {
		p.t.Fatal(err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		p.t.Fatal(err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Created = "linux", architecture, v1.Time{Time: moment.Add(-24 * time.Hour)}
	if image, err = mutate.ConfigFile(image, config); err != nil {
		p.t.Fatal(err)
	}
	return image
}

// attestation is BuildKit's manifest beside an image in its index.
func (p *port) attestation(of v1.Image) v1.Image {
	p.t.Helper()
	d, err := of.Digest()
	if err != nil {
		p.t.Fatal(err)
	}
	st := fmt.Sprintf(`{"_type":"https://in-toto.io/Statement/v0.1","subject":[{"name":"x","digest":{"sha256":%q}}],"predicateType":%q,"predicate":%s}`, d.Hex, typeSLSA, p.builtFrom(attest.SHA256(nil)))
	image, err := mutate.Append(mutate.MediaType(empty.Image, types.OCIManifestSchema1), mutate.Addendum{
		Layer: static.NewLayer([]byte(st), types.MediaType(attest.PayloadType)), Annotations: map[string]string{"in-toto.io/predicate-type": typeSLSA},
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return mutate.Annotations(image, map[string]string{"of": d.String()}).(v1.Image)
}

func (p *port) index(images ...v1.Image) v1.ImageIndex {
	p.t.Helper()
	all := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, image := range images {
		config, err := image.ConfigFile()
		if err != nil {
			p.t.Fatal(err)
		}
		manifest, err := image.Manifest()
		if err != nil {
			p.t.Fatal(err)
		}
		d := v1.Descriptor{Platform: config.Platform()}
		if of := manifest.Annotations["of"]; of != "" {
			d.Platform = &v1.Platform{OS: "unknown", Architecture: "unknown"}
			d.Annotations = map[string]string{"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": of}
		}
		all = mutate.AppendManifests(all, mutate.IndexAddendum{Add: image, Descriptor: d})
	}
	return all
}

func (p *port) push(repository string, content remote.Taggable) attest.Digest {
	p.t.Helper()
	return p.pushAs(repository, "1", content)
}

func (p *port) pushAs(repository, tag string, content remote.Taggable) attest.Digest {
	p.t.Helper()
	at, err := name.ParseReference(p.name(repository) + ":" + tag)
	if err == nil {
		err = remote.Push(at, content)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return p.site(repository + ":" + tag).Artifact.Digest
}

// older leaves two signatures, which are no good, where cosign used to.
func (p *port) older(d attest.Digest) {
	p.t.Helper()
	image := mutate.MediaType(empty.Image, types.OCIManifestSchema1)
	for range 2 {
		var err error
		payload := fmt.Sprintf(`{"critical":{"identity":{"docker-reference":"x"},"image":{"docker-manifest-digest":%q},"type":"cosign container image signature"},"optional":null}`, d)
		if image, err = mutate.Append(image, mutate.Addendum{
			Layer:       static.NewLayer([]byte(payload+strings.Repeat(" ", p.count())), attest.SimpleSigningMediaType),
			Annotations: map[string]string{attest.LegacySignatureAnnotation: base64.StdEncoding.EncodeToString([]byte("x"))},
		}); err != nil {
			p.t.Fatal(err)
		}
	}
	p.pushAs("app", "sha256-"+d.Hex()+".sig", image)
}

func (p *port) count() int { return len(p.registry.Requests()) }

func (p *port) builtFrom(d attest.Digest) string {
	return fmt.Sprintf(`{"buildDefinition":{"buildType":"https://example.com/b","externalParameters":{"a":1},"resolvedDependencies":[{"uri":"docker-image://%s:1","digest":{"sha256":%q}}]},"runDetails":{"builder":{"id":"https://example.com/builder"}}}`, p.name("base"), d.Hex())
}

func (p *port) says(about attest.Digest, predicateType, says string) *attest.Bundle {
	p.t.Helper()
	if predicateType == typeSPDX {
		says = `{"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT","name":"n","dataLicense":"CC0-1.0","documentNamespace":"https://example.com/n","creationInfo":{"created":"2026-01-02T03:04:05Z","creators":["Tool: t"]},"packages":[]}`
	}
	st, err := attest.NewStatement(predicateType, []byte(says), attest.NewSubject("", about))
	if err != nil {
		p.t.Fatal(err)
	}
	b, err := sign.Statement(p.t.Context(), st, p.signer)
	if err != nil {
		p.t.Fatal(err)
	}
	return b
}

func (p *port) attach(repository string, bundles ...*attest.Bundle) {
	p.t.Helper()
	s := p.site(repository + ":1")
	if _, err := s.Store.Attach(p.t.Context(), s.Artifact, bundles...); err != nil {
		p.t.Fatal(err)
	}
}

// source asks a store as a gate's caller does.
type source struct {
	store *oci.Store
	root  artifact.Artifact
}

func (s source) Discover(ctx context.Context, a artifact.Artifact, depth gate.Depth) ([]attest.Found, error) {
	found, err := s.store.Discover(ctx, a.Digest, oci.Depth(depth))
	if err != nil || depth == gate.Near {
		return found, err
	}
	inside, err := s.store.InIndex(ctx, s.root, a.Digest)
	return append(found, inside...), err
}

func (p *port) site(reference string) pack.Site {
	p.t.Helper()
	s, err := p.open(p.t.Context(), p.name(reference))
	if err != nil {
		p.t.Fatal(err)
	}
	return s
}

func (p *port) open(ctx context.Context, reference string) (pack.Site, error) {
	t, err := oci.ParseTarget(reference)
	if err != nil {
		return pack.Site{}, err
	}
	store, err := oci.NewClient(oci.Options{LockDir: p.t.TempDir(), Pause: time.Millisecond, Retries: -1}).Open(ctx, t)
	if err != nil {
		return pack.Site{}, err
	}
	a, err := store.Resolve(ctx, t)
	return pack.Site{Name: t.Name(), Tag: t.Tag, Artifact: a, Store: store, Source: source{store, a}}, err
}

func (p *port) base(ctx context.Context, name string, d attest.Digest) (pack.Site, error) {
	return p.open(ctx, name+"@"+d.String())
}

// save records the app, after which the registry breaks or not.
func (p *port) save(fault func(*http.Request) bool) (fstest.MapFS, []pack.Gap) {
	p.t.Helper()
	site := p.site("app:1")
	p.registry.Reset()
	if fault != nil {
		p.registry.Fail(fault, registry.Always, registry.Status(http.StatusInternalServerError))
	}
	files := fstest.MapFS{}
	r := pack.Recorder{Files: files, Base: p.base, Put: func(name string, content []byte) error {
		files[name] = &fstest.MapFile{Data: slices.Clone(content)}
		return nil
	}}
	gaps, err := r.Record(p.t.Context(), site, pack.Beside{
		At: moment, TrustedRoots: []pack.File{{Name: "public", Content: []byte("{}")}},
		Policies: []pack.File{{Name: "policy.yaml", Content: []byte("kind: Policy\n")}}, Files: []pack.File{{Name: "a.pub", Content: []byte("key")}},
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return files, gaps
}

func (p *port) policy(require policy.Require) *policy.Policy {
	p.t.Helper()
	require.Agree = []string{}
	bound, err := policy.Bind(p.name("app"), nil, &policy.Document{Name: "port", Scopes: []policy.Scope{{Name: "all", Images: []string{"**"}, Require: require}}})
	if err != nil {
		p.t.Fatal(err)
	}
	return bound
}

// here judges the app in the registry.
func (p *port) here(require policy.Require) policy.Verdict {
	p.t.Helper()
	s := p.site("app:1")
	images := func(s *oci.Store) func(context.Context, attest.Digest) (policy.Image, error) {
		return func(ctx context.Context, d attest.Digest) (policy.Image, error) {
			c, err := s.Config(ctx, d)
			return policy.Image{Created: c.Created, DiffIDs: c.DiffIDs, Labels: c.Labels, Annotations: c.Annotations, Platform: c.Platform}, err
		}
	}
	return gate.Gate{
		Source: s.Source, Roots: []verify.Root{p.root}, Policy: p.policy(require), Images: images(s.Store), At: moment, Tag: "1",
		Documents: func(ctx context.Context, d attest.Digest, size int64) (io.ReadCloser, error) {
			body, err := s.Store.Blob(ctx, d, size)
			if oci.IsNotFound(err) {
				err = gate.ErrNoDocument
			}
			return body, err
		},
		Bases: func(ctx context.Context, name string, d attest.Digest) (gate.Base, error) {
			b, err := p.base(ctx, name, d)
			return gate.Base{Artifact: b.Artifact, Source: b.Source, Images: images(b.Store)}, err
		},
	}.Check(p.t.Context(), s.Artifact)
}

func open(t testing.TB, files fstest.MapFS) *pack.Case {
	t.Helper()
	c, err := pack.Open(files)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (p *port) there(c *pack.Case, require policy.Require) policy.Verdict {
	return c.Gate(p.policy(require), p.root).Check(p.t.Context(), c.Artifact())
}
