//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package oci

import (
	"errors"
	"os"
	"syscall"
)

// tryLock takes an flock(2), which also keeps two clients of one process apart.
func tryLock(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) || errors.Is(err, syscall.EINTR) {
		return errLocked
	}
	return err
}
