package lockfile

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strings"

	"github.com/carnet-project/carnet/attest/predicate/resource"
)

// readGradleVerify reads gradle/verification-metadata.xml: checksums for each file of each
// component (docs.gradle.org/current/userguide/dependency_verification.html).
func readGradleVerify(c *collector, raw []byte) error {
	v := &gradleVerify{c: c}
	err := c.inXML(raw, v.start, func([]string, string) error { return nil })
	if err == nil && !v.root {
		return c.wrong("", "an element verification-metadata", "none")
	}
	return err
}

type gradleVerify struct {
	c                    *collector
	root                 bool
	group, name, version string
	file                 string
}

func (v *gradleVerify) start(path []string, e xml.StartElement) error {
	switch {
	case slices.Equal(path, []string{"verification-metadata"}):
		v.root = true
	case !v.root:
		return v.c.wrong("", "an element verification-metadata", path[0])
	case inside(path, "configuration", "trusted-artifacts", "trust"):
		v.c.note("The file trusts some artifacts without a digest (trusted-artifacts).")
	case inside(path, "components", "component"):
		v.group, v.name, v.version = attribute(e, "group"), attribute(e, "name"), attribute(e, "version")
	case inside(path, "components", "component", "artifact"):
		v.file = attribute(e, "name")
		return v.keep("", "")
	case len(path) == 5 && inside(path[:4], "components", "component", "artifact") && size(path[4]) > 0:
		return v.keep(path[4], attribute(e, "value"))
	case len(path) == 6 && path[5] == "also-trust":
		v.c.note("For some artifacts the file allows other digests too (also-trust), which were left out.")
	}
	return nil
}

func inside(path []string, names ...string) bool { return slices.Equal(path[1:], names) }

func (v *gradleVerify) keep(algorithm, value string) error {
	where := strings.Join([]string{v.group, v.name, v.version, v.file}, ":")
	if err := v.c.entry(where); err != nil {
		return err
	}
	rest, is := strings.CutPrefix(v.file, v.name+"-"+v.version)
	classifier, extension := "", ""
	if is {
		if dot := strings.IndexByte(rest, '.'); dot >= 0 {
			classifier, extension = strings.TrimPrefix(rest[:dot], "-"), rest[dot+1:]
		}
	}
	d := resource.Descriptor{URI: maven(v.group, v.name, v.version, extension, classifier)}
	if !is {
		d.Name = v.file // snapshots and plugins may be named otherwise
	}
	if d.URI == "" || v.file == "" {
		return v.c.wrong(where, "a group, name, version and file", fmt.Sprintf("%q", where))
	}
	if algorithm != "" {
		var err error
		if d.Digest, err = v.c.inHex(where, algorithm, value); err != nil {
			return err
		}
	}
	return v.c.add(where, d)
}
