// Package store keeps which Sigstore instances a person trusts, beyond what carnet
// brings along: one file for each, so that a trusted root, the signing configuration
// beside it and the TUF metadata that vouch for both are replaced together or not at
// all.
package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	// format is the version of the files.
	format = 1
	// maxFile bounds a file of the store, and maxInstances their number.
	maxFile, maxInstances = 32 << 20, 64
	suffix                = ".json"
)

// An Instance is one Sigstore that is trusted, and where that was learnt.
type Instance struct {
	Name string `json:"name"`
	// Source is what people are told about where it came from: a URL or a path.
	Source string `json:"source"`
	// Mirror is the URL of the TUF repository that it is updated from; "" if it is a
	// file that was imported.
	Mirror string `json:"mirror,omitempty"`
	// Taken is when the repository vouched for it last; zero for a file.
	Taken time.Time `json:"taken,omitzero"`
	// Stored is when it was written.
	Stored        time.Time `json:"stored"`
	TrustedRoot   []byte    `json:"trustedRoot"`
	SigningConfig []byte    `json:"signingConfig,omitempty"`
	// Root, Timestamp, Snapshot and Targets are the newest TUF metadata seen, against
	// which a later update is held.
	Root      []byte `json:"root,omitempty"`
	Timestamp []byte `json:"timestamp,omitempty"`
	Snapshot  []byte `json:"snapshot,omitempty"`
	Targets   []byte `json:"targets,omitempty"`
}

// file is an instance as it is written.
type file struct {
	Format int `json:"format"`
	Instance
}

// A Store is a folder of instances. The folder need not exist.
type Store struct{ Dir string }

const (
	alphanumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	maxName      = 100
)

// CheckName says whether an instance can have a name: letters, digits, dots, dashes and
// underscores, at most 100, and not the name of a JSON file, so that it is never
// mistaken for one.
func CheckName(s string) error {
	if s == "" || len(s) > maxName || !strings.Contains(alphanumeric, s[:1]) || strings.Trim(s, alphanumeric+"._-") != "" ||
		strings.HasSuffix(strings.ToLower(s), suffix) {
		return fmt.Errorf("%q is not a name: letters, digits, dots, dashes and underscores, at most 100 of them, without .json at the end", s)
	}
	return nil
}

// Path is where an instance lies, if it is stored.
func (s Store) Path(name string) string { return filepath.Join(s.Dir, name+suffix) }

// List reads all instances, in the order of their names. One that can't be read is an
// error: leaving it out would change what is trusted.
func (s Store) List() ([]Instance, error) {
	entries, err := os.ReadDir(s.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []Instance
	for _, e := range entries {
		name, isInstance := strings.CutSuffix(e.Name(), suffix)
		if !isInstance || strings.HasPrefix(name, ".") {
			continue
		}
		if len(all) == maxInstances {
			return nil, fmt.Errorf("%s has over %d files", s.Dir, maxInstances)
		}
		one, err := s.read(name)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

// Get reads the instance of that name; ok is false if there is none.
func (s Store) Get(name string) (i Instance, ok bool, err error) {
	if CheckName(name) != nil {
		return Instance{}, false, nil
	}
	i, err = s.read(name)
	if errors.Is(err, fs.ErrNotExist) {
		return Instance{}, false, nil
	}
	return i, err == nil, err
}

func (s Store) read(name string) (Instance, error) {
	path := s.Path(name)
	f, err := os.Open(path)
	if err != nil {
		return Instance{}, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return Instance{}, err
	}
	if len(raw) > maxFile {
		return Instance{}, fmt.Errorf("%s is over %d bytes", path, maxFile)
	}
	var got file
	dec := json.NewDecoder(bytes.NewReader(raw))
	if err := dec.Decode(&got); err != nil {
		return Instance{}, fmt.Errorf("%s is not a file of the trust store: %w", path, err)
	}
	if got.Format != format {
		return Instance{}, fmt.Errorf("%s has the format %d, and this carnet knows %d", path, got.Format, format)
	}
	if got.Name != name || CheckName(name) != nil || len(got.TrustedRoot) == 0 {
		return Instance{}, fmt.Errorf("%s is not a file of the trust store: it names %q, and has a trusted root of %d bytes", path, got.Name, len(got.TrustedRoot))
	}
	return got.Instance, nil
}

// Put writes an instance, in place of the one with its name. The file and its folder
// are for their owner only; the file is there whole or the old one stays.
func (s Store) Put(i Instance) error {
	if err := CheckName(i.Name); err != nil {
		return err
	}
	raw, err := json.MarshalIndent(file{format, i}, "", "  ")
	if err != nil {
		return err
	}
	return WriteFile(s.Path(i.Name), append(raw, '\n'))
}

// WriteFile writes a file that nobody else may read, in a folder that is made for it if it
// must be: beside its place, and renamed there, so that it is there whole or not at all.
func WriteFile(path string, data []byte) (err error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	// CreateTemp makes files of mode 0600.
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
			_ = os.Remove(f.Name()) // what is left over must not hide the cause
		}
	}()
	if _, err = f.Write(data); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// Remove removes the instance of that name; ok is false if there is none.
func (s Store) Remove(name string) (ok bool, err error) {
	if CheckName(name) != nil {
		return false, nil
	}
	err = os.Remove(s.Path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
