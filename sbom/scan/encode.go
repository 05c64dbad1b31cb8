package scan

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"runtime/debug"
	"strings"
	"time"

	"github.com/CycloneDX/cyclonedx-go"
	"github.com/spdx/tools-golang/spdx"
	"github.com/spdx/tools-golang/tagvalue"

	"github.com/anchore/syft/syft/format/common/cyclonedxhelpers"
	"github.com/anchore/syft/syft/format/common/spdxhelpers"
	"github.com/anchore/syft/syft/format/syftjson"
)

const (
	// namespace begins the documentNamespace of our SPDX documents.
	namespace = "https://github.com/carnet-project/carnet/spdx/"
	// blankID stands where a document's identifier will be, until its content is known.
	blankID = "00000000-0000-0000-0000-000000000000"
)

// Encode writes the result in format f. Encoding again gives the same bytes.
//
// The identifiers that SPDX (documentNamespace) and CycloneDX (serialNumber) ask for are UUIDs of version 8
// (RFC 9562, section 5.8) over the SHA-256 of the document with that UUID zeroed, so a document has another
// identifier exactly if it has other content.
func (r *Result) Encode(f Format) ([]byte, error) {
	var buf bytes.Buffer
	var err error
	switch f {
	case SPDXJSON:
		err = compactJSON(&buf, r.spdx())
	case SPDXTagValue:
		err = tagvalue.Write(r.spdx(), &buf)
	case CycloneDXJSON:
		err = r.cyclonedx(&buf, cyclonedx.BOMFileFormatJSON)
	case CycloneDXXML:
		err = r.cyclonedx(&buf, cyclonedx.BOMFileFormatXML)
	case SyftJSON:
		err = compactJSON(&buf, syftjson.ToFormatModel(r.bom, syftjson.DefaultEncoderConfig()))
	default:
		err = fmt.Errorf("unknown format")
	}
	if err == nil {
		err = stamp(buf.Bytes(), f)
	}
	if err != nil {
		return nil, fmt.Errorf("encode as %q: %w", f, err)
	}
	return buf.Bytes(), nil
}

func compactJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// spdx is the result as SPDX 2.3, with the identifier blank.
func (r *Result) spdx() *spdx.Document {
	doc := spdxhelpers.ToFormatModel(r.bom)
	doc.DocumentNamespace = namespace + blankID
	doc.CreationInfo.Created = r.created.Format(time.RFC3339)
	doc.CreationInfo.Creators = []spdx.Creator{
		{CreatorType: "Tool", Creator: dashed(r.bom.Descriptor.Name, r.bom.Descriptor.Version)},
		{CreatorType: "Tool", Creator: dashed("syft", syftVersion())},
	}
	return doc
}

// cyclonedx writes the result as CycloneDX, with the identifier blank.
func (r *Result) cyclonedx(w io.Writer, format cyclonedx.BOMFileFormat) error {
	bom := cyclonedxhelpers.ToFormatModel(r.bom)
	bom.SerialNumber = "urn:uuid:" + blankID
	bom.Metadata.Timestamp = r.created.Format(time.RFC3339)
	bom.Metadata.Tools = &cyclonedx.ToolsChoice{Components: &[]cyclonedx.Component{
		{Type: cyclonedx.ComponentTypeApplication, Name: r.bom.Descriptor.Name, Version: r.bom.Descriptor.Version},
		{Type: cyclonedx.ComponentTypeApplication, Name: "syft", Version: syftVersion()},
	}}
	return cyclonedx.NewBOMEncoder(w, format).SetEscapeHTML(false).EncodeVersion(bom, cyclonedx.SpecVersion1_7)
}

// stamp replaces the blank identifier of doc. Its place is found by text that no value taken from the
// target can contain: quotes are escaped inside of JSON and XML values, names have no line breaks, and in
// each format the identifier precedes everything else that was found.
func stamp(doc []byte, f Format) error {
	var before string
	switch f {
	case SPDXJSON:
		before = `"documentNamespace":"` + namespace
	case SPDXTagValue:
		before = "\nDocumentNamespace: " + namespace
	case CycloneDXJSON:
		before = `"serialNumber":"urn:uuid:`
	case CycloneDXXML:
		before = ` serialNumber="urn:uuid:`
	default:
		return nil
	}
	i := bytes.Index(doc, []byte(before+blankID))
	if i < 0 {
		return fmt.Errorf("document has no place for its identifier")
	}
	id := uuid8(sha256.Sum256(doc))
	copy(doc[i+len(before):], id)
	return nil
}

// uuid8 is the UUID of version 8 made of the first 122 free bits of sum.
func uuid8(sum [32]byte) string {
	sum[6] = sum[6]&0x0f | 0x80
	sum[8] = sum[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[0:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

func dashed(name, version string) string {
	if version == "" {
		return name
	}
	return name + "-" + version
}

// syftVersion is the version of syft in this program, or empty if the program was built without a record
// of its modules.
func syftVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, m := range info.Deps {
		if m.Path == "github.com/anchore/syft" {
			return strings.TrimPrefix(m.Version, "v")
		}
	}
	return ""
}
