package trust

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	urfave "github.com/urfave/cli/v2"

	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/cmd/internal/trust/store"
)

// maxRoot bounds a TUF root.json; the public instance's is 5 KiB.
const maxRoot = 512_000

func initialise() cli.Command {
	return cli.Command{
		Name: "init", Usage: "trust an instance by its TUF repository",
		About: `Fetches the trusted root and the signing configuration of an instance from its TUF
repository and stores them. All trust in it follows from the root.json given: get that,
or its checksum, from whoever keeps the instance, and not from the mirror.`,
		Flags: []urfave.Flag{
			&urfave.StringFlag{Name: "mirror", Usage: "the TUF repository at `URL`"},
			&urfave.StringFlag{Name: "root", Usage: "begin with the root.json in `FILE`, or at an https URL"},
			&urfave.StringFlag{Name: "root-checksum", Usage: "the `SHA256` that root.json must have, in hex; needed for a URL"},
			&urfave.StringFlag{Name: "name", Usage: "call the instance `NAME` (default: the host of the mirror)"},
			&urfave.BoolFlag{Name: "force", Usage: "replace an instance of that name"},
			timeoutFlag(),
		},
		Exits: exits,
		Examples: [][2]string{
			{"an instance of one's own", "carnet trust init --mirror https://tuf.example.com --root root.json"},
			{"with a checksum that came another way", "carnet trust init --mirror https://tuf.example.com --root https://tuf.example.com/1.root.json --root-checksum 9f86d081…"},
		},
		Run: runInit,
	}
}

func runInit(c *cli.Call) error {
	if len(c.Arguments()) > 0 {
		return cli.Usagef("%s takes no arguments, and %q is given", c.Command.HelpName, c.Arguments())
	}
	for _, flag := range []string{"mirror", "root"} {
		if c.String(flag) == "" {
			return c.Missing("--" + flag)
		}
	}
	mirror, err := url.Parse(c.String("mirror"))
	if err != nil || mirror.Hostname() == "" {
		return cli.Usagef("--mirror %q is not a URL", c.String("mirror"))
	}
	name := c.String("name")
	if name == "" {
		name = mirror.Hostname()
	}
	if err := checkName(name); err != nil {
		return err
	}
	if name == cli.PublicInstance {
		return &cli.UsageError{Message: "--name public is the public-good instance", Hint: "trust update public fetches that; choose another name for yours"}
	}
	s, err := openStore(c)
	if err != nil {
		return err
	}
	root, err := readRoot(c)
	if err != nil {
		return err
	}
	i := store.Instance{Name: name, Source: mirror.String(), Mirror: mirror.String(), Root: root}
	if err := fetch(c, &i); err != nil {
		return err
	}
	if err := keep(c, s, i); err != nil {
		return err
	}
	c.Sayf("%s is trusted now; it is kept in %s", name, s.Path(name))
	return nil
}

// readRoot reads what --root names and holds it to --root-checksum.
func readRoot(c *cli.Call) ([]byte, error) {
	ref, checksum := c.String("root"), strings.TrimPrefix(strings.ToLower(c.String("root-checksum")), "sha256:")
	if checksum != "" {
		if raw, err := hex.DecodeString(checksum); err != nil || len(raw) != sha256.Size {
			return nil, cli.Usagef("--root-checksum %q is not a SHA-256 in hex", c.String("root-checksum"))
		}
	}
	var root []byte
	var err error
	if strings.Contains(ref, "://") {
		if checksum == "" {
			return nil, &cli.UsageError{Message: "--root is a URL, and there is no --root-checksum", Hint: "whoever answers at the URL would be trusted from then on: give the checksum that the keepers publish elsewhere, or a file"}
		}
		root, err = fetchRoot(c, ref)
	} else {
		root, err = cli.ReadFile(ref, maxRoot)
	}
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(root); checksum != "" && hex.EncodeToString(sum[:]) != checksum {
		return nil, &cli.UsageError{Message: fmt.Sprintf("--root %s has the SHA-256 %x, and %s is expected", ref, sum, checksum), Hint: "it is another root, or has been changed on its way: ask the instance's keepers"}
	}
	return root, nil
}

// fetchRoot fetches a root.json. What it is worth is said by its checksum, so any
// server may have it.
func fetchRoot(c *cli.Call, where string) ([]byte, error) {
	u, err := url.Parse(where)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, cli.Usagef("--root %q is neither a file nor an https URL", where)
	}
	ctx, cancel := context.WithTimeout(c.Ctx(), c.Duration("timeout"))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, where, nil)
	if err != nil {
		return nil, cli.Usagef("--root %q is not a URL", where)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, &cli.UnavailableError{Err: fmt.Errorf("fetching --root: %w", err)}
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, &cli.UnavailableError{Err: fmt.Errorf("fetching --root %s: the server answered %s", where, resp.Status)}
	}
	root, err := io.ReadAll(io.LimitReader(resp.Body, maxRoot+1))
	if err != nil {
		return nil, &cli.UnavailableError{Err: fmt.Errorf("fetching --root %s: %w", where, err)}
	}
	if len(root) > maxRoot {
		return nil, cli.Usagef("--root %s is over %d bytes", where, maxRoot)
	}
	return root, nil
}
