package consume

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/verify/layout"
)

// maxLinkBytes bounds all links of a run together.
const maxLinkBytes = 512 << 20

// readLinks reads the files that may be links. What can't be read is told and left out: a
// link that is missing never allows.
func readLinks(c *cli.Call, paths []string) ([]layout.Link, error) {
	r := &linkReader{call: c, left: maxLinkBytes}
	for _, path := range paths {
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, cli.Usagef("--links %s: no such folder or file", path)
		}
		if err != nil {
			return nil, cli.Usagef("--links: %v", err)
		}
		if info.IsDir() {
			err = r.folder(path)
		} else {
			err = r.one(filepath.Dir(path), filepath.Base(path))
		}
		if err != nil {
			return nil, err
		}
	}
	return r.links, nil
}

type linkReader struct {
	call  *cli.Call
	links []layout.Link
	left  int64
}

// folder reads the links of a folder, not of those below it.
func (r *linkReader) folder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return cli.Usagef("--links: %v", err)
	}
	defer f.Close()
	// Other files may lie beside them, within reason.
	const most = 10 * layout.MaxLinks
	entries, err := f.ReadDir(most + 1)
	if err != nil && !errors.Is(err, io.EOF) {
		return &cli.UnavailableError{Err: fmt.Errorf("--links: %w", err)}
	}
	if len(entries) > most {
		return &cli.UnavailableError{Err: fmt.Errorf("--links %s: has over %d files", path, most)}
	}
	var names []string
	for _, e := range entries {
		if slices.Contains([]string{".link", ".json", ".jsonl"}, filepath.Ext(e.Name())) {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return r.all(path, names)
}

func (r *linkReader) one(dir, name string) error { return r.all(dir, []string{name}) }

// all reads files of a folder. A symbolic link may lead to another file of the folder, as
// in volumes of Kubernetes, but not out of it.
func (r *linkReader) all(dir string, names []string) error {
	if len(r.links)+len(names) > layout.MaxLinks {
		return &cli.UnavailableError{Err: fmt.Errorf("--links: over %d links", layout.MaxLinks)}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return cli.Usagef("--links: %v", err)
	}
	defer root.Close()
	for _, name := range names {
		raw, err := readWithin(root, name)
		if err != nil {
			r.call.Sayf("note: %s is left out: %v", filepath.Join(dir, name), err)
			continue
		}
		if r.left -= int64(len(raw)); r.left < 0 {
			return &cli.UnavailableError{Err: fmt.Errorf("--links: over %d bytes of links", maxLinkBytes)}
		}
		r.links = append(r.links, linksIn(name, raw)...)
	}
	return nil
}

// linksIn are the links in a file: one, or in a file of JSON lines one in each.
func linksIn(name string, raw []byte) []layout.Link {
	if filepath.Ext(name) != ".jsonl" {
		return []layout.Link{{Name: name, Raw: raw}}
	}
	var links []layout.Link
	n := 0
	for line := range bytes.Lines(raw) {
		n++
		// One more than is looked at is enough to say so.
		if line = bytes.TrimSpace(line); len(line) > 0 && len(links) <= layout.MaxLinks {
			links = append(links, layout.Link{Name: fmt.Sprintf("%s:%d", name, n), Raw: line})
		}
	}
	return links
}

func readWithin(root *os.Root, name string) ([]byte, error) {
	info, err := root.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is no regular file")
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, layout.MaxLinkBytes+1))
	if err == nil && len(raw) > layout.MaxLinkBytes {
		err = fmt.Errorf("it is over %d bytes", layout.MaxLinkBytes)
	}
	return raw, err
}
