// Carnet is a passport for software: what is in it, who built it, from what, who
// signed it, and whether it may enter.
package main

import (
	"context"
	"os"

	"github.com/carnet-project/carnet/attest/run/trace"
	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/cmd/internal/consume"
	"github.com/carnet-project/carnet/cmd/internal/local"
	"github.com/carnet-project/carnet/cmd/internal/policy"
	"github.com/carnet-project/carnet/cmd/internal/produce"
	"github.com/carnet-project/carnet/cmd/internal/trust"
	_ "github.com/carnet-project/carnet/sign/kms/cloud" // the key services of the clouds, for this program alone
)

func main() {
	if trace.IsStub(os.Args) {
		os.Exit(trace.Stub(os.Args))
	}
	os.Exit(run(context.Background(), cli.System(), os.Args))
}

func run(ctx context.Context, env *cli.Env, args []string) int {
	withServices := *env
	withServices.KeyService = produce.KeyService
	commands := append(produce.Commands(), consume.Commands(&consume.Summariser{Flags: produce.SummaryFlags(), Sign: produce.SignSummaries})...)
	commands = append(commands, local.Local(), policy.Command(append(consume.PolicyCommands(), produce.PolicySign(), produce.PolicyPush())...), produce.Quickstart(run), trust.Command(), cli.VersionCommand())
	return cli.Main(ctx, &withServices, "carnet", "a passport for software: what is in it, who built it, who signed it, and whether it may enter", commands, args)
}
