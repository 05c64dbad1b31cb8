package oci

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/carnet-project/carnet/attest"
)

// lockFile takes the lock on key among the processes of this machine, and says
// whether there is one at all: without a directory, or on a system without such
// locks, nobody is kept out. The lock ends with its process, however that ends.
func lockFile(ctx context.Context, dir, key string) (unlock func(), alone bool, err error) {
	if dir == "" {
		return func() {}, false, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, false, err
	}
	f, err := os.OpenFile(filepath.Join(dir, attest.SHA256([]byte(key)).Hex()+".lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, false, err
	}
	return lock(ctx, f)
}

// lock takes the lock on an open file or directory and owns f from then on. It asks
// again and again, because a system call that waits does not end with ctx.
func lock(ctx context.Context, f *os.File) (unlock func(), alone bool, err error) {
	for wait := time.Millisecond; ; wait = min(2*wait, 25*time.Millisecond) {
		err := tryLock(f)
		switch {
		case err == nil:
			return func() { f.Close() }, true, nil
		case errors.Is(err, errors.ErrUnsupported):
			return func() { f.Close() }, false, nil
		case !errors.Is(err, errLocked):
			f.Close()
			return nil, false, err
		}
		if err := pause(ctx, wait); err != nil {
			f.Close()
			return nil, false, err
		}
	}
}

var errLocked = errors.New("another process holds the lock")
