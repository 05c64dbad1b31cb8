package scan_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/carnet-project/carnet/sbom/scan"
)

// syftDir is where the module of syft lies, which ships the official schemas.
func syftDir(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/anchore/syft").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// compileSchema compiles the schema in a file of syft's schema directory. other are the schemas it refers
// to, by URL.
func compileSchema(t *testing.T, url, file string, other map[string]string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	add := func(url, content string) {
		t.Helper()
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.AddResource(url, doc); err != nil {
			t.Fatal(err)
		}
	}
	dir := filepath.Join(syftDir(t), "schema")
	add(url, readFile(t, filepath.Join(dir, file)))
	for url, content := range other {
		if strings.HasSuffix(content, ".json") {
			content = readFile(t, filepath.Join(dir, content))
		}
		add(url, content)
	}
	s, err := c.Compile(url)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestDocumentsAreValid(t *testing.T) {
	const cdx = "http://cyclonedx.org/schema/"
	schemas := map[scan.Format]*jsonschema.Schema{
		scan.SPDXJSON: compileSchema(t, "http://spdx.org/rdf/terms/2.3", "spdx-json/spdx-schema-2.3.json", nil),
		scan.CycloneDXJSON: compileSchema(t, cdx+"bom-1.7.schema.json", "cyclonedx/cyclonedx.json", map[string]string{
			cdx + "spdx.schema.json": "cyclonedx/spdx.schema.json",
			// Not shipped with syft, and only for parts that our documents lack: signatures and cryptographic assets.
			cdx + "jsf-0.82.schema.json":          `{"definitions":{"signature":false}}`,
			cdx + "cryptography-defs.schema.json": `{"definitions":{"algorithmFamiliesEnum":false,"ellipticCurvesEnum":false}}`,
		}),
		scan.SyftJSON: compileSchema(t, "https://raw.githubusercontent.com/anchore/syft/main/schema/json/schema-latest.json", "json/schema-latest.json", nil),
	}
	dir := t.TempDir()
	write(t, dir, npm)
	file := filepath.Join(t.TempDir(), "hello")
	if err := os.WriteFile(file, []byte(goLayer(t)["usr/local/bin/hello"]), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]*scan.Result{
		"image": scanImage(t, scan.Options{}, fullImage(t)),
		"dir":   scanDir(t, dir),
		"file":  scanFile(t, file),
	} {
		for f, schema := range schemas {
			doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(encode(t, r, f)))
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(doc); err != nil {
				t.Errorf("%s as %s: %v", name, f, err)
			}
		}
	}
}
