//go:build unix

package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"time"

	urfave "github.com/urfave/cli/v2"
	"k8s.io/klog/v2"

	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/sign/local"
)

func up() cli.Command {
	return cli.Command{
		Name: "up", Usage: "start it, and go on until interrupted", Args: "[DIR]",
		About: "Makes DIR with new keys if it is not there, and answers on one port, which DIR remembers.\n" +
			"What is signed with it verifies with DIR/trusted_root.json. When it is ready it prints a\n" +
			"line on stdout. Without --issuer it believes the tokens of carnet local token alone.",
		Arguments: [][2]string{dirArgument},
		Flags: []urfave.Flag{
			&urfave.StringFlag{Name: "listen", Usage: "listen on `HOST:PORT`; port 0 is any (default: what DIR remembers, or 127.0.0.1:0)"},
			&urfave.StringFlag{Name: "url", Usage: "tell clients `URL`, where that is not http:// and the address that is listened on"},
			&urfave.StringSliceFlag{Name: "issuer", Usage: "believe the tokens of `URL[,type=KIND][,url=BASE][,domain=DOMAIN]`; kinds: email, github, gitlab, buildkite, circleci, spiffe, kubernetes, uri, username"},
			cli.OutputFlag("text", "json"),
		},
		Exits: cli.MakeExits,
		Examples: [][2]string{
			{"for this machine", "carnet local up"},
			{"for a GitLab of one's own and its people", "carnet local up --listen 10.0.0.7:8484 --issuer https://gitlab.example,type=gitlab,url=https://gitlab.example --issuer https://login.example /var/lib/sigstore"},
		},
		Run: runUp,
	}
}

func runUp(c *cli.Call) error {
	dir, err := folder(c)
	if err != nil {
		return err
	}
	format, err := c.Output("text", "json")
	if err != nil {
		return err
	}
	options := local.Options{Listen: c.String("listen"), URL: c.String("url")}
	for _, text := range c.StringSlice("issuer") {
		issuer, err := local.ParseIssuer(text)
		if err != nil {
			return cli.Usagef("--issuer: %v", err)
		}
		options.Issuers = append(options.Issuers, issuer)
	}
	quiet()
	private()
	s, err := local.Open(dir, options)
	if err != nil {
		return opening(dir, err)
	}
	tell(c, dir, s.Status())
	if err := ready(c, format, s.Status()); err != nil {
		return errors.Join(err, s.Close(c.Ctx()))
	}
	go slimWhenIdle(c.Ctx(), s)
	return s.Serve(c.Ctx())
}

// quiet keeps the log library of the tiles' storage, which writes to stderr by itself,
// from doing so.
func quiet() {
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
}

// slimWhenIdle gives memory back after the start, and whenever the log has grown and then
// rested: it is to be no burden between two uses.
func slimWhenIdle(ctx context.Context, s *local.Sigstore) {
	const rest = 3 * time.Second
	debug.SetGCPercent(50)
	slim()
	tick := time.NewTicker(rest)
	defer tick.Stop()
	var slimAt, before uint64
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now, err := s.Entries(ctx)
		if err == nil && now != slimAt && now == before {
			slim()
			slimAt = now
		}
		before = now
	}
}

func opening(dir string, err error) error {
	switch {
	case errors.Is(err, local.ErrInUse):
		return &cli.UnavailableError{Err: cli.WithHint(fmt.Errorf("%s: %w", dir, err), "carnet local status "+dir+" says where it is")}
	case errors.Is(err, syscall.EADDRINUSE):
		return &cli.UnavailableError{Err: cli.WithHint(err, "end what uses the port, or choose another with --listen")}
	case errors.Is(err, os.ErrPermission):
		return cli.Usagef("%v", err)
	}
	return err
}

// tell prints where everything is to stderr.
func tell(c *cli.Call, dir string, s local.Status) {
	rows := [][2]string{
		{"fulcio", s.Fulcio}, {"rekor", s.Rekor}, {"timestamps", s.Timestamps}, {"tuf", s.TUF}, {"issuer", s.Issuer},
		{"trusted root", filepath.Join(dir, "trusted_root.json")}, {"signing config", filepath.Join(dir, "signing_config.json")},
	}
	for _, i := range s.Issuers {
		rows = append(rows, [2]string{"believes", i.URL + " (" + string(i.Kind) + ")"})
	}
	for _, r := range rows {
		if r[1] != "" {
			c.Sayf("%-14s  %s", r[0], r[1])
		}
	}
}

// ready prints the line that scripts wait for.
func ready(c *cli.Call, format string, s local.Status) error {
	line := "ready " + s.URL
	if format == "json" {
		raw, err := json.Marshal(s)
		if err != nil {
			return err
		}
		line = string(raw)
	}
	_, err := fmt.Fprintln(c.Env.Stdout, line)
	return err
}
