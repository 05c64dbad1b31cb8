package lockfile

import (
	"strings"

	"github.com/carnet-project/carnet/attest/predicate/resource"
)

// readBundler reads Gemfile.lock: sections GEM, GIT and PATH with the gems from there and,
// since bundler 2.6, CHECKSUMS with the SHA-256 of the .gem files (bundler.io/man).
func readBundler(c *collector, raw []byte) error {
	b := &bundler{c: c}
	if err := c.lines(raw, b.line); err != nil {
		return err
	}
	return b.sums()
}

type bundler struct {
	c                         *collector
	section, remote, revision string
	specs                     bool
	gems                      []gem
	checksums                 []gem
}

// A gem is a name and "VERSION" or "VERSION-PLATFORM", at a line.
type gem struct {
	where, name, version, digest string
	from                         string
}

func (b *bundler) line(line string, number int) error {
	text := strings.TrimLeft(line, " ")
	where := place(number)
	switch indent := len(line) - len(text); {
	case text == "":
		return nil
	case strings.HasPrefix(text, "<<<<<<<") || strings.HasPrefix(text, ">>>>>>>"):
		return b.c.wrong(where, "a file without conflicts of a merge", quoted(text))
	case indent == 0:
		b.section, b.remote, b.revision, b.specs = text, "", "", false
		return nil
	case b.section == "CHECKSUMS" && indent == 2:
		return b.checksum(where, text)
	case indent == 2:
		b.specs = text == "specs:"
		if value, is := strings.CutPrefix(text, "remote: "); is {
			b.remote = value
		} else if value, is := strings.CutPrefix(text, "revision: "); is {
			b.revision = value
		}
		return nil
	case indent == 4 && b.specs:
		return b.spec(where, text)
	}
	return nil
}

// spec reads "NAME (VERSION)" in a section.
func (b *bundler) spec(where, text string) error {
	if err := b.c.entry(where); err != nil {
		return err
	}
	g, err := b.gem(where, text)
	if err != nil {
		return err
	}
	switch b.section {
	case "GEM":
		if b.remote != "https://rubygems.org/" && b.remote != "http://rubygems.org/" {
			g.from = location(b.remote)
		}
		b.gems = append(b.gems, g)
	case "GIT":
		return b.c.git(where, "gem", g.name, g.version, b.remote, b.revision)
	default:
		b.c.leave("Packages in directories of the project")
	}
	return nil
}

func (b *bundler) gem(where, text string) (gem, error) {
	name, version, found := strings.Cut(text, " (")
	version, closed := strings.CutSuffix(version, ")")
	if !found || !closed || name == "" || version == "" || strings.ContainsAny(version, "() ") {
		return gem{}, b.c.wrong(where, "NAME (VERSION)", quoted(text))
	}
	return gem{where: where, name: name, version: version}, nil
}

// checksum reads "NAME (VERSION) sha256=HEX", or without a digest.
func (b *bundler) checksum(where, text string) error {
	if err := b.c.entry(where); err != nil {
		return err
	}
	end := strings.LastIndexByte(text, ')') + 1
	g, err := b.gem(where, text[:end])
	if err != nil {
		return err
	}
	for hash := range strings.FieldsFuncSeq(text[end:], func(r rune) bool { return r == ' ' || r == ',' }) {
		algorithm, value, _ := strings.Cut(hash, "=")
		digests, err := b.c.inHex(where, algorithm, value)
		if err != nil {
			return err
		}
		g.digest = digests["sha256"]
	}
	b.checksums = append(b.checksums, g)
	return nil
}

// sums joins the gems and their checksums.
func (b *bundler) sums() error {
	digests := map[string]string{}
	for _, s := range b.checksums {
		key := s.name + " " + s.version
		if before := digests[key]; before != "" && s.digest != "" && before != s.digest {
			return b.c.wrong(s.where, "the sha256 of "+key+" that the file has elsewhere, "+before, s.digest)
		}
		if s.digest != "" {
			digests[key] = s.digest
		}
	}
	for _, g := range b.gems {
		version, platform, _ := strings.Cut(g.version, "-")
		d := resource.Descriptor{URI: purl("gem", g.name, version, "platform", platform, "repository_url", g.from)}
		if digest := digests[g.name+" "+g.version]; digest != "" {
			d.Digest = map[string]string{"sha256": digest}
		}
		if err := b.c.add(g.where, d); err != nil {
			return err
		}
	}
	return nil
}
