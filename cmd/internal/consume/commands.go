package consume

import "github.com/carnet-project/carnet/cmd/internal/cli"

// Commands are the commands that read and judge evidence. What signs summaries of verdicts
// is nil in a program that signs nothing.
func Commands(summaries *Summariser) []cli.Command {
	return []cli.Command{Verify(summaries), Tree(), Inspect(), Evidence()}
}
