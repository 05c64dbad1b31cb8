package lockfile

import (
	"github.com/carnet-project/carnet/attest/predicate/resource"
)

// readComposer reads composer.lock: packages with the commit of their source and, of few, the
// SHA-1 of an archive (getcomposer.org/doc).
func readComposer(c *collector, raw []byte) error {
	c.note("Composer downloads archives that are made of a commit: gitCommit is the digest of the sources, and not of the archive.")
	return c.inJSON(raw, func(d *document) error {
		list := func() error { return d.array(d.composerPackage) }
		return d.members(map[string]func() error{"packages": list, "packages-dev": list})
	})
}

func (d *document) composerPackage() error {
	where := d.where()
	if err := d.c.entry(where); err != nil {
		return err
	}
	var name, version string
	var source, dist struct{ kind, url, reference, sum string }
	parts := func(into *struct{ kind, url, reference, sum string }) func() error {
		return func() error {
			return d.members(map[string]func() error{
				"type":      func() error { return d.text(&into.kind) },
				"url":       func() error { return d.text(&into.url) },
				"reference": func() error { return d.text(&into.reference) },
				"shasum":    func() error { return d.text(&into.sum) },
			})
		}
	}
	err := d.members(map[string]func() error{
		"name": func() error { return d.text(&name) }, "version": func() error { return d.text(&version) },
		"source": parts(&source), "dist": parts(&dist),
	})
	if err != nil {
		return err
	}
	if dist.kind == "path" {
		d.c.leave("Packages in directories of the project")
		return nil
	}
	where = name + " " + version
	p := resource.Descriptor{URI: purl("composer", name, version), Digest: map[string]string{}, DownloadLocation: location(dist.url)}
	if dist.sum != "" {
		if p.Digest, err = d.c.inHex(where, "sha1", dist.sum); err != nil {
			return err
		}
	}
	if hash := commit(source.reference); source.kind == "git" && hash != nil {
		if dist.reference != "" && dist.reference != source.reference {
			return d.c.wrong(where, "the reference of its source, "+source.reference, quoted(dist.reference))
		}
		p.Digest["gitCommit"] = source.reference
		p.Annotations = map[string]any{"gitCommitOf": location(source.url)}
	}
	return d.c.add(where, p)
}
