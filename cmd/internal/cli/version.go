package cli

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	urfave "github.com/urfave/cli/v2"
)

// Version is the module's version as the Go toolchain stamped it, or "devel".
func Version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}

// VersionCommand prints the version.
func VersionCommand() Command {
	return Command{
		Name: "version", Usage: "print the version",
		About:    "Prints the version of this program and of the Go toolchain that built it.",
		Flags:    []urfave.Flag{OutputFlag("text", "json")},
		Exits:    []Exit{{exitOK, "done"}, {exitUsage, "usage: the command line can't be meant as it is"}},
		Examples: [][2]string{{"for a bug report", "carnet version -o json"}},
		Run: func(c *Call) error {
			format, err := c.Output("text", "json")
			if err != nil {
				return err
			}
			if format == "json" {
				return json.NewEncoder(c.Env.Stdout).Encode(map[string]string{
					"version": Version(), "go": runtime.Version(), "platform": runtime.GOOS + "/" + runtime.GOARCH,
				})
			}
			_, err = fmt.Fprintf(c.Env.Stdout, "%s %s %s/%s\n", Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}
