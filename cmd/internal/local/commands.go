// Package local has the commands about a Sigstore of one's own, on this machine.
package local

import (
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/carnet-project/carnet/cmd/internal/cli"
)

// Local is the group of commands about a Sigstore of one's own.
func Local() cli.Command {
	return cli.Command{
		Name: "local", Usage: "run a private Sigstore on this machine",
		About: "A certificate authority, a transparency log, a CT log, a timestamp authority, a token\n" +
			"issuer and a TUF repository in one process, for laptops, laboratories, tests and sites\n" +
			"without a network. Its keys are files in DIR: whoever can read them can sign as anybody.",
		Commands: commands(),
	}
}

// dirArgument explains DIR, which all commands take.
var dirArgument = [2]string{"DIR", "the folder with its keys and logs, for its owner alone; the default is local in carnet's own folder"}

// folder is DIR, or its default.
func folder(c *cli.Call) (string, error) {
	args := c.Arguments()
	if len(args) > 1 {
		return "", cli.Usagef("%s takes one DIR, and %d arguments are given: %q", c.Command.HelpName, len(args), args)
	}
	if len(args) == 1 {
		return filepath.Abs(args[0])
	}
	home, err := c.Home()
	if err != nil {
		return "", err
	}
	if home == "" {
		return "", c.Missing("a DIR: there is no folder for configuration here")
	}
	return filepath.Join(home, "local"), nil
}

// noSuch is the error of a folder without a Sigstore.
func noSuch(dir string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return &cli.UsageError{Message: dir + ": there is no private Sigstore", Hint: "make one: carnet local up " + dir}
	}
	return err
}
