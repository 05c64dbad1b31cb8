package scan_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/carnet-project/carnet/sbom/scan"
)

// encodings are the documents of r in every format.
func encodings(t *testing.T, r *scan.Result) map[scan.Format][]byte {
	t.Helper()
	docs := map[scan.Format][]byte{}
	for _, f := range scan.Formats() {
		docs[f] = encode(t, r, f)
	}
	return docs
}

func equalDocuments(t *testing.T, what string, a, b map[scan.Format][]byte) {
	t.Helper()
	for _, f := range scan.Formats() {
		if !bytes.Equal(a[f], b[f]) {
			i := 0
			for i < min(len(a[f]), len(b[f])) && a[f][i] == b[f][i] {
				i++
			}
			from := max(0, i-80)
			t.Errorf("%s: %s differs at byte %d:\n%s\n%s", what, f, i, a[f][from:min(len(a[f]), i+80)], b[f][from:min(len(b[f]), i+80)])
		}
	}
}

func TestImageIsReproducible(t *testing.T) {
	img := fullImage(t)
	first := encodings(t, scanImage(t, scan.Options{}, img))

	t.Run("from a layout, elsewhere", func(t *testing.T) {
		opts := scan.Options{TempDir: t.TempDir(), Parallelism: 1}
		equalDocuments(t, "layout", first, encodings(t, scanImage(t, opts, fromLayout(t, writeLayout(t, img)))))
		if left, err := os.ReadDir(opts.TempDir); err != nil || len(left) > 0 {
			t.Errorf("scan left %v in its TempDir (%v)", left, err)
		}
	})
	t.Run("from a registry", func(t *testing.T) {
		equalDocuments(t, "registry", first, encodings(t, scanImage(t, scan.Options{Parallelism: 7}, throughRegistry(t, img))))
	})
	t.Run("in another process, time zone and directory", func(t *testing.T) {
		out := filepath.Join(t.TempDir(), "doc")
		other := exec.Command(os.Args[0], "-test.run=^$")
		other.Dir = t.TempDir()
		other.Env = append(os.Environ(), "SCAN_TEST_LAYOUT="+writeLayout(t, img), "SCAN_TEST_OUT="+out, "TZ=Asia/Kolkata",
			"TMPDIR="+t.TempDir(), "HOME="+t.TempDir(), "LANG=de_DE.UTF-8", "GOPROXY=https://example.com", "GOMAXPROCS=1")
		if msg, err := other.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, msg)
		}
		docs := map[scan.Format][]byte{}
		for _, f := range scan.Formats() {
			docs[f] = []byte(readFile(t, out+"."+string(f)))
		}
		equalDocuments(t, "other process", first, docs)
	})
}

// TestMain is also the other process of TestImageIsReproducible.
func TestMain(m *testing.M) {
	dir := os.Getenv("SCAN_TEST_LAYOUT")
	if dir == "" {
		os.Exit(m.Run())
	}
	if err := writeDocuments(dir, os.Getenv("SCAN_TEST_OUT")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func writeDocuments(dir, out string) error {
	idx, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		return err
	}
	m, err := idx.IndexManifest()
	if err != nil {
		return err
	}
	img, err := idx.Image(m.Manifests[0].Digest)
	if err != nil {
		return err
	}
	r, err := scan.New(scan.Options{}).Image(context.Background(), img, "registry.example.com/team/app")
	if err != nil {
		return err
	}
	for _, f := range scan.Formats() {
		doc, err := r.Encode(f)
		if err != nil {
			return err
		}
		if err := os.WriteFile(out+"."+string(f), doc, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func throughRegistry(t *testing.T, img v1.Image) v1.Image {
	t.Helper()
	srv := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(srv.Close)
	ref, err := name.ParseReference(strings.TrimPrefix(srv.URL, "http://")+"/team/app:1", name.Insecure)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(ref, img); err != nil {
		t.Fatal(err)
	}
	got, err := remote.Image(ref)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestDirIsReproducible(t *testing.T) {
	here, there := filepath.Join(t.TempDir(), "proj"), filepath.Join(t.TempDir(), "deep", "er", "proj")
	for _, dir := range []string{here, there} {
		write(t, dir, npm)
		write(t, dir, goLayer(t))
	}
	first := encodings(t, scanDir(t, here))
	equalDocuments(t, "elsewhere", first, encodings(t, scanDir(t, there)))
	t.Chdir(there)
	equalDocuments(t, "by a relative path", first, encodings(t, scanDir(t, ".")))
	for f, doc := range first {
		if !bytes.Contains(doc, []byte("left-pad")) {
			t.Errorf("%s does not name the package", f)
		}
		if bytes.Contains(doc, []byte(filepath.Dir(here))) {
			t.Errorf("%s has the path of the directory", f)
		}
	}
}

func TestFileIsReproducible(t *testing.T) {
	bin, archive := []byte(goLayer(t)["usr/local/bin/hello"]), tarOf(t, npm)
	for base, content := range map[string][]byte{"hello": bin, "app.tar": archive} {
		var first map[scan.Format][]byte
		for range 2 {
			path := filepath.Join(t.TempDir(), base)
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			r := scanFile(t, path)
			if r.Packages() == 0 {
				t.Errorf("%s: no package found", base)
			}
			docs := encodings(t, r)
			if first == nil {
				first = docs
			}
			equalDocuments(t, base, first, docs)
		}
	}
}

func TestCreated(t *testing.T) {
	set := time.Date(2020, 2, 3, 4, 5, 6, 789, time.FixedZone("", 3600))
	dir := t.TempDir()
	write(t, dir, npm)
	local, err := scan.New(scan.Options{Created: set}).Dir(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	for want, r := range map[string]*scan.Result{
		"2020-02-03T03:05:06Z": scanImage(t, scan.Options{Created: set}, fullImage(t)),
		"2024-05-06T07:08:09Z": scanImage(t, scan.Options{}, fullImage(t)),
		"1970-01-01T00:00:00Z": scanDir(t, dir),
	} {
		for _, f := range []scan.Format{scan.SPDXJSON, scan.SPDXTagValue, scan.CycloneDXJSON, scan.CycloneDXXML} {
			if !bytes.Contains(encode(t, r, f), []byte(want)) {
				t.Errorf("%s: not created at %s", f, want)
			}
		}
	}
	if !bytes.Contains(encode(t, local, scan.SPDXJSON), []byte("2020-02-03T03:05:06Z")) {
		t.Errorf("the directory's document ignores Options.Created")
	}
}

var (
	namespaceUUID = regexp.MustCompile(`"documentNamespace":"https://[^"]*([0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})"`)
	serialUUID    = regexp.MustCompile(`"serialNumber":"urn:uuid:([0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})"`)
)

// The identifier is another one if the content is, however little.
func TestIdentifiersDependOnContent(t *testing.T) {
	var ids []string
	for _, opts := range []scan.Options{{}, {Created: imageTime.Add(time.Second)}, {Tool: scan.Tool{Name: "carnet", Version: "v9"}}} {
		r := scanImage(t, opts, fullImage(t))
		for f, pattern := range map[scan.Format]*regexp.Regexp{scan.SPDXJSON: namespaceUUID, scan.CycloneDXJSON: serialUUID} {
			m := pattern.FindSubmatch(encode(t, r, f))
			if m == nil {
				t.Fatalf("%s has no identifier", f)
			}
			ids = append(ids, string(m[1]))
		}
	}
	slices.Sort(ids)
	if n := len(slices.Compact(ids)); n != 6 {
		t.Errorf("%d different identifiers in 6 different documents", n)
	}
}

func TestSubjectIsTheManifest(t *testing.T) {
	img := fullImage(t)
	digest, err := img.Digest()
	if err != nil {
		t.Fatal(err)
	}
	r := scanImage(t, scan.Options{Tool: scan.Tool{Name: "carnet", Version: "v1.2.3"}}, img)
	for f, want := range map[scan.Format][]string{
		scan.SPDXJSON: {
			`"name":"registry.example.com/team/app"`,
			`"versionInfo":"` + digest.String() + `"`,
			`"checksums":[{"algorithm":"SHA256","checksumValue":"` + digest.Hex + `"}]`,
			`"Tool: carnet-v1.2.3"`,
		},
		scan.CycloneDXJSON: {
			`"type":"container","name":"registry.example.com/team/app","version":"` + digest.String() + `"`,
			`"name":"carnet","version":"v1.2.3"`,
		},
		scan.SyftJSON: {`"manifestDigest":"` + digest.String() + `"`, `"name":"carnet","version":"v1.2.3"`},
	} {
		doc := string(encode(t, r, f))
		for _, part := range want {
			if !strings.Contains(doc, part) {
				t.Errorf("%s lacks %s", f, part)
			}
		}
	}
}
