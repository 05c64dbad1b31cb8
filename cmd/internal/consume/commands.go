package consume

import "github.com/carnet-project/carnet/cmd/internal/cli"

// Commands are the commands that read and judge evidence.
func Commands() []cli.Command {
	return []cli.Command{Verify(), Tree(), Inspect(), Evidence()}
}
