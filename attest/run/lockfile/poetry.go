package lockfile

import (
	"slices"
	"strings"
)

// readPoetry reads poetry.lock and pdm.lock, whose packages and files are alike. Older
// versions of both have the files in a table [metadata.files], by the name of the package or
// by "NAME VERSION" (python-poetry.org/docs, pdm-project.org).
func readPoetry(c *collector, raw []byte) error {
	t, err := c.inTOML(raw)
	if err != nil {
		return err
	}
	metadata, err := c.inner(t, "", "metadata")
	if err != nil {
		return err
	}
	old, err := c.inner(metadata, "metadata", "files")
	if err != nil {
		return err
	}
	return c.each(t, "", "package", func(where string, t table) error {
		var name, version, repository, revision string
		err := c.texts(t, where, map[string]*string{"name": &name, "version": &version, "git": &repository, "revision": &revision})
		if err != nil {
			return err
		}
		if name == "" || version == "" {
			return c.wrong(where, "a name and a version", "none")
		}
		where = name + " " + version
		files, err := c.pyFiles(where, t, "files")
		if err != nil {
			return err
		}
		key := name
		if _, by := old[where]; by {
			key = where
		}
		older, err := c.pyFiles("metadata.files of "+where, old, key)
		if err != nil {
			return err
		}
		if files, err = c.joined(where, version, files, older); err != nil {
			return err
		}
		if repository != "" {
			return c.git(where, "pypi", name, version, repository, revision)
		}
		return c.poetry(where, name, version, t, files)
	})
}

// poetry keeps a package by its source.
func (c *collector) poetry(where, name, version string, t table, files []pyFile) error {
	source, err := c.inner(t, where, "source")
	if err != nil {
		return err
	}
	var kind, url, resolved, local, direct string
	err = c.texts(source, where+", source", map[string]*string{"type": &kind, "url": &url, "resolved_reference": &resolved})
	if err == nil {
		err = c.texts(t, where, map[string]*string{"path": &local, "url": &direct})
	}
	if err != nil {
		return err
	}
	switch {
	case kind == "git":
		return c.git(where, "pypi", name, version, url, resolved)
	case kind == "directory" || kind == "file" || local != "":
		c.leave("Packages in directories or files of the project")
		return nil
	case kind == "url" || direct != "":
		if kind == "" {
			url = direct
		}
		var digests map[string]string
		if len(files) == 1 {
			digests = files[0].digests
		}
		return c.archive(where, "pypi", name, version, url, digests)
	}
	return c.pypi(where, name, version, url, files)
}

// pyFiles reads a list of files, {file = "NAME", url = "URL", hash = "sha256:HEX"}.
func (c *collector) pyFiles(where string, t table, member string) ([]pyFile, error) {
	var files []pyFile
	err := c.each(t, where, member, func(at string, t table) error {
		f, err := c.pyFile(at, t)
		if err == nil {
			files = append(files, f)
		}
		return err
	})
	return files, err
}

func (c *collector) pyFile(at string, t table) (pyFile, error) {
	var f pyFile
	var hash string
	if err := c.texts(t, at, map[string]*string{"file": &f.name, "url": &f.url, "hash": &hash}); err != nil {
		return f, err
	}
	if f.name == "" {
		f.name = fileOf(f.url)
	}
	if f.name == "" {
		return f, c.wrong(at, "a file's name or URL", "none")
	}
	var err error
	if hash != "" {
		f.digests, err = c.prefixed(at, hash)
	}
	return f, err
}

// joined is what a package says of its files or else what the older table says. Where both
// name a file they agree. The older one has the files of all versions of a package in one list.
func (c *collector) joined(where, version string, files, older []pyFile) ([]pyFile, error) {
	if len(files) == 0 {
		of := slices.DeleteFunc(slices.Clone(older), func(f pyFile) bool { return !strings.Contains(f.name, "-"+version) })
		if len(of) == 0 {
			of = older
		}
		return of, nil
	}
	known := map[string]map[string]string{}
	for _, f := range files {
		known[f.name] = f.digests
	}
	for _, f := range older {
		for algorithm, value := range known[f.name] {
			if other := f.digests[algorithm]; other != "" && other != value {
				return nil, c.wrong(where, "the "+algorithm+" of "+f.name+" that metadata.files has, "+other, value)
			}
		}
	}
	return files, nil
}
