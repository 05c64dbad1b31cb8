//go:build !linux

package run

import (
	"errors"
	"io"
	"io/fs"
	"os"
)

// A handle is an open file.
type handle struct{ file *os.File }

var errOdd = errors.New("not a file")

func (t *tree) openFolder(_ *folder, dir string) (*os.File, error) { return t.root.Open(dir) }

func deviceOf(*os.Root) uint64 { return 0 }

// stamped is false, for stat does not say when a file was changed.
func stamped(*os.File) bool { return false }

// opened opens a file for reading, but no link to one.
func (t *tree) opened(e entry) (handle, error) {
	info, err := t.root.Lstat(e.path)
	switch {
	case err != nil:
		return handle{}, err
	case !info.Mode().IsRegular():
		return handle{}, errOdd
	}
	return t.openTarget(e.path)
}

// openTarget opens what a path leads to, by whatever links, if that is in the tree.
func (t *tree) openTarget(name string) (handle, error) {
	f, err := t.root.Open(name)
	return handle{f}, err
}

func (h handle) stamped() bool { return false }

// stat leaves out what only some systems know.
func (h handle) stat() (state, error) {
	info, err := h.file.Stat()
	if err != nil {
		return state{}, err
	}
	return state{regular: info.Mode().Type() == fs.FileMode(0), size: info.Size(), modified: info.ModTime().UnixNano()}, nil
}

// read gives 0 at the end.
func (h handle) read(p []byte) (int, error) {
	n, err := h.file.Read(p)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

func (h handle) close() { _ = h.file.Close() } // nothing was written

// isOdd says that an error of opened is about what is not a file.
func isOdd(err error) bool { return errors.Is(err, errOdd) }

// fileClock is 0, for stat does not say when a file was changed.
func fileClock() int64 { return 0 }
