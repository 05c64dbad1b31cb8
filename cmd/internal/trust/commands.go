package trust

import (
	"fmt"
	"time"

	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/cmd/internal/trust/store"
)

// Command is the group of commands about trusted Sigstore instances.
func Command() cli.Command {
	return cli.Command{
		Name: "trust", Usage: "say which Sigstore instances are trusted",
		About: `Verifying never fetches trust: it takes what --trusted-root names, else what is in the
trust store, else the public instance as it was when carnet was built. These commands
show that, and change the store: a folder of files, one for each instance.`,
		Commands: []cli.Command{show(), update(), initialise(), importFile(), remove(), create()},
	}
}

var exits = []cli.Exit{
	{Code: 0, Meaning: "done"},
	{Code: 1, Meaning: "failed, or the repository can't be believed; the store is as it was"},
	{Code: 2, Meaning: "usage: the command line or a file can't be meant as it is"},
	{Code: 3, Meaning: "could not reach the repository; trying again may help"},
}

// openStore is the trust store of commands that write to it.
func openStore(c *cli.Call) (store.Store, error) {
	s, err := c.TrustStore()
	if err != nil {
		return s, err
	}
	if s.Dir == "" {
		return s, &cli.UsageError{Message: "there is no home folder to keep trust in", Hint: "set HOME, or CARNET_HOME to a folder"}
	}
	return s, nil
}

// keep writes an instance. One of that name is replaced only if that was asked for: it
// says what is trusted.
func keep(c *cli.Call, s store.Store, i store.Instance) error {
	_, there, err := s.Get(i.Name)
	if err != nil {
		return cli.Usagef("the trust store: %v", err)
	}
	if there && !c.Bool("force") {
		return &cli.UsageError{Message: fmt.Sprintf("an instance %s is trusted already", i.Name), Hint: "choose another --name, or give --force to replace it"}
	}
	i.Stored = time.Now().UTC().Truncate(time.Second)
	if err := s.Put(i); err != nil {
		return fmt.Errorf("the trust store: %w", err)
	}
	return nil
}

// checkName says whether --name can name an instance.
func checkName(name string) error {
	if err := store.CheckName(name); err != nil {
		return cli.Usagef("--name: %v", err)
	}
	return nil
}
