package run

import (
	"strings"

	"github.com/carnet-project/carnet/attest"
)

// An Image is the container image that a step runs in, as the container says.
type Image struct {
	// Name is what the image was called when the container was made, or empty.
	Name string
	// Digest is of the manifest where the name has one, or zero.
	Digest attest.Digest
	// ID is the runtime's own id of the image, which is not a manifest's digest, or empty.
	ID string
	// From says where this was found.
	From string
}

// The files by which runtimes mark containers: Podman's says the image (podman,
// pkg/specgen, "containerenv"), Docker's is empty.
const (
	podmanFile = "/run/.containerenv"
	dockerFile = "/.dockerenv"
)

// imageOf finds the image from the marks of runtimes and from what a CI system calls it,
// which may be empty. Outside of a container it is nil.
func imageOf(read func(path string) ([]byte, error), named string) *Image {
	if raw, err := read(podmanFile); err == nil {
		if i := podman(string(raw)); i != nil {
			return i
		}
	}
	if named == "" {
		return nil
	}
	from := "environment"
	if _, err := read(dockerFile); err == nil {
		from = "environment, in a container"
	}
	return newImage(named, from)
}

func podman(text string) *Image {
	values := map[string]string{}
	for line := range strings.Lines(text) {
		name, value, found := strings.Cut(strings.TrimSpace(line), "=")
		if found {
			values[name] = strings.Trim(value, `"`)
		}
	}
	if values["image"] == "" && values["imageid"] == "" {
		return nil // a container whose engine says nothing unless it is privileged
	}
	i := newImage(values["image"], podmanFile)
	if d, err := attest.ParseDigest("sha256:" + strings.TrimPrefix(values["imageid"], "sha256:")); err == nil {
		i.ID = d.String()
	}
	return i
}

func newImage(name, from string) *Image {
	i := &Image{Name: name, From: from}
	if _, digest, found := strings.Cut(name, "@"); found {
		if d, err := attest.ParseDigest(digest); err == nil {
			i.Digest = d
		}
	}
	return i
}
