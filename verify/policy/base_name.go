package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	packageurl "github.com/package-url/packageurl-go"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/attest/predicate/resource"
	"github.com/carnet-project/carnet/attest/predicate/slsa"
	"github.com/carnet-project/carnet/verify"
)

// A BaseImage names an image that another may be built on.
type BaseImage struct {
	// Name is its full repository name, such as docker.io/library/alpine, and "" where only
	// its digest is known.
	Name string
	// Digest is zero where nobody pinned it.
	Digest attest.Digest
	// Platform is that of the image that is built on it, or "".
	Platform string
	// Shallow says that only its layers are asked about: it may not be what was shipped.
	Shallow bool
}

// String is the image's name and digest.
func (i BaseImage) String() string { return strings.TrimPrefix(i.Name+"@"+i.Digest.String(), "@") }

// maxImageMaterials bounds the images among the materials of one build.
const maxImageMaterials = 1000

// ImageMaterials are the images among the materials of a provenance predicate: what it names
// as pkg:docker, pkg:oci, docker-image://, docker:// or oci://. The error is of a predicate or
// a name that can't be read, or of more than 1,000 images.
func ImageMaterials(predicateType string, raw []byte) ([]BaseImage, error) {
	p, err := slsa.Parse(predicateType, raw)
	if err != nil {
		return nil, err
	}
	var all []BaseImage
	for _, m := range p.Dependencies {
		image, ok, err := imageMaterial(m)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		if all = append(all, image); len(all) > maxImageMaterials {
			return nil, fmt.Errorf("there are more than %d images among the materials", maxImageMaterials)
		}
	}
	return all, nil
}

// ClaimedBase is the base image that an image's annotations name, with its digest. Nobody
// vouches for it.
func ClaimedBase(annotations map[string]string) (BaseImage, bool) {
	digest, err := attest.ParseDigest(annotations[baseDigestAnnotation])
	return BaseImage{Name: repositoryName(annotations[baseNameAnnotation]), Digest: digest}, err == nil
}

// originOf is what a piece of provenance says its image is built on.
func (b *bench) originOf(e *verify.Evidence) origin {
	images, err := remember(b.c.Facts, e, "image materials", func() ([]BaseImage, error) { return ImageMaterials(e.PredicateType(), e.Predicate()) })
	return origin{evidence: e, images: images, err: err}
}

// coveredOrigins are the unsigned statements about the node that the section about provenance
// has accepted for the signature e of an index, which covers them.
func (b *bench) coveredOrigins(node artifact.Artifact, e *verify.Evidence) []origin {
	var all, told []origin
	for _, c := range b.c.Covered {
		if c.Statement == nil || c.Subject != node.Digest || predicate.ClassOf(c.Statement.PredicateType()) != predicate.Provenance || !c.Statement.About(node.Digest) ||
			!slices.ContainsFunc(b.c.Artifact.Path(c.Manifest), func(n artifact.Artifact) bool { return n.Digest == e.Subject() }) {
			continue
		}
		images, err := remember(b.c.Facts, e, "image materials "+c.Manifest.String()+" "+c.Statement.PredicateType(), func() ([]BaseImage, error) {
			return ImageMaterials(c.Statement.PredicateType(), c.Statement.Predicate())
		})
		all = append(all, origin{evidence: e, images: images, err: err})
		if b.tells(node, c.Manifest) {
			told = append(told, all[len(all)-1])
		}
	}
	if len(told) > 0 {
		return told
	}
	return all
}

// tells says whether the section about provenance has told of this statement.
func (b *bench) tells(node artifact.Artifact, statement attest.Digest) bool {
	return slices.ContainsFunc(b.cells, func(cell Cell) bool {
		return cell.Requirement.name == RequireProvenance && cell.Node.Digest == node.Digest &&
			slices.ContainsFunc(cell.Findings, func(f Finding) bool { return f.Evidence == statement })
	})
}

// imageMaterial says which image a material is, if it is one. One that names two digests, or
// whose name can't be read, is an error: it may be the base.
func imageMaterial(m resource.Descriptor) (BaseImage, bool, error) {
	name, pinned, ok, err := imageURI(m.URI)
	if err != nil || !ok {
		return BaseImage{}, ok, err
	}
	image := BaseImage{Name: name}
	for _, algorithm := range []string{"sha512", "sha384", "sha256"} {
		if value, has := m.Digest[algorithm]; has {
			if image.Digest, err = attest.ParseDigest(algorithm + ":" + value); err != nil {
				return BaseImage{}, true, fmt.Errorf("the material %s: %w", clip(m.URI), err)
			}
		}
	}
	if pinned == "" {
		return image, true, nil
	}
	d, err := attest.ParseDigest(pinned)
	switch {
	case err != nil:
		return BaseImage{}, true, fmt.Errorf("the material %s: %w", clip(m.URI), err)
	case image.Digest.IsZero():
		image.Digest = d
	case image.Digest.Algorithm() == d.Algorithm() && image.Digest != d:
		return BaseImage{}, true, errors.New("the material " + clip(m.URI) + " has two digests")
	}
	return image, true, nil
}

// imageURI reads the URI of an image: its full repository name, and the digest in it.
func imageURI(uri string) (name, pinned string, ok bool, err error) {
	for _, scheme := range []string{"docker-image://", "oci://", "docker://", "docker-pullable://"} {
		if rest, found := strings.CutPrefix(uri, scheme); found {
			rest, pinned, _ = strings.Cut(rest, "@")
			return repositoryName(rest), pinned, true, nil
		}
	}
	if !strings.HasPrefix(uri, "pkg:docker/") && !strings.HasPrefix(uri, "pkg:oci/") {
		return "", "", false, nil
	}
	p, err := packageurl.FromString(uri)
	if err != nil {
		return "", "", true, fmt.Errorf("the material %s is no package URL", clip(uri))
	}
	qualifiers := p.Qualifiers.Map()
	name = p.Name
	if p.Namespace != "" {
		name = p.Namespace + "/" + p.Name
	}
	registry := strings.TrimSuffix(strings.TrimPrefix(qualifiers["repository_url"], "https://"), "/")
	switch {
	case registry != "" && p.Type == packageurl.TypeOCI:
		name = registry // it is the whole repository's
	case registry != "":
		name = registry + "/" + name
	}
	if pinned = qualifiers["digest"]; strings.Contains(p.Version, ":") {
		pinned = p.Version
	}
	return repositoryName(name), pinned, true, nil
}

// repositoryName is the full name of the repository that a reference is in: without tag and
// digest, and with what Docker leaves out of the names of its own registry.
func repositoryName(reference string) string {
	name, _, _ := strings.Cut(reference, "@")
	if i := strings.LastIndexByte(name, ':'); i > strings.LastIndexByte(name, '/') {
		name = name[:i]
	}
	host, path, found := strings.Cut(name, "/")
	switch {
	case name == "" || name == scratch || strings.Contains(host, "*"):
		return name
	case !found:
		return "docker.io/library/" + name
	case host == "index.docker.io" || host == "registry-1.docker.io":
		host = "docker.io"
	case !strings.ContainsAny(host, ".:") && host != "localhost":
		host, path = "docker.io", name
	}
	if host == "docker.io" && !strings.Contains(path, "/") && path != "**" {
		path = "library/" + path
	}
	return host + "/" + path
}
