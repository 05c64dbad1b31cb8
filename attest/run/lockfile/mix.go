package lockfile

import (
	"strings"

	"github.com/carnet-project/carnet/attest/predicate/resource"
)

// readMix reads mix.lock, an Elixir term with a line for each package: the version and the
// SHA-256 of its tarball, the "outer checksum" (hexdocs.pm/mix, hex's Hex.Utils.lock). The
// inner checksum is of parts of the tarball, deprecated, and left out.
func readMix(c *collector, raw []byte) error {
	return c.lines(raw, func(line string, number int) error {
		text := strings.TrimSuffix(strings.TrimSpace(line), ",")
		where := place(number)
		if text == "%{" || text == "}" || text == "%{}" || text == "" || text[0] == '#' {
			return nil
		}
		if err := c.entry(where); err != nil {
			return err
		}
		_, term, found := strings.Cut(text, `": {`)
		if !found || !strings.HasPrefix(text, `"`) || !strings.HasSuffix(term, "}") {
			return c.wrong(where, `"NAME": {...}`, quoted(text))
		}
		return c.mix(where, topLevel(strings.TrimSuffix(term, "}")))
	})
}

// mix keeps {:hex, :NAME, "VERSION", "INNER", [...], [...], "REPOSITORY", "OUTER"} and
// {:git, "URL", "COMMIT", [...]}.
func (c *collector) mix(where string, parts []string) error {
	at := func(i int) string {
		if i >= len(parts) {
			return ""
		}
		return strings.Trim(strings.TrimPrefix(parts[i], ":"), `"`)
	}
	switch at(0) {
	case "path":
		c.leave("Packages in directories of the project")
		return nil
	case "git":
		name := strings.TrimSuffix(base(at(1)), ".git")
		return c.git(where, "generic", name, "", at(1), at(2))
	case "hex":
	default:
		return c.wrong(where, "a package of hex, git or path", quoted(at(0)))
	}
	name := strings.ReplaceAll(at(1), "/", "")
	if _, organisation, private := strings.Cut(at(6), ":"); private {
		name = organisation + "/" + name
	}
	d := resource.Descriptor{URI: purl("hex", name, at(2))}
	if sum := at(7); sum != "" {
		var err error
		if d.Digest, err = c.inHex(where, "sha256", sum); err != nil {
			return err
		}
	}
	return c.add(where, d)
}

// topLevel takes the parts of a tuple apart, at the commas that are in no brackets and in no
// string.
func topLevel(s string) []string {
	var parts []string
	depth, start, text := 0, 0, false
	for i := 0; i < len(s); i++ {
		switch b := s[i]; {
		case b == '"':
			text = !text
		case text:
		case b == '[' || b == '{':
			depth++
		case b == ']' || b == '}':
			depth--
		case b == ',' && depth == 0:
			parts = append(parts, strings.TrimSpace(s[start:i]))
			start = i + 1
		}
	}
	return append(parts, strings.TrimSpace(s[start:]))
}
