package oci

import (
	"archive/tar"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// rootFiles opens the regular files below a directory, by no way through a link.
type rootFiles struct{ root *os.Root }

// maxReplaced bounds how often a file may be replaced just while it is opened, which
// writers of the index do.
const maxReplaced = 20

func (r rootFiles) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, failure(KindRefused, "%q is not a path inside the layout", name)
	}
	for range maxReplaced {
		info, err := r.look(name)
		if err != nil {
			return nil, err
		}
		f, err := r.root.Open(name)
		if err != nil {
			return nil, err
		}
		// Between the look and the opening, somebody may have put a link there.
		if opened, err := f.Stat(); err == nil && os.SameFile(info, opened) {
			return f, nil
		}
		f.Close()
	}
	return nil, failure(KindRefused, "%q changes whenever it is opened", name)
}

// look says what lies at name, if no part of it is a link.
func (r rootFiles) look(name string) (info fs.FileInfo, err error) {
	for i := range len(name) + 1 {
		if i < len(name) && name[i] != '/' {
			continue
		}
		if info, err = r.root.Lstat(name[:i]); err != nil {
			return nil, err
		}
		if info.Mode()&fs.ModeSymlink != 0 {
			return nil, failure(KindRefused, "%q is a symbolic link", name[:i])
		}
	}
	if !info.Mode().IsRegular() {
		return nil, failure(KindRefused, "%q is not a regular file", name)
	}
	return info, nil
}

// tarFiles opens the regular files in a tar without unpacking it.
type tarFiles struct {
	archive *os.File
	members map[string]member
}

type member struct {
	at, size int64
	regular  bool
}

// openTar reads the headers of a tar, of which there may be at most entries. A name
// that leaves the archive, or that comes twice, makes all of it suspect.
func openTar(path string, entries int) (*tarFiles, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	t := &tarFiles{archive: f, members: map[string]member{}}
	if err := t.scan(entries); err != nil {
		f.Close()
		return nil, err
	}
	return t, nil
}

func (t *tarFiles) scan(entries int) error {
	r := tar.NewReader(t.archive) // reads blocks unbuffered and skips contents by seeking
	for n := 0; ; n++ {
		h, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return failure(KindMalformed, "is not a tar archive: %v", err)
		}
		if n == entries {
			return failure(KindOverBound, "has more than %d entries", entries)
		}
		at, err := t.archive.Seek(0, io.SeekCurrent)
		if err != nil {
			return err
		}
		if err := t.add(h, at); err != nil {
			return err
		}
	}
}

func (t *tarFiles) add(h *tar.Header, at int64) error {
	name := path.Clean(strings.TrimPrefix(h.Name, "./"))
	if !fs.ValidPath(name) || strings.ContainsAny(h.Name, "\\") || strings.Contains("/"+h.Name+"/", "/../") {
		return failure(KindRefused, "has an entry %s, which leads out of the archive", quote(h.Name))
	}
	if h.Typeflag == tar.TypeDir {
		return nil
	}
	if _, twice := t.members[name]; twice {
		return failure(KindRefused, "has two entries %s", quote(name))
	}
	t.members[name] = member{at, h.Size, h.Typeflag == tar.TypeReg}
	return nil
}

func (t *tarFiles) Open(name string) (fs.File, error) {
	m, ok := t.members[name]
	switch {
	case !ok:
		return nil, fs.ErrNotExist
	case !m.regular:
		return nil, failure(KindRefused, "%q is not a regular file in the archive", name)
	}
	return &tarFile{io.NewSectionReader(t.archive, m.at, m.size), path.Base(name)}, nil
}

func (t *tarFiles) Close() error { return t.archive.Close() }

// tarFile is a member of a tar as an fs.File.
type tarFile struct {
	*io.SectionReader
	name string
}

func (f *tarFile) Close() error               { return nil }
func (f *tarFile) Stat() (fs.FileInfo, error) { return f, nil }
func (f *tarFile) Name() string               { return f.name }
func (f *tarFile) Mode() fs.FileMode          { return 0o444 }
func (f *tarFile) ModTime() time.Time         { return time.Time{} }
func (f *tarFile) IsDir() bool                { return false }
func (f *tarFile) Sys() any                   { return nil }

// openDockerArchive reads what `docker save` writes. Only its headers and its small
// documents are read here; go-containerregistry reads the rest.
func openDockerArchive(at string, l Limits) (v1.Image, error) {
	t, err := openTar(at, l.Entries)
	if err != nil {
		return nil, err
	}
	defer t.Close()
	if err := checkDockerArchive(t, l); err != nil {
		return nil, err
	}
	img, err := tarball.ImageFromPath(at, nil)
	return img, malformed(err)
}

// checkDockerArchive holds what go-containerregistry reads whole to our bounds.
func checkDockerArchive(t *tarFiles, l Limits) error {
	f, err := t.Open("manifest.json")
	if errors.Is(err, fs.ErrNotExist) {
		return failure(KindUnsupported, "is not a docker-archive: it has no file \"manifest.json\"")
	}
	if err != nil {
		return err
	}
	raw, err := readBounded(f, l.ManifestBytes)
	if err != nil {
		return err
	}
	var images []struct{ Config string }
	if err := json.Unmarshal(raw, &images); err != nil {
		return failure(KindMalformed, "manifest.json: %s", plain(err.Error()))
	}
	if len(images) != 1 {
		return failure(KindUnsupported, "holds %d images, want one", len(images))
	}
	if m, ok := t.members[path.Clean(images[0].Config)]; !ok || !m.regular || m.size > maxConfigBytes {
		return failure(KindMalformed, "the image's config %s is missing or larger than %d bytes", quote(images[0].Config), maxConfigBytes)
	}
	return nil
}

func malformed(err error) error {
	if err == nil {
		return nil
	}
	return failure(KindMalformed, "%s", plain(err.Error()))
}

// existing says what a bare path that exists is.
func existing(at string) (Target, error) {
	info, err := os.Stat(at)
	if err != nil {
		return Target{}, failure(KindUsage, "is a link to nothing")
	}
	if info.IsDir() {
		if mark, err := os.Stat(at + "/oci-layout"); err == nil && mark.Mode().IsRegular() {
			return written(Target{Scheme: SchemeLayout, Path: at})
		}
		return Target{Scheme: SchemeDir, Path: at}, nil
	}
	if !info.Mode().IsRegular() {
		return Target{}, failure(KindUsage, "is neither a file nor a directory")
	}
	t, err := openTar(at, Limits{}.withDefaults().Entries)
	if err != nil {
		return Target{Scheme: SchemeFile, Path: at}, nil
	}
	defer t.Close()
	switch {
	case t.members["oci-layout"].regular && t.members["index.json"].regular:
		return written(Target{Scheme: SchemeLayout, Path: at})
	case t.members["manifest.json"].regular && checkDockerArchive(t, Limits{}.withDefaults()) == nil:
		return Target{Scheme: SchemeDockerArchive, Path: at}, nil
	}
	return Target{Scheme: SchemeFile, Path: at}, nil
}

// written refuses a layout whose path would read as another path with a tag.
func written(t Target) (Target, error) {
	if again, err := parseLayoutTarget(t.Path); err != nil || again != t {
		return Target{}, failure(KindUsage, "is a layout whose name ends like a tag or digest: rename it")
	}
	return t, nil
}
