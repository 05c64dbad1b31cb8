package reference_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/attest/predicate/reference"
	"github.com/carnet-project/carnet/attest/predicate/spdx"
)

// specified is the example of the specification: a foreign reference.
const specified = `{"attester":{"id":"https://my-builder.com/v1"},"references":[{"downloadLocation":"https://cloud.com/my-sboms/sbom.spdx.json",
	"digest":{"sha256":"3b0d19b348f1e46a571c6e9df32897637c20dd9803261c2fc9cbe38b0c8422c4"},"mediaType":"application/spdx+json"}]}`

var content = []byte(strings.Repeat(`{"name":"a package"}`, 5000))

// packed is a document and as what it is stored.
func packed(t testing.TB, raw []byte) (reference.Document, []byte) {
	t.Helper()
	var stored bytes.Buffer
	p, err := reference.Pack(&stored, bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return reference.Document{
		Location: "oci://ghcr.io/acme/app@sha256:00", MediaType: "application/spdx+json", Digests: map[string]string{"sha256": p.Digest.Hex()},
		PredicateType: spdx.Type, Size: p.Size, Stored: p.Stored,
	}, stored.Bytes()
}

func TestForeignReferencesAreListedAndNotFollowed(t *testing.T) {
	r, err := reference.Parse(reference.V01, []byte(specified))
	if err != nil {
		t.Fatal(err)
	}
	d := r.Documents[0]
	if r.Attester != "https://my-builder.com/v1" || d.Location != "https://cloud.com/my-sboms/sbom.spdx.json" || d.MediaType != "application/spdx+json" ||
		d.Digest().String() != "sha256:3b0d19b348f1e46a571c6e9df32897637c20dd9803261c2fc9cbe38b0c8422c4" {
		t.Errorf("%+v", r)
	}
	if d.Problem() == "" || d.PredicateType != "" {
		t.Errorf("its type is guessed: %+v", d)
	}
	if _, err := d.Open(strings.NewReader("{}"), 1000); err == nil {
		t.Error("it is followed")
	}
}

func TestWrittenIsRead(t *testing.T) {
	d, stored := packed(t, content)
	if d.Problem() != "" || d.Stored.Digest != attest.SHA256(stored) || d.Digest() != attest.SHA256(content) || d.Stored.Size != int64(len(stored)) || d.Size != int64(len(content)) {
		t.Fatalf("%+v: %s", d, d.Problem())
	}
	want := reference.Reference{Attester: reference.Attester, Documents: []reference.Document{d, d}}
	raw, err := want.Predicate()
	if err != nil {
		t.Fatal(err)
	}
	if again, err := want.Predicate(); err != nil || !bytes.Equal(raw, again) {
		t.Errorf("written twice it differs: %v", err)
	}
	got, err := reference.Parse(reference.V01, raw)
	if err != nil || !reflect.DeepEqual(*got, want) {
		t.Errorf("%+v, %v\nwant %+v", got, err, want)
	}
	if err := predicate.Validate(reference.V01, raw); err != nil {
		t.Error(err)
	}
	read, err := got.Documents[0].Open(bytes.NewReader(stored), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	if back, err := io.ReadAll(read); err != nil || !bytes.Equal(back, content) {
		t.Errorf("%d bytes, %v", len(back), err)
	}
}

// The same document must be the same blob for years: another digest means that documents are
// signed and stored anew. If a new version of the compressor changes it, say so in the notes.
func TestPackingIsStable(t *testing.T) {
	d, _ := packed(t, content)
	if want := "e6e7e62b7382a9d11b05b1d4de059b1940f8cfb5c7f06b40a0eb43fe502fbf34"; d.Stored.Digest.Hex() != want {
		t.Errorf("stored as %s, want %s", d.Stored.Digest.Hex(), want)
	}
}

func TestOtherBytesAreRefused(t *testing.T) {
	good, stored := packed(t, content)
	bomb, bombed := packed(t, make([]byte, 50<<20))
	zip := func(raw []byte) []byte {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		w.Write(raw)
		w.Close()
		return b.Bytes()
	}
	changed := func(change func(*reference.Document)) reference.Document {
		d := good
		change(&d)
		return d
	}
	fit := func(raw []byte) reference.Document {
		return changed(func(d *reference.Document) { d.Stored.Size = int64(len(raw)) })
	}
	other := append(bytes.Clone(content[:len(content)-1]), 'x')
	for name, c := range map[string]struct {
		of     reference.Document
		stored []byte
		fault  attest.Fault
	}{
		"good":             {good, stored, ""},
		"other bytes":      {fit(zip(other)), zip(other), attest.FaultContentMismatch},
		"more":             {fit(zip(append(content, 'x'))), zip(append(content, 'x')), attest.FaultContentMismatch},
		"less":             {fit(zip(content[1:])), zip(content[1:]), attest.FaultContentMismatch},
		"a bomb":           {fit(bombed), bombed, attest.FaultContentMismatch},
		"said to be large": {bomb, bombed, attest.FaultTooLarge},
		"stored large":     {changed(func(d *reference.Document) { d.Stored.Size = 1 << 40 }), stored, attest.FaultTooLarge},
		"cut":              {good, stored[:len(stored)/2], attest.FaultMalformed},
		"cut in its head":  {good, stored[:5], attest.FaultMalformed},
		"nothing":          {good, nil, attest.FaultMalformed},
		"not gzip":         {good, content, attest.FaultMalformed},
		"rubbish after":    {fit(append(bytes.Clone(stored), "rubbish after"...)), append(bytes.Clone(stored), "rubbish after"...), attest.FaultMalformed},
		"another member":   {fit(append(bytes.Clone(stored), zip([]byte("x"))...)), append(bytes.Clone(stored), zip([]byte("x"))...), attest.FaultContentMismatch},
		"as it is": {changed(func(d *reference.Document) {
			d.Stored = reference.Stored{Digest: attest.SHA256(content), Size: int64(len(content)), Encoding: reference.Identity}
		}), content, ""},
		"encoding": {changed(func(d *reference.Document) { d.Stored.Encoding = "br" }), stored, attest.FaultUnsupported},
	} {
		t.Run(name, func(t *testing.T) {
			read, err := c.of.Open(bytes.NewReader(c.stored), 10<<20)
			var n int64
			if err == nil {
				n, err = io.Copy(io.Discard, read)
			}
			var fault *attest.Error
			if c.fault == "" && err != nil || c.fault != "" && (!errors.As(err, &fault) || fault.Fault != c.fault) {
				t.Errorf("error %v, want %q", err, c.fault)
			}
			if n > c.of.Size {
				t.Errorf("gave %d bytes of %d", n, c.of.Size)
			}
		})
	}
}

// A store that fails in the middle is not told from one that never had it by what unpacks.
func TestAReadersErrorIsItsOwn(t *testing.T) {
	d, stored := packed(t, content)
	broken := errors.New("the connection broke")
	for _, n := range []int{0, 5, len(stored) / 2} {
		read, err := d.Open(io.MultiReader(bytes.NewReader(stored[:n]), failing{broken}), 10<<20)
		if err == nil {
			_, err = io.Copy(io.Discard, read)
		}
		if !errors.Is(err, broken) {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
}

type failing struct{ error }

func (f failing) Read([]byte) (int, error) { return 0, f.error }

func TestWhatIsRefused(t *testing.T) {
	for name, change := range map[string][2]string{
		"no attester":     {`"id":"https://my-builder.com/v1"`, ``},
		"no references":   {`"references":[{`, `"reference":[{`},
		"no location":     {`"downloadLocation"`, `"location"`},
		"no media type":   {`,"mediaType":"application/spdx+json"`, ``},
		"a short digest":  {`c9cbe38b0c8422c4"`, `c9"`},
		"a size in text":  {`"mediaType"`, `"annotations":{"` + reference.AnnotationSize + `":"12"},"mediaType"`},
		"a size below 0":  {`"mediaType"`, `"annotations":{"` + reference.AnnotationSize + `":-1},"mediaType"`},
		"a stored digest": {`"mediaType"`, `"annotations":{"` + reference.AnnotationStoredDigest + `":"md5:00"},"mediaType"`},
		"two of a name":   {`"mediaType"`, `"mediaType":"a/b","mediaType"`},
		"other case":      {`"mediaType"`, `"MediaType":"a/b","mediaType"`},
		"too many":        {`"references":[`, `"references":[` + strings.Repeat(`{"downloadLocation":"a:b","mediaType":"a/b"},`, reference.MaxReferences)},
	} {
		raw := strings.Replace(specified, change[0], change[1], 1)
		if raw == specified {
			t.Fatal(name + ": nothing was changed")
		}
		if _, err := reference.Parse(reference.V01, []byte(raw)); err == nil {
			t.Errorf("%s: read", name)
		}
	}
	if _, err := reference.Parse("https://in-toto.io/attestation/reference/v0.2", []byte(specified)); err == nil {
		t.Error("another version is read")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(specified))
	d, _ := packed(f, content)
	raw, err := reference.Reference{Attester: reference.Attester, Documents: []reference.Document{d}}.Predicate()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := reference.Parse(reference.V01, raw)
		var fault *attest.Error
		if err != nil {
			if !errors.As(err, &fault) {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		again, err := r.Predicate()
		if err != nil {
			t.Fatal(err)
		}
		if back, err := reference.Parse(reference.V01, again); err != nil || fmt.Sprint(*back) != fmt.Sprint(*r) {
			t.Fatalf("%v: read back differently: %+v, %+v", err, r, back)
		}
	})
}

func FuzzOpen(f *testing.F) {
	d, stored := packed(f, content)
	f.Add(stored)
	f.Fuzz(func(t *testing.T, raw []byte) {
		d := d
		d.Stored.Size = max(int64(len(raw)), 1)
		read, err := d.Open(bytes.NewReader(raw), 10<<20)
		if err != nil {
			return
		}
		if back, err := io.ReadAll(read); err == nil && !bytes.Equal(back, content) {
			t.Fatal("other bytes are taken")
		}
	})
}
