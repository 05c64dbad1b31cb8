package lockfile

import (
	"slices"
	"strings"
)

// readPipfile reads Pipfile.lock: groups of packages by name, each with the hashes of its
// files (pipenv.pypa.io).
func readPipfile(c *collector, raw []byte) error {
	return c.inJSON(raw, func(d *document) error {
		return d.object(func(group string) error {
			if strings.HasPrefix(group, "_") {
				return d.skip()
			}
			return d.object(func(name string) error {
				where := d.where()
				if err := d.c.entry(where); err != nil {
					return err
				}
				return d.pipfilePackage(where, name)
			})
		})
	})
}

func (d *document) pipfilePackage(where, name string) error {
	var version, git, ref, file, path string
	var hashes []string
	err := d.members(map[string]func() error{
		"version": func() error { return d.text(&version) },
		"git":     func() error { return d.text(&git) },
		"ref":     func() error { return d.text(&ref) },
		"file":    func() error { return d.text(&file) },
		"path":    func() error { return d.text(&path) },
		"hashes": func() error {
			return d.array(func() error {
				var hash string
				if err := d.c.entry(where); err != nil {
					return err
				}
				err := d.text(&hash)
				hashes = append(hashes, hash)
				return err
			})
		},
	})
	if err != nil {
		return err
	}
	slices.Sort(hashes)
	files, err := d.c.hashed(where, slices.Compact(hashes))
	switch {
	case err != nil:
		return err
	case git != "":
		return d.c.git(where, "pypi", name, exact(version), git, ref)
	case path != "":
		d.c.leave("Packages in directories or files of the project")
		return nil
	case file != "":
		var digests map[string]string
		if len(files) == 1 {
			digests = files[0].digests
		}
		return d.c.archive(where, "pypi", name, exact(version), file, digests)
	}
	return d.c.pypi(where, name, exact(version), "", files)
}
