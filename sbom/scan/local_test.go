package scan_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/carnet-project/carnet/sbom/scan"
)

func write(t *testing.T, dir string, f files) {
	t.Helper()
	for name, content := range f {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func scanDir(t *testing.T, dir string) *scan.Result {
	t.Helper()
	r, err := scan.New(scan.Options{}).Dir(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func scanFile(t *testing.T, path string) *scan.Result {
	t.Helper()
	r, err := scan.New(scan.Options{}).File(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
