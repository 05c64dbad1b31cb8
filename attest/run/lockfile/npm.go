package lockfile

import (
	"fmt"
	"strings"

	"github.com/carnet-project/carnet/attest/predicate/resource"
)

// readNPM reads the lock files of npm, version 1 to 3
// (docs.npmjs.com/cli/configuring-npm/package-lock-json). One of version 2 says everything
// twice, in "packages" and, for older readers, in "dependencies".
func readNPM(c *collector, raw []byte) error {
	version := 1
	var packages, dependencies bool
	err := c.inJSON(raw, func(d *document) error {
		return d.members(map[string]func() error{
			"lockfileVersion": func() error { return d.number(&version) },
			"packages":        func() error { packages = true; return d.npmPackages() },
			"dependencies":    func() error { dependencies = true; return d.npmDependencies() },
		})
	})
	switch {
	case err != nil:
		return err
	case version < 1 || version > 3:
		return c.wrong("/lockfileVersion", "1, 2 or 3", fmt.Sprint(version))
	case version > 1 && !packages:
		return c.wrong("/packages", "an object, for the version is "+fmt.Sprint(version), "nothing")
	case version == 1 && packages || version == 3 && dependencies:
		return c.wrong("/lockfileVersion", "a version that has what the file has", fmt.Sprint(version))
	}
	return nil
}

// An npmPackage is an entry of either list.
type npmPackage struct {
	name, version, resolved, integrity string
	link, bundled                      bool
}

// npmPackages reads "packages": a path in the project for each, with what is there.
func (d *document) npmPackages() error {
	return d.object(func(path string) error {
		if err := d.entry(); err != nil {
			return err
		}
		var p npmPackage
		err := d.object(func(member string) error {
			switch member {
			case "name":
				return d.text(&p.name)
			case "version":
				return d.text(&p.version)
			case "resolved":
				return d.textOr(&p.resolved)
			case "integrity":
				return d.text(&p.integrity)
			case "link":
				return d.truth(&p.link)
			case "inBundle":
				return d.truth(&p.bundled)
			}
			return d.skip()
		})
		if err != nil {
			return err
		}
		at := strings.LastIndex(path, "node_modules/")
		if p.link || at < 0 || at > 0 && path[at-1] != '/' {
			// The project itself is at the path "", and what it links to at the path of a directory.
			if path != "" && !p.link {
				d.c.leave("Packages in directories of the project")
			}
			return nil
		}
		if p.name == "" {
			p.name = path[at+len("node_modules/"):]
		}
		return d.c.npm("/packages of "+path, p)
	})
}

// npmDependencies reads "dependencies": packages by name, and within each those that it
// alone has.
func (d *document) npmDependencies() error {
	return d.object(func(name string) error {
		if err := d.entry(); err != nil {
			return err
		}
		p := npmPackage{name: name}
		where := "/dependencies of " + name
		err := d.object(func(member string) error {
			switch member {
			case "version":
				return d.text(&p.version)
			case "resolved":
				return d.textOr(&p.resolved)
			case "integrity":
				return d.text(&p.integrity)
			case "bundled":
				return d.truth(&p.bundled)
			case "dependencies":
				return d.npmDependencies()
			}
			return d.skip()
		})
		if err != nil {
			return err
		}
		// An alias has the real name in its version, as what is no release has its URL.
		if alias, is := strings.CutPrefix(p.version, "npm:"); is {
			p.name, p.version = splitName(alias)
		} else if strings.HasPrefix(p.version, "file:") {
			if strings.HasSuffix(p.version, ".tgz") && p.integrity != "" {
				d.c.leave("Packages in files of the project")
			}
			return nil
		} else if strings.Contains(p.version, ":") {
			if strings.Contains(p.version, "#") || p.resolved == "" {
				p.resolved = p.version
			}
			p.version = ""
		}
		return d.c.npm(where, p)
	})
}

// npm keeps one package.
func (c *collector) npm(where string, p npmPackage) error {
	if p.bundled {
		c.leave("Packages bundled in others, which cover them,")
		return nil
	}
	if strings.HasPrefix(p.resolved, "file:") {
		c.leave("Packages in files of the project")
		return nil
	}
	digests, err := c.integrity(where, p.integrity)
	if err != nil {
		return err
	}
	if at, hash, is := strings.Cut(p.resolved, "#"); is && repository(at) {
		return c.git(where, "npm", p.name, p.version, strings.Replace(at, "github:", "https://github.com/", 1), hash)
	}
	if p.version == "" && p.resolved == "" {
		c.unpinned++
		return nil
	}
	d := resource.Descriptor{Digest: digests, DownloadLocation: location(p.resolved)}
	d.URI = purl("npm", p.name, p.version, "download_url", elsewhere(d.DownloadLocation))
	return c.add(where, d)
}

// elsewhere is the location of a package that is not a registry's: registries have "/-/" in
// the paths of packages.
func elsewhere(at string) string {
	if strings.Contains(at, "/-/") {
		return ""
	}
	return at
}

// repository says whether a URL is that of a git repository rather than of an archive, for
// the hash behind it is a commit of the one and a SHA-1 of the other.
func repository(url string) bool {
	return strings.HasPrefix(url, "git") || strings.HasSuffix(url, ".git")
}

// git keeps a package that is a commit of a repository.
func (c *collector) git(where, kind, name, version, repository, hash string) error {
	d := resource.Descriptor{Digest: commit(hash)}
	if d.Digest == nil {
		return c.wrong(where, "the full name of a git commit", quoted(hash))
	}
	d.DownloadLocation = vcs(repository, hash)
	d.URI = purl(kind, name, version, "vcs_url", d.DownloadLocation)
	return c.add(where, d)
}

// splitName takes NAME@VERSION apart, where the name may begin with @.
func splitName(s string) (name, version string) {
	if at := strings.LastIndexByte(s, '@'); at > 0 {
		return s[:at], s[at+1:]
	}
	return s, ""
}
