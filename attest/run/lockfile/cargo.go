package lockfile

import (
	"strings"

	"github.com/carnet-project/carnet/attest/predicate/resource"
)

// cratesIO are the two names of the registry that package URLs of crates mean.
const (
	cratesIO       = "https://github.com/rust-lang/crates.io-index"
	cratesIOSparse = "https://index.crates.io/"
)

// readCargo reads Cargo.lock of version 1 to 4. The checksum is the SHA-256 of the .crate
// file; version 1 has it in a table of its own (doc.rust-lang.org/cargo, cargo's
// core/resolver/encode.rs).
func readCargo(c *collector, raw []byte) error {
	t, err := c.inTOML(raw)
	if err != nil {
		return err
	}
	sums, err := c.inner(t, "", "metadata")
	if err != nil {
		return err
	}
	return c.each(t, "", "package", func(where string, t table) error {
		var name, version, source, checksum string
		err := c.texts(t, where, map[string]*string{"name": &name, "version": &version, "source": &source, "checksum": &checksum})
		if err != nil {
			return err
		}
		if name == "" || version == "" {
			return c.wrong(where, "a name and a version", "none")
		}
		where = name + " " + version
		old, err := c.text(sums, "metadata", "checksum "+where+" ("+source+")")
		switch {
		case err != nil:
			return err
		case old != "" && checksum != "" && old != checksum:
			return c.wrong(where, "the checksum of its metadata, "+quoted(old), quoted(checksum))
		case checksum == "" && old != "<none>":
			checksum = old
		}
		return c.crate(where, name, version, source, checksum)
	})
}

func (c *collector) crate(where, name, version, source, checksum string) error {
	kind, url, _ := strings.Cut(source, "+")
	switch {
	case source == "":
		c.leave("Packages of the project itself")
		return nil
	case kind == "git":
		repository, hash, _ := strings.Cut(url, "#")
		return c.git(where, "cargo", name, version, repository, hash)
	}
	d := resource.Descriptor{}
	if checksum != "" {
		var err error
		if d.Digest, err = c.inHex(where, "sha256", checksum); err != nil {
			return err
		}
	}
	if url == cratesIO || url == cratesIOSparse {
		url = ""
	}
	d.URI = purl("cargo", name, version, "repository_url", location(url))
	return c.add(where, d)
}
