//go:build unix

package local

import "github.com/carnet-project/carnet/cmd/internal/cli"

func commands() []cli.Command { return []cli.Command{up(), token(), status(), export()} }
