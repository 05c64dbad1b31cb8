package produce

import "github.com/carnet-project/carnet/cmd/internal/cli"

// Commands are the commands that make and store evidence.
func Commands() []cli.Command {
	return []cli.Command{SBOM(), Attest(), Sign(), Push(), Key(), Seal(), Resume()}
}
