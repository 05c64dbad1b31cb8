// Package policy is the group of commands about policies.
package policy

import "github.com/carnet-project/carnet/cmd/internal/cli"

// Command is the group. More are the commands in it that need more than reading and
// judging: signing.
func Command(more ...cli.Command) cli.Command {
	return cli.Command{
		Name: "policy", Usage: "write, publish and try policies",
		About: `A policy says in one file who may sign, who may build, which images need what, and what
is excepted; carnet verify --policy judges by it. docs/policy.md has all of its fields.`,
		Commands: append([]cli.Command{explain(), lintCommand(), schema(), importCommand()}, more...),
	}
}
