package run

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// A FileError says that a file can't be recorded, so that there is no record.
type FileError struct {
	// Path is the file's slash path from the working folder.
	Path string
	Err  error
}

func (e *FileError) Error() string { return fmt.Sprintf("%q: %v", e.Path, e.Err) }
func (e *FileError) Unwrap() error { return e.Err }

// cause is an error without the path and the call, which are named already.
func cause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	var s *os.SyscallError
	if errors.As(err, &s) {
		return s.Err
	}
	return err
}

func isGone(err error) bool { return errors.Is(err, fs.ErrNotExist) }
