package sbom

import (
	"errors"
	"fmt"
	"strings"
)

var (
	spdx3Names = []string{"@context", "@graph"}
	// One list serves all elements: what an element is may be told after its other members.
	spdx3HeadNames    = []string{"type", "spdxId", "name", "specVersion", "created"}
	spdx3ElementNames = []string{
		"type", "spdxId", "@id", "name", "specVersion", "created", "software_packageVersion", "software_packageUrl", "relationshipType", "completeness",
		"simplelicensing_licenseExpression", "suppliedBy", "originatedBy", "createdBy", "createdUsing", "from", "to", "rootElement", "software_sbomType",
		"software_additionalPurpose", "expandedlicensing_member", "expandedlicensing_subjectLicense", "expandedlicensing_subjectExtendableLicense",
		"expandedlicensing_subjectAddition", "externalIdentifier", "verifiedUsing",
	}
	spdx3IdentifierNames = []string{"externalIdentifierType", "identifier"}
	spdx3HashNames       = []string{"algorithm", "hashValue"}
	spdx3Context         = lazy(`^https://spdx\.org/rdf/(3\.[0-9.]{1,15})/spdx-context\.jsonld$`)
)

// spdx3 is an SPDX 3 document in its JSON-LD serialisation (SPDX 3.0.1, annex "serialization").
type spdx3 struct {
	context, id, name, specVersion, created string
	documents                               int
	// creation is the document's own CreationInfo.
	creation            element
	agents              map[string]Party
	tools               map[string]string
	contexts            []string
	rooted              map[string][]string
	suppliers, makers   map[string]string
	licenses            map[string]*license3
	licensed, delivered [][2]string
	files               map[string]Distribution
	completeness        map[string]string
}

func (r *reader) spdx3(name string) error {
	if name == "@context" {
		return r.text(&r.ld.context)
	}
	return r.array(r.spdx3Element)
}

// An element is what is read of one entry of the graph.
type element struct {
	kind, id, name, specVersion, created, version, purl, relation, completeness, expression string
	// refs are the members that name other elements or words.
	refs        map[string][]string
	identifiers [][2]string
	hashes      []Hash
}

func (e *element) member(name string) *string {
	switch name {
	case "type":
		return &e.kind
	case "spdxId", "@id":
		return &e.id
	case "name":
		return &e.name
	case "specVersion":
		return &e.specVersion
	case "created":
		return &e.created
	case "software_packageVersion":
		return &e.version
	case "software_packageUrl":
		return &e.purl
	case "relationshipType":
		return &e.relation
	case "completeness":
		return &e.completeness
	case "simplelicensing_licenseExpression":
		return &e.expression
	}
	return nil
}

func (r *reader) spdx3Element() error {
	var e element
	err := r.object(r.names(spdx3ElementNames, spdx3HeadNames), func(name string) error {
		if text := e.member(name); text != nil {
			return r.text(text)
		}
		switch name {
		case "externalIdentifier":
			return r.spdx3Identifiers(&e)
		case "verifiedUsing":
			return r.spdx3Hashes(&e)
		}
		return r.texts(func(ref []byte) {
			if e.refs == nil {
				e.refs = map[string][]string{}
			}
			e.refs[name] = append(e.refs[name], string(ref))
		})
	})
	if err != nil {
		return err
	}
	if e.kind == "" {
		return r.errorf("element without a type")
	}
	return r.spdx3Take(&e)
}

// spdx3Hashes reads hashes in place; those elsewhere in the graph, to which an id refers, are not looked up.
func (r *reader) spdx3Hashes(e *element) error {
	return r.array(func() error {
		if r.dec.PeekKind() == '"' {
			return r.dec.SkipValue()
		}
		return r.hash(spdx3HashNames, &e.hashes)
	})
}

func (r *reader) spdx3Identifiers(e *element) error {
	return r.array(func() error {
		if r.dec.PeekKind() == '"' {
			return r.dec.SkipValue()
		}
		var kind, id string
		err := r.object(spdx3IdentifierNames, func(name string) error {
			if name == "identifier" {
				return r.text(&id)
			}
			return r.text(&kind)
		})
		e.identifiers = append(e.identifiers, [2]string{kind, id})
		return err
	})
}

// spdx3Take keeps of an element what the view needs.
func (r *reader) spdx3Take(e *element) error {
	d := &r.ld
	switch e.kind {
	case "SpdxDocument":
		d.documents++
		d.id, d.name = e.id, e.name
		put(&d.rooted, e.id, e.refs["rootElement"])
	case "CreationInfo":
		// A document may hold elements made at several times; the first is taken to be its own.
		if d.specVersion == "" {
			d.specVersion, d.created, d.creation = e.specVersion, e.created, *e
		}
	case "software_Package":
		return r.add(d.pack(e))
	case "software_Sbom", "Bom", "Bundle":
		d.contexts = append(d.contexts, e.refs["software_sbomType"]...)
		put(&d.rooted, e.id, e.refs["rootElement"])
	case "Person", "Organization", "Agent", "SoftwareAgent":
		put(&d.agents, e.id, e.party())
	case "Tool":
		put(&d.tools, e.id, e.name)
	case "software_File":
		d.file(e)
	case "Relationship", "LifecycleScopedRelationship":
		r.spdx3Relationship(e)
	default:
		if strings.HasPrefix(e.kind, "simplelicensing_") || strings.HasPrefix(e.kind, "expandedlicensing_") {
			put(&d.licenses, e.id, e.license())
		}
	}
	return nil
}

func put[T any](m *map[string]T, key string, value T) {
	if *m == nil {
		*m = map[string]T{}
	}
	(*m)[key] = value
}

// pack is the package that an element is.
func (d *spdx3) pack(e *element) Package {
	p := Package{Ref: e.id, Name: e.name, Version: e.version, Hashes: e.hashes}
	if e.purl != "" {
		p.purl(e.purl)
	}
	for _, id := range e.identifiers {
		switch id[0] {
		case "packageUrl", "packageURL":
			p.purl(id[1])
		case "cpe22", "cpe23", "swid", "swhid", "gitoid":
			p.identify(id[1])
		}
	}
	for name, into := range map[string]*map[string]string{"suppliedBy": &d.suppliers, "originatedBy": &d.makers} {
		if who := e.refs[name]; len(who) > 0 && e.id != "" {
			put(into, e.id, who[0])
		}
	}
	return p
}

func (e *element) party() Party {
	p := Party{Name: e.name}
	for _, id := range e.identifiers {
		switch {
		case id[0] == "email":
			p.Email = id[1]
		case strings.HasPrefix(id[1], "https://") || strings.HasPrefix(id[1], "http://"):
			p.URL = id[1]
		}
	}
	return p
}

// file keeps a file that may be the one as which a package is delivered. BSI asks that such a one has a
// SHA-512; others are not kept, for they are most of a document.
func (d *spdx3) file(e *element) {
	for _, h := range e.hashes {
		if h.Algorithm != "sha512" {
			continue
		}
		f := Distribution{FileName: e.name, Hashes: e.hashes, Executable: "non-executable", Archive: "no archive", Structured: "unstructured"}
		for _, purpose := range e.refs["software_additionalPurpose"] {
			switch purpose {
			case "executable":
				f.Executable = "executable"
			case "archive":
				f.Archive = "archive"
			case "container":
				f.Structured = "structured"
			}
		}
		put(&d.files, e.id, f)
		return
	}
}

// spdx3Relationship keeps the relations that say what contains or needs what, what is delivered as which
// file, and what has which licence.
func (r *reader) spdx3Relationship(e *element) {
	froms, d := e.refs["from"], &r.ld
	if len(froms) != 1 {
		return
	}
	from := froms[0]
	switch e.relation {
	case "contains", "dependsOn", "hasDynamicLink", "hasStaticLink", "hasPrerequisite", "hasProvidedDependency", "hasOptionalDependency", "hasOptionalComponent", "packagedBy":
		n := r.graph.id([]byte(from))
		r.graph.told[n] = true
		if e.completeness != "" {
			put(&d.completeness, from, e.completeness)
		}
		for _, to := range e.refs["to"] {
			m := r.graph.id([]byte(to))
			if e.relation == "packagedBy" {
				r.graph.add(m, n)
			} else if !strings.HasSuffix(to, "/NoneElement") && !strings.HasSuffix(to, "/NoAssertionElement") {
				r.graph.add(n, m)
			}
		}
	case "hasDistributionArtifact":
		for _, to := range e.refs["to"] {
			d.delivered = append(d.delivered, [2]string{from, to})
		}
	case "hasConcludedLicense", "hasDeclaredLicense":
		for _, to := range e.refs["to"] {
			if !nobody(to) {
				d.licensed = append(d.licensed, [2]string{from, to})
			}
		}
	}
}

// nobody says whether the id is of SPDX 3's individuals for licences that nobody states.
func nobody(id string) bool {
	return strings.HasSuffix(id, "/NoAssertionLicense") || strings.HasSuffix(id, "/NoneLicense")
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
