package main

import (
	"fmt"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/rogpeppe/go-internal/testscript"
)

// buildkit TARGET SEED PROVENANCE SBOM [LIE] stores an index as BuildKit makes it: images for
// linux/amd64 and linux/arm64, and for each an attestation manifest with two unsigned
// statements, whose predicates are in the files (moby/buildkit,
// docs/attestations/attestation-storage.md). It sets $DIGEST, $AMD64 and $ARM64. A LIE is
// "subject", where the statements are about something else than the index says, "platform",
// where the index has the attestation manifests for an image that is not in it, or "swapped",
// where each is for the other platform.
func buildkit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 4 || len(args) > 5 {
		ts.Fatalf("usage: buildkit TARGET SEED PROVENANCE SBOM [LIE]")
	}
	lie := strings.Join(args[4:], "")
	digests := map[string]string{}
	idx := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, arch := range []string{"amd64", "arm64"} {
		img, err := linux(arch, args[1])
		ts.Check(err)
		digest, err := img.Digest()
		ts.Check(err)
		digests[arch] = digest.String()
		ts.Setenv(strings.ToUpper(arch), digest.String())
		idx = mutate.AppendManifests(idx, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: arch}}})
	}
	nobody := "sha256:" + strings.Repeat("0", 64)
	for arch, other := range map[string]string{"amd64": "arm64", "arm64": "amd64"} {
		named, about := digests[arch], digests[arch]
		switch lie {
		case "subject":
			about = nobody
		case "platform":
			named, about = nobody, nobody
		case "swapped":
			named = digests[other]
		}
		idx = mutate.AppendManifests(idx, mutate.IndexAddendum{
			Add: attestations(ts, about, ts.ReadFile(args[2]), ts.ReadFile(args[3])),
			Descriptor: v1.Descriptor{
				Platform:    &v1.Platform{OS: "unknown", Architecture: "unknown"},
				Annotations: map[string]string{"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": named},
			},
		})
	}
	store(ts, args[0], idx)
}

// attestations is an attestation manifest with statements about an image.
func attestations(ts *testscript.TestScript, about, provenance, sbom string) v1.Image {
	img := mutate.MediaType(empty.Image, types.OCIManifestSchema1)
	for _, st := range []struct{ kind, predicate string }{
		{"https://spdx.dev/Document", sbom},
		{"https://slsa.dev/provenance/v1", provenance},
	} {
		text := fmt.Sprintf(`{"_type":"https://in-toto.io/Statement/v0.1","predicateType":%q,"subject":[{"name":"pkg:docker/acme/app@1?platform=linux%%2Famd64","digest":{"sha256":%q}}],"predicate":%s}`,
			st.kind, strings.TrimPrefix(about, "sha256:"), strings.TrimSpace(st.predicate))
		var err error
		img, err = mutate.Append(img, mutate.Addendum{
			Layer:       static.NewLayer([]byte(text), "application/vnd.in-toto+json"),
			Annotations: map[string]string{"in-toto.io/predicate-type": st.kind},
		})
		ts.Check(err)
	}
	return img
}
