package lockfile

import (
	"maps"
	"slices"
	"strings"
)

// readUV reads uv.lock (docs.astral.sh/uv/concepts/projects/layout).
func readUV(c *collector, raw []byte) error {
	t, err := c.inTOML(raw)
	if err != nil {
		return err
	}
	return c.each(t, "", "package", func(where string, t table) error {
		var name, version string
		if err := c.texts(t, where, map[string]*string{"name": &name, "version": &version}); err != nil {
			return err
		}
		if name == "" {
			return c.wrong(where, "a name", "none")
		}
		where = name + " " + version
		source, err := c.inner(t, where, "source")
		if err != nil {
			return err
		}
		files, err := c.pyFiles(where, t, "wheels")
		if err != nil {
			return err
		}
		sdist, err := c.inner(t, where, "sdist")
		if err != nil {
			return err
		}
		if sdist != nil && source["registry"] != nil {
			f, err := c.pyFile(where+", sdist", sdist)
			if err != nil {
				return err
			}
			files = append(files, f)
		}
		return c.uv(where, name, version, source, sdist, files)
	})
}

// uv keeps a package by its source.
func (c *collector) uv(where, name, version string, source, sdist table, files []pyFile) error {
	var registry, git, url, hash string
	err := c.texts(source, where+", source", map[string]*string{"registry": &registry, "git": &git, "url": &url})
	if err != nil {
		return err
	}
	switch {
	case registry != "":
		return c.pypi(where, name, version, registry, files)
	case git != "":
		repository, revision, _ := strings.Cut(git, "#")
		return c.git(where, "pypi", name, version, before(repository, "?"), revision)
	case url == "":
		c.leave("Packages in directories or files of the project")
		return nil
	}
	digests := map[string]string{}
	if len(files) == 1 {
		digests = maps.Clone(files[0].digests)
	}
	if hash, err = c.text(sdist, where, "hash"); err == nil && hash != "" {
		digests, err = c.prefixed(where, hash)
	}
	if err != nil {
		return err
	}
	return c.archive(where, "pypi", name, version, url, digests)
}

// readPyLock reads pylock.toml (packaging.python.org/specifications/pylock-toml, PEP 751).
func readPyLock(c *collector, raw []byte) error {
	t, err := c.inTOML(raw)
	if err != nil {
		return err
	}
	version, err := c.text(t, "", "lock-version")
	if err != nil {
		return err
	}
	if !strings.HasPrefix(version, "1.") {
		return c.wrong("lock-version", "1.0 or another of 1", quoted(version))
	}
	return c.each(t, "", "packages", c.pyLockPackage)
}

func (c *collector) pyLockPackage(where string, t table) error {
	var name, version, index string
	if err := c.texts(t, where, map[string]*string{"name": &name, "version": &version, "index": &index}); err != nil {
		return err
	}
	where = name + " " + version
	vcs, err := c.inner(t, where, "vcs")
	if err == nil && vcs != nil {
		var kind, url, id string
		if err := c.texts(vcs, where+", vcs", map[string]*string{"type": &kind, "url": &url, "commit-id": &id}); err != nil {
			return err
		}
		if kind == "git" && url != "" {
			return c.git(where, "pypi", name, version, url, id)
		}
		c.leave("Packages in repositories that are not git's")
		return nil
	}
	archive, err2 := c.inner(t, where, "archive")
	sdist, err3 := c.inner(t, where, "sdist")
	for _, err := range []error{err, err2, err3} {
		if err != nil {
			return err
		}
	}
	if archive != nil {
		f, err := c.pyLockFile(where+", archive", archive)
		if err != nil {
			return err
		}
		return c.archive(where, "pypi", name, version, f.url, f.digests)
	}
	var files []pyFile
	err = c.each(t, where, "wheels", func(at string, t table) error {
		f, err := c.pyLockFile(at, t)
		files = append(files, f)
		return err
	})
	if err == nil && sdist != nil {
		var f pyFile
		f, err = c.pyLockFile(where+", sdist", sdist)
		files = append(files, f)
	}
	if err != nil {
		return err
	}
	if t["directory"] != nil {
		c.leave("Packages in directories or files of the project")
		return nil
	}
	return c.pypi(where, name, version, index, files)
}

// pyLockFile reads a file with a table of hashes, of which there is at least one.
func (c *collector) pyLockFile(at string, t table) (pyFile, error) {
	f := pyFile{digests: map[string]string{}}
	var local string
	if err := c.texts(t, at, map[string]*string{"name": &f.name, "url": &f.url, "path": &local}); err != nil {
		return f, err
	}
	if f.name == "" {
		f.name = fileOf(f.url + local)
	}
	hashes, err := c.inner(t, at, "hashes")
	if err != nil {
		return f, err
	}
	if len(hashes) == 0 {
		return f, c.wrong(at, "hashes", "none")
	}
	for _, algorithm := range slices.Sorted(maps.Keys(hashes)) {
		if size(algorithm) == 0 {
			continue // a registry may give more than others know
		}
		value, err := c.text(hashes, at, algorithm)
		if err != nil {
			return f, err
		}
		digest, err := c.inHex(at, algorithm, value)
		if err != nil {
			return f, err
		}
		maps.Copy(f.digests, digest)
	}
	return f, nil
}
