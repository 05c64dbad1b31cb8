//go:build unix

package local

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	urfave "github.com/urfave/cli/v2"

	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/sign/local"
)

// patience is how long a Sigstore on this machine may take to say that it is there.
const patience = 5 * time.Second

func status() cli.Command {
	return cli.Command{
		Name: "status", Usage: "say where it is and whether it answers", Args: "[DIR]",
		About:     "Prints the URLs of the services and the size of the log.",
		Arguments: [][2]string{dirArgument},
		Flags: []urfave.Flag{
			cli.OutputFlag("text", "json"),
			&urfave.DurationFlag{Name: "wait", Usage: "wait for it to be ready, at most `DURATION`"},
		},
		Exits: []cli.Exit{{Code: 0, Meaning: "it is ready"}, {Code: 2, Meaning: "usage: the command line can't be meant as it is, or there is none in DIR"}, {Code: 3, Meaning: "it does not answer"}},
		Examples: [][2]string{
			{"the issuer, for scripts", "carnet local status -o json | jq -r .issuer"},
			{"when it was just started", "carnet local up & carnet local status --wait 10s"},
		},
		Run: runStatus,
	}
}

func runStatus(c *cli.Call) error {
	dir, err := folder(c)
	if err != nil {
		return err
	}
	format, err := c.Output("text", "json")
	if err != nil {
		return err
	}
	s, entries, problem := ask(c, dir, time.Now().Add(c.Duration("wait")))
	if s.Name == "" {
		return noSuch(dir, problem)
	}
	if format == "json" {
		answer := struct {
			local.Status
			Ready   bool   `json:"ready"`
			Entries uint64 `json:"entries"`
		}{s, problem == nil, entries}
		if err := c.PrintJSON(answer); err != nil {
			return err
		}
	} else {
		say := "not running"
		if problem == nil {
			say = fmt.Sprintf("ready, %d log entries", entries)
		}
		fmt.Fprintf(c.Env.Stdout, "%s: %s\nfulcio      %s\nrekor       %s\ntimestamps  %s\ntuf         %s\n", s.Name, say, s.Fulcio, s.Rekor, s.Timestamps, s.TUF)
		if s.Issuer != "" {
			fmt.Fprintf(c.Env.Stdout, "issuer      %s\n", s.Issuer)
		}
	}
	if problem != nil {
		return &cli.UnavailableError{Err: cli.WithHint(fmt.Errorf("it does not answer: %w", problem), "start it: carnet local up "+dir)}
	}
	return nil
}

// ask asks the Sigstore of the folder whether it answers, again and again until the
// moment. The status has no name if there is no Sigstore.
func ask(c *cli.Call, dir string, until time.Time) (local.Status, uint64, error) {
	const pause = 20 * time.Millisecond
	client := &http.Client{Timeout: patience}
	for {
		s, err := local.ReadStatus(dir)
		var entries uint64
		if err == nil {
			entries, err = s.Ask(c.Ctx(), client)
		}
		if err == nil || !time.Now().Before(until) {
			return s, entries, err
		}
		select {
		case <-c.Ctx().Done():
			return s, 0, err
		case <-time.After(pause):
		}
	}
}

func export() cli.Command {
	return cli.Command{
		Name: "export", Usage: "write what its clients need", Args: "[DIR]",
		About: "Writes trusted_root.json, for those who verify; signing_config.json, for those who sign;\n" +
			"and root.json, with which a TUF client starts that keeps up with both.",
		Arguments: [][2]string{dirArgument},
		Flags:     []urfave.Flag{&urfave.StringFlag{Name: "directory", Aliases: []string{"d"}, Usage: "write to the folder `OUT`, which is made", Required: true}},
		Exits:     cli.MakeExits,
		Examples:  [][2]string{{"for another machine", "carnet local export -d sigstore"}},
		Run:       runExport,
	}
}

func runExport(c *cli.Call) error {
	dir, err := folder(c)
	if err != nil {
		return err
	}
	e, err := local.ReadExport(dir)
	if err != nil {
		return noSuch(dir, err)
	}
	out := c.String("directory")
	if err := os.MkdirAll(out, 0o755); err != nil {
		return cli.Usagef("%v", err)
	}
	for name, content := range map[string][]byte{"trusted_root.json": e.TrustedRoot, "signing_config.json": e.SigningConfig, "root.json": e.TUFRoot} {
		if err := c.WriteFile(filepath.Join(out, name), content); err != nil {
			return err
		}
	}
	return nil
}
