package scan_test

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/klauspost/compress/zstd"

	"github.com/carnet-project/carnet/sbom/scan"

	"github.com/anchore/syft/syft"
	"github.com/anchore/syft/syft/pkg"
	"github.com/anchore/syft/syft/sbom"
)

const mit = `Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
`

// files are the contents of one layer or directory, by path.
type files map[string]string

// The copyright file is plain text, not the machine-readable form, so that its licence is found by
// matching its words.
var debian = files{
	"etc/os-release": "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\nID=debian\n",
	"var/lib/dpkg/status": "Package: hello\nStatus: install ok installed\nPriority: optional\nSection: devel\nInstalled-Size: 280\n" +
		"Maintainer: A <a@example.com>\nArchitecture: amd64\nSource: hello-src (2.9)\nVersion: 2.10-3\nDescription: greets\n\n",
	"var/lib/dpkg/info/hello.list":       "/.\n/usr/bin/hello\n/usr/share/doc/hello/copyright\n",
	"usr/bin/hello":                      "#!/bin/sh\necho hello\n",
	"usr/share/doc/hello/copyright":      "This package was debianized by A.\n\n" + mit,
	"usr/share/doc/hello/copyright.note": "not read",
}

var npm = files{
	"app/package.json":                         `{"name":"app","version":"1.0.0","dependencies":{"left-pad":"1.3.0"}}`,
	"app/package-lock.json":                    `{"name":"app","version":"1.0.0","lockfileVersion":3,"packages":{"":{"name":"app","version":"1.0.0"},"node_modules/left-pad":{"version":"1.3.0","license":"WTFPL"}}}`,
	"app/node_modules/left-pad/package.json":   `{"name":"left-pad","version":"1.3.0","license":"WTFPL"}`,
	"app/node_modules/left-pad/LICENSE":        mit,
	"app/node_modules/is-odd/package.json":     `{"name":"is-odd","version":"3.0.1","license":"MIT"}`,
	"srv/venv/pkg-2.0.dist-info/METADATA":      "Metadata-Version: 2.1\nName: pkg\nVersion: 2.0\nLicense-File: LICENSE\n",
	"srv/venv/pkg-2.0.dist-info/RECORD":        "pkg-2.0.dist-info/METADATA,,\npkg-2.0.dist-info/LICENSE,,\n",
	"srv/venv/pkg-2.0.dist-info/LICENSE":       mit,
	"srv/venv/pkg-2.0.dist-info/top_level.txt": "pkg\n",
	"srv/venv/pkg/__init__.py":                 "",
	"srv/app/requirements.txt":                 "flask==3.0.0\n",
	"srv/app/nested/deeper/package-lock.json":  `{"name":"deep","version":"0.1.0","lockfileVersion":2,"packages":{},"dependencies":{"ms":{"version":"2.1.3"}}}`,
	"srv/app/nested/other/Cargo.lock":          "version = 3\n\n[[package]]\nname = \"serde\"\nversion = \"1.0.0\"\n",
	"srv/app/nested/other/go.mod":              "module example.com/m\n\ngo 1.22\n\nrequire golang.org/x/text v0.14.0\n",
}

// goBinary is a program built by the Go that runs the test.
var goBinary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "scan-test-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	source := files{"go.mod": "module example.com/hello\n\ngo 1.22\n", "main.go": "package main\n\nfunc main() { println(1) }\n"}
	for name, content := range source {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			return "", err
		}
	}
	build := exec.Command("go", "build", "-o", "hello", ".")
	build.Dir = dir
	build.Env = append(os.Environ(), "GOFLAGS=-buildvcs=false", "GOWORK=off", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", errors.New(string(out))
	}
	b, err := os.ReadFile(filepath.Join(dir, "hello"))
	return string(b), err
})

func goLayer(t *testing.T) files {
	t.Helper()
	bin, err := goBinary()
	if err != nil {
		t.Fatal(err)
	}
	return files{"usr/local/bin/hello": bin}
}

func tarOf(t *testing.T, f files) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	names := make([]string, 0, len(f))
	for name := range f {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		h := &tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o755, Size: int64(len(f[name])), ModTime: time.Unix(1700000000, 0)}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, f[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func gzipLayer(t *testing.T, content []byte) v1.Layer {
	t.Helper()
	l, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil },
		tarball.WithMediaType(types.OCILayer))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

var imageTime = time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)

func imageOf(t *testing.T, layers ...v1.Layer) v1.Image {
	t.Helper()
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	img, err := mutate.AppendLayers(img, layers...)
	if err != nil {
		t.Fatal(err)
	}
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Created = "linux", "amd64", v1.Time{Time: imageTime}
	if img, err = mutate.ConfigFile(img, config); err != nil {
		t.Fatal(err)
	}
	return img
}

// fullImage has a layer of each kind the tests need.
func fullImage(t *testing.T) v1.Image {
	t.Helper()
	return imageOf(t, gzipLayer(t, tarOf(t, debian)), gzipLayer(t, tarOf(t, npm)), gzipLayer(t, tarOf(t, goLayer(t))))
}

// writeLayout puts img into an OCI layout and returns its path.
func writeLayout(t *testing.T, img v1.Image) string {
	t.Helper()
	dir := t.TempDir()
	l, err := layout.Write(dir, empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.AppendImage(img); err != nil {
		t.Fatal(err)
	}
	return dir
}

func fromLayout(t *testing.T, dir string) v1.Image {
	t.Helper()
	idx, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	m, err := idx.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	img, err := idx.Image(m.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// A found package, as far as it must agree with syft's own result.
type found struct {
	Name, Version, Type, PURL, Language, FoundBy string
	Licenses, Locations, CPEs                    []string
}

func foundIn(packages []pkg.Package) []string {
	var all []string
	for _, p := range packages {
		f := found{Name: p.Name, Version: p.Version, Type: string(p.Type), PURL: p.PURL, Language: string(p.Language), FoundBy: p.FoundBy}
		for _, l := range p.Licenses.ToSlice() {
			f.Licenses = append(f.Licenses, l.Value+"|"+l.SPDXExpression+"|"+string(l.Type))
		}
		for _, l := range p.Locations.ToSlice() {
			f.Locations = append(f.Locations, l.RealPath)
		}
		for _, c := range p.CPEs {
			f.CPEs = append(f.CPEs, c.Attributes.BindToFmtString())
		}
		b, _ := json.Marshal(f)
		all = append(all, string(b))
	}
	slices.Sort(all)
	return all
}

// referenceScan is what syft finds by itself, with its default settings, in an OCI layout.
func referenceScan(t *testing.T, layoutDir string) *sbom.SBOM {
	t.Helper()
	src, err := syft.GetSource(context.Background(), layoutDir, syft.DefaultGetSourceConfig().WithSources("oci-dir"))
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	bom, err := syft.CreateSBOM(context.Background(), src, nil)
	if err != nil {
		t.Fatal(err)
	}
	return bom
}

// An sbomPackage is what syft's JSON says of a package.
type sbomPackage struct {
	Name, Version, Type, PURL, Language, FoundBy string
	Licenses                                     []struct{ Value, SPDXExpression, Type string }
	Locations                                    []struct{ Path string }
	CPEs                                         []struct{ CPE string }
}

func foundInSyftJSON(t *testing.T, doc []byte) []string {
	t.Helper()
	var parsed struct{ Artifacts []sbomPackage }
	if err := json.Unmarshal(doc, &parsed); err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, p := range parsed.Artifacts {
		f := found{Name: p.Name, Version: p.Version, Type: p.Type, PURL: p.PURL, Language: p.Language, FoundBy: p.FoundBy}
		for _, l := range p.Licenses {
			f.Licenses = append(f.Licenses, l.Value+"|"+l.SPDXExpression+"|"+l.Type)
		}
		for _, l := range p.Locations {
			f.Locations = append(f.Locations, l.Path)
		}
		for _, c := range p.CPEs {
			f.CPEs = append(f.CPEs, c.CPE)
		}
		b, _ := json.Marshal(f)
		all = append(all, string(b))
	}
	slices.Sort(all)
	return all
}

func scanImage(t *testing.T, opts scan.Options, img v1.Image) *scan.Result {
	t.Helper()
	r, err := scan.New(opts).Image(context.Background(), img, "registry.example.com/team/app")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func encode(t *testing.T, r *scan.Result, f scan.Format) []byte {
	t.Helper()
	b, err := r.Encode(f)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestImageHasThePackagesThatSyftFinds(t *testing.T) {
	dir := writeLayout(t, fullImage(t))
	want := foundIn(referenceScan(t, dir).Artifacts.Packages.Sorted())
	r := scanImage(t, scan.Options{}, fromLayout(t, dir))
	got := foundInSyftJSON(t, encode(t, r, scan.SyftJSON))
	if !slices.Equal(got, want) {
		t.Fatalf("packages differ from syft's own\n got %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
	if r.Packages() != len(want) {
		t.Errorf("Packages() = %d, want %d", r.Packages(), len(want))
	}
	// Guards against two equally empty results.
	for _, must := range []string{`"hello","Version":"2.10-3"`, `"left-pad"`, `"stdlib"`, `"MIT|MIT|declared"`} {
		if !slices.ContainsFunc(got, func(p string) bool { return strings.Contains(p, must) }) {
			t.Errorf("no package has %s", must)
		}
	}
}

func TestLayerCompressions(t *testing.T) {
	content := tarOf(t, debian)
	var packed bytes.Buffer
	z, err := zstd.NewWriter(&packed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	plainDigest, _, err := v1.SHA256(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	for name, l := range map[string]v1.Layer{
		"gzip":         gzipLayer(t, content),
		"uncompressed": static.NewLayer(content, types.OCIUncompressedLayer),
		"zstd":         withDiffID{static.NewLayer(packed.Bytes(), types.OCILayerZStd), plainDigest},
	} {
		t.Run(name, func(t *testing.T) {
			r := scanImage(t, scan.Options{}, fromLayout(t, writeLayout(t, imageOf(t, l))))
			if doc := encode(t, r, scan.SPDXJSON); !bytes.Contains(doc, []byte(`"name":"hello"`)) {
				t.Errorf("the package is missing")
			}
		})
	}
}

type withDiffID struct {
	v1.Layer
	diffID v1.Hash
}

func (l withDiffID) DiffID() (v1.Hash, error) { return l.diffID, nil }

// A licence matcher costs 340 MB of allocations. A target without a licence text must not pay them.
func TestMatcherIsNotCompiledWithoutALicenceText(t *testing.T) {
	if os.Getenv("SCAN_TEST_ALONE") == "" {
		// The matcher is kept for the whole process, so this is measured in one of its own.
		alone := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
		alone.Env = append(os.Environ(), "SCAN_TEST_ALONE=1")
		if out, err := alone.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	allocated := func(f func()) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		return (after.TotalAlloc - before.TotalAlloc) >> 20
	}
	empty, licensed := t.TempDir(), t.TempDir()
	write(t, licensed, debian)
	if mib := allocated(func() { scanDir(t, empty) }); mib > 100 {
		t.Errorf("scanning an empty directory allocated %d MiB: the matcher was compiled", mib)
	}
	if mib := allocated(func() { scanDir(t, licensed) }); mib < 150 {
		t.Errorf("scanning a licence text allocated %d MiB: no matcher was compiled, so this test proves nothing", mib)
	}
}
