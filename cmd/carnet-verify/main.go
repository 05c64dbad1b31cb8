// Carnet-verify checks evidence and makes none: what a cluster or a node installs.
package main

import (
	"context"
	"os"

	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/cmd/internal/consume"
	"github.com/carnet-project/carnet/cmd/internal/policy"
	"github.com/carnet-project/carnet/cmd/internal/trust"
)

func main() {
	os.Exit(cli.Main(context.Background(), cli.System(), "carnet-verify", "check what is in software, who built it and who signed it", append(consume.Commands(nil), policy.Command(consume.PolicyCommands()...), trust.Command(), cli.VersionCommand()), os.Args))
}
