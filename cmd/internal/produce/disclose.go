package produce

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/sign/rekor"
	"github.com/carnet-project/carnet/verify/report"
)

// A disclosure tells, before the first time that something of a signer goes to a public
// log, which words everybody will be able to read.
type disclosure struct {
	call *cli.Call
	plan plan
	once sync.Once
	err  error
}

// errStopped is the answer "no".
var errStopped = errors.New("stopped: nothing was signed and nothing was sent")

// before must return nil before anything of digest is sent. who names the signer, and
// words are what is told of it.
func (d *disclosure) before(who string, words [][2]string, digest attest.Digest) error {
	d.once.Do(func() { d.err = d.tell(who, words, digest) })
	return d.err
}

func (d *disclosure) tell(who string, words [][2]string, digest attest.Digest) error {
	public := d.plan.published()
	if len(public) == 0 {
		return nil
	}
	state, err := d.state()
	if err != nil {
		return err
	}
	told := readTold(state)
	if slices.Contains(told, who) {
		return nil
	}
	d.call.Sayf("This is the first signature of this signer here that goes to a public log. There everybody\ncan read the following, and nobody can remove it:")
	for _, w := range words {
		d.call.Sayf("  %-36s %s", w[0], report.Clean(w[1]))
	}
	d.call.Sayf("  %-36s %s, and that of all else that is signed", "digest", digest)
	if slices.ContainsFunc(d.plan.Witnesses, func(p place) bool { return p.Version == rekor.V1 && cli.PublicService(p.URL) }) {
		d.call.Sayf("  %-36s the whole of each, if it is not a file's signature", "statement")
	}
	d.call.Sayf("It goes to %s", strings.Join(public, ", "))
	if onTerminal(d.call) && !d.call.Bool("yes") {
		if err := agreed(d.call); err != nil {
			return err
		}
	}
	writeTold(state, append(told, who))
	return nil
}

func agreed(c *cli.Call) error {
	fmt.Fprint(c.Env.Stderr, "Sign? [y/N] ")
	line, err := bufio.NewReader(io.LimitReader(c.Env.Stdin, 100)).ReadString('\n')
	if err != nil && err != io.EOF {
		return fmt.Errorf("reading the answer: %w", err)
	}
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes":
		return nil
	}
	return &cli.UsageError{Message: errStopped.Error(), Hint: "--log none keeps signatures out of logs, but not certificates; a key, or a Sigstore of your own, does both"}
}

// state is the file that remembers whom it was told of, or "" where there is no home.
func (d *disclosure) state() (string, error) {
	home, err := d.call.Home()
	if err != nil || home == "" {
		return "", err
	}
	return filepath.Join(home, "disclosed.json"), nil
}

type toldJSON struct {
	Schema string   `json:"schema"`
	Told   []string `json:"told"`
}

const toldSchema = "https://github.com/carnet-project/carnet/schema/disclosed/v1"

// readTold reads the file; one that can't be read means that nobody was told.
func readTold(path string) []string {
	raw, err := readBounded(path, 1<<20)
	var doc toldJSON
	if err != nil || json.Unmarshal(raw, &doc) != nil || doc.Schema != toldSchema {
		return nil
	}
	return doc.Told
}

// writeTold remembers. Where that fails it is told again, which does no harm.
func writeTold(path string, told []string) {
	if path == "" {
		return
	}
	const most = 1000
	raw, err := json.MarshalIndent(toldJSON{toldSchema, told[max(0, len(told)-most):]}, "", "  ")
	if err == nil && os.MkdirAll(filepath.Dir(path), 0o700) == nil {
		_ = writePrivate(path, append(raw, '\n'))
	}
}

// certificateWords are what a certificate tells.
func certificateWords(c attest.Certificate) [][2]string {
	words := [][2]string{{"name", c.Subject}, {"issuer", c.Issuer}}
	numbers := attest.Claims()
	for _, claim := range slices.SortedFunc(maps.Keys(c.Claims), func(a, b attest.Claim) int { return numbers[a] - numbers[b] }) {
		words = append(words, [2]string{string(claim), c.Claims[claim]})
	}
	return words
}

// writePrivate writes a file for its owner's eyes only, whole or not at all.
func writePrivate(path string, data []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	if _, err = f.Write(data); err != nil {
		return errors.Join(err, f.Close())
	}
	if err = f.Sync(); err != nil {
		return errors.Join(err, f.Close())
	}
	if err = f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
