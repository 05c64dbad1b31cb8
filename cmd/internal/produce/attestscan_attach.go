package produce

import (
	"bytes"
	"context"
	"io"
	"path/filepath"

	"github.com/go-json-experiment/json"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/ingest"
	"github.com/carnet-project/carnet/attest/oci"
	"github.com/carnet-project/carnet/attest/predicate/reference"
	"github.com/carnet-project/carnet/attest/predicate/resource"
	"github.com/carnet-project/carnet/cmd/internal/cli"
)

// An attachedReport is a file of a report that is stored with the image.
type attachedReport struct {
	document   oci.Document
	descriptor resource.Descriptor
}

// descriptor names a report by its digest. Where it lay on this machine is nobody's business.
func (f reportFile) descriptor() resource.Descriptor {
	d := resource.Descriptor{
		Digest: digestSet(attest.SHA256(f.raw)), MediaType: mediaType(f.format),
		Annotations: map[string]any{"size": len(f.raw)},
	}
	if f.name != "-" {
		d.Name = filepath.Base(f.name)
	}
	return d
}

func mediaType(f ingest.Format) string {
	switch f {
	case ingest.SARIF:
		return "application/sarif+json"
	case ingest.JUnit:
		return "application/xml"
	case ingest.GoTest:
		return "application/x-ndjson"
	case ingest.TAP:
		return "text/plain"
	case ingest.CycloneDX:
		return "application/vnd.cyclonedx+json"
	}
	return "application/json"
}

// pack makes documents of the files, compressed, where --attach-report asks for them.
func (s *ingested) pack(image *subject, n artifact.Artifact) ([]attachedReport, error) {
	if !s.call.Bool("attach-report") {
		return nil, nil
	}
	if s.as() == asVEX {
		return nil, cli.Usagef("--attach-report: OpenVEX has no place in which a report could be named")
	}
	var all []attachedReport
	for _, f := range s.files {
		var stored bytes.Buffer
		p, err := reference.Pack(&stored, bytes.NewReader(f.raw))
		if err != nil {
			return nil, err
		}
		a := attachedReport{descriptor: f.descriptor(), document: oci.Document{
			MediaType: mediaType(f.format), Digest: p.Digest, Size: p.Size,
			Encoding: p.Stored.Encoding, Stored: p.Stored.Digest, StoredSize: p.Stored.Size,
			Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(stored.Bytes())), nil },
		}}
		if a.descriptor.DownloadLocation, err = image.store.DocumentLocation(n, a.document); err != nil {
			return nil, cli.StoreError(err)
		}
		all = append(all, a)
	}
	return all, nil
}

// withReports adds the attached reports to a predicate, under a name that no type has. Types
// allow members that they do not specify (in-toto attestation framework, spec/v1, "Parsing
// rules").
func withReports(predicate []byte, attached []attachedReport) ([]byte, error) {
	if len(attached) == 0 {
		return predicate, nil
	}
	var all []resource.Descriptor
	for _, a := range attached {
		all = append(all, a.descriptor)
	}
	list, err := json.Marshal(all, json.Deterministic(true))
	if err != nil {
		return nil, err
	}
	predicate = bytes.TrimSuffix(predicate, []byte("}"))
	return append(append(append(bytes.Clone(predicate), `,"carnet_reports":`...), list...), '}'), nil
}

// attachReports stores them before anything is signed that names them.
func attachReports(ctx context.Context, image *subject, n artifact.Artifact, attached []attachedReport) error {
	for _, a := range attached {
		if _, err := image.store.AttachDocument(ctx, n, a.document); err != nil {
			return cli.StoreError(err)
		}
	}
	return nil
}
