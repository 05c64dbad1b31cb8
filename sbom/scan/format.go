package scan

import (
	"fmt"
	"strings"
)

// A Format names a serialisation of a [Result]. The zero Format is none.
type Format string

// The formats a Result can be encoded in.
const (
	SPDXJSON      Format = "spdx-json"      // SPDX 2.3, JSON
	SPDXTagValue  Format = "spdx-tag-value" // SPDX 2.3, tag-value
	CycloneDXJSON Format = "cyclonedx-json" // CycloneDX 1.7, JSON
	CycloneDXXML  Format = "cyclonedx-xml"  // CycloneDX 1.7, XML
	SyftJSON      Format = "syft-json"      // syft's own model, which keeps everything it found
)

// Formats lists every Format, the default first.
func Formats() []Format {
	return []Format{SPDXJSON, SPDXTagValue, CycloneDXJSON, CycloneDXXML, SyftJSON}
}

// ParseFormat reads the name of a format exactly as Formats spells it.
func ParseFormat(s string) (Format, error) {
	names := make([]string, 0, len(Formats()))
	for _, f := range Formats() {
		if string(f) == s {
			return f, nil
		}
		names = append(names, string(f))
	}
	return "", fmt.Errorf("unknown SBOM format %q: use one of %s", s, strings.Join(names, ", "))
}

// MediaType is the IANA media type of the encoded document; syft's JSON has none registered, so it is plain JSON.
func (f Format) MediaType() string {
	switch f {
	case SPDXJSON:
		return "application/spdx+json"
	case SPDXTagValue:
		return "text/spdx"
	case CycloneDXJSON:
		return "application/vnd.cyclonedx+json"
	case CycloneDXXML:
		return "application/vnd.cyclonedx+xml"
	case SyftJSON:
		return "application/json"
	}
	return ""
}

// PredicateType is the in-toto predicate type under which the document is attested, as the predicate
// specifications of in-toto/attestation name it. It is empty for a format that cannot be a predicate:
// a predicate is a JSON object, and syft's JSON has no predicate type.
func (f Format) PredicateType() string {
	switch f {
	case SPDXJSON:
		return "https://spdx.dev/Document"
	case CycloneDXJSON:
		return "https://cyclonedx.org/bom"
	}
	return ""
}
