package lockfile

import (
	"encoding/xml"
	"slices"
	"strings"

	"github.com/carnet-project/carnet/attest/predicate/resource"
)

// readMavenLockfile reads the lockfile.json of the maven-lockfile plugin: a tree of artifacts
// with checksums (github.com/chains-project/maven-lockfile). Others call files so too; of
// those nothing is taken.
func readMavenLockfile(c *collector, raw []byte) error {
	own := false
	err := c.inJSON(raw, func(d *document) error {
		return d.members(map[string]func() error{
			"lockFileVersion": func() error { own = true; return d.skip() },
			"dependencies":    func() error { return d.artifacts(true) },
			"mavenPlugins":    func() error { return d.artifacts(true) },
			"mavenExtensions": func() error { return d.artifacts(true) },
		})
	})
	if !own && (err == nil || !strings.Contains(string(raw), `"lockFileVersion"`)) {
		*c = collector{format: c.format, seen: map[string]int{}}
		c.note("This lockfile.json is not one of maven-lockfile: nothing was taken from it.")
		return nil
	}
	return err
}

// artifacts reads a list of artifacts, each with those that it needs.
func (d *document) artifacts(included bool) error {
	return d.array(func() error {
		if err := d.entry(); err != nil {
			return err
		}
		var group, name, version, classifier, kind, algorithm, checksum, resolved string
		used := true
		err := d.members(map[string]func() error{
			"groupId":           func() error { return d.text(&group) },
			"artifactId":        func() error { return d.text(&name) },
			"version":           func() error { return d.text(&version) },
			"classifier":        func() error { return d.text(&classifier) },
			"type":              func() error { return d.text(&kind) },
			"checksumAlgorithm": func() error { return d.text(&algorithm) },
			"checksum":          func() error { return d.text(&checksum) },
			"resolved":          func() error { return d.text(&resolved) },
			"included":          func() error { return d.truth(&used) },
			"children":          func() error { return d.artifacts(included) },
			"dependencies":      func() error { return d.artifacts(included) },
		})
		if err != nil {
			return err
		}
		if !used {
			return nil // another version of it, or the same one elsewhere, was chosen
		}
		where := group + ":" + name + ":" + version
		a := resource.Descriptor{URI: maven(group, name, version, kind, classifier), DownloadLocation: location(resolved)}
		if checksum != "" {
			if a.Digest, err = d.c.inHex(where, algorithm, checksum); err != nil {
				return err
			}
		}
		return d.c.add(where, a)
	})
}

// readPOM reads the direct dependencies of a Maven project that have an exact version, which
// Maven takes as it is. It is no lock file: there are no digests, and what dependencies
// depend on is not in it.
func readPOM(c *collector, raw []byte) error {
	c.note("A pom.xml is no lock file: it has no digests and not what its dependencies depend on. The plugin maven-lockfile writes one.")
	var group, name, version, kind, classifier string
	under := []string{"project", "dependencies", "dependency"}
	root := false
	err := c.inXML(raw, func(path []string, _ xml.StartElement) error {
		root = root || path[0] == "project"
		if slices.Equal(path, under) {
			group, name, version, kind, classifier = "", "", "", "", ""
			return c.entry(strings.Join(path, "/"))
		}
		return nil
	}, func(path []string, text string) error {
		text = strings.TrimSpace(text)
		if len(path) == 4 && slices.Equal(path[:3], under) {
			for field, into := range map[string]*string{"groupId": &group, "artifactId": &name, "version": &version, "type": &kind, "classifier": &classifier} {
				if path[3] == field {
					*into = text
				}
			}
			return nil
		}
		if !slices.Equal(path, under) {
			return nil
		}
		if version == "" || strings.ContainsAny(group+name+version+kind+classifier, "$[](),") || version == "LATEST" || version == "RELEASE" {
			c.unpinned++
			return nil
		}
		return c.add(group+":"+name, resource.Descriptor{URI: maven(group, name, version, kind, classifier)})
	})
	if err == nil && !root {
		return c.wrong("", "an element project", "none")
	}
	return err
}
