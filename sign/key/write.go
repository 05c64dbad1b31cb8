package key

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// WritePair writes the private key, sealed under password, to prefix.key (mode
// 0600) and the public key to prefix.pub (mode 0644, less the umask). Each file
// appears whole, and on an error both are as they were before.
//
// Without overwrite, a file, or a link of any sort, that stands at either name is
// an error that is [fs.ErrExist]. With overwrite, a link is replaced and not
// followed.
func WritePair(prefix string, p *Pair, password []byte, overwrite bool) (err error) {
	sealedKey, err := p.Encrypt(password)
	if err != nil {
		return err
	}
	files := []*file{
		{path: prefix + ".key", mode: 0o600, content: sealedKey},
		{path: prefix + ".pub", mode: 0o644, content: p.publicPEM},
	}
	defer func() {
		for _, f := range files {
			err = errors.Join(err, f.finish(err == nil))
		}
	}()
	for _, f := range files {
		if err := f.stage(overwrite); err != nil {
			return err
		}
	}
	for _, f := range files {
		if err := f.publish(); err != nil {
			return err
		}
	}
	return nil
}

// A file is on its way from its content to its path: staged beside it, then moved
// there.
type file struct {
	path    string
	mode    fs.FileMode
	content []byte

	staged   string // the new content under another name
	reserved bool   // an empty file holds the path
	saved    string // what stood at the path before
	placed   bool   // the new content stands at the path
}

func (f *file) beside(suffix string) string {
	return filepath.Join(filepath.Dir(f.path), "."+filepath.Base(f.path)+"."+rand.Text()[:10]+suffix)
}

// stage writes the content beside the path and, unless it may overwrite, takes
// the path with an empty file: that is what makes two writers exclusive.
func (f *file) stage(overwrite bool) error {
	staged := f.beside(".new")
	if err := writeNew(staged, f.mode, f.content); err != nil {
		return err
	}
	f.staged = staged
	if overwrite {
		return nil
	}
	if err := writeNew(f.path, f.mode, nil); err != nil {
		return err
	}
	f.reserved = true
	return nil
}

func (f *file) publish() error {
	if !f.reserved {
		if err := f.setAside(); err != nil {
			return err
		}
	}
	if err := os.Rename(f.staged, f.path); err != nil {
		return err
	}
	f.staged, f.placed = "", true
	return nil
}

// setAside moves what stands at the path away, for finish to drop or to put back.
func (f *file) setAside() error {
	was, err := os.Lstat(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if t := was.Mode().Type(); t != 0 && t != fs.ModeSymlink {
		return fmt.Errorf("%q is not a file and is left alone", f.path)
	}
	saved := f.beside(".old")
	if err := os.Rename(f.path, saved); err != nil {
		return err
	}
	f.saved = saved
	return nil
}

// finish removes what is left over and, unless all went well, puts back what was.
func (f *file) finish(ok bool) error {
	var errs []error
	remove := func(path string) {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	if f.staged != "" {
		remove(f.staged)
	}
	if !ok && (f.reserved || f.placed) {
		remove(f.path)
	}
	if f.saved == "" {
		return errors.Join(errs...)
	}
	if ok {
		remove(f.saved)
	} else if err := os.Rename(f.saved, f.path); err != nil {
		errs = append(errs, fmt.Errorf("the former %s is now %s: %w", f.path, f.saved, err))
	}
	return errors.Join(errs...)
}

// writeNew makes a file that did not exist before and syncs it to the disk.
func writeNew(path string, mode fs.FileMode, content []byte) error {
	w, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = w.Write(content)
	err = errors.Join(err, w.Sync(), w.Close())
	if err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}
