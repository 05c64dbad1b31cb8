package layout_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"maps"
	"path/filepath"
	"testing"
	"time"

	"github.com/in-toto/in-toto-golang/in_toto"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/sign"
	"github.com/carnet-project/carnet/sign/key"
	"github.com/carnet-project/carnet/verify/layout"
)

// A person has a key, in the forms that carnet and in-toto have it.
type person struct {
	private in_toto.Key
	public  in_toto.Key
	pem     []byte
	signer  *key.Signer
}

func newPerson(t testing.TB, kind string) person {
	t.Helper()
	var private crypto.Signer
	var err error
	switch kind {
	case "ed25519":
		_, private, err = ed25519.GenerateKey(rand.Reader)
	case "p256":
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "p384":
		private, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "rsa":
		private, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	must(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(private)
	must(t, err)
	privatePEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	var p person
	must(t, p.private.LoadKeyReaderDefaults(bytes.NewReader(privatePEM)))
	p.signer, err = key.Load(privatePEM, nil)
	must(t, err)
	p.pem = p.signer.PublicPEM()
	p.public, err = layout.NewKey(p.pem)
	must(t, err)
	if p.public.KeyID != p.private.KeyID {
		t.Fatalf("in-toto-golang calls the key %s, and carnet %s", p.private.KeyID, p.public.KeyID)
	}
	return p
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (p person) owner(t testing.TB, name string) layout.Owner {
	t.Helper()
	owners, err := layout.Owners(name, p.pem)
	must(t, err)
	return owners[0]
}

// signs gives the layout with the person's signature, made as the command makes it.
func (p person) signs(t testing.TB, raw []byte) []byte {
	t.Helper()
	d, err := layout.Parse(raw)
	must(t, err)
	message, err := d.Message()
	must(t, err)
	sig, err := p.signer.SignInToto(t.Context(), message)
	must(t, err)
	raw, err = d.Signed(p.owner(t, "owner.pub"), sig)
	must(t, err)
	return raw
}

type files = map[string]string

// of are artifacts whose digests are those of their texts.
func of(f files) map[string]in_toto.HashObj {
	all := map[string]in_toto.HashObj{}
	for name, text := range f {
		all[name] = in_toto.HashObj{"sha256": attest.SHA256([]byte(text)).Hex()}
	}
	return all
}

func linkOf(step string, materials, products files) in_toto.Link {
	return in_toto.Link{Type: "link", Name: step, Materials: of(materials), Products: of(products), ByProducts: map[string]any{}, Command: []string{}, Environment: map[string]any{}}
}

// metablock is a classic link, which in-toto-golang signs.
func (p person) metablock(t testing.TB, l in_toto.Link) []byte {
	t.Helper()
	block := &in_toto.Metablock{Signed: l}
	must(t, block.Sign(p.private))
	path := filepath.Join(t.TempDir(), "a.link")
	must(t, block.Dump(path))
	return read(t, path)
}

// envelope is a link in DSSE, which in-toto-golang signs.
func (p person) envelope(t testing.TB, l in_toto.Link) []byte {
	t.Helper()
	e := &in_toto.Envelope{}
	must(t, e.SetPayload(l))
	must(t, e.Sign(p.private))
	path := filepath.Join(t.TempDir(), "a.link")
	must(t, e.Dump(path))
	return read(t, path)
}

// statement is a link of the attestation framework.
func statement(t testing.TB, l in_toto.Link) *attest.Statement {
	t.Helper()
	type material struct {
		Name   string            `json:"name"`
		Digest map[string]string `json:"digest"`
	}
	said := map[string]any{"name": l.Name, "command": l.Command}
	var materials []material
	for name, sums := range l.Materials {
		materials = append(materials, material{name, sums})
	}
	said["materials"] = materials
	predicate, err := json.Marshal(said)
	must(t, err)
	var subjects []attest.Subject
	for name, sums := range l.Products {
		subjects = append(subjects, attest.NewSubject(name, digest(t, "sha256:"+sums["sha256"])))
	}
	st, err := attest.NewStatement("https://in-toto.io/attestation/link/v0.3", predicate, subjects...)
	must(t, err)
	return st
}

// bundle is an attestation in a Sigstore bundle, which carnet signs.
func (p person) bundle(t testing.TB, l in_toto.Link) []byte {
	t.Helper()
	b, err := sign.Statement(t.Context(), statement(t, l), p.signer)
	must(t, err)
	return b.Bytes()
}

// plainStatement is an attestation in DSSE without a bundle around it.
func (p person) plainStatement(t testing.TB, l in_toto.Link) []byte {
	t.Helper()
	payload := statement(t, l).Bytes()
	message, err := io.ReadAll(attest.PAE(in_toto.PayloadType, payload))
	must(t, err)
	sig, err := p.signer.SignInToto(t.Context(), message)
	must(t, err)
	raw, err := json.Marshal(map[string]any{
		"payloadType": in_toto.PayloadType, "payload": base64.StdEncoding.EncodeToString(payload),
		"signatures": []any{map[string]string{"keyid": p.public.KeyID, "sig": base64.StdEncoding.EncodeToString(sig)}},
	})
	must(t, err)
	return raw
}

// A scene is a supply chain of two steps that went well: alice owns the layout, bob and
// carol may write, and dave builds what bob wrote.
type scene struct {
	alice, bob, carol, dave person
	layout                  in_toto.Layout
	wrapping                layout.Wrapping
	links                   map[string][]byte
	product                 layout.Product
	at                      time.Time
	parameters              map[string]string
	threshold               int
	productOf               string
	owners                  []layout.Owner
}

var (
	source = files{"main.go": "package main", "go.mod": "module app"}
	built  = files{"dist/app": "the program"}
)

func newScene(t testing.TB) *scene {
	t.Helper()
	s := &scene{alice: newPerson(t, "ed25519"), bob: newPerson(t, "p256"), carol: newPerson(t, "ed25519"), dave: newPerson(t, "p256")}
	s.at, s.wrapping = day(t, "2026-11-22"), layout.DSSE
	s.owners = []layout.Owner{s.alice.owner(t, "alice.pub")}
	s.layout = in_toto.Layout{
		Type: "layout", Expires: "2027-01-01T00:00:00Z", Inspect: []in_toto.Inspection{},
		Keys: map[string]in_toto.Key{s.bob.public.KeyID: s.bob.public, s.carol.public.KeyID: s.carol.public, s.dave.public.KeyID: s.dave.public},
		Steps: []in_toto.Step{
			aStep("write", []person{s.bob, s.carol}, 1, nil, [][]string{{"CREATE", "*"}, {"DISALLOW", "*"}}),
			aStep("build", []person{s.dave}, 1,
				[][]string{{"MATCH", "*", "WITH", "PRODUCTS", "FROM", "write"}, {"REQUIRE", "go.mod"}, {"DISALLOW", "*"}},
				[][]string{{"CREATE", "dist/*"}, {"DISALLOW", "*"}}),
		},
	}
	s.layout.Steps[1].ExpectedMaterials = [][]string{{"REQUIRE", "go.mod"}, {"MATCH", "*", "WITH", "PRODUCTS", "FROM", "write"}, {"DISALLOW", "*"}}
	s.links = map[string][]byte{
		"write.link": s.bob.metablock(t, linkOf("write", nil, source)),
		"build.link": s.dave.metablock(t, linkOf("build", source, built)),
	}
	s.product = layout.Product{Name: "app", Digests: []attest.Digest{attest.SHA256([]byte("the program"))}}
	return s
}

func aStep(name string, who []person, threshold int, materials, products [][]string) in_toto.Step {
	s := in_toto.Step{Type: "step", Threshold: threshold, ExpectedCommand: []string{}}
	s.Name, s.ExpectedMaterials, s.ExpectedProducts = name, materials, products
	for _, p := range who {
		s.PubKeys = append(s.PubKeys, p.public.KeyID)
	}
	return s
}

// signed is the layout as alice signs it.
func (s *scene) signed(t testing.TB) []byte {
	t.Helper()
	raw, err := layout.New(s.layout, s.wrapping)
	must(t, err)
	return s.alice.signs(t, raw)
}

func (s *scene) verification(raw []byte) layout.Verification {
	v := layout.Verification{Layout: raw, Owners: s.owners, Threshold: s.threshold, Parameters: s.parameters, ProductOf: s.productOf, At: s.at}
	for name, link := range s.links {
		v.Links = append(v.Links, layout.Link{Name: name, Raw: link})
	}
	return v
}

func (s *scene) judge(t testing.TB) layout.Verdict {
	t.Helper()
	return s.verification(s.signed(t)).Judge(s.product)
}

func (s *scene) clone() *scene {
	c := *s
	c.links = maps.Clone(s.links)
	return &c
}
