package produce

import (
	"context"
	"errors"
	"fmt"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/cmd/internal/cli"
)

// signStatement signs a statement that was made elsewhere, its bytes exactly.
func signStatement(ctx context.Context, c *cli.Call, s *signing, path string) error {
	st, err := readStatement(c, path)
	if err != nil {
		return err
	}
	out := c.String("bundle")
	if out == "" {
		out = "-"
	}
	b, err := s.statement(ctx, st, fileDestination(out))
	if err != nil {
		return err
	}
	return c.WriteFile(out, b.Bytes())
}

func readStatement(c *cli.Call, path string) (*attest.Statement, error) {
	raw, err := c.ReadInput(path, c.Int64("max-bundle-size"))
	if err != nil {
		return nil, err
	}
	st, err := attest.ParseStatement(raw)
	if err != nil {
		return nil, cli.Usagef("%s: %v", path, err)
	}
	return st, nil
}

// attachStatement stores a statement with the node of target that it is about.
func attachStatement(ctx context.Context, r *receipt, signing *signing, path, target string) error {
	st, err := readStatement(r.call, path)
	if err != nil {
		return err
	}
	if r.call.String("bundle") != "" {
		return cli.Usagef("with a TARGET the bundle is stored there: --bundle has no place beside it")
	}
	client, err := r.call.Registry()
	if err != nil {
		return err
	}
	s, err := openImage(ctx, client, target)
	if err != nil {
		return err
	}
	defer s.store.Close()
	node, err := nodeAbout(s.artifact, st)
	if err != nil {
		return fmt.Errorf("%s: %w", s.reference(), err)
	}
	return signClaims(ctx, r, s, signing, []claim{{node, st}})
}

// signClaims signs and stores claims, and notes them on the receipt.
func signClaims(ctx context.Context, r *receipt, s *subject, signing *signing, claims []claim) error {
	p, err := newPress(ctx, s, signing)
	if err != nil {
		return err
	}
	results, err := p.run(ctx, claims)
	if err != nil && !errors.Is(err, errSpooled) {
		return err
	}
	r.image(s, results)
	return err
}

// nodeAbout is the node of a that st is about.
func nodeAbout(a artifact.Artifact, st *attest.Statement) (artifact.Artifact, error) {
	for _, s := range st.Subjects() {
		if path := a.Path(s.Digest()); path != nil {
			return path[len(path)-1], nil
		}
	}
	if !st.Binds() && len(st.Commits()) > 0 {
		return a, nil // what is known of the source lies where what is known of the image does
	}
	return artifact.Artifact{}, &cli.UsageError{Message: "the statement is about something else", Hint: "its subjects must have the digest of the image, or of a platform in it, or be git commits"}
}
