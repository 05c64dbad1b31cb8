package oci_test

import (
	"archive/tar"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/attest/oci"
)

var (
	hex64  = strings.Repeat("0123456789abcdef", 4)
	digest = "sha256:" + hex64
)

func TestParseTarget(t *testing.T) {
	for _, c := range []struct{ in, scheme, name, tag, digest string }{
		{"reg.io/app", "registry", "reg.io/app", "", ""},
		{"reg.io/a/b-c/d_e:v1.2", "registry", "reg.io/a/b-c/d_e", "v1.2", ""},
		{"reg.io:5000/app@" + digest, "registry", "reg.io:5000/app", "", digest},
		{"localhost/app:t@" + digest, "registry", "localhost/app", "t", digest},
		{"[::1]:5000/app:t", "registry", "[::1]:5000/app", "t", ""},
		{"docker.io/library/alpine:3", "registry", "index.docker.io/library/alpine", "3", ""},
		{"oci:dir", "oci", "oci:dir", "", ""},
		{"oci:/a/b.tar:v1@" + digest, "oci", "oci:/a/b.tar", "v1", digest},
		{"oci:a@b/dir", "oci", "oci:a@b/dir", "", ""},
		{"oci:my dir:v1", "oci", "oci:my dir", "v1", ""},
		{"docker-archive:a:b.tar", "docker-archive", "docker-archive:a:b.tar", "", ""},
		{"file:a@sha256:zz", "file", "file:a@sha256:zz", "", ""},
		{"dir:.", "dir", "dir:.", "", ""},
		{"reg.io/app@sha512:" + hex64 + hex64, "registry", "reg.io/app", "", "sha512:" + hex64 + hex64},
	} {
		got, err := oci.ParseTarget(c.in)
		if err != nil {
			t.Errorf("%q: %v", c.in, err)
			continue
		}
		if string(got.Scheme) != c.scheme || got.Name() != c.name || got.Tag != c.tag || got.Digest.String() != c.digest {
			t.Errorf("%q: got %s %q %q %q", c.in, got.Scheme, got.Name(), got.Tag, got.Digest)
		}
		if again, err := oci.ParseTarget(got.String()); err != nil || again != got {
			t.Errorf("%q: its String %q reads as %+v, %v", c.in, got, again, err)
		}
	}
}

func TestParseTargetRefuses(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", "is empty"},
		{" ", "white space"},
		{"reg.io/app ", "white space"},
		{"reg.io/a\npp", "control character"},
		{"reg.io/app\x00", "control character"},
		{"reg.io/\xff", "UTF-8"},
		{"alpine", "registry"},
		{"library/alpine", "registry"},
		{"https://reg.io/app", "URL"},
		{"reg.io/App", "lower-case"},
		{"reg.io/a/../b", "repository name"},
		{"reg.io//a", "repository name"},
		{"reg.io/", "repository name"},
		{"reg.io/" + strings.Repeat("a", 256), "repository name"},
		{"reg.io/a b", "repository name"},
		{"reg.io/app:", "not a tag"},
		{"reg.io/app:.x", "not a tag"},
		{"reg.io/app:" + strings.Repeat("t", 129), "not a tag"},
		{"reg.io/app:a:b", "repository name"},
		{"reg.io/app@", "not a digest"},
		{"reg.io/app@latest", "not a digest"},
		{"reg.io/app@sha256:" + strings.ToUpper(hex64), "lower-case hex"},
		{"reg.io/app@sha256:" + hex64[1:], "63 characters"},
		{"reg.io/app@sha1:" + hex64[:40], "not accepted"},
		{"reg.io/app@md5:" + hex64[:32], "not accepted"},
		{"reg.io/app@" + digest + "@" + digest, "not a digest"},
		{"reg.io:port/app", "host"},
		{"re$g.io/app", "host"},
		{"user@reg.io/app", "not a digest"},
		{"oci:", "no path"},
		{"oci:@" + digest, "no path"},
		{"oci:dir@sha256:abc", "3 characters"},
		{"oci:dir:a b", "not a tag"},
		{"file:", "no path"},
		{"./nothing-here", "no such file"},
		{"/nothing/here", "no such file"},
	} {
		got, err := oci.ParseTarget(c.in)
		if err == nil {
			t.Errorf("%q was read as %+v", c.in, got)
			continue
		}
		wantKind(t, err, oci.KindUsage)
		if !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: the error %q does not say %q", c.in, err, c.want)
		}
		if strings.ContainsAny(err.Error(), "\n\x00") {
			t.Errorf("%q: the error %q has control characters", c.in, err)
		}
	}
}

func TestBarePathIsWhatItIs(t *testing.T) {
	t.Chdir(t.TempDir())
	write := func(name, content string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("plain.txt", "hello")
	write("empty", "")
	write("folder/file", "x")
	write("layout/oci-layout", `{"imageLayoutVersion":"1.0.0"}`)
	write("reg.io/app", "a file that looks like a reference")
	writeTar(t, "layout.tar", tar.Header{Name: "oci-layout"}, tar.Header{Name: "index.json"})
	writeTar(t, "other.tar", tar.Header{Name: "readme"})
	for in, want := range map[string]string{
		"plain.txt":  "file:plain.txt",
		"./empty":    "file:./empty",
		"folder":     "dir:folder",
		"layout":     "oci:layout",
		"layout.tar": "oci:layout.tar",
		"other.tar":  "file:other.tar",
		"reg.io/app": "file:reg.io/app",
	} {
		got, err := oci.ParseTarget(in)
		if err != nil || got.String() != want {
			t.Errorf("%q: got %q, %v, want %q", in, got, err, want)
		}
	}
	if err := os.Rename("layout", "layout:v1"); err != nil {
		t.Fatal(err)
	}
	if got, err := oci.ParseTarget("layout:v1"); err == nil {
		t.Errorf("a layout whose name ends like a tag was read as %q", got)
	}
}

// writeTar writes a tar of members whose content is their name.
func writeTar(t testing.TB, name string, members ...tar.Header) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(f)
	for _, h := range members {
		if h.Typeflag == 0 {
			h.Size = int64(len(h.Name))
		}
		h.Mode = 0o644
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == 0 {
			w.Write([]byte(h.Name))
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func FuzzParseTarget(f *testing.F) {
	for _, seed := range []string{
		"reg.io/app:v1@" + digest, "oci:dir:t", "file:x", "docker-archive:y", "dir:.", "[::1]:5/a", "a@b:c", "oci:a@sha256:b",
		"localhost:5000/a__b", "reg.io/a:b@c", ":", "@", "oci::", "oci:C:\\x",
	} {
		f.Add(seed)
	}
	f.Chdir(f.TempDir())
	f.Fuzz(func(t *testing.T, s string) {
		got, err := oci.ParseTarget(s)
		if err != nil {
			wantKind(t, err, oci.KindUsage)
			return
		}
		if _, err := os.Lstat(s); err == nil {
			return // a path that exists has no syntax
		}
		again, err := oci.ParseTarget(got.String())
		if err != nil || again != got {
			t.Fatalf("%q reads as %+v, whose String %q reads as %+v, %v", s, got, got, again, err)
		}
	})
}
