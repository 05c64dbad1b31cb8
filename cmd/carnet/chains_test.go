package main

import (
	"encoding/json"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/rogpeppe/go-internal/testscript"
)

// chains REPO DIGEST BUNDLE... stores the envelopes in bundles as Tekton Chains stores
// attestations: bare, as layers of one manifest at cosign's older tag, sha256-HEX.att
// (tektoncd/chains, docs/config.md, artifacts.oci.storage).
func chains(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: chains REPO DIGEST BUNDLE...")
	}
	img := mutate.MediaType(empty.Image, types.OCIManifestSchema1)
	for _, file := range args[2:] {
		var bundle struct {
			DSSEEnvelope json.RawMessage `json:"dsseEnvelope"`
		}
		ts.Check(json.Unmarshal([]byte(ts.ReadFile(file)), &bundle))
		var err error
		img, err = mutate.Append(img, mutate.Addendum{
			Layer:       static.NewLayer(bundle.DSSEEnvelope, "application/vnd.dsse.envelope.v1+json"),
			Annotations: map[string]string{"dev.cosignproject.cosign/signature": "", "predicateType": "https://slsa.dev/provenance/v1"},
		})
		ts.Check(err)
	}
	digest := ts.Getenv("DIGEST")
	store(ts, args[0]+":"+strings.Replace(args[1], ":", "-", 1)+".att", img)
	ts.Setenv("DIGEST", digest)
}
