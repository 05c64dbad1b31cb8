package run

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
)

// maxFolders bounds the folders that a tree holds open.
const maxFolders = 8192

// A tree is a folder of which files are read, and never anything outside of it.
type tree struct {
	root    *os.Root
	folders map[string]*folder
	device  uint64 // of the root
	open    int    // folders that are held open
	// loose says that a change of a file after a moment may go unnoticed: some folder is not
	// held open, or is on a file system whose stamps are not this machine's.
	loose bool
}

// A folder is one below a tree's root that was read, and stays open so that its files are
// found in it whatever happens to its name.
type folder struct {
	path  string
	file  *os.File // nil where it is not held open
	kinds map[string]fs.FileMode
}

// An entry is something in a folder of a tree, by its slash path from the root.
type entry struct {
	path string
	kind fs.FileMode
	in   *folder
}

func openTree(dir string) (*tree, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("the working folder: %w", err)
	}
	return &tree{root: root, folders: map[string]*folder{}, device: deviceOf(root)}, nil
}

// folder reads a folder, once. No symbolic link leads to it.
func (t *tree) folder(dir string) (*folder, error) {
	if f, known := t.folders[dir]; known {
		return f, nil
	}
	var above *folder
	if dir != "." {
		var err error
		if above, err = t.folder(path.Dir(dir)); err != nil {
			return nil, err
		}
		if kind, there := above.kinds[path.Base(dir)]; !there || kind != fs.ModeDir {
			return nil, fmt.Errorf("%q: %w", dir, fs.ErrNotExist)
		}
	}
	file, err := t.openFolder(above, dir)
	if err != nil {
		return nil, fmt.Errorf("the folder %q: %w", dir, cause(err))
	}
	f := &folder{path: dir, file: file, kinds: map[string]fs.FileMode{}}
	entries, err := file.ReadDir(-1)
	if err != nil {
		return nil, fmt.Errorf("the folder %q: %w", dir, cause(err))
	}
	for _, e := range entries {
		f.kinds[e.Name()] = e.Type()
	}
	if t.open++; t.open > maxFolders {
		_ = file.Close() // it was read
		f.file = nil
	}
	if f.file == nil || !stamped(f.file) {
		t.loose = true
	}
	t.folders[dir] = f
	return f, nil
}

// entry finds what has a path, or nothing.
func (t *tree) entry(name string) (entry, bool, error) {
	in, err := t.folder(path.Dir(name))
	if isGone(err) {
		return entry{}, false, nil
	}
	if err != nil {
		return entry{}, false, err
	}
	kind, there := in.kinds[path.Base(name)]
	return entry{name, kind, in}, there, nil
}

func (t *tree) close() {
	for _, f := range t.folders {
		if f.file != nil {
			_ = f.file.Close() // nothing was written
		}
	}
	_ = t.root.Close()
}

// inGit says whether a path is git's own.
func inGit(name string) bool {
	return name == ".git" || strings.HasPrefix(name, ".git/") || strings.HasSuffix(name, "/.git") || strings.Contains(name, "/.git/")
}
