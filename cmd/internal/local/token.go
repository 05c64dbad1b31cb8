//go:build unix

package local

import (
	"fmt"
	"slices"
	"strings"
	"time"

	urfave "github.com/urfave/cli/v2"

	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/sign/local"
)

// holders are the flags that say for whom a token is, and refinements those that only
// some of them take.
var (
	holders     = []string{"email", "github", "gitlab", "spiffe", "subject"}
	refinements = map[string][]string{
		"github": {"workflow", "builder", "ref", "sha", "trigger", "runner", "environment", "visibility", "run-id"},
		"gitlab": {"ref", "tag", "sha", "trigger", "runner", "environment", "visibility", "run-id"},
	}
)

func token() cli.Command {
	return cli.Command{
		Name: "token", Usage: "print an identity token for anybody", Args: "[DIR]",
		About: "Makes a token of DIR's own issuer, which its certificate authority believes for ten\n" +
			"minutes, and prints it. It is made from the key in DIR: it is those who can read DIR who\n" +
			"can be anybody.",
		Arguments: [][2]string{dirArgument},
		Flags: []urfave.Flag{
			&urfave.StringFlag{Name: "email", Usage: "for the person with the address `E-MAIL`"},
			&urfave.StringFlag{Name: "github", Usage: "for a run of GitHub Actions in `OWNER/REPO`"},
			&urfave.StringFlag{Name: "gitlab", Usage: "for a job of GitLab CI in `GROUP/PROJECT`"},
			&urfave.StringFlag{Name: "spiffe", Usage: "for the workload with the SPIFFE `ID`"},
			&urfave.StringFlag{Name: "subject", Usage: "for the `URI` or user name"},
			&urfave.StringFlag{Name: "workflow", Usage: "the workflow `FILE` of --github (default: .github/workflows/release.yml)"},
			&urfave.StringFlag{Name: "builder", Usage: "the reusable workflow that signs, `OWNER/REPO/FILE@REF`, of --github"},
			&urfave.StringFlag{Name: "ref", Usage: "the git `REF` (default: refs/heads/main for GitHub, main for GitLab)"},
			&urfave.BoolFlag{Name: "tag", Usage: "--ref is a tag, for GitLab"},
			&urfave.StringFlag{Name: "sha", Usage: "the `COMMIT`"},
			&urfave.StringFlag{Name: "trigger", Usage: "the `EVENT` that started it (default: push)"},
			&urfave.StringFlag{Name: "runner", Usage: "the runner `ENVIRONMENT` (default: github-hosted, gitlab-hosted)"},
			&urfave.StringFlag{Name: "environment", Usage: "the deployment `ENVIRONMENT`"},
			&urfave.StringFlag{Name: "visibility", Usage: "the repository's `VISIBILITY` (default: private)"},
			&urfave.StringFlag{Name: "run-id", Usage: "the `ID` of the run or job (default: 1)"},
		},
		Exits: cli.MakeExits,
		Examples: [][2]string{
			{"sign as a person", "SIGSTORE_ID_TOKEN=$(carnet local token --email dev@example.com) carnet sign --signing-config DIR/signing_config.json IMAGE"},
			{"as a release workflow", "carnet local token --github octo/app --ref refs/tags/v1.0"},
		},
		Run: runToken,
	}
}

func runToken(c *cli.Call) error {
	dir, err := folder(c)
	if err != nil {
		return err
	}
	h, err := holder(c)
	if err != nil {
		return err
	}
	made, err := local.Mint(dir, h, time.Now())
	if err != nil {
		return noSuch(dir, err)
	}
	_, err = fmt.Fprintln(c.Env.Stdout, made)
	return err
}

// holder is whom the flags name.
func holder(c *cli.Call) (local.Holder, error) {
	var given []string
	for _, name := range holders {
		if c.String(name) != "" {
			given = append(given, name)
		}
	}
	if len(given) != 1 {
		return local.Holder{}, cli.Usagef("%s needs one of --%s, and %d are given", c.Command.HelpName, strings.Join(holders, ", --"), len(given))
	}
	kind := given[0]
	for _, name := range slices.Concat(refinements["github"], refinements["gitlab"]) {
		if c.IsSet(name) && !slices.Contains(refinements[kind], name) {
			return local.Holder{}, cli.Usagef("--%s does not go with --%s", name, kind)
		}
	}
	value := c.String(kind)
	switch kind {
	case "email":
		return local.Email(value), nil
	case "spiffe":
		return local.Workload(value), nil
	case "subject":
		return local.Subject(value), nil
	case "github":
		if parts := strings.Split(value, "/"); len(parts) != 2 || slices.Contains(parts, "") {
			return local.Holder{}, cli.Usagef("--github %q is not OWNER/REPO", value)
		}
		return local.Run(local.Workflow{
			Repository: value, File: c.String("workflow"), Builder: c.String("builder"), Ref: c.String("ref"), SHA: c.String("sha"),
			Trigger: c.String("trigger"), Runner: c.String("runner"), Environment: c.String("environment"), Visibility: c.String("visibility"), RunID: c.String("run-id"),
		}), nil
	}
	if !strings.Contains(strings.Trim(value, "/"), "/") {
		return local.Holder{}, cli.Usagef("--gitlab %q is not GROUP/PROJECT", value)
	}
	return local.Pipeline(local.Job{
		Project: value, Ref: c.String("ref"), Tag: c.Bool("tag"), SHA: c.String("sha"), Source: c.String("trigger"),
		Runner: c.String("runner"), Environment: c.String("environment"), Visibility: c.String("visibility"), ID: c.String("run-id"),
	}), nil
}
