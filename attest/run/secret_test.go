package run_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/attest/run"
)

// What is secret in a command never gets into its record, and what is not stays.
func TestRedaction(t *testing.T) {
	b := newBench(t)
	const secret = "hunter2hunter2"
	b.environ = append(b.environ, "DB_PASSWORD=correct horse battery", "MY_TOKEN=tok-en-value", "SHORT_KEY=abc", "NPM_AUTH=required")
	for command, want := range map[string]string{
		"curl|-u|ann:" + secret + "|https://x/":                           "curl|-u|ann:(redacted)|https://x/",
		"docker|run|-u|1000:1000|x":                                       "docker|run|-u|1000:1000|x",
		"login|--password|" + secret + "|--verbose":                       "login|--password|(redacted)|--verbose",
		"login|--password=" + secret:                                      "login|--password=(redacted)",
		"login|--password-file|pw.txt|--token-file=t":                     "login|--password-file|pw.txt|--token-file=(redacted)",
		"login|--password-stdin|x":                                        "login|--password-stdin|x",
		"x|--api-key|" + secret + "|--auth-token:" + secret:               "x|--api-key|(redacted)|--auth-token:(redacted)",
		"mysql|-p" + secret + "|-P3306|-p|" + secret:                      "mysql|-p(redacted)|-P3306|-p|(redacted)",
		"docker|run|-p8080|x":                                             "docker|run|-p8080|x",
		"docker|build|--build-arg|GITHUB_TOKEN=" + secret + "|.":          "docker|build|--build-arg|GITHUB_TOKEN=(redacted)|.",
		"docker|build|--build-arg=GITHUB_TOKEN=" + secret:                 "docker|build|--build-arg=GITHUB_TOKEN=(redacted)",
		"git|clone|https://ann:" + secret + "@git.example/a.git":          "git|clone|https://(redacted)@git.example/a.git",
		"git|clone|https://" + secret + "@git.example/a?b=c":              "git|clone|https://(redacted)@git.example/a?b=c",
		"git|clone|ssh://git@git.example/a.git":                           "git|clone|ssh://git@git.example/a.git",
		"env|A_SECRET=" + secret + "|make":                                "env|A_SECRET=(redacted)|make",
		"sh|-c|export API_KEY='" + secret + "' && make":                   "sh|-c|export API_KEY=(redacted) && make",
		"sh|-c|TOKEN=" + secret + " make; x --password " + secret + " y":  "sh|-c|TOKEN=(redacted) make; x --password (redacted) y",
		"sh|-c|curl -u ann:" + secret + " x":                              "sh|-c|curl -u ann:(redacted) x",
		"curl|-H|Authorization: Bearer " + secret:                         "curl|-H|Authorization: (redacted)",
		"curl|-H|PRIVATE-TOKEN: " + secret:                                "curl|-H|PRIVATE-TOKEN: (redacted)",
		"curl|https://x/?access_token=" + secret + "&b=c":                 "curl|https://x/?access_token=(redacted)",
		"x|a correct horse battery b|--flag=tok-en-value":                 "x|a (redacted) b|--flag=(redacted)",
		"x|abc|required|key|-k|tokens.json":                               "x|abc|required|key|-k|tokens.json",
		"x|ghp_0123456789abcdefghijABCDEFGHIJ012345":                      "x|(redacted)",
		"x|github_pat_11ABCDEFG0123456789_abcdefghij":                     "x|(redacted)",
		"x|glpat-0123456789abcdefghij|AKIAIOSFODNN7EXAMPLE":               "x|(redacted)|(redacted)",
		"x|xoxb-123456789012-abcdefghijkl":                                "x|(redacted)",
		"x|eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl":             "x|(redacted)",
		"x|-----BEGIN EC PRIVATE KEY-----\nMHc\n-----END EC PRIVATE KEY-": "x|(redacted)",
		"go|build|-trimpath|-ldflags=-s -w -X main.version=1.2|./...":     "go|build|-trimpath|-ldflags=-s -w -X main.version=1.2|./...",
		"make|-j4|KEYBOARD=de|PATH=/bin|author=ann":                       "make|-j4|KEYBOARD=de|PATH=/bin|author=ann",
		"cargo|build|--target|x86_64-unknown-linux-musl|--features=a,b":   "cargo|build|--target|x86_64-unknown-linux-musl|--features=a,b",
	} {
		s := b.step("")
		s.Materials = run.Selection{}
		s.Command = append([]string{"true"}, strings.Split(command, "|")...)
		r := b.run(s)
		got := strings.Join(r.Command[1:], "|")
		if got != want && !(strings.HasPrefix(command, "curl|https") && strings.HasPrefix(got, want)) {
			t.Errorf("%q\n gives %q,\n want %q", command, got, want)
		}
		if strings.Contains(got, secret) || r.Redacted != (got != command) {
			t.Errorf("%q gives %q, redacted: %v", command, got, r.Redacted)
		}
	}
}

// The command itself gets all that is meant for it.
func TestCommandIsWhole(t *testing.T) {
	b := newBench(t)
	b.environ = append(b.environ, "KEEP_TOKEN=keep-it", "HIDE_PASSWORD=hide-it")
	s := b.step(`printf '%s,%s,%s' "$0" "$KEEP_TOKEN" "$HIDE_PASSWORD" > out`)
	s.Command = append(s.Command, "--token=abcdefgh")
	s.Withhold = []string{"HIDE_PASSWORD"}
	s.Products = choose(t, "out")
	holds(t, "what the command saw", b.run(s).Products, "out", "--token=abcdefgh,keep-it,")
}

func TestEnvironment(t *testing.T) {
	b := newBench(t)
	b.environ = append(b.environ, "GOFLAGS=-mod=vendor", "CFLAGS=-O2", "MINE=yes", "OTHER=no", "MY_TOKEN=s3cret-s3cret",
		"GOPROXY=https://ann:s3cret@proxy.example", "LDFLAGS=-X token=abcdefgh", "CC=\xff")
	s := b.step("true")
	s.Variables = []string{"MINE", "MY_TOKEN", "ABSENT"}
	r := b.run(s)
	if len(r.Environment) != 3 || r.Environment["GOFLAGS"] != "-mod=vendor" || r.Environment["CFLAGS"] != "-O2" || r.Environment["MINE"] != "yes" {
		t.Errorf("%q", r.Environment)
	}
	if want := []string{"CC", "GOPROXY", "LDFLAGS", "MY_TOKEN"}; !slices.Equal(r.Withheld, want) {
		t.Errorf("withheld %q, want %q", r.Withheld, want)
	}
	if !slices.IsSorted(run.RecordedVariables()) {
		t.Error("the variables are not sorted")
	}
}

func TestImage(t *testing.T) {
	const digest = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
	for name, test := range map[string]struct {
		files map[string]string
		named string
		want  *run.Image
	}{
		"podman": {map[string]string{"/run/.containerenv": "engine=\"podman-5.0\"\nimage=\"quay.io/a/b:1\"\nimageid=\"" + digest[7:] + "\"\n"}, "", &run.Image{Name: "quay.io/a/b:1", From: "/run/.containerenv"}},
		"silent": {map[string]string{"/run/.containerenv": ""}, "", nil},
		"ci":     {map[string]string{"/.dockerenv": ""}, "golang:1.26@" + digest, &run.Image{Name: "golang:1.26@" + digest, From: "environment, in a container"}},
		"secret": {nil, "https://u:hunter2@r.example/a", &run.Image{Name: "https://(redacted)@r.example/a", From: "environment"}},
		"none":   {map[string]string{"/.dockerenv": ""}, "", nil},
	} {
		b := newBench(t)
		s := b.step("true")
		s.Image = test.named
		s.ReadFile = func(path string) ([]byte, error) {
			text, there := test.files[path]
			if !there {
				return nil, os.ErrNotExist
			}
			return []byte(text), nil
		}
		r := b.run(s)
		if (r.Image == nil) != (test.want == nil) {
			t.Errorf("%s: %+v", name, r.Image)
			continue
		}
		if test.want == nil {
			continue
		}
		if r.Image.Name != test.want.Name || r.Image.From != test.want.From || name == "podman" && r.Image.ID != digest || name == "ci" && r.Image.Digest.String() != digest {
			t.Errorf("%s: %+v", name, r.Image)
		}
	}
}
