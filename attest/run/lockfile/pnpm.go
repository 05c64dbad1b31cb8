package lockfile

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/carnet-project/carnet/attest/predicate/resource"
)

// readPNPM reads pnpm-lock.yaml of version 5 to 9 (pnpm.io/lockfile). Since pnpm 11 a file
// may have a document before that of the project, with pnpm itself, and both count.
func readPNPM(c *collector, raw []byte) error {
	return c.inYAML(raw, func(doc *yaml.Node) error {
		text := scalar(doc, "lockfileVersion")
		major, err := strconv.Atoi(before(text, "."))
		if err != nil || major < 5 || major > 9 {
			return c.wrong("lockfileVersion", "5 to 9", quoted(text))
		}
		packages := member(doc, "packages")
		if packages != nil && packages.Kind != yaml.MappingNode && packages.Tag != "!!null" {
			return c.wrong(place(packages.Line), "packages by name", "something else")
		}
		return pairs(packages, func(key string, p *yaml.Node) error {
			where := place(p.Line)
			if err := c.entry(where); err != nil {
				return err
			}
			return c.pnpm(where, major, key, p)
		})
	})
}

func (c *collector) pnpm(where string, major int, key string, p *yaml.Node) error {
	resolution := member(p, "resolution")
	name, version := pnpmKey(major, key)
	if stated := scalar(p, "name"); stated != "" {
		name = stated
	}
	if stated := scalar(p, "version"); stated != "" {
		version = stated
	}
	tarball := scalar(resolution, "tarball")
	switch {
	case resolution == nil:
		return c.wrong(where, "a resolution of "+key, "none")
	case scalar(resolution, "type") == "directory" || strings.HasPrefix(tarball, "file:"):
		c.leave("Packages in directories of the project")
		return nil
	case scalar(resolution, "type") == "git":
		return c.git(where, "npm", name, release(version), scalar(resolution, "repo"), scalar(resolution, "commit"))
	}
	digests, err := c.integrity(where, scalar(resolution, "integrity"))
	if err != nil {
		return err
	}
	d := resource.Descriptor{Digest: digests, DownloadLocation: location(tarball)}
	d.URI = purl("npm", name, release(version), "download_url", elsewhere(d.DownloadLocation))
	return c.add(where, d)
}

// pnpmKey takes the key of a package apart: /NAME/VERSION_PEERS in version 5,
// /NAME@VERSION(PEERS) in 6, and NAME@VERSION in 9.
func pnpmKey(major int, key string) (name, version string) {
	if major > 5 {
		key = before(key, "(")
		return splitRange(strings.TrimPrefix(key, "/"))
	}
	key = before(strings.TrimPrefix(key, "/"), "(")
	parts := strings.SplitN(key, "/", 3)
	whole := 1
	if strings.HasPrefix(key, "@") {
		whole = 2
	}
	if len(parts) <= whole {
		return key, ""
	}
	return strings.Join(parts[:whole], "/"), before(parts[whole], "_")
}

// release is a version that is one, and not the URL that pnpm has in its place.
func release(version string) string {
	if strings.ContainsAny(version, ":/") {
		return ""
	}
	return version
}

func before(s, separator string) string {
	head, _, _ := strings.Cut(s, separator)
	return head
}
