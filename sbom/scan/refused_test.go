package scan_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/carnet-project/carnet/sbom/scan"
)

// overwrite replaces the blob of a layout by what change makes of it.
func overwrite(t *testing.T, layoutDir string, digest v1.Hash, change func([]byte) []byte) {
	t.Helper()
	path := filepath.Join(layoutDir, "blobs", digest.Algorithm, digest.Hex)
	if err := os.WriteFile(path, change([]byte(readFile(t, path))), 0o600); err != nil {
		t.Fatal(err)
	}
}

func gzipped(t *testing.T, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A layout whose blobs are not what their names say must not become an SBOM.
func TestTamperedLayoutIsRefused(t *testing.T) {
	img := imageOf(t, gzipLayer(t, tarOf(t, npm)), gzipLayer(t, tarOf(t, debian)))
	manifest, err := img.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	target := manifest.Layers[1].Digest
	for name, tc := range map[string]struct {
		digest v1.Hash
		change func([]byte) []byte
	}{
		"another good layer": {target, func([]byte) []byte { return gzipped(t, tarOf(t, files{"etc/os-release": "ID=other\n"})) }},
		"the same tar compressed differently": {target, func([]byte) []byte {
			return append(gzipped(t, tarOf(t, debian)), gzipped(t, nil)...)
		}},
		"data after the layer": {target, func(b []byte) []byte { return append(b, "x"...) }},
		"cut off":              {target, func(b []byte) []byte { return b[:len(b)/2] }},
		"flipped bit":          {target, func(b []byte) []byte { b[len(b)/2] ^= 1; return b }},
		"empty":                {target, func([]byte) []byte { return nil }},
		"no tar":               {target, func([]byte) []byte { return gzipped(t, bytes.Repeat([]byte("no tar"), 1000)) }},
		"config":               {manifest.Config.Digest, func(b []byte) []byte { return bytes.Replace(b, []byte("amd64"), []byte("arm64"), 1) }},
	} {
		t.Run(name, func(t *testing.T) {
			dir := writeLayout(t, img)
			overwrite(t, dir, tc.digest, tc.change)
			temp := t.TempDir()
			_, err := scan.New(scan.Options{TempDir: temp}).Image(context.Background(), fromLayout(t, dir), "example.com/app")
			if err == nil || !strings.Contains(err.Error(), tc.digest.String()) || !strings.Contains(err.Error(), "example.com/app") {
				t.Errorf("error does not name image and %s: %v", tc.digest, err)
			}
			if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
				t.Errorf("scan left %v in its TempDir (%v)", left, err)
			}
		})
	}
}

func TestImageThatContradictsItselfIsRefused(t *testing.T) {
	l := gzipLayer(t, tarOf(t, npm))
	img := imageOf(t, l)
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	config.RootFS.DiffIDs = append(config.RootFS.DiffIDs, config.RootFS.DiffIDs...)
	more, err := mutate.ConfigFile(img, config)
	if err != nil {
		t.Fatal(err)
	}
	attestation, err := mutate.AppendLayers(img, static.NewLayer([]byte("{}"), "application/vnd.in-toto+json"))
	if err != nil {
		t.Fatal(err)
	}
	for what, img := range map[string]v1.Image{"more diff ids than layers": more, "a layer that is no file system": attestation} {
		if _, err := scan.New(scan.Options{}).Image(context.Background(), img, "example.com/app"); err == nil {
			t.Errorf("an image with %s is accepted", what)
		}
	}
	if _, err := scan.New(scan.Options{}).Image(context.Background(), img, "a\nDocumentNamespace: b"); err == nil {
		t.Error("a name with a line break is accepted")
	}
}

func TestLayersAreBounded(t *testing.T) {
	zeros := files{"zeros": strings.Repeat("\x00", 8<<20)}
	img := imageOf(t, gzipLayer(t, tarOf(t, zeros)), gzipLayer(t, tarOf(t, npm)))
	many := files{}
	for i := range 200 {
		many[strings.Repeat("d/", i)+"f"] = ""
	}
	raw := static.NewLayer(tarOf(t, zeros), types.OCIUncompressedLayer)
	for name, tc := range map[string]struct {
		img  v1.Image
		opts scan.Options
	}{
		"bytes":                  {img, scan.Options{MaxBytes: 8 << 20}},
		"bytes, not compressed":  {imageOf(t, raw), scan.Options{MaxBytes: 1 << 20}},
		"entries":                {imageOf(t, gzipLayer(t, tarOf(t, many))), scan.Options{MaxEntries: 199}},
		"entries, of two layers": {imageOf(t, gzipLayer(t, tarOf(t, many)), gzipLayer(t, tarOf(t, many))), scan.Options{MaxEntries: 399}},
	} {
		_, err := scan.New(tc.opts).Image(context.Background(), tc.img, "example.com/app")
		if !errors.Is(err, scan.ErrTooLarge) || !strings.Contains(err.Error(), "sha256:") {
			t.Errorf("%s: error %v is not ErrTooLarge with the layer's digest", name, err)
		}
	}
	enough := scan.Options{MaxBytes: 9 << 20, MaxEntries: 200}
	if _, err := scan.New(enough).Image(context.Background(), img, "example.com/app"); err != nil {
		t.Errorf("within the bounds: %v", err)
	}
}

func TestArchivesAreBounded(t *testing.T) {
	zeros := tarOf(t, files{"zeros": strings.Repeat("\x00", 8<<20)})
	for name, content := range map[string][]byte{"a.tar": zeros, "a.tar.gz": gzipped(t, zeros), "a.tgz": gzipped(t, zeros)} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := scan.New(scan.Options{MaxBytes: 1 << 20}).File(context.Background(), path); !errors.Is(err, scan.ErrTooLarge) {
			t.Errorf("%s: error %v is not ErrTooLarge", name, err)
		}
		if _, err := scan.New(scan.Options{MaxBytes: 9 << 20}).File(context.Background(), path); err != nil {
			t.Errorf("%s: within the bounds: %v", name, err)
		}
	}
}

func TestLocalTargetsThatCannotBeRead(t *testing.T) {
	s, ctx := scan.New(scan.Options{}), context.Background()
	missing := filepath.Join(t.TempDir(), "missing")
	for what, err := range map[string]error{
		"missing directory":   second(s.Dir(ctx, missing)),
		"missing file":        second(s.File(ctx, missing)),
		"directory as a file": second(s.File(ctx, filepath.Dir(missing))),
		"device as a file":    second(s.File(ctx, os.DevNull)),
		"device as a dir":     second(s.Dir(ctx, os.DevNull)),
	} {
		if err == nil || !strings.HasPrefix(err.Error(), "scan ") {
			t.Errorf("%s: error %v", what, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	temp := t.TempDir()
	_, err := scan.New(scan.Options{TempDir: temp}).Image(ctx, fullImage(t), "example.com/app")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v is not that of the context", err)
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("scan left %v in its TempDir (%v)", left, err)
	}
}

func TestFormats(t *testing.T) {
	for _, f := range scan.Formats() {
		if got, err := scan.ParseFormat(string(f)); got != f || err != nil {
			t.Errorf("ParseFormat(%q) = %q, %v", f, got, err)
		}
		if f.MediaType() == "" {
			t.Errorf("%s has no media type", f)
		}
		if predicate := f.PredicateType() != ""; predicate != (f == scan.SPDXJSON || f == scan.CycloneDXJSON) {
			t.Errorf("%s: predicate type %q", f, f.PredicateType())
		}
	}
	for _, bad := range []string{"", "SPDX-JSON", "spdx", "json", " spdx-json"} {
		if _, err := scan.ParseFormat(bad); err == nil {
			t.Errorf("ParseFormat(%q) succeeds", bad)
		}
	}
	if _, err := scanImage(t, scan.Options{}, imageOf(t)).Encode("none"); err == nil {
		t.Error("an unknown format is encoded")
	}
}
