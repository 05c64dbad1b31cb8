package lockfile_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	packageurl "github.com/package-url/packageurl-go"

	"github.com/carnet-project/carnet/attest/internal/strict"
	"github.com/carnet-project/carnet/attest/predicate/resource"
	"github.com/carnet-project/carnet/attest/predicate/slsa"
	"github.com/carnet-project/carnet/attest/run/lockfile"
)

// digests of nothing in particular, in hex and in base64.
var (
	a256, b256 = strings.Repeat("a1", 32), strings.Repeat("b2", 32)
	a512, b512 = strings.Repeat("a1", 64), strings.Repeat("b2", 64)
	a1, b1     = strings.Repeat("a1", 20), strings.Repeat("b2", 20)
	a64        = "sha512-" + strings.Repeat("oaGh", 21) + "oQ=="
	b64        = "sha512-" + strings.Repeat("srKy", 21) + "sg=="
	ah1        = "h1:" + strings.Repeat("oaGh", 10) + "oaE="
	bh1        = "h1:" + strings.Repeat("srKy", 10) + "srI="
)

// fill puts the digests into a sample: {a256} and so on.
func fill(s string) string {
	return strings.NewReplacer("{a256}", a256, "{b256}", b256, "{a512}", a512, "{b512}", b512, "{a1}", a1, "{b1}", b1,
		"{a64}", a64, "{b64}", b64, "{ah1}", ah1, "{bh1}", bh1, "{nuget}", strings.TrimPrefix(a64, "sha512-")).Replace(s)
}

// told is a lock as lines.
func told(l *lockfile.Lock) string {
	var s strings.Builder
	for _, d := range l.Dependencies {
		s.WriteString(d.URI)
		if d.Name != "" {
			s.WriteString(" named " + d.Name)
		}
		for _, algorithm := range slices.Sorted(maps.Keys(d.Digest)) {
			s.WriteString(" " + algorithm + ":" + d.Digest[algorithm])
		}
		if d.DownloadLocation != "" {
			s.WriteString(" from " + d.DownloadLocation)
		}
		for _, name := range slices.Sorted(maps.Keys(d.Annotations)) {
			fmt.Fprintf(&s, " %s=%v", name, d.Annotations[name])
		}
		s.WriteString("\n")
	}
	fmt.Fprintf(&s, "undigested %d\n", l.Undigested)
	return s.String()
}

// A sample is a lock file and what it says.
type sample struct{ title, name, raw, want string }

func samples() []sample {
	return slices.Concat(goSamples(), nodeSamples(), pythonSamples(), otherSamples())
}

func TestSamples(t *testing.T) {
	formats := map[lockfile.Format]bool{}
	for _, s := range samples() {
		t.Run(s.title, func(t *testing.T) {
			l, err := lockfile.Parse("some/where/"+s.name, []byte(fill(s.raw)))
			if err != nil {
				t.Fatal(err)
			}
			formats[l.Format] = true
			if got, want := told(l), strings.TrimLeft(fill(s.want), "\n"); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			good(t, l)
		})
	}
	if want := 20; len(formats) != want {
		t.Errorf("%d formats have a sample, want %d", len(formats), want)
	}
}

// good checks what holds for each lock.
func good(t *testing.T, l *lockfile.Lock) {
	t.Helper()
	undigested := 0
	for i, d := range l.Dependencies {
		p, err := packageurl.FromString(d.URI)
		if err != nil || !strict.IsURI(d.URI) || p.ToString() != d.URI {
			t.Errorf("%q is no package URL in its canonical form: %v, %v", d.URI, err, p)
		}
		if i > 0 && resource.Compare(l.Dependencies[i-1], d) >= 0 {
			t.Errorf("%q is not after %q", d.URI, l.Dependencies[i-1].URI)
		}
		if strings.Contains(d.DownloadLocation, "secret") || strings.Contains(d.URI, "secret") {
			t.Errorf("a secret is told: %v", d)
		}
		if len(d.Digest) == 0 {
			undigested++
		}
	}
	if undigested > l.Undigested {
		t.Errorf("%d are undigested, and %d are said to be", undigested, l.Undigested)
	}
	b := slsa.Build{ExternalParameters: map[string]any{"x": "y"}, Materials: l.Dependencies}
	if _, err := b.Predicate(); err != nil {
		t.Errorf("provenance cannot state them: %v", err)
	}
}

// A file that contradicts itself, or cannot be read in one way, is refused with the place.
func TestRefused(t *testing.T) {
	for title, test := range map[string]struct{ name, raw, want string }{
		"go.sum, two hashes":            {"go.sum", "m v1.0.0 {ah1}\nm v1.0.0 {bh1}\n", "go.sum at line 2: expected the dirHash of pkg:golang/m@v1.0.0 that the file has elsewhere, {a256}, found {b256}"},
		"go.sum, two hashes of go.mod":  {"go.sum", "m v1.0.0/go.mod {ah1}\nm v1.0.0/go.mod {bh1}\n", "line 2: expected the hash of go.mod"},
		"go.sum, other hash":            {"go.sum", "m v1.0.0 h2:abc\n", "line 1: expected a hash that begins with h1:"},
		"go.sum, short hash":            {"go.sum", "m v1.0.0 h1:oaGh\n", "expected a dirHash of 32 bytes in base64"},
		"go.sum, two words":             {"go.sum", "m v1.0.0\n", "expected MODULE VERSION HASH"},
		"go.sum, conflict of a merge":   {"go.sum", "<<<<<<< HEAD\n", "line 1"},
		"npm, two hashes":               {"package-lock.json", `{"lockfileVersion":3,"packages":{"node_modules/a":{"version":"1.0.0","integrity":"{a64}"},"node_modules/b/node_modules/a":{"version":"1.0.0","integrity":"{b64}"}}}`, "/packages of node_modules/b/node_modules/a: expected the sha512 of pkg:npm/a@1.0.0"},
		"npm, two lists":                {"package-lock.json", `{"lockfileVersion":2,"packages":{"node_modules/a":{"version":"1.0.0","integrity":"{a64}"}},"dependencies":{"a":{"version":"1.0.0","integrity":"{b64}"}}}`, "/dependencies of a: expected the sha512"},
		"npm, a name twice":             {"package-lock.json", `{"lockfileVersion":3,"packages":{"node_modules/a":{"version":"1.0.0"},"node_modules/a":{"version":"1.0.0"}}}`, "expected each name once in an object"},
		"npm, version 4":                {"package-lock.json", `{"lockfileVersion":4,"packages":{}}`, "/lockfileVersion: expected 1, 2 or 3, found 4"},
		"npm, version 1 with packages":  {"package-lock.json", `{"lockfileVersion":1,"packages":{}}`, "/lockfileVersion"},
		"npm, version 3 without":        {"package-lock.json", `{"lockfileVersion":3}`, "/packages"},
		"npm, integrity":                {"package-lock.json", `{"lockfileVersion":3,"packages":{"node_modules/a":{"version":"1","integrity":"sha512-abc"}}}`, "expected a sha512 of 64 bytes in base64"},
		"npm, integrities that differ":  {"package-lock.json", `{"lockfileVersion":3,"packages":{"node_modules/a":{"version":"1","integrity":"{a64} {b64}"}}}`, "expected one sha512, found two that differ"},
		"npm, unknown algorithm":        {"package-lock.json", `{"lockfileVersion":3,"packages":{"node_modules/a":{"version":"1","integrity":"crc32-abc"}}}`, "expected an integrity such as"},
		"npm, branch for a commit":      {"package-lock.json", `{"lockfileVersion":3,"packages":{"node_modules/a":{"version":"1","resolved":"git+https://h/r.git#main"}}}`, `expected the full name of a git commit, found "main"`},
		"npm, no name":                  {"package-lock.json", `{"lockfileVersion":3,"packages":{"node_modules/":{"version":"1"}}}`, "expected the name of a package"},
		"npm, truncated":                {"package-lock.json", `{"lockfileVersion":3,"packages":{`, "expected JSON"},
		"npm, more after it":            {"package-lock.json", `{"lockfileVersion":3,"packages":{}} {}`, "expected the end of the file"},
		"npm, a list":                   {"package-lock.json", `[]`, "expected a JSON object"},
		"pnpm, two hashes":              {"pnpm-lock.yaml", "lockfileVersion: '6.0'\npackages:\n  /a@1.0.0:\n    resolution: {integrity: {a64}}\n  /a@1.0.0(b@1):\n    resolution: {integrity: {b64}}\n", "line 6: expected the sha512 of pkg:npm/a@1.0.0"},
		"pnpm, alias":                   {"pnpm-lock.yaml", "lockfileVersion: '9.0'\nx: &x {y: 1}\npackages:\n  a@1: *x\n", "line 2: expected plain YAML, found an anchor"},
		"pnpm, a key twice":             {"pnpm-lock.yaml", "lockfileVersion: '9.0'\npackages:\n  a@1: {resolution: {}}\n  a@1: {resolution: {}}\n", `line 4: expected each name once, found "a@1" twice`},
		"pnpm, version 12":              {"pnpm-lock.yaml", "lockfileVersion: '12.0'\n", "expected 5 to 9"},
		"pnpm, no resolution":           {"pnpm-lock.yaml", "lockfileVersion: '9.0'\npackages:\n  a@1: {x: 1}\n", "expected a resolution of a@1"},
		"pnpm, deep":                    {"pnpm-lock.yaml", "lockfileVersion: '9.0'\nx: " + strings.Repeat("[", 50) + strings.Repeat("]", 50), "nested deeper"},
		"yarn, two hashes":              {"yarn.lock", "# yarn lockfile v1\na@^1:\n  version \"1.0.0\"\n  integrity {a64}\na@^1.0:\n  version \"1.0.0\"\n  integrity {b64}\n", "line 5: expected the sha512 of pkg:npm/a@1.0.0"},
		"yarn, a field twice":           {"yarn.lock", "# yarn lockfile v1\na@^1:\n  version \"1.0.0\"\n  version \"1.0.1\"\n", "line 4: expected each field once"},
		"yarn, two cache checksums":     {"yarn.lock", "__metadata:\n  version: 8\n\"a@npm:^1\":\n  resolution: \"a@npm:1.0.0\"\n  checksum: 10c0/aa\n\"a@npm:1\":\n  resolution: \"a@npm:1.0.0\"\n  checksum: 10c0/bb\n", "line 6: expected the yarnCacheChecksum of pkg:npm/a@1.0.0"},
		"yarn, a checksum of words":     {"yarn.lock", "__metadata:\n  version: 8\n\"a@npm:^1\":\n  resolution: \"a@npm:1.0.0\"\n  checksum: trust me\n", "line 3: expected a checksum in hex"},
		"yarn, neither":                 {"yarn.lock", "\n", "expected a yarn.lock"},
		"Cargo, two checksums":          {"Cargo.lock", "[[package]]\nname='a'\nversion='1.0.0'\nsource='registry+https://github.com/rust-lang/crates.io-index'\nchecksum='{a256}'\n[[package]]\nname='a'\nversion='1.0.0'\nsource='registry+https://github.com/rust-lang/crates.io-index'\nchecksum='{b256}'\n", "a 1.0.0: expected the sha256 of pkg:cargo/a@1.0.0"},
		"Cargo, checksum and metadata":  {"Cargo.lock", "[[package]]\nname='a'\nversion='1.0.0'\nsource='registry+s'\nchecksum='{a256}'\n[metadata]\n'checksum a 1.0.0 (registry+s)'='{b256}'\n", "a 1.0.0: expected the checksum of its metadata"},
		"Cargo, a key twice":            {"Cargo.lock", "[[package]]\nname='a'\nname='b'\n", "expected TOML"},
		"Cargo, a number":               {"Cargo.lock", "[[package]]\nname=1\n", "expected a string as name"},
		"Cargo, packages that are none": {"Cargo.lock", "package=[1]\n", "package[0]: expected a table"},
		"requirements, two hashes":      {"requirements.txt", "a==1 --hash=sha256:{a256}\na==1 --hash=sha256:{b256}\n", "line 2: expected the hashes of a==1"},
		"requirements, bad hash":        {"requirements.txt", "a==1 --hash=sha256:abc\n", "line 1: expected a sha256 of 64 characters of hex"},
		"requirements, no requirement":  {"requirements.txt", "==1\n", "line 1: expected a requirement"},
		"poetry, two hashes of a file":  {"poetry.lock", "[[package]]\nname='a'\nversion='1'\nfiles=[{file='a-1.whl',hash='sha256:{a256}'},{file='a-1.whl',hash='sha256:{b256}'}]\n", "a 1: expected the sha256 of pkg:pypi/a@1?file_name=a-1.whl"},
		"poetry, files and metadata":    {"poetry.lock", "[[package]]\nname='a'\nversion='1'\nfiles=[{file='a-1.whl',hash='sha256:{a256}'}]\n[metadata.files]\na=[{file='a-1.whl',hash='sha256:{b256}'}]\n", "a 1: expected the sha256 of a-1.whl that metadata.files has"},
		"uv, two hashes of a file":      {"uv.lock", "[[package]]\nname='a'\nversion='1'\nsource={registry='https://pypi.org/simple'}\nsdist={url='https://h/a-1.tgz',hash='sha256:{a256}'}\nwheels=[{url='https://h/a-1.tgz',hash='sha256:{b256}'}]\n", "a 1: expected the sha256"},
		"pylock, no hashes":             {"pylock.toml", "lock-version='1.0'\n[[packages]]\nname='a'\nversion='1'\nwheels=[{name='a.whl',hashes={}}]\n", "expected hashes, found none"},
		"pylock, version 2":             {"pylock.toml", "lock-version='2.0'\n", "lock-version"},
		"Pipfile, a name twice":         {"Pipfile.lock", `{"default":{"a":{"version":"==1"},"a":{"version":"==2"}}}`, "each name once"},
		"bundler, two checksums":        {"Gemfile.lock", "CHECKSUMS\n  a (1.0) sha256={a256}\n  a (1.0) sha256={b256}\n", "line 3: expected the sha256 of a 1.0"},
		"bundler, no version":           {"Gemfile.lock", "GEM\n  specs:\n    a\n", "line 3: expected NAME (VERSION)"},
		"bundler, conflict of a merge":  {"Gemfile.lock", "GEM\n<<<<<<< HEAD\n", "line 2: expected a file without conflicts"},
		"gradle, two parts":             {"gradle.lockfile", "a:b=c\n", "line 1: expected GROUP:NAME:VERSION"},
		"gradle, two checksums":         {"verification-metadata.xml", `<verification-metadata><components><component group="g" name="n" version="1"><artifact name="n-1.jar"><sha256 value="{a256}"/></artifact><artifact name="n-1.jar"><sha256 value="{b256}"/></artifact></component></components></verification-metadata>`, "g:n:1:n-1.jar: expected the sha256 of pkg:maven/g/n@1"},
		"gradle, a document type":       {"verification-metadata.xml", `<!DOCTYPE x [<!ENTITY a "b">]><verification-metadata/>`, "expected XML without declarations"},
		"gradle, something else":        {"verification-metadata.xml", `<x/>`, "expected an element verification-metadata"},
		"maven-lockfile, two checksums": {"lockfile.json", `{"lockFileVersion":1,"dependencies":[{"groupId":"g","artifactId":"n","version":"1","checksumAlgorithm":"SHA-256","checksum":"{a256}","children":[{"groupId":"g","artifactId":"n","version":"1","checksumAlgorithm":"SHA-256","checksum":"{b256}"}]}]}`, "expected the sha256 of pkg:maven/g/n@1"},
		"pom, something else":           {"pom.xml", `<x/>`, "expected an element project"},
		"composer, two commits":         {"composer.lock", `{"packages":[{"name":"a/b","version":"1","source":{"type":"git","reference":"{a1}"},"dist":{"type":"zip","reference":"{b1}"}}]}`, "a/b 1: expected the reference of its source"},
		"nuget, two hashes":             {"packages.lock.json", `{"dependencies":{"net8.0":{"A":{"resolved":"1.0.0","contentHash":"{nuget}"}},"net9.0":{"A":{"resolved":"1.0.0","contentHash":"` + strings.TrimPrefix(b64, "sha512-") + `"}}}}`, "expected the nugetContentHash of pkg:nuget/A@1.0.0"},
		"mix, two checksums":            {"mix.lock", `  "a": {:hex, :a, "1", "x", [:mix], [], "hexpm", "{a256}"},` + "\n" + `  "b": {:hex, :a, "1", "x", [:mix], [], "hexpm", "{b256}"},`, "line 2: expected the sha256 of pkg:hex/a@1"},
		"swift, version 4":              {"Package.resolved", `{"version":4,"pins":[]}`, "/version: expected 1, 2 or 3"},
		"swift, a branch":               {"Package.resolved", `{"version":2,"pins":[{"identity":"a","location":"https://h/a","state":{"branch":"main"}}]}`, "full name of a commit"},
		"no lock file":                  {"README.md", "", `expected the name of a lock file, such as go.sum, found "README.md"`},
	} {
		l, err := lockfile.Parse(test.name, []byte(fill(test.raw)))
		var wrong *lockfile.Error
		if !errors.As(err, &wrong) || l != nil || !strings.Contains(err.Error(), fill(test.want)) {
			t.Errorf("%s: %v, %v; want %s", title, l, err, fill(test.want))
		}
	}
}

func TestBounds(t *testing.T) {
	many := new(bytes.Buffer)
	for i := range lockfile.MaxEntries + 1 {
		fmt.Fprintf(many, "m v1.%d.0 %s\n", i, ah1)
	}
	entries := new(strings.Builder)
	for i := range lockfile.MaxEntries + 1 {
		fmt.Fprintf(entries, `"%d":{},`, i)
	}
	for title, test := range map[string]struct {
		name string
		raw  string
		want string
	}{
		"bytes":          {"go.sum", strings.Repeat(" ", lockfile.MaxBytes+1), "expected at most 67108864 bytes"},
		"bytes of TOML":  {"Cargo.lock", strings.Repeat("#", 16<<20+1), "expected at most 16777216 bytes"},
		"modules":        {"go.sum", many.String(), "line 200001: expected at most 200000 entries"},
		"packages":       {"package-lock.json", `{"lockfileVersion":3,"packages":{` + strings.TrimSuffix(entries.String(), ",") + "}}", "expected at most 200000 entries"},
		"a line":         {"yarn.lock", strings.Repeat("a", 2<<20), "line 1: expected lines of at most"},
		"a continuation": {"requirements.txt", strings.Repeat("a\\\n", 1<<20), "expected a requirement of one line's length"},
		"values of TOML": {"uv.lock", "a=[" + strings.Repeat("1,", 5_000_000) + "]", "expected at most 4000000 values"},
		"depth of TOML":  {"uv.lock", "a=" + strings.Repeat("[", 3_000_000), "TOML"},
		"depth of JSON":  {"package-lock.json", strings.Repeat(`{"dependencies":{"a":`, 1_000_000), "JSON"},
		"depth of XML":   {"pom.xml", strings.Repeat("<project>", 1000), "elements in one another"},
	} {
		if _, err := lockfile.Parse(test.name, []byte(test.raw)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %.200v; want %s", title, err, test.want)
		}
	}
}

func TestKnown(t *testing.T) {
	for name, want := range map[string]bool{
		"go.sum": true, "a/b/go.work.sum": true, "requirements-dev.txt": true, "requirements.txt": true, "pylock.dev.toml": true, "buildscript-gradle.lockfile": true,
		"": false, "go.mod": false, "Go.sum": false, "requirements.in": false, "go.sum/x": false, "xgo.sum": false, "pylock..txt": false,
	} {
		if lockfile.Known(name) != want {
			t.Errorf("%q is known: %v", name, !want)
		}
	}
}
