//go:build unix

// Package disk keeps small files so that a crash at any moment leaves the old content
// or the new, and keeps two processes out of one folder.
package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// ErrLocked is the error of a folder that another process has.
var ErrLocked = errors.New("another process uses the folder")

// Write replaces the file with data, mode 0600: it is written beside, synced, renamed
// over the old one, and the folder is synced.
func Write(path string, data []byte) error {
	return place(path, data, os.Rename)
}

// Create is like [Write], but leaves a file that is there as it is. The error is
// [fs.ErrExist] then.
func Create(path string, data []byte) error {
	return place(path, data, os.Link)
}

// place writes data to a new file, syncs it, and puts it into its place.
func place(path string, data []byte, put func(from, to string) error) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".new-*") // with mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if _, err = f.Write(data); err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("writing %s: %w", filepath.Base(path), err)
	}
	if err := put(f.Name(), path); err != nil {
		return err
	}
	return syncFolder(dir)
}

// Folder makes the folder with mode 0700, and its parents, if it is not there. One that
// is there and that others than its owner can enter is refused: it holds private keys.
func Folder(path string) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return fmt.Errorf("%s has mode %04o, and is to hold private keys: it must be its owner's alone, mode 0700", path, mode)
	}
	return nil
}

func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Lock takes the folder for this process until the file that is returned is closed or
// the process ends, however it does. The error is [ErrLocked] if another one has it.
func Lock(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, ErrLocked
		}
		return nil, fmt.Errorf("locking the folder: %w", err)
	}
	return f, nil
}

// Read is the content of the file, of at most limit bytes. The error is [fs.ErrNotExist]
// if there is none.
func Read(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > limit {
		return nil, fmt.Errorf("%s is not a file of at most %d bytes: %w", path, limit, fs.ErrInvalid)
	}
	return os.ReadFile(path)
}
