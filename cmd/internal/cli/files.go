package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// ReadFile reads a file of at most limit bytes.
func ReadFile(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fileError(path, err)
	}
	defer f.Close()
	b, err := readAll(f, limit)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, fileCause(err))
	}
	return b, nil
}

// ReadInput reads a file, or stdin for "-", of at most limit bytes.
func (c *Call) ReadInput(path string, limit int64) ([]byte, error) {
	if path != "-" {
		return ReadFile(path, limit)
	}
	b, err := readAll(c.Env.Stdin, limit)
	if err != nil {
		return nil, fmt.Errorf("stdin: %w", err)
	}
	return b, nil
}

// OpenInput opens a user's file, or stdin where path is -, for what is too large to be read
// whole.
func (c *Call) OpenInput(path string) (io.ReadCloser, error) {
	if path == "-" {
		return io.NopCloser(c.Env.Stdin), nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fileError(path, err)
	}
	return f, nil
}

func readAll(r io.Reader, limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(b)) > limit {
		return nil, Usagef("is over %d bytes", limit)
	}
	return b, err
}

func fileError(path string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return Usagef("%s: no such file", path)
	}
	return Usagef("%s: %v", path, fileCause(err))
}

// fileCause is the error without the path, which is named already.
func fileCause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// WriteFile writes a file beside its place and renames it there, so that it is
// there whole or not at all. "-" is stdout.
func (c *Call) WriteFile(path string, data []byte) (err error) {
	if path == "-" {
		_, err := c.Env.Stdout.Write(data)
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fileError(path, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("writing %s: %w", path, fileCause(err)), f.Close())
			_ = os.Remove(f.Name()) // what is left over must not hide the cause
		}
	}()
	if _, err = f.Write(data); err != nil {
		return err
	}
	if err = f.Chmod(0o644); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
