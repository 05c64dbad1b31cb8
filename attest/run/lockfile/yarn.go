package lockfile

import (
	"strconv"
	"strings"

	"github.com/carnet-project/carnet/attest/predicate/resource"
)

// readYarn reads yarn.lock of yarn 1, a format of its own, and of yarn 2 and later, which is
// YAML as far as the same lines go (yarnpkg.com/configuration/yarnrc has neither
// specification). Of both only the lines are read that have a package's own fields.
func readYarn(c *collector, raw []byte) error {
	y := &yarn{c: c}
	err := c.lines(raw, y.line)
	if err == nil {
		err = y.end()
	}
	if err == nil && !y.berry && !y.classic {
		return c.wrong("", "a yarn.lock: a line # yarn lockfile v1, or __metadata", "neither")
	}
	return err
}

type yarn struct {
	c              *collector
	classic, berry bool
	// key is the line of the package that is being read, at a line of the file.
	key    string
	at     int
	fields map[string]string
}

func (y *yarn) line(line string, number int) error {
	text := strings.TrimLeft(line, " ")
	indent := len(line) - len(text)
	switch {
	case text == "":
		return nil
	case text[0] == '#':
		y.classic = y.classic || strings.TrimSpace(text) == "# yarn lockfile v1"
		return nil
	case indent == 0:
		if err := y.end(); err != nil {
			return err
		}
		key, is := strings.CutSuffix(strings.TrimRight(text, " "), ":")
		if !is {
			return y.c.wrong(place(number), "the name of a package and a colon", quoted(line))
		}
		y.key, y.at, y.fields = key, number, map[string]string{}
		return y.c.entry(place(number))
	case y.key == "":
		return y.c.wrong(place(number), "the name of a package before its fields", quoted(line))
	case indent != 2:
		return nil
	}
	return y.field(text, number)
}

func (y *yarn) field(text string, number int) error {
	cut := strings.IndexAny(text, " :")
	if cut <= 0 {
		return y.c.wrong(place(number), "a field and its value", quoted(text))
	}
	name, value := text[:cut], strings.TrimSpace(strings.TrimPrefix(text[cut:], ":"))
	if strings.HasPrefix(value, `"`) {
		clear, err := strconv.Unquote(value)
		if err != nil {
			return y.c.wrong(place(number), "a string in quotes", quoted(value))
		}
		value = clear
	}
	if _, twice := y.fields[name]; twice {
		return y.c.wrong(place(number), "each field once", strconv.Quote(name)+" twice")
	}
	y.fields[name] = value
	return nil
}

// end keeps the package that has been read.
func (y *yarn) end() error {
	key, f, at := y.key, y.fields, place(y.at)
	y.key = ""
	switch {
	case key == "":
		return nil
	case key == "__metadata":
		y.berry = true
		y.c.note("The checksums of yarn 2 and later are of the archives in its cache, and not of what a registry has: they are annotations.")
		return nil
	case f["resolution"] != "":
		return y.modern(at, f)
	case y.berry || f["version"] == "":
		return y.c.wrong(at, "a package's version and, since yarn 2, resolution", "none")
	}
	return y.old(at, key, f)
}

// old keeps a package of yarn 1: "NAME@RANGE", "NAME@OTHER": version, resolved, integrity.
func (y *yarn) old(at, key string, f map[string]string) error {
	first, _, _ := strings.Cut(key, ", ")
	name, wanted := splitRange(strings.Trim(first, `"`))
	if alias, is := strings.CutPrefix(wanted, "npm:"); is {
		name, _ = splitName(alias)
	}
	p := npmPackage{name: name, version: f["version"], resolved: f["resolved"], integrity: f["integrity"]}
	url, hash, is := strings.Cut(p.resolved, "#")
	if is && !repository(url) {
		digests, err := y.c.inHex(at, "sha1", hash)
		if err != nil {
			return err
		}
		d := resource.Descriptor{URI: purl("npm", name, p.version, "download_url", elsewhere(location(url))), Digest: digests}
		if err := y.c.add(at, d); err != nil {
			return err
		}
	}
	if p.resolved == "" && (strings.HasPrefix(wanted, "file:") || strings.HasPrefix(wanted, "link:")) {
		y.c.leave("Packages in directories of the project")
		return nil
	}
	return y.c.npm(at, p)
}

// modern keeps a package of yarn 2 and later by its resolution, NAME@PROTOCOL:WHERE.
func (y *yarn) modern(at string, f map[string]string) error {
	name, where := splitRange(f["resolution"])
	protocol, rest, _ := strings.Cut(where, ":")
	switch protocol {
	case "npm":
		version, query, _ := strings.Cut(rest, "::")
		d := resource.Descriptor{}
		archive := ""
		for pair := range strings.SplitSeq(query, "&") {
			if text, is := strings.CutPrefix(pair, "__archiveUrl="); is {
				archive = location(strings.NewReplacer("%3A", ":", "%2F", "/").Replace(text))
			}
		}
		d.URI, d.DownloadLocation = purl("npm", name, version, "download_url", elsewhere(archive)), archive
		if sum := f["checksum"]; sum != "" {
			if hex := base(sum); len(sum) > 200 || strings.Trim(hex, "0123456789abcdef") != "" {
				return y.c.wrong(at, "a checksum in hex, with the version of the cache before it", quoted(sum))
			}
			d.Annotations = map[string]any{"yarnCacheChecksum": sum}
		}
		return y.c.add(at, d)
	case "workspace", "link", "portal", "file":
		y.c.leave("Packages in directories of the project")
		return nil
	case "patch", "virtual", "exec":
		y.c.leave("Packages that yarn makes from others")
		return nil
	}
	url, query, _ := strings.Cut(where, "#")
	for pair := range strings.SplitSeq(query, "&") {
		if hash, is := strings.CutPrefix(pair, "commit="); is {
			return y.c.git(at, "npm", name, f["version"], url, hash)
		}
	}
	return y.c.add(at, resource.Descriptor{URI: purl("npm", name, f["version"], "download_url", location(url)), DownloadLocation: location(url)})
}

// splitRange takes NAME@RANGE apart, where the name may begin with @ and the range hold more.
func splitRange(s string) (name, wanted string) {
	if len(s) == 0 {
		return "", ""
	}
	if at := strings.IndexByte(s[1:], '@'); at >= 0 {
		return s[:at+1], s[at+2:]
	}
	return s, ""
}
