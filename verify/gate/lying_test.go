package gate_test

import (
	"fmt"
	"testing"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/fixtures/registry"
	"github.com/carnet-project/carnet/verify/policy"
)

// A listing that calls the signature an SBOM delays it and does not hide it: its
// manifest says otherwise, and small bundles are opened as a last resort.
func TestAListingThatLies(t *testing.T) {
	s := newShop(t)
	s.list(fmt.Sprintf(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[
		{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":%q,"size":1000,"artifactType":%q,
		 "annotations":{"dev.sigstore.bundle.content":"dsse-envelope","dev.sigstore.bundle.predicateType":"https://spdx.dev/Document"}}]}`,
		s.manifest.String(), attest.BundleMediaType))
	want(t, s.verify(t), policy.Allowed, "")
	if n := s.registry.Count(registry.Blob); n != 1 {
		t.Errorf("%d bundles fetched, want the signature's", n)
	}
}
