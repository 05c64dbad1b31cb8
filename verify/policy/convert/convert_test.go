package convert_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/verify/policy/convert"
	"github.com/carnet-project/carnet/verify/policy/document"
)

var update = flag.Bool("update", false, "write the goldens")

// Each source becomes the policy, and the gaps, of its golden; and the policy is one that
// can be read.
func TestSources(t *testing.T) {
	for _, source := range sources(t) {
		t.Run(filepath.Base(source), func(t *testing.T) {
			raw, err := os.ReadFile(source)
			if err != nil {
				t.Fatal(err)
			}
			results, err := convert.From(raw, convert.Options{Owner: "platform-team"})
			golden(t, source+".golden", told(t, results, err))
		})
	}
}

// sources are the files in testdata.
func sources(t testing.TB) []string {
	t.Helper()
	yaml, err1 := filepath.Glob("testdata/*.yaml")
	json, err2 := filepath.Glob("testdata/*.json")
	if all := append(yaml, json...); err1 == nil && err2 == nil && len(all) >= 7 {
		return all
	}
	t.Fatalf("%v %v %v", yaml, err1, err2)
	return nil
}

// told is what came out, as a person would read it.
func told(t *testing.T, results []convert.Result, err error) string {
	t.Helper()
	if err != nil {
		return "error: " + err.Error() + "\n"
	}
	var b strings.Builder
	for _, r := range results {
		text := document.Write(r.Document, nil)
		if _, err := document.Parse("imported", text, nil); err != nil {
			t.Errorf("what was made can't be read: %v", err)
		}
		fmt.Fprintf(&b, "%s\n\n%s\n", r.Kind, text)
		for _, g := range r.Gaps {
			fmt.Fprintf(&b, "%s%s: %s\n", map[bool]string{true: "! "}[g.Looser], g.Where, g.Why)
		}
	}
	return b.String()
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (go test ./verify/policy/convert -update):\n%s", path, got)
	}
}

// The arguments of cosign become a policy, or an error that says what is missing.
func TestFlags(t *testing.T) {
	for _, c := range []struct {
		args string
		want []string
		err  string
	}{
		{"cosign verify --key release.pub ghcr.io/acme/app:1.4", []string{"file: release.pub", "ghcr.io/acme/app", "signatures:"}, ""},
		{"cosign verify --certificate-identity=dev@acme.example --certificate-oidc-issuer=https://accounts.google.com app", []string{"subject: dev@acme.example", "docker.io/library/app"}, ""},
		{"verify-attestation --type spdxjson --key awskms:///alias/x ghcr.io/acme/app", []string{"kms: awskms:///alias/x", "sbom:"}, ""},
		{`verify --certificate-identity-regexp ^https://github\.com/acme/.*$ --certificate-oidc-issuer https://token.actions.githubusercontent.com ghcr.io/acme/app`, []string{"https://github.com/acme/**"}, ""},
		{"verify --certificate-identity-regexp .* --certificate-oidc-issuer-regexp .* app", nil, "not anchored"},
		{"verify --key release.pub", nil, "needs an image"},
		{"verify ghcr.io/acme/app", nil, "a key or an identity"},
		{"verify --key k8s://ns/secret app", nil, "export the public key"},
	} {
		r, err := convert.Flags(strings.Fields(c.args), convert.Options{})
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: error %v, want one with %q", c.args, err, c.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.args, err)
			continue
		}
		text := string(document.Write(r.Document, nil))
		for _, w := range c.want {
			if !strings.Contains(text, w) {
				t.Errorf("%s: nothing of %q in\n%s", c.args, w, text)
			}
		}
	}
}

// What is not one of the sources is refused, and says so.
func TestRefused(t *testing.T) {
	for name, raw := range map[string]string{
		"nothing": "", "only a comment": "# nothing\n", "something else": "apiVersion: v1\nkind: Pod\n",
		"an anchor": "apiVersion: &a policy.sigstore.dev/v1beta1\nkind: ClusterImagePolicy\n",
		"twice":     "kind: ClusterImagePolicy\nkind: ClusterImagePolicy\n", "not YAML": "{", "a list": "[1, 2]",
		"huge": strings.Repeat(" ", convert.MaxBytes+1), "deep": strings.Repeat("[", 200) + strings.Repeat("]", 200),
	} {
		if results, err := convert.From([]byte(raw), convert.Options{}); err == nil {
			t.Errorf("%s became %d policies", name, len(results))
		}
	}
}

func FuzzFrom(f *testing.F) {
	for _, source := range sources(f) {
		raw, err := os.ReadFile(source)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		results, err := convert.From(raw, convert.Options{})
		if err != nil {
			return
		}
		for _, r := range results {
			if len(r.Document.Scopes) == 0 {
				t.Errorf("a %s became a policy without scopes", r.Kind)
			}
		}
	})
}
