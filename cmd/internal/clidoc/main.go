// Command clidoc writes the reference of both programs from the commands
// themselves: docs/cli has a page for each command, docs/man a manual page for each
// program, docs/completions what shells need. It is run in the module's top folder:
//
//	go run ./cmd/internal/clidoc
package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

func main() {
	if err := write("."); err != nil {
		fmt.Fprintln(os.Stderr, "clidoc:", err)
		os.Exit(1)
	}
}

// folders are those that belong to the generator alone.
func folders() []string {
	return []string{"docs/cli", "docs/man", "docs/completions"}
}

// pages is everything that is generated: the content of each file by its path, with
// slashes, from the top folder.
func pages() map[string]string {
	all := map[string]string{}
	both := programs()
	all["docs/cli/README.md"] = indexPage(both)
	for _, p := range both {
		for _, c := range p.flat() {
			if at := "docs/cli/" + c.file(); all[at] == "" {
				all[at] = c.markdown(both)
			}
		}
		all["docs/man/"+p.name+".1"] = p.man()
		all["docs/completions/"+p.name+".bash"] = p.bash()
		all["docs/completions/"+p.name+".zsh"] = p.zsh()
		all["docs/completions/"+p.name+".fish"] = p.fish()
	}
	return all
}

// write brings the folders below top up to date: files that are not generated any
// more are removed.
func write(top string) error {
	if _, err := os.Stat(filepath.Join(top, "go.mod")); err != nil {
		return fmt.Errorf("run it in the module's top folder: %w", err)
	}
	all := pages()
	for _, dir := range folders() {
		if err := os.MkdirAll(filepath.Join(top, dir), 0o755); err != nil {
			return err
		}
	}
	for path, content := range all {
		if err := os.WriteFile(filepath.Join(top, path), []byte(content), 0o644); err != nil {
			return err
		}
	}
	old, err := leftOver(top, all)
	for _, path := range old {
		err = errors.Join(err, os.Remove(filepath.Join(top, path)))
	}
	return err
}

// leftOver lists the files in the folders that are not among all.
func leftOver(top string, all map[string]string) ([]string, error) {
	var old []string
	for _, dir := range folders() {
		err := fs.WalkDir(os.DirFS(top), dir, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() && all[path] == "" {
				old = append(old, path)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(old)
	return old, nil
}
