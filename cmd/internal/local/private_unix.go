//go:build unix

package local

import "golang.org/x/sys/unix"

// private keeps what this process makes for its owner: the storage of the logs' tiles
// would have all read them.
func private() { unix.Umask(0o077) }
