package lockfile

import (
	"strings"

	"github.com/carnet-project/carnet/attest/predicate/resource"
)

// A pyFile is one of the files of a release, a source distribution or a wheel.
type pyFile struct {
	name, url string
	digests   map[string]string
}

// pypi keeps the files of a release. A lock file allows an installer any of them, and does
// not say which one it took.
func (c *collector) pypi(where, name, version, index string, files []pyFile) error {
	if version == "" {
		c.unpinned++
		return nil
	}
	if isPyPI(index) {
		index = ""
	}
	index = location(index)
	if len(files) == 0 {
		return c.add(where, resource.Descriptor{URI: purl("pypi", name, version, "repository_url", index)})
	}
	for _, f := range files {
		if err := c.entry(where); err != nil {
			return err
		}
		d := resource.Descriptor{Digest: f.digests, DownloadLocation: location(f.url)}
		checksum := ""
		if f.name == "" && len(files) > 1 {
			checksum = "sha256:" + f.digests["sha256"]
		}
		if len(files) > 1 {
			d.Annotations = map[string]any{"alternative": true}
			c.note("Of the files of one version, an installer takes the one that fits; each is here, as an alternative.")
		}
		d.URI = purl("pypi", name, version, "checksum", checksum, "file_name", f.name, "repository_url", index)
		if err := c.add(where, d); err != nil {
			return err
		}
	}
	return nil
}

func isPyPI(index string) bool {
	at := location(index)
	return strings.HasPrefix(at, "https://pypi.org/") || strings.HasPrefix(at, "https://pypi.python.org/") || at == "https://pypi.org"
}

// archive keeps a package that is a file at a URL of its own.
func (c *collector) archive(where, kind, name, version, url string, digests map[string]string) error {
	at := location(url)
	if at == "" {
		c.leave("Packages in directories or files of the project")
		return nil
	}
	return c.add(where, resource.Descriptor{URI: purl(kind, name, version, "download_url", at), DownloadLocation: at, Digest: digests})
}

// hashed is a list of hashes such as sha256:HEX as files without a name.
func (c *collector) hashed(where string, hashes []string) ([]pyFile, error) {
	var files []pyFile
	for _, hash := range hashes {
		digests, err := c.prefixed(where, hash)
		if err != nil {
			return nil, err
		}
		if digests["sha256"] == "" && len(hashes) > 1 {
			return nil, c.wrong(where, "each of several hashes a sha256", quoted(hash))
		}
		files = append(files, pyFile{digests: digests})
	}
	return files, nil
}
