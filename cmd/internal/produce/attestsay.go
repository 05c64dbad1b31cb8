package produce

import (
	"context"
	"slices"

	urfave "github.com/urfave/cli/v2"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/cmd/internal/cli"
)

// wholeFlags are those of statements about the artifact as it was named.
func wholeFlags() []urfave.Flag {
	return slices.DeleteFunc(statementFlags(), func(f urfave.Flag) bool { return f.Names()[0] == "platform" })
}

// A personal statement is one that names who makes it. It is made when the signer is known.
type personal func(s *subject, n artifact.Artifact, by *attest.Certificate) (*attest.Statement, error)

// statePersonally makes a personal statement about one node of an image, and does with it
// what the flags say.
func statePersonally(c *cli.Call, arg string, say personal) error {
	ctx, cancel := withTimeout(c)
	defer cancel()
	if err := unsignedAlone(c); err != nil {
		return err
	}
	client, err := c.Registry()
	if err != nil {
		return err
	}
	s, err := openImage(ctx, client, arg)
	if err != nil {
		return err
	}
	defer s.store.Close()
	node, err := onePlatform(c, s)
	if err != nil {
		return err
	}
	signing, err := openSigningUnless(ctx, c)
	if err != nil {
		return err
	}
	by, err := signing.person(ctx)
	if err != nil {
		return err
	}
	st, err := say(s, node, by)
	if err != nil {
		return err
	}
	claims := []claim{{node, st}}
	return conclude(ctx, c, s, signing, claims)
}

// onePlatform is the platform that --platform chooses, or else the image as it was named.
func onePlatform(c *cli.Call, s *subject) (artifact.Artifact, error) {
	want := c.StringSlice("platform")
	if len(want) == 0 {
		return s.artifact, nil
	}
	nodes, err := s.platforms(want)
	if err == nil && len(nodes) != 1 {
		err = &cli.UsageError{Message: "the statement is about one image, and --platform chooses several", Hint: "choose one --platform: " + platformNames(nodes)}
	}
	if err != nil {
		return artifact.Artifact{}, err
	}
	return nodes[0], nil
}

// person is for whom the certificate will be, and nil where a key signs, of which nobody
// knows whose it is, or nobody.
func (s *signing) person(ctx context.Context) (*attest.Certificate, error) {
	if s == nil || s.identity == nil {
		return nil, nil
	}
	t, err := s.identity.Token(ctx)
	if err != nil {
		return nil, err
	}
	c := t.Certificate()
	return &c, nil
}
