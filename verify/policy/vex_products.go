package policy

import (
	"slices"
	"strings"

	packageurl "github.com/package-url/packageurl-go"

	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/predicate/openvex"
	"github.com/carnet-project/carnet/attest/predicate/vuln"
)

// about says whether a statement is about a finding in a node: its products are the image, the package, or
// something that an accepted SBOM of the node lists and whose part the package is. Without products it is about
// the attestation's subject (openvex/spec, ATTESTING.md).
func (x *vexed) about(s *vexStatement, node artifact.Artifact, f *vuln.Finding) bool {
	path := x.c.Artifact.Path(node.Digest)
	if !slices.ContainsFunc(path, func(n artifact.Artifact) bool { return n.Digest == s.of.Subject() }) {
		return false
	}
	if len(s.Products) == 0 {
		return true
	}
	for i := range s.Products {
		p := &s.Products[i]
		part := slices.ContainsFunc(p.Subcomponents, func(c openvex.Component) bool { return isPackage(c, f, false) })
		switch {
		case len(p.Subcomponents) == 0 && (isImage(p.Component, path) || isPackage(p.Component, f, s.Status == openvex.Fixed)):
			return true
		case part && (isImage(p.Component, path) || x.lists(node, p.Component)):
			return true
		}
	}
	return false
}

// isImage says whether a component is one of the nodes: a package URL of type oci or docker with its digest for
// a version, or its hash.
func isImage(c openvex.Component, path []artifact.Artifact) bool {
	for _, n := range path {
		digest := n.Digest.String()
		if hash, found := c.Hashes["sha-256"]; found && "sha256:"+strings.ToLower(hash) == digest {
			return true
		}
		for _, id := range c.IDs {
			purl, err := packageurl.FromString(id)
			if err == nil && (purl.Type == "oci" || purl.Type == "docker") && purl.Version == digest {
				return true
			}
		}
	}
	return false
}

// isPackage says whether a component is the package of a finding. A component without a version is any version
// of the package, unless the version is what matters.
func isPackage(c openvex.Component, f *vuln.Finding, versioned bool) bool {
	found, err := packageurl.FromString(f.Package.PURL)
	if err != nil {
		return false
	}
	if found.Version == "" {
		found.Version = f.Package.Version
	}
	return slices.ContainsFunc(c.IDs, func(id string) bool {
		said, err := packageurl.FromString(id)
		return err == nil && samePackage(said, found) && (said.Version != "" || !versioned)
	})
}

// samePackage says whether what is said of a package is said of the one that was found.
func samePackage(said, found packageurl.PackageURL) bool {
	return purlPath(said) == purlPath(found) && (said.Version == "" || said.Version == found.Version) && qualified(said.Qualifiers, found.Qualifiers)
}

// lists says whether an SBOM of the node that is accepted lists the component, in the version that it names.
func (x *vexed) lists(node artifact.Artifact, c openvex.Component) bool {
	for _, r := range x.requires {
		if r.SBOM == nil {
			continue
		}
		for _, e := range x.c.Evidence {
			if e.Subject() != node.Digest || !sbomRequirement().MetBy(e) || x.accepted(e, r.SBOM.From) != nil {
				continue
			}
			listed, err := remember(x.c.Facts, e, "sbom purls", func() (map[string]bool, error) {
				doc, err := x.document(e)
				if err != nil {
					return nil, err
				}
				purls := map[string]bool{}
				for i := range doc.Packages {
					if purl, err := packageurl.FromString(doc.Packages[i].PURL); err == nil {
						purls[purlPath(purl)+"@"+purl.Version] = true
					}
				}
				return purls, nil
			})
			if err == nil && slices.ContainsFunc(c.IDs, func(id string) bool {
				purl, err := packageurl.FromString(id)
				return err == nil && purl.Version != "" && listed[purlPath(purl)+"@"+purl.Version]
			}) {
				return true
			}
		}
	}
	return false
}
