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
	open    int  // folders that are held open
	loose   bool // some folder could not be held open
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
	return &tree{root: root, folders: map[string]*folder{}}, nil
}

// folder reads a folder, once. No symbolic link leads to it.
func (t *tree) folder(dir string) (*folder, error) {
	if f, known := t.folders[dir]; known {
		return f, nil
	}
	if dir != "." {
		above, err := t.folder(path.Dir(dir))
		if err != nil {
			return nil, err
		}
		if kind, there := above.kinds[path.Base(dir)]; !there || kind != fs.ModeDir {
			return nil, fmt.Errorf("%q: %w", dir, fs.ErrNotExist)
		}
	}
	file, err := t.root.Open(dir)
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
		f.file, t.loose = nil, true
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
