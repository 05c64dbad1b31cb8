package gate_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
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
	"github.com/carnet-project/carnet/verify/policy"
)

const typeSLSA = "https://slsa.dev/provenance/v1"

// A yard is a registry with images that are built on each other, and a key.
type yard struct {
	t        *testing.T
	registry *registry.Registry
	signer   *signkey.Signer
	root     *key.Root
	// opened are the base images that the last check opened.
	opened []string
	// fault says which requests of a check fail.
	fault func(*http.Request) bool
}

func newYard(t *testing.T) *yard {
	t.Helper()
	y := &yard{t: t, registry: registry.Start(t, registry.Config{Referrers: true})}
	pair, err := signkey.Generate(signkey.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	if y.signer, err = pair.Signer(); err != nil {
		t.Fatal(err)
	}
	if y.root, err = key.Parse("yard.pub", pair.PublicPEM()); err != nil {
		t.Fatal(err)
	}
	return y
}

func (y *yard) name(repository string) string { return y.registry.Host + "/" + repository }

// on is an image with one layer more than the one below.
func (y *yard) on(below v1.Image, platform v1.Platform) v1.Image {
	y.t.Helper()
	layer, err := random.Layer(64, types.OCILayer)
	if err != nil {
		y.t.Fatal(err)
	}
	image, err := mutate.AppendLayers(below, layer)
	if err != nil {
		y.t.Fatal(err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		y.t.Fatal(err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Created = platform.OS, platform.Architecture, v1.Time{Time: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	if image, err = mutate.ConfigFile(image, config); err != nil {
		y.t.Fatal(err)
	}
	return image
}

// index is an index of images, each for the platform in its configuration.
func (y *yard) index(images ...v1.Image) v1.ImageIndex {
	y.t.Helper()
	all := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, image := range images {
		config, err := image.ConfigFile()
		if err != nil {
			y.t.Fatal(err)
		}
		all = mutate.AppendManifests(all, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: config.Platform()}})
	}
	return all
}

// push stores an image or an index.
func (y *yard) push(repository string, content remote.Taggable) attest.Digest {
	y.t.Helper()
	at, err := name.ParseReference(y.name(repository) + ":1")
	if err != nil {
		y.t.Fatal(err)
	}
	if err := remote.Push(at, content); err != nil {
		y.t.Fatal(err)
	}
	return y.resolve(repository).Digest
}

func (y *yard) resolve(repository string) artifact.Artifact {
	y.t.Helper()
	_, a := open(y.t, y.name(repository)+":1")
	return a
}

// says signs a statement and stores it.
func (y *yard) says(repository string, about attest.Digest, predicateType, says string) {
	y.t.Helper()
	st, err := attest.NewStatement(predicateType, []byte(says), attest.NewSubject("", about))
	if err != nil {
		y.t.Fatal(err)
	}
	b, err := sign.Statement(y.t.Context(), st, y.signer)
	if err != nil {
		y.t.Fatal(err)
	}
	store, a := open(y.t, y.name(repository)+":1")
	if _, err := store.Attach(y.t.Context(), a, b); err != nil {
		y.t.Fatal(err)
	}
}

func builtFrom(images ...string) string {
	var all []string
	for _, i := range images {
		name, digest, _ := strings.Cut(i, "@sha256:")
		all = append(all, fmt.Sprintf(`{"uri":"docker-image://%s","digest":{"sha256":%q}}`, name, digest))
	}
	return fmt.Sprintf(`{"buildDefinition":{"buildType":"https://example.com/b","externalParameters":{"a":1},"resolvedDependencies":[%s]},"runDetails":{"builder":{"id":"https://example.com/builder"}}}`, strings.Join(all, ","))
}

// images reads configurations as a gate asks for them.
func images(s *oci.Store) func(context.Context, attest.Digest) (policy.Image, error) {
	return func(ctx context.Context, d attest.Digest) (policy.Image, error) {
		c, err := s.Config(ctx, d)
		return policy.Image{Created: c.Created, DiffIDs: c.DiffIDs, Labels: c.Labels, Annotations: c.Annotations, Platform: c.Platform}, err
	}
}

// check judges an image of the yard under a policy with this section about base images.
func (y *yard) check(repository string, clause policy.BaseClause) policy.Verdict {
	y.t.Helper()
	found := make(chan string, 100)
	v := y.checkBases(repository, clause, func(ctx context.Context, name string, d attest.Digest) (gate.Base, error) {
		found <- strings.TrimPrefix(name, y.registry.Host+"/")
		return y.base(ctx, name, d)
	})
	close(found)
	y.opened = nil
	for name := range found {
		y.opened = append(y.opened, name)
	}
	return v
}

func (y *yard) checkBases(repository string, clause policy.BaseClause, bases func(context.Context, string, attest.Digest) (gate.Base, error)) policy.Verdict {
	y.t.Helper()
	doc := &policy.Document{Name: "yard", Scopes: []policy.Scope{{Name: "all", Images: []string{"**"}, Require: policy.Require{
		Agree: []string{}, Provenance: &policy.ProvenanceClause{}, Base: &clause,
	}}}}
	p, err := policy.Bind(y.name(repository), nil, doc)
	if err != nil {
		y.t.Fatal(err)
	}
	store, a := open(y.t, y.name(repository)+":1")
	y.registry.Reset()
	if y.fault != nil {
		y.registry.Fail(y.fault, registry.Always, registry.Status(http.StatusInternalServerError))
	}
	return gate.Gate{
		Source: source{store}, Roots: []verify.Root{y.root}, Policy: p, Images: images(store), Bases: bases, At: time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC),
	}.Check(y.t.Context(), a)
}

func (y *yard) base(ctx context.Context, name string, d attest.Digest) (gate.Base, error) {
	t, err := oci.ParseTarget(name + "@" + d.String())
	if err != nil {
		return gate.Base{}, err
	}
	store, err := oci.NewClient(oci.Options{Pause: time.Millisecond, Patience: 5 * time.Second, Retries: -1}).Open(ctx, t)
	if err != nil {
		return gate.Base{}, err
	}
	a, err := store.Resolve(ctx, t)
	return gate.Base{Artifact: a, Source: source{store}, Images: images(store)}, err
}

var (
	amd = v1.Platform{OS: "linux", Architecture: "amd64"}
	arm = v1.Platform{OS: "linux", Architecture: "arm64"}
)

// built is a yard with an app for two platforms on a root that is signed, and its provenance.
func built(t *testing.T) *yard {
	y := newYard(t)
	amdRoot, armRoot := y.on(empty.Image, amd), y.on(empty.Image, arm)
	root := y.push("root", y.index(amdRoot, armRoot, y.on(empty.Image, v1.Platform{OS: "linux", Architecture: "s390x"})))
	y.says("root", root, predicate.SignV1, `{}`)
	golang := y.push("golang", y.on(empty.Image, amd))
	app := y.push("app", y.index(y.on(amdRoot, amd), y.on(armRoot, arm)))
	y.says("app", app, typeSLSA, builtFrom(y.name("golang:1")+"@"+golang.String(), y.name("root:1")+"@"+root.String()))
	return y
}

// The base images are found in the provenance, opened where it says, and judged by their own
// evidence; the image of a stage that is not shipped is not asked about.
func TestBases(t *testing.T) {
	y := built(t)
	v := y.check("app", policy.BaseClause{Allow: []string{y.name("root")}, Evidence: policy.BaseSignature})
	want(t, v, policy.Allowed, "")
	if len(y.opened) != 2 {
		t.Errorf("opened %q", y.opened)
	}
	// The two platforms' manifests and configurations, provenance's manifest and bundle; of
	// the root its index, two of three platforms and the signature; of golang itself.
	if m, b := y.registry.Count(registry.Manifest), y.registry.Count(registry.Blob); m != 2+1+(1+2+1)+1 || b != 2+1+(2+1)+1 {
		t.Errorf("%d manifests and %d blobs: %+v", m, b, y.registry.Requests())
	}
	want(t, y.check("app", policy.BaseClause{Allow: []string{y.name("other")}, Evidence: policy.BaseListed}), policy.Denied, "")
	want(t, y.check("app", policy.BaseClause{Evidence: policy.BaseProvenance}), policy.Denied, "")
	want(t, y.check("app", policy.BaseClause{Evidence: policy.BaseSignature, MaxAge: 30 * 24 * time.Hour}), policy.Denied, "")
	want(t, y.check("app", policy.BaseClause{Evidence: policy.BaseSignature, MaxAge: 32 * 24 * time.Hour}), policy.Allowed, "")
}

// A base that can't be read leaves the verdict open.
func TestBasesThatCannotBeRead(t *testing.T) {
	for label, path := range map[string]string{"the base": "/root/manifests/", "its configuration": "/root/blobs/", "its listing": "/root/referrers/"} {
		y := built(t)
		y.fault = func(q *http.Request) bool { return strings.Contains(q.URL.Path, path) }
		if v := y.check("app", policy.BaseClause{Allow: []string{y.name("root")}, Evidence: policy.BaseSignature}); v.Outcome() != policy.Undecided {
			t.Errorf("%s: %s, %+v", label, v.Outcome(), v.Findings())
		}
	}
}

// Where nothing is to be read about a base, nothing is.
func TestBasesThatNeedNotBeRead(t *testing.T) {
	y := newYard(t)
	below := y.on(empty.Image, amd)
	root := y.push("root", below)
	app := y.push("app", y.on(below, amd))
	y.says("app", app, typeSLSA, builtFrom(y.name("root:1")+"@"+root.String()))
	y.says("app", app, typeSLSA, builtFrom(y.name("root:2")+"@"+root.String()))
	want(t, y.check("app", policy.BaseClause{Allow: []string{y.name("root")}, Evidence: policy.BaseListed}), policy.Allowed, "")
	if len(y.opened) != 0 || y.registry.Count(registry.Blob) != 2 {
		t.Errorf("opened %q: %+v", y.opened, y.registry.Requests())
	}
}

// Bases of bases are followed as deep as the policy says.
func TestBasesOfBases(t *testing.T) {
	y := newYard(t)
	lowest := y.on(empty.Image, amd)
	middle := y.on(lowest, amd)
	a, b := y.push("lowest", lowest), y.push("middle", middle)
	y.says("middle", b, typeSLSA, builtFrom(y.name("lowest:1")+"@"+a.String()))
	app := y.push("app", y.on(middle, amd))
	y.says("app", app, typeSLSA, builtFrom(y.name("middle:1")+"@"+b.String()))
	clause := policy.BaseClause{Allow: []string{y.name("*")}, Evidence: policy.BaseProvenance}
	want(t, y.check("app", clause), policy.Allowed, "")
	if len(y.opened) != 1 {
		t.Errorf("opened %q", y.opened)
	}
	clause.Depth = 2
	want(t, y.check("app", clause), policy.Denied, "")
	if len(y.opened) != 2 {
		t.Errorf("opened %q", y.opened)
	}
	y.says("lowest", a, typeSLSA, builtFrom())
	want(t, y.check("app", clause), policy.Allowed, "")
}

// More base images than are looked at leave it open whose they are.
func TestManyBases(t *testing.T) {
	y := newYard(t)
	var all []string
	for i := range 30 {
		all = append(all, fmt.Sprintf("%s@sha256:%064x", y.name(fmt.Sprintf("stage%d", i)), i))
	}
	app := y.push("app", y.on(empty.Image, amd))
	y.says("app", app, typeSLSA, builtFrom(all...))
	v := y.check("app", policy.BaseClause{Evidence: policy.BaseSignature})
	want(t, v, policy.Undecided, "")
	if len(y.opened) != 16 {
		t.Errorf("opened %d", len(y.opened))
	}
}

// A base that is something else than was asked for is none.
func TestABaseOfAnotherDigest(t *testing.T) {
	y := built(t)
	v := y.checkBases("app", policy.BaseClause{Evidence: policy.BaseSignature}, func(context.Context, string, attest.Digest) (gate.Base, error) {
		return gate.Base{Artifact: y.resolve("app"), Source: store{}}, nil
	})
	want(t, v, policy.Undecided, "")
	if f := v.Findings(); !strings.Contains(f[0].Found, "is not what was asked for") {
		t.Errorf("%+v", f)
	}
	v = y.checkBases("app", policy.BaseClause{Evidence: policy.BaseSignature}, func(context.Context, string, attest.Digest) (gate.Base, error) {
		return gate.Base{}, errors.New("no such registry")
	})
	want(t, v, policy.Undecided, "")
	if f := v.Findings(); !strings.Contains(f[0].Found, "no such registry") {
		t.Errorf("%+v", f)
	}
	want(t, y.checkBases("app", policy.BaseClause{Evidence: policy.BaseSignature}, nil), policy.Undecided, "")
}
