package cli_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/cmd/internal/trust/store"
	"github.com/carnet-project/carnet/fixtures/sigstore"
	"github.com/carnet-project/carnet/verify/sigstore/public"
)

// asTrusting runs a command with the flags of trust and hands its call to run.
func asTrusting(t *testing.T, environment map[string]string, run func(*cli.Call) error, args ...string) (code int, stderr string) {
	t.Helper()
	var talk bytes.Buffer
	env := &cli.Env{
		Stdin: strings.NewReader(""), Stdout: &bytes.Buffer{}, Stderr: &talk,
		LookupEnv: func(name string) (string, bool) { v, ok := environment[name]; return v, ok },
	}
	commands := []cli.Command{{Name: "run", Flags: append(cli.TrustFlags(), cli.SigningConfigFlag(), cli.TrustFileFlag(), cli.VerifyKeyFlag()), Run: run}}
	code = cli.Main(context.Background(), env, "carnet", "", commands, append([]string{"carnet", "run"}, args...))
	return code, talk.String()
}

func names(roots []cli.TrustedRoot) string {
	var all []string
	for _, r := range roots {
		all = append(all, r.Name)
	}
	return strings.Join(all, " ")
}

// home is a home with instances of the names given; those that end in "!" sign too.
func home(t *testing.T, instances ...string) map[string]string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range instances {
		name, signs := strings.CutSuffix(name, "!")
		i := store.Instance{Name: name, TrustedRoot: []byte("root of " + name), Taken: public.Taken()}
		if signs {
			i.SigningConfig = []byte("config of " + name)
		}
		if err := (store.Store{Dir: filepath.Join(dir, "trust")}).Put(i); err != nil {
			t.Fatal(err)
		}
	}
	return map[string]string{"CARNET_HOME": dir, "SOURCE_DATE_EPOCH": "1790000000"}
}

func TestTrustedRoots(t *testing.T) {
	file := filepath.Join(t.TempDir(), "own.json")
	if err := os.WriteFile(file, []byte("own"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		stored []string
		args   []string
		want   string
	}{
		{"nothing stored: what is built in", nil, nil, "public"},
		{"what is stored, and no more", []string{"corp", "lab"}, nil, "corp lab"},
		{"the file, and no more", []string{"corp"}, []string{"--trusted-root", file}, file},
		{"the file and the public one", []string{"corp"}, []string{"--trusted-root", file, "--trusted-root", "public"}, file + " public"},
		{"one of the store", []string{"corp", "lab"}, []string{"--trusted-root", "lab"}, "lab"},
		{"one root twice is one", nil, []string{"--trusted-root", "public", "--trusted-root", "public"}, "public"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []cli.TrustedRoot
			code, stderr := asTrusting(t, home(t, test.stored...), func(c *cli.Call) (err error) {
				got, err = c.TrustedRoots()
				return err
			}, test.args...)
			if code != 0 || stderr != "" || names(got) != test.want {
				t.Fatalf("ends with %d and %q; trusted: %s, want %s", code, stderr, names(got), test.want)
			}
			for _, r := range got {
				content, fixed := map[string]string{file: "own", "corp": "root of corp", "lab": "root of lab", "public": string(public.TrustedRoot())}[r.Name]
				if !fixed || string(r.JSON) != content || r.Taken.IsZero() != (r.Name == file) {
					t.Errorf("%s: %d bytes, taken %s", r.Name, len(r.JSON), r.Taken)
				}
			}
		})
	}
}

// What can't be read is not left out: less, or something else, would be trusted.
func TestTrustedRootsRefused(t *testing.T) {
	broken := home(t, "corp")
	if err := os.WriteFile(filepath.Join(broken["CARNET_HOME"], "trust", "lab.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name        string
		environment map[string]string
		args        []string
		want        string
	}{
		{"no such file", home(t), []string{"--trusted-root", "missing.json"}, "--trusted-root missing.json: no such file"},
		{"an empty name", home(t), []string{"--trusted-root", ""}, "--trusted-root"},
		{"no such instance", home(t, "corp"), []string{"--trusted-root", "crop"}, "--trusted-root crop: no such file"},
		{"a broken store", broken, nil, "lab.json has the format 0"},
		{"a broken store, beside a file", broken, []string{"--trusted-root", "public"}, "lab.json"},
		{"a relative home", map[string]string{"CARNET_HOME": "here"}, nil, `CARNET_HOME "here" is not an absolute path`},
	} {
		t.Run(test.name, func(t *testing.T) {
			code, stderr := asTrusting(t, test.environment, func(c *cli.Call) error {
				roots, err := c.TrustedRoots()
				if len(roots) > 0 {
					t.Errorf("trusted: %s", names(roots))
				}
				return err
			}, test.args...)
			if code != 2 || !strings.Contains(stderr, test.want) {
				t.Errorf("ends with %d and %q, want %q", code, stderr, test.want)
			}
		})
	}
}

func TestStaleSnapshotWarnsOnce(t *testing.T) {
	for days, warns := range map[int]bool{0: false, 30: false, 31: true, 400: true} {
		at := public.Taken().Add(time.Duration(days) * 24 * time.Hour)
		environment := map[string]string{"SOURCE_DATE_EPOCH": strconv.FormatInt(at.Unix(), 10)}
		_, stderr := asTrusting(t, environment, func(c *cli.Call) error {
			_, err := c.TrustedRoots()
			return err
		})
		if n := strings.Count(stderr, "carnet trust update"); n != map[bool]int{true: 1}[warns] {
			t.Errorf("after %d days %q is said", days, stderr)
		}
	}
}

func TestSigningConfig(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	own := write("own.json", `{"caUrls":[{"url":"https://ca.example.com"}],"oidcUrls":[{"url":"https://oauth2.sigstore.dev/auth"}]}`)
	mixed := write("mixed.json", `{"caUrls":[{"url":"https://ca.example.com"}],"rekor_tlog_urls":[{"url":"https://REKOR.sigstore.dev"}]}`)
	for _, test := range []struct {
		name, want string
		stored     []string
		args       []string
		public     bool
	}{
		{"what is built in", string(public.SigningConfig()), nil, nil, true},
		{"a root alone signs nothing", string(public.SigningConfig()), []string{"corp"}, nil, true},
		{"one's own", "config of corp", []string{"corp!", "public!"}, nil, false},
		{"the newer public one", "config of public", []string{"corp", "public!"}, nil, false},
		{"by name", "config of lab", []string{"corp!", "lab!"}, []string{"--signing-config", "lab"}, false},
		{"the public one by name", string(public.SigningConfig()), []string{"corp!"}, []string{"--signing-config", "public"}, true},
		{"a file", "", []string{"corp!"}, []string{"--signing-config", own}, false},
		{"a file with a public log", "", nil, []string{"--signing-config", mixed}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			code, stderr := asTrusting(t, home(t, test.stored...), func(c *cli.Call) error {
				raw, isPublic, err := c.SigningConfig()
				if isPublic != test.public || test.want != "" && string(raw) != test.want {
					t.Errorf("public %v: %s", isPublic, raw)
				}
				return err
			}, test.args...)
			if code != 0 || stderr != "" {
				t.Errorf("ends with %d and %q", code, stderr)
			}
		})
	}
	code, stderr := asTrusting(t, home(t, "corp!", "lab!"), func(c *cli.Call) error {
		_, _, err := c.SigningConfig()
		return err
	})
	if code != 2 || !strings.Contains(stderr, "corp, lab") || !strings.Contains(stderr, "--signing-config corp") {
		t.Errorf("of two the choice ends with %d and %q", code, stderr)
	}
}

func TestHome(t *testing.T) {
	for _, test := range []struct {
		want        string
		environment map[string]string
	}{
		{"", nil},
		{"/h/c", map[string]string{"CARNET_HOME": "/h/c", "HOME": "/root", "XDG_CONFIG_HOME": "/x"}},
		{"/x/carnet", map[string]string{"HOME": "/root", "XDG_CONFIG_HOME": "/x"}},
		{"/root/.config/carnet", map[string]string{"HOME": "/root", "XDG_CONFIG_HOME": "relative"}},
	} {
		asTrusting(t, test.environment, func(c *cli.Call) error {
			if got, err := c.Home(); got != test.want || err != nil {
				t.Errorf("the home is %q, %v; want %q", got, err, test.want)
			}
			return nil
		})
	}
}

func TestTrustFile(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	release := sigstore.NewKey("release")
	write("release.pub", string(release.PEM()))
	write("own", "own root")
	pub := write("other.pub", string(sigstore.NewKey("other").PEM()))
	head := "apiVersion: carnet.dev/v1\nkind: Trust\n"
	both := write("both.yaml", head+"key: [{name: release, file: release.pub}]\nroot: [public, {file: own}]\n")
	roots := write("roots.yaml", head+"root: [{file: own}]\n")
	environment := home(t, "own") // an instance of the file's name is not meant
	code, stderr := asTrusting(t, environment, func(c *cli.Call) error {
		keys, err := c.TrustedKeys()
		if err != nil {
			return err
		}
		if all := cli.JoinKeys(keys).Identities(); len(all) != 2 || all[0].Name != pub || all[1].Name != "release" || all[1].Key.Hex() != hex.EncodeToString(release.ID()) {
			t.Errorf("trusted keys: %v", all)
		}
		trusted, err := c.TrustedRoots()
		if want := "public " + filepath.Join(dir, "own"); names(trusted) != want || string(trusted[1].JSON) != "own root" {
			t.Errorf("trusted roots: %s, want %s", names(trusted), want)
		}
		return err
	}, "--trust", both, "--trust", roots, "--key", pub)
	if code != 0 || stderr != "" {
		t.Errorf("ends with %d and %q", code, stderr)
	}
	for content, want := range map[string]string{
		"key: [{name: a, file: missing.pub}]\n":       `bad.yaml:3: the key "a": ` + filepath.Join(dir, "missing.pub") + ": no such file",
		"key: [{name: a, file: own}]\n":               "bad.yaml:3: a: not a public key in PEM",
		"key: [{name: a, file: release.pub, b: c}]\n": `bad.yaml:3:36: a key has no field "b"`,
	} {
		code, stderr := asTrusting(t, environment, func(c *cli.Call) error {
			keys, err := c.TrustedKeys()
			if keys != nil {
				t.Errorf("%q trusts %v", content, keys)
			}
			return err
		}, "--trust", write("bad.yaml", head+content), "--key", pub)
		if code != 2 || !strings.Contains(stderr, want) {
			t.Errorf("%q ends with %d and %q", content, code, stderr)
		}
	}
	if code, stderr := asTrusting(t, environment, func(c *cli.Call) error { _, err := c.TrustedRoots(); return err }, "--trust", "missing.yaml"); code != 2 || !strings.Contains(stderr, "--trust missing.yaml: no such file") {
		t.Errorf("ends with %d and %q", code, stderr)
	}
}
