package lockfile

import (
	"strings"

	"github.com/carnet-project/carnet/attest/predicate/resource"
)

// readGradle reads gradle.lockfile: GROUP:NAME:VERSION=CONFIGURATIONS, and no digests
// (docs.gradle.org/current/userguide/dependency_locking.html).
func readGradle(c *collector, raw []byte) error {
	c.note("A gradle.lockfile has no digests; gradle/verification-metadata.xml has them.")
	return c.lines(raw, func(line string, number int) error {
		line = strings.TrimSpace(line)
		where := place(number)
		if line == "" || line[0] == '#' || strings.HasPrefix(line, "empty=") {
			return nil
		}
		if err := c.entry(where); err != nil {
			return err
		}
		parts := strings.Split(before(line, "="), ":")
		if len(parts) != 3 || !strings.Contains(line, "=") {
			return c.wrong(where, "GROUP:NAME:VERSION=CONFIGURATIONS", quoted(line))
		}
		return c.add(where, resource.Descriptor{URI: maven(parts[0], parts[1], parts[2], "", "")})
	})
}

// maven is the package URL of an artifact. A jar without a classifier is what one means who
// says neither.
func maven(group, name, version, extension, classifier string) string {
	if group == "" || name == "" || version == "" || strings.ContainsAny(group+name, "/") {
		return ""
	}
	if extension == "jar" {
		extension = ""
	}
	return purl("maven", group+"/"+name, version, "classifier", classifier, "type", extension)
}
