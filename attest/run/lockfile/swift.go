package lockfile

import (
	"fmt"
	"strings"

	"github.com/carnet-project/carnet/attest/predicate/resource"
)

// readSwift reads Package.resolved of version 1 to 3: repositories with a revision each
// (swift-package-manager's PinsStore).
func readSwift(c *collector, raw []byte) error {
	version := 0
	err := c.inJSON(raw, func(d *document) error {
		pins := func() error { return d.array(d.swiftPin) }
		return d.members(map[string]func() error{
			"version": func() error { return d.number(&version) },
			"pins":    pins,
			"object":  func() error { return d.members(map[string]func() error{"pins": pins}) },
		})
	})
	if err == nil && (version < 1 || version > 3) {
		return c.wrong("/version", "1, 2 or 3", fmt.Sprint(version))
	}
	return err
}

func (d *document) swiftPin() error {
	where := d.where()
	if err := d.c.entry(where); err != nil {
		return err
	}
	var identity, kind, at, revision, version string
	text := func(into *string) func() error { return func() error { return d.text(into) } }
	err := d.members(map[string]func() error{
		"identity": text(&identity), "package": text(&identity),
		"location": text(&at), "repositoryURL": text(&at), "kind": text(&kind),
		"state": func() error {
			return d.members(map[string]func() error{"revision": text(&revision), "version": text(&version)})
		},
	})
	switch {
	case err != nil:
		return err
	case kind == "localSourceControl" || kind == "fileSystem":
		d.c.leave("Packages in directories of the project")
		return nil
	case kind == "registry":
		return d.c.add(where, resource.Descriptor{URI: purl("swift", strings.Replace(identity, ".", "/", 1), version)})
	}
	hash := commit(revision)
	clone := vcs(at, revision)
	if hash == nil || clone == "" {
		return d.c.wrong(where, "the URL of a repository and the full name of a commit", quoted(location(at)+" "+revision))
	}
	_, path, _ := strings.Cut(strings.TrimSuffix(location(strings.TrimSuffix(clone, "@"+revision)), ".git"), "://")
	return d.c.add(where, resource.Descriptor{URI: purl("swift", path, version), Digest: hash, DownloadLocation: clone})
}
