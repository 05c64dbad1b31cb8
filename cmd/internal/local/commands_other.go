//go:build !unix

package local

import (
	"errors"

	"github.com/carnet-project/carnet/cmd/internal/cli"
)

// The storage of the logs needs file locks and synced folders as POSIX has them.
func commands() []cli.Command {
	none := func(*cli.Call) error { return errors.New("there is no private Sigstore on this system") }
	return []cli.Command{{Name: "up", Usage: "not on this system", Run: none}}
}
