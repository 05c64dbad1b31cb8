package lockfile

import (
	"strings"

	"github.com/carnet-project/carnet/attest/predicate/resource"
)

// readNuGet reads packages.lock.json: packages for each target framework
// (learn.microsoft.com/nuget/consume-packages/package-references-in-project-files). A
// contentHash is the SHA-512 of the package without its signature, which a package from
// nuget.org has, and so is not that of the file that one downloads.
func readNuGet(c *collector, raw []byte) error {
	c.note("The content hashes of NuGet leave out a package's signature, and so are not of what a registry has: they are annotations.")
	return c.inJSON(raw, func(d *document) error {
		return d.members(map[string]func() error{"dependencies": func() error {
			return d.object(func(string) error { return d.object(d.nugetPackage) })
		}})
	})
}

func (d *document) nugetPackage(name string) error {
	where := d.where()
	if err := d.c.entry(where); err != nil {
		return err
	}
	var kind, resolved, hash string
	err := d.members(map[string]func() error{
		"type":        func() error { return d.text(&kind) },
		"resolved":    func() error { return d.text(&resolved) },
		"contentHash": func() error { return d.text(&hash) },
	})
	switch {
	case err != nil:
		return err
	case kind == "Project":
		d.c.leave("Packages in directories of the project")
		return nil
	case resolved == "":
		d.c.unpinned++
		return nil
	}
	p := resource.Descriptor{URI: purl("nuget", strings.ReplaceAll(name, "/", ""), resolved)}
	if hash != "" {
		hex, err := d.c.inBase64(where, "sha512", hash)
		if err != nil {
			return err
		}
		p.Annotations = map[string]any{"nugetContentHash": "sha512:" + hex}
	}
	return d.c.add(where, p)
}
