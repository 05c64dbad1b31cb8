package trust

import (
	"fmt"
	"path/filepath"
	"strings"

	urfave "github.com/urfave/cli/v2"

	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/cmd/internal/trust/store"
	"github.com/carnet-project/carnet/verify/sigstore/trustedroot"
)

func importFile() cli.Command {
	return cli.Command{
		Name: "import", Usage: "trust an instance by its trusted_root.json", Args: "FILE",
		About: `Stores a trusted root that came another way than over the network. It is trusted as it
is, without a date on which it grows old.`,
		Arguments: [][2]string{{"FILE", "the trusted_root.json, or - for stdin"}},
		Flags: []urfave.Flag{
			&urfave.StringFlag{Name: "name", Usage: "call the instance `NAME` (default: the file's name without .json)"},
			&urfave.StringFlag{Name: "signing-config", Usage: "store the signing_config.json in `FILE` with it"},
			&urfave.BoolFlag{Name: "force", Usage: "replace an instance of that name"},
		},
		Exits: exits,
		Examples: [][2]string{
			{"onto a machine without a network", "carnet trust import trusted_root.json --name acme"},
			{"to sign there, too", "carnet trust import trusted_root.json --name acme --signing-config signing_config.json"},
		},
		Run: runImport,
	}
}

func runImport(c *cli.Call) error {
	path, err := c.One("FILE")
	if err != nil {
		return err
	}
	name := c.String("name")
	if name == "" && path == "-" {
		return c.Missing("--name, for stdin has none")
	}
	if name == "" {
		name = strings.TrimSuffix(filepath.Base(path), ".json")
	}
	if err := checkName(name); err != nil {
		return err
	}
	s, err := openStore(c)
	if err != nil {
		return err
	}
	i := store.Instance{Name: name, Source: path}
	if path != "-" {
		if i.Source, err = filepath.Abs(path); err != nil {
			return err
		}
	}
	if i.TrustedRoot, err = c.ReadInput(path, trustedroot.MaxBytes); err != nil {
		return err
	}
	contents, err := trustedroot.Read(i.TrustedRoot)
	if err != nil {
		return cli.Usagef("%s: %v", path, err)
	}
	if config := c.String("signing-config"); config != "" {
		if i.SigningConfig, err = cli.ReadFile(config, trustedroot.MaxBytes); err != nil {
			return err
		}
		if _, err := trustedroot.ReadServices(i.SigningConfig); err != nil {
			return cli.Usagef("--signing-config %s: %v", config, err)
		}
	}
	if err := keep(c, s, i); err != nil {
		return err
	}
	c.Sayf("%s is trusted now: %s; it is kept in %s", name, count(contents), s.Path(name))
	return nil
}

// count is a trusted root in short.
func count(c *trustedroot.Contents) string {
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{
		{len(c.Authorities), "certificate authorities"}, {len(c.Logs), "transparency logs"}, {len(c.CTLogs), "CT logs"}, {len(c.Timestamps), "timestamp authorities"},
	} {
		parts = append(parts, fmt.Sprintf("%d %s", p.n, p.what))
	}
	return strings.Join(parts, ", ")
}

func remove() cli.Command {
	return cli.Command{
		Name: "remove", Usage: "trust an instance no longer", Args: "NAME",
		About:     "Removes an instance from the trust store. With the last one gone, the public instance\nas it was when carnet was built is trusted again.",
		Arguments: [][2]string{{"NAME", "the instance"}},
		Flags:     []urfave.Flag{&urfave.BoolFlag{Name: "ignore-missing", Usage: "succeed if there is none of that name"}},
		Exits:     exits[:3],
		Examples:  [][2]string{{"an instance that is no longer run", "carnet trust remove lab"}},
		Run: func(c *cli.Call) error {
			name, err := c.One("NAME")
			if err != nil {
				return err
			}
			s, err := openStore(c)
			if err != nil {
				return err
			}
			there, err := s.Remove(name)
			if err != nil {
				return fmt.Errorf("the trust store: %w", err)
			}
			if !there && c.Bool("ignore-missing") {
				return nil
			}
			if !there {
				return &cli.UsageError{Message: fmt.Sprintf("there is no instance %q in the trust store", name), Hint: "trust show lists them"}
			}
			c.Sayf("%s is removed from the trust store", name)
			return nil
		},
	}
}
