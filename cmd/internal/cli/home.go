package cli

import (
	"path/filepath"
	"runtime"
)

// Home is the folder in which carnet keeps what it was told: $CARNET_HOME, or carnet
// in the user's folder for configuration ($XDG_CONFIG_HOME, else ~/.config; on macOS
// ~/Library/Application Support; on Windows %AppData%). It is "" where there is no such
// folder, as in a container without $HOME; nothing can have been stored there then.
func (c *Call) Home() (string, error) {
	if home := c.Env.Getenv("CARNET_HOME"); home != "" {
		if !filepath.IsAbs(home) {
			// What is trusted must not depend on where a command is run.
			return "", Usagef("CARNET_HOME %q is not an absolute path", home)
		}
		return home, nil
	}
	base, below := c.Env.Getenv("HOME"), ".config"
	switch runtime.GOOS {
	case "windows":
		base, below = c.Env.Getenv("AppData"), ""
	case "darwin":
		below = filepath.Join("Library", "Application Support")
	default:
		if xdg := c.Env.Getenv("XDG_CONFIG_HOME"); filepath.IsAbs(xdg) {
			base, below = xdg, ""
		}
	}
	if base == "" {
		return "", nil
	}
	return filepath.Join(base, below, "carnet"), nil
}
