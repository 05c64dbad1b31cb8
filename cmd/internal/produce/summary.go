package produce

import (
	"context"
	"errors"
	"flag"
	"slices"

	urfave "github.com/urfave/cli/v2"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/oci"
	"github.com/carnet-project/carnet/cmd/internal/cli"
)

// SummaryFlags are the flags with which carnet verify signs summaries: those of carnet
// sign, but for its --key, which there is whom to trust.
func SummaryFlags() []urfave.Flag {
	flags := []urfave.Flag{
		&urfave.StringFlag{Name: "summary-key", Usage: "sign summaries with the private key `KEY`, as carnet sign --key; default: keyless"},
	}
	left := []string{"key", "certificate", "certificate-chain", "trusted-root"}
	for _, f := range signerFlags() {
		if !slices.Contains(left, f.Names()[0]) {
			flags = append(flags, f)
		}
	}
	return flags
}

// SignSummaries signs a statement about each of the references, which are name@digest, and
// stores it there, or writes the only one to a file.
func SignSummaries(ctx context.Context, c *cli.Call, references []string, statements []*attest.Statement, file string) error {
	signer, err := withKey(c, c.String("summary-key"))
	if err != nil {
		return err
	}
	ctx, cancel := withTimeout(signer)
	defer cancel()
	s, err := openSigning(ctx, signer)
	if err != nil {
		return err
	}
	s.targets = references
	if file != "" {
		return s.close(writeSummary(ctx, c, s, statements[0], file))
	}
	client, err := c.Registry()
	if err != nil {
		return err
	}
	var failed error
	for i, ref := range references {
		err := storeSummary(ctx, client, s, ref, statements[i])
		switch {
		case err == nil:
			c.Sayf("summary signed and stored: %s", ref)
		case failed == nil || errors.Is(failed, errSpooled):
			failed = err
		}
	}
	return s.close(failed)
}

// withKey is the call as carnet sign would see it, with its own --key.
func withKey(c *cli.Call, key string) (*cli.Call, error) {
	set := flag.NewFlagSet("summary", flag.ContinueOnError)
	set.String("key", "", "")
	if err := set.Set("key", key); err != nil {
		return nil, err
	}
	below := urfave.NewContext(c.App, set, c.Context)
	below.Command = c.Command
	return &cli.Call{Context: below, Env: c.Env}, nil
}

func storeSummary(ctx context.Context, client *oci.Client, signing *signing, ref string, st *attest.Statement) error {
	s, err := openImage(ctx, client, ref)
	if err != nil {
		return err
	}
	defer s.store.Close()
	p, err := newPress(ctx, s, signing)
	if err != nil {
		return err
	}
	_, err = p.run(ctx, []claim{{s.artifact, st}})
	return err
}

func writeSummary(ctx context.Context, c *cli.Call, s *signing, st *attest.Statement, file string) error {
	b, err := s.statement(ctx, st, fileDestination(file))
	if err != nil {
		return err
	}
	if err := c.WriteFile(file, b.Bytes()); err != nil {
		return err
	}
	c.Sayf("summary signed: %s", outName(file))
	return nil
}
