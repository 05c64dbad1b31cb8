package consume

import (
	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/verify"
)

// readBundles reads a file with one bundle or with several, and says what in it is none.
func readBundles(c *cli.Call, path string) (*attest.Collection, error) {
	raw, err := c.ReadInput(path, c.Int64("max-bundle-size"))
	if err != nil {
		return nil, err
	}
	found, err := attest.ParseBundles(raw)
	if err != nil {
		return nil, cli.Usagef("%s: %v", path, err)
	}
	const most = 5
	for i, s := range found.Skipped {
		if i == most {
			c.Sayf("skipped %s: and %s more", path, count(len(found.Skipped)-most, "part", "parts"))
			break
		}
		c.Sayf("skipped %s: %s: %v", path, s.Where, s.Why)
	}
	return found, nil
}

// read reads the files that --bundle names.
func (v *verification) read(paths []string) ([]*attest.Bundle, error) {
	var bundles []*attest.Bundle
	for _, path := range paths {
		found, err := readBundles(v.call, path)
		if err != nil {
			return nil, err
		}
		bundles = append(bundles, found.Bundles...)
		if found.Alone {
			continue
		}
		if v.among == nil {
			v.among = map[*attest.Bundle]string{}
		}
		for _, b := range found.Bundles {
			v.among[b] = path
		}
	}
	return bundles, nil
}

// pertinent leaves out what is not by those whom the flags accept, or not about the file, of
// files with several bundles, which others have put together: "Consumers MUST ignore
// attestations with unrecognized keys, types, subjects, or predicates" (in-toto attestation
// framework, spec/v1/bundle.md). A bundle that has a file of its own was meant, and stays. If
// nothing would, everything does, so that it is told what is wrong with it. A policy needs
// none of this: it says what is required, and by whom.
func (v *verification) pertinent(target string, groups []group) ([]group, error) {
	if v.flags == nil || len(v.among) == 0 {
		return groups, nil
	}
	var kept []group
	left := map[string]int{}
	var files []string
	for _, g := range groups {
		_, roots, err := v.judge(v.imageName, g.bundles)
		if err != nil {
			return nil, err
		}
		all := g.bundles
		g.bundles = nil
		for _, b := range all {
			path, one := v.among[b]
			if _, err := verify.Bundle(b, g.artifact.Digest, roots...); err == nil || !one {
				g.bundles = append(g.bundles, b)
				continue
			}
			if left[path]++; left[path] == 1 {
				files = append(files, path)
			}
		}
		if len(g.bundles) > 0 {
			kept = append(kept, g)
		}
	}
	if len(kept) == 0 {
		return groups, nil
	}
	for _, path := range files {
		v.call.Sayf("left out of %s: %s by others or not about %s", path, count(left[path], "attestation", "attestations"), target)
	}
	return kept, nil
}
