package produce

import (
	"crypto/sha256"
	"io"
	"os"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/cmd/internal/cli"
)

// fileArtifact is a file by its SHA-256, read in constant memory.
func fileArtifact(path string) (artifact.Artifact, error) {
	f, err := os.Open(path)
	if err != nil {
		return artifact.Artifact{}, cli.Usagef("%v", err)
	}
	defer f.Close()
	h := sha256.New()
	size, err := io.CopyBuffer(struct{ io.Writer }{h}, struct{ io.Reader }{f}, make([]byte, 1<<20))
	if err != nil {
		return artifact.Artifact{}, err
	}
	d, err := attest.DigestOf("sha256", h.Sum(nil))
	return artifact.Artifact{Kind: artifact.KindFile, Digest: d, Size: size}, err
}
