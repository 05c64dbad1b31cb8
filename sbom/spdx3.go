package sbom

import (
	"errors"
	"fmt"
)

var (
	spdx3Names = []string{"@context", "@graph"}
	// One list serves all elements: what an element is may be told after its other members.
	spdx3ElementNames = []string{"type", "spdxId", "name", "specVersion", "created", "software_packageVersion", "software_packageUrl"}
	spdx3Context      = lazy(`^https://spdx\.org/rdf/(3\.[0-9.]{1,15})/spdx-context\.jsonld$`)
)

// spdx3 is the head of an SPDX 3 document in its JSON-LD serialisation (SPDX 3.0.1, annex "serialization").
type spdx3 struct {
	context, id, name, specVersion, created string
	documents                               int
}

func (r *reader) spdx3(name string) error {
	if name == "@context" {
		return r.text(&r.ld.context)
	}
	return r.array(r.spdx3Element)
}

// An element is what is read of one entry of the graph.
type element struct {
	kind, id, name, specVersion, created, version, purl string
}

func (e *element) member(name string) *string {
	switch name {
	case "type":
		return &e.kind
	case "spdxId":
		return &e.id
	case "name":
		return &e.name
	case "specVersion":
		return &e.specVersion
	case "created":
		return &e.created
	case "software_packageVersion":
		return &e.version
	default:
		return &e.purl
	}
}

func (r *reader) spdx3Element() error {
	var e element
	err := r.object(spdx3ElementNames, func(name string) error { return r.text(e.member(name)) })
	if err != nil {
		return err
	}
	switch e.kind {
	case "":
		return r.errorf("element without a type")
	case "SpdxDocument":
		r.ld.documents++
		r.ld.id, r.ld.name = e.id, e.name
	case "CreationInfo":
		// A document may hold elements made at several times; the first is taken to be its own.
		if r.ld.specVersion == "" {
			r.ld.specVersion, r.ld.created = e.specVersion, e.created
		}
	case "software_Package":
		return r.add(Package{Name: e.name, Version: e.version, PURL: e.purl})
	}
	return nil
}

func (d *spdx3) header(seen map[string]bool) (*Header, error) {
	switch {
	case !spdx3Context().MatchString(d.context):
		return nil, fmt.Errorf("at %q: %q is not the context of SPDX 3", "/@context", d.context)
	case !seen["@graph"]:
		return nil, fmt.Errorf("SPDX 3 document lacks %q", "@graph")
	case d.documents != 1:
		return nil, fmt.Errorf("at %q: it has %d elements of type SpdxDocument, not one", "/@graph", d.documents)
	case d.id == "":
		return nil, fmt.Errorf("at %q: its SpdxDocument has no spdxId", "/@graph")
	case d.specVersion == "":
		return nil, errors.New(`at "/@graph": it has no CreationInfo with a specVersion`)
	}
	created, err := timestamp("/@graph", d.created)
	if err != nil {
		return nil, err
	}
	return &Header{Format: SPDX, SpecVersion: d.specVersion, Name: d.name, ID: d.id, Created: created}, nil
}
