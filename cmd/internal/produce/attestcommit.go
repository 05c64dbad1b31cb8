package produce

import (
	urfave "github.com/urfave/cli/v2"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/checkout"
	"github.com/carnet-project/carnet/attest/predicate/commit"
	"github.com/carnet-project/carnet/cmd/internal/cli"
)

func attestCommit() cli.Command {
	return cli.Command{
		Name: "commit", Usage: "carry the git commit that was built, so that its author and signature can be judged", Args: "TARGET",
		About: `Reads the commit object from the git checkout here, states it about the commit, signs
that and stores it with TARGET. The object is believed for its hash, which is the
commit's name, and not for who attests it: policies that ask who signed the commit, or
that no author approves, need it.`,
		Arguments: [][2]string{{"TARGET", "REGISTRY/REPO[:TAG][@DIGEST] or oci:DIR[:TAG][@DIGEST]"}},
		Flags: append(append([]urfave.Flag{
			&urfave.StringFlag{Name: "commit", Usage: "the `COMMIT`, as git names it; default: the one that is checked out", Value: "HEAD"},
		}, wholeFlags()...), cli.RegistryFlags()...),
		Exits:    cli.MakeExits,
		Examples: [][2]string{{"the commit that is checked out", "carnet attest commit --key release.key ghcr.io/acme/app:1.4"}},
		Run: func(c *cli.Call) error {
			arg, err := c.One("TARGET")
			if err != nil {
				return err
			}
			id, object, err := checkout.Object(c.Ctx(), ".", c.Env.Environ(), c.String("commit"))
			if err != nil {
				return cli.WithHint(err, "run it in the git checkout that has the commit")
			}
			raw, err := commit.Commit{ID: id, Object: object}.Predicate()
			if err != nil {
				return cli.Usagef("the commit %s: %v", id, err)
			}
			return statePersonally(c, arg, func(*subject, artifact.Artifact, *attest.Certificate) (*attest.Statement, error) {
				return attest.NewStatement(commit.V1, raw, attest.NewGitSubject("", id))
			})
		},
	}
}
