package consume

import "github.com/carnet-project/carnet/cmd/internal/cli"

// PolicyCommands are the commands of the group policy that look at images or saved cases.
func PolicyCommands() []cli.Command {
	return []cli.Command{PolicyInit(), PolicyTest(), PolicyDiff()}
}
