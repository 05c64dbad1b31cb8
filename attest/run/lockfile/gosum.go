package lockfile

import (
	"strings"

	"github.com/carnet-project/carnet/attest/predicate/resource"
)

// readGoSum takes the zip files of modules, whose "h1:" is in-toto's dirHash: a digest of
// the files in the zip, not of the zip (go.dev/ref/mod#go-sum-files; in-toto attestation
// framework, digest_set.md). Lines of go.mod files are checked and left out.
func readGoSum(c *collector, raw []byte) error {
	c.note("A go.sum file may hold more modules than were built, such as those for tests of dependencies and older versions.")
	mods := map[string]string{}
	return c.lines(raw, func(line string, number int) error {
		words := strings.Fields(line)
		if len(words) == 0 {
			return nil
		}
		at := place(number)
		if err := c.entry(at); err != nil {
			return err
		}
		if len(words) != 3 || len(words[1]) < 2 || words[1][0] != 'v' {
			return c.wrong(at, "MODULE VERSION HASH", quoted(line))
		}
		text, is := strings.CutPrefix(words[2], "h1:")
		if !is {
			return c.wrong(at, "a hash that begins with h1:", quoted(words[2]))
		}
		hash, err := c.inBase64(at, "dirHash", text)
		if err != nil {
			return err
		}
		module, version := words[0], words[1]
		if of, is := strings.CutSuffix(version, "/go.mod"); is {
			key := module + "@" + of
			if before := mods[key]; before != "" && before != hash {
				return c.wrong(at, "the hash of go.mod of "+key+" that the file has elsewhere, "+before, hash)
			}
			mods[key] = hash
			return nil
		}
		d := resource.Descriptor{URI: purl("golang", module, version), Digest: map[string]string{"dirHash": hash}}
		// Package URLs of modules are in lower case, and modules are not.
		if strings.ToLower(module) != module {
			d.Name = module + "@" + version
		}
		return c.add(at, d)
	})
}
