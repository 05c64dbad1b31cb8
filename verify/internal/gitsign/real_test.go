package gitsign_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/carnet-project/carnet/verify/internal/gitsign"
)

// run runs a program in a folder where nobody's configuration is.
func run(t *testing.T, dir string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir, "GNUPGHOME="+filepath.Join(dir, "gnupg"), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+filepath.Join(dir, "gitconfig"))
	var problems bytes.Buffer
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%q: %v\n%s", args, err, &problems)
	}
	return out
}

// What git signs with ssh-keygen and with gpg verifies here, in repositories of both hash
// algorithms, and merges too. TestSSHKeys and TestOpenPGP need none of these programs.
func TestRealGit(t *testing.T) {
	for _, program := range []string{"git", "ssh-keygen", "gpg"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("there is no %s here", program)
		}
	}
	dir, err := os.MkdirTemp("", "gs") // short, for gpg-agent's socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Mkdir(filepath.Join(dir, "gnupg"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd := exec.Command("gpgconf", "--kill", "all")
		cmd.Env = append(os.Environ(), "GNUPGHOME="+filepath.Join(dir, "gnupg"))
		_ = cmd.Run()
	})
	run(t, dir, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "key")
	run(t, dir, "gpg", "--batch", "--quiet", "--passphrase", "", "--quick-gen-key", "Bo <bo@acme.example>", "ed25519", "sign", "never")
	public, err := os.ReadFile(filepath.Join(dir, "key.pub"))
	if err != nil {
		t.Fatal(err)
	}
	ssh := must(gitsign.ParseAllowedSigners("bo@acme.example " + string(public)))
	pgp := must(gitsign.ParseKeyring(run(t, dir, "gpg", "--export")))
	armored := must(gitsign.ParseKeyring(run(t, dir, "gpg", "--armor", "--export")))
	for _, format := range []string{"sha1", "sha256"} {
		repo := filepath.Join(dir, format)
		git := func(args ...string) []byte {
			return run(t, dir, append([]string{"git", "-C", repo, "-c", "user.name=Bo", "-c", "user.email=bo@acme.example"}, args...)...)
		}
		run(t, dir, "git", "init", "-q", "-b", "main", "--object-format="+format, repo)
		git("commit", "-q", "--allow-empty", "-m", "unsigned")
		git("branch", "side")
		git("-c", "gpg.format=ssh", "-c", "user.signingkey="+filepath.Join(dir, "key"), "commit", "-q", "--allow-empty", "-S", "-m", "by SSH\n\nbody\n")
		git("tag", "ssh")
		git("checkout", "-q", "side")
		git("commit", "-q", "--allow-empty", "-S", "-m", "by OpenPGP")
		git("tag", "pgp")
		git("-c", "gpg.format=ssh", "-c", "user.signingkey="+filepath.Join(dir, "key"), "merge", "-q", "-S", "--no-ff", "-m", "merge", "main")
		git("tag", "merge")
		when := gitsign.When{By: time.Now().Add(time.Minute)}
		for _, c := range []struct {
			rev     string
			signers *gitsign.Signers
			want    gitsign.Kind
		}{
			{"ssh", ssh, ""}, {"merge", ssh, ""}, {"pgp", pgp, ""}, {"pgp", armored, ""},
			{"ssh", pgp, gitsign.UnknownKey}, {"pgp", ssh, gitsign.UnknownKey}, {"main~1", ssh, gitsign.Unsigned},
		} {
			id := strings.TrimSpace(string(git("rev-parse", c.rev)))
			commit, err := gitsign.Open(id, git("cat-file", "commit", c.rev))
			if err != nil {
				t.Fatalf("%s %s: %v", format, c.rev, err)
			}
			if who, err := c.signers.Verify(commit, when); kind(err) != c.want || err == nil && !strings.Contains(who.Name, "bo@acme.example") {
				t.Errorf("%s %s: %+v, %v", format, c.rev, who, err)
			}
		}
	}
}
