package trust_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/cmd/internal/trust"
	"github.com/carnet-project/carnet/fixtures/sigstore"
	"github.com/carnet-project/carnet/verify/sigstore/public"
	"github.com/carnet-project/carnet/verify/sigstore/refresh/tuftest"
)

// A machine has a home and runs commands.
type machine struct {
	t    *testing.T
	home string
}

func newMachine(t *testing.T) *machine {
	return &machine{t, filepath.Join(t.TempDir(), "home")}
}

type result struct {
	code           int
	stdout, stderr string
}

func (m *machine) run(args ...string) result {
	m.t.Helper()
	var stdout, stderr bytes.Buffer
	env := &cli.Env{
		Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr,
		LookupEnv: func(name string) (string, bool) {
			return map[string]string{"CARNET_HOME": m.home}[name], name == "CARNET_HOME"
		},
	}
	code := cli.Main(context.Background(), env, "carnet", "", []cli.Command{trust.Command()}, append([]string{"carnet", "trust"}, args...))
	return result{code, stdout.String(), stderr.String()}
}

// must runs a command that must succeed.
func (m *machine) must(args ...string) result {
	m.t.Helper()
	r := m.run(args...)
	if r.code != 0 {
		m.t.Fatalf("%q ends with %d: %s", args, r.code, r.stderr)
	}
	return r
}

// stored is every file in the home, with its mode.
func (m *machine) stored() string {
	m.t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(m.home, func(path string, entry fs.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil
		}
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil || entry.IsDir() {
			fmt.Fprintf(&all, "%s %v\n", path, info.Mode())
			return err
		}
		content, err := os.ReadFile(path)
		fmt.Fprintf(&all, "%s %v %x\n", path, info.Mode(), sha256.Sum256(content))
		return err
	})
	if err != nil {
		m.t.Fatal(err)
	}
	return all.String()
}

// A site is an instance's TUF repository.
type site struct {
	*tuftest.Repository
	url, root string
	t         *testing.T
}

func newSite(t *testing.T, instance string) *site {
	t.Helper()
	r, err := tuftest.New(time.Now().Add(24 * time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	s := &site{r, server.URL, filepath.Join(t.TempDir(), "root.json"), t}
	if err := os.WriteFile(s.root, r.Root(), 0o600); err != nil {
		t.Fatal(err)
	}
	s.publish(instance, nil)
	return s
}

// publish publishes the trusted root of an instance.
func (s *site) publish(instance string, expiry map[string]time.Time) {
	s.t.Helper()
	targets := map[string][]byte{"trusted_root.json": []byte(sigstore.New(instance).TrustedRoot()), "signing_config.v0.2.json": public.SigningConfig()}
	if err := s.Publish(tuftest.Release{Targets: targets, Expires: time.Now().Add(time.Hour), Expiry: expiry}); err != nil {
		s.t.Fatal(err)
	}
}

func (r result) says(t *testing.T, code int, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if r.code != code || !strings.Contains(r.stderr, p) {
			t.Fatalf("ends with %d and %q; want %d and %q", r.code, r.stderr, code, p)
		}
	}
}

func TestInitAndUpdate(t *testing.T) {
	m, s := newMachine(t), newSite(t, "first")
	m.must("init", "--mirror", s.url, "--root", s.root, "--name", "own").says(t, 0, "own is trusted now", m.home)
	if r := m.must("show"); !strings.Contains(r.stdout, "https://first.fulcio.test") || strings.Contains(r.stdout, "sigstore.dev  CN") || !strings.Contains(r.stdout, s.url) {
		t.Errorf("trusted is\n%s", r.stdout)
	}
	if r := m.must("show", "own", "-o", "trusted-root"); r.stdout != sigstore.New("first").TrustedRoot() {
		t.Errorf("the trusted root is %q", r.stdout)
	}
	m.must("update").says(t, 0, "own: what is trusted has not changed")
	s.publish("second", nil)
	m.must("update", "own").says(t, 0, "own: what is trusted is new")
	if r := m.must("show"); !strings.Contains(r.stdout, "https://second.fulcio.test") || strings.Contains(r.stdout, "first") {
		t.Errorf("after the update trusted is\n%s", r.stdout)
	}
	m.run("init", "--mirror", s.url, "--root", s.root, "--name", "own").says(t, 2, "trusted already", "--force")
	m.must("init", "--mirror", s.url, "--root", s.root, "--name", "own", "--force")
	for _, line := range strings.Split(strings.TrimSpace(m.stored()), "\n") {
		if fields := strings.Fields(line); fields[1] != "-rw-------" && fields[1] != "drwx------" {
			t.Errorf("others can see or change it: %s", line)
		}
	}
}

// With every attack on its repository an instance stays as it was, to the byte, and the
// error says which attack it is.
func TestAttacksChangeNothing(t *testing.T) {
	for name, test := range map[string]struct {
		attack func(s *site, first map[string][]byte)
		code   int
		says   []string
	}{
		"rollback": {func(s *site, first map[string][]byte) { s.Restore(first) }, 1, []string{"own: rollback: timestamp.json", "hint: the mirror shows what is older"}},
		"freeze": {func(s *site, _ map[string][]byte) {
			s.publish("third", map[string]time.Time{metadata.TIMESTAMP: time.Now().Add(-time.Hour)})
		}, 1, []string{"own: freeze: timestamp.json", "hint: check this machine's clock"}},
		"expired": {func(s *site, _ map[string][]byte) {
			s.publish("third", map[string]time.Time{metadata.TARGETS: time.Now().Add(-time.Hour)})
		}, 1, []string{"own: expired: 3.targets.json", "hint: check this machine's clock"}},
		"mixed": {func(s *site, _ map[string][]byte) {
			s.publish("third", nil)
			s.Set("3.snapshot.json", s.Files()["2.snapshot.json"])
		}, 1, []string{"own: mixed metadata: 3.snapshot.json", "hint: the mirror is being written to"}},
		"mixed files": {func(s *site, _ map[string][]byte) {
			s.publish("third", nil)
			for name, content := range s.Files() {
				if strings.HasSuffix(name, "trusted_root.json") {
					s.Set(name, bytes.Replace(content, []byte("third"), []byte("tired"), 1))
				}
			}
		}, 1, []string{"own: mixed metadata: trusted_root.json", "hint: the mirror is being written to"}},
		"unsigned": {func(s *site, _ map[string][]byte) {
			s.Set("timestamp.json", newSite(s.t, "x").Files()["timestamp.json"])
		}, 1, []string{"own: unsigned: timestamp.json"}},
		"gone": {func(s *site, _ map[string][]byte) { s.Restore(nil) }, 3, []string{"own: fetching " + "http://127.0.0.1", "hint: what is stored still verifies"}},
	} {
		t.Run(name, func(t *testing.T) {
			m, s := newMachine(t), newSite(t, "first")
			first := s.Files()
			s.publish("second", nil)
			m.must("init", "--mirror", s.url, "--root", s.root, "--name", "own")
			before := m.stored()
			test.attack(s, first)
			m.run("update").says(t, test.code, test.says...)
			if after := m.stored(); after != before {
				t.Errorf("the store was\n%sand is\n%s", before, after)
			}
		})
	}
}

// One that fails does not keep the others from being updated.
func TestUpdateGoesOn(t *testing.T) {
	m, bad, good := newMachine(t), newSite(t, "bad"), newSite(t, "good")
	m.must("init", "--mirror", bad.url, "--root", bad.root, "--name", "bad")
	m.must("init", "--mirror", good.url, "--root", good.root, "--name", "good")
	bad.Restore(nil)
	good.publish("better", nil)
	m.run("update").says(t, 3, "bad: fetching", "good: what is trusted is new")
}

func TestInitRefused(t *testing.T) {
	m, s, other := newMachine(t), newSite(t, "own"), newSite(t, "other")
	sum := sha256.Sum256(s.Root())
	good, wrong := hex.EncodeToString(sum[:]), strings.Repeat("0", 64)
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer silent.Close()
	for _, test := range []struct {
		code int
		says string
		args []string
	}{
		{2, "needs --mirror", []string{"--root", s.root}},
		{2, "needs --root", []string{"--mirror", s.url}},
		{2, "--mirror \"mirror\" is not a URL", []string{"--mirror", "mirror", "--root", s.root}},
		{2, "no such file", []string{"--mirror", s.url, "--root", "missing.json"}},
		{2, "no --root-checksum", []string{"--mirror", s.url, "--root", s.url + "/1.root.json"}},
		{2, "is not a SHA-256", []string{"--mirror", s.url, "--root", s.root, "--root-checksum", "abc"}},
		{2, wrong + " is expected", []string{"--mirror", s.url, "--root", s.root, "--root-checksum", wrong}},
		{2, wrong + " is expected", []string{"--mirror", s.url, "--root", s.url + "/1.root.json", "--root-checksum", wrong}},
		{2, "neither a file nor", []string{"--mirror", s.url, "--root", "file:///etc/root.json", "--root-checksum", good}},
		{2, "--name", []string{"--mirror", s.url, "--root", s.root, "--name", "../evil"}},
		{2, "--name", []string{"--mirror", s.url, "--root", s.root, "--name", "own.json"}},
		{2, "public-good instance", []string{"--mirror", s.url, "--root", s.root, "--name", "public"}},
		{1, "malformed: root.json", []string{"--mirror", s.url, "--root", "doc.go"}},
		{1, "unsigned", []string{"--mirror", s.url, "--root", other.root}},
		{3, "deadline exceeded", []string{"--mirror", silent.URL, "--root", s.root, "--timeout", "100ms"}},
		{3, "404", []string{"--mirror", s.url, "--root", s.url + "/9.root.json", "--root-checksum", good}},
	} {
		r := m.run(append([]string{"init"}, test.args...)...)
		r.says(t, test.code, test.says)
		if got := m.stored(); strings.Contains(got, ".json") {
			t.Fatalf("%q leaves %s", test.args, got)
		}
	}
	m.must("init", "--mirror", s.url, "--root", s.url+"/1.root.json", "--root-checksum", "SHA256:"+strings.ToUpper(good))
	if got := m.must("show", "-o", "json").stdout; !strings.Contains(got, `"name": "127.0.0.1"`) {
		t.Errorf("the instance is not called as its host: %s", got)
	}
}

func TestUpdateRefused(t *testing.T) {
	m := newMachine(t)
	m.run("update", "own").says(t, 2, `there is no instance "own"`)
	file := filepath.Join(t.TempDir(), "own.json")
	if err := os.WriteFile(file, []byte(sigstore.New("own").TrustedRoot()), 0o600); err != nil {
		t.Fatal(err)
	}
	m.must("import", file)
	m.run("update").says(t, 2, "nothing in the trust store comes from a repository")
	m.run("update", "own").says(t, 2, "own was imported from a file", "--force")
	(&machine{t, ""}).run("update").says(t, 2, "there is no home folder")
}
