package sbom

import (
	"fmt"
	"slices"
	"time"
)

var (
	cyclonedxHeadNames = []string{"bomFormat", "specVersion", "serialNumber", "version", "metadata", "components"}
	cyclonedxNames     = slices.Concat(cyclonedxHeadNames, []string{"dependencies", "compositions"})
	cdxMetadataNames   = []string{"timestamp", "component"}
	cdxMetadataDetail  = []string{"timestamp", "component", "authors", "manufacturer", "manufacture", "tools", "lifecycles"}
	cdxSubjectNames    = []string{"name", "components"}
	cdxComponentNames  = []string{"type", "name", "components"}
	cdxComponentDetail = []string{
		"type", "name", "components", "bom-ref", "version", "purl", "cpe", "swid", "swhid", "omniborId", "supplier", "manufacturer", "authors", "author",
		"hashes", "licenses", "externalReferences", "properties",
	}
	cdxDependencyNames  = []string{"ref", "dependsOn", "provides"}
	cdxCompositionNames = []string{"aggregate", "assemblies", "dependencies"}
	cdxSpecVersion      = lazy(`^1\.[0-9]{1,3}$`)
	cdxSerialNumber     = lazy(`^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	cdxDocumentVersion  = lazy(`^[1-9][0-9]{0,9}$`)
)

// maxNesting bounds components within components; real documents use one or two levels.
const maxNesting = 32

// cyclonedx is the head of a CycloneDX document (ECMA-424).
type cyclonedx struct {
	format, specVersion, serial, timestamp, revision string
	subject                                          Package
	described                                        bool
	authors                                          []Party
	maker                                            Party
	tools                                            []Tool
	contexts                                         []string
	nesting                                          int
	// completeness is what compositions say, by bom-ref.
	completeness map[string]string
}

func (r *reader) cyclonedx(name string) error {
	d := &r.cdx
	switch name {
	case "bomFormat":
		return r.text(&d.format)
	case "specVersion":
		return r.text(&d.specVersion)
	case "serialNumber":
		return r.text(&d.serial)
	case "version":
		return r.cdxVersion()
	case "metadata":
		return r.object(r.names(cdxMetadataDetail, cdxMetadataNames), r.cdxMetadata)
	case "dependencies":
		return r.array(r.cdxDependency)
	case "compositions":
		return r.array(r.cdxComposition)
	default:
		return r.array(r.cdxComponent)
	}
}

// cdxVersion reads the revision of the document, a whole number from 1.
func (r *reader) cdxVersion() error {
	if kind := r.dec.PeekKind(); kind != '0' {
		return r.wrong(kind, "a number")
	}
	token, err := r.dec.ReadToken()
	if err != nil {
		return err
	}
	r.cdx.revision = token.String()
	if s := r.cdx.revision; !cdxDocumentVersion().MatchString(s) {
		return r.errorf("%q is not a whole number from 1", s)
	}
	return nil
}

// cdxMetadata reads what the document says of itself.
func (r *reader) cdxMetadata(name string) error {
	d := &r.cdx
	switch name {
	case "timestamp":
		return r.text(&d.timestamp)
	case "authors":
		return r.parties(&d.authors)
	case "manufacturer", "manufacture":
		return r.party(&d.maker)
	case "tools":
		return r.cdxTools()
	case "lifecycles":
		return r.array(func() error {
			return r.object([]string{"phase", "name"}, func(string) error {
				var phase string
				err := r.text(&phase)
				d.contexts = append(d.contexts, phase)
				return err
			})
		})
	}
	d.described = true
	return r.object(r.names(cdxComponentDetail, cdxSubjectNames), func(name string) error {
		if name == "type" {
			return r.dec.SkipValue()
		}
		return r.cdxMember(&d.subject, name)
	})
}

// cdxTools reads a list of tools, as up to CycloneDX 1.4, or an object with components.
func (r *reader) cdxTools() error {
	tool := func() error {
		var t Tool
		err := r.object([]string{"name", "version"}, func(name string) error {
			if name == "name" {
				return r.text(&t.Name)
			}
			return r.text(&t.Version)
		})
		if t.Name != "" {
			r.cdx.tools = append(r.cdx.tools, t)
		}
		return err
	}
	if r.dec.PeekKind() == '[' {
		return r.array(tool)
	}
	return r.object([]string{"components", "services"}, func(string) error { return r.array(tool) })
}

// cdxComponent reads a component and those nested in it, which follow it in the view.
func (r *reader) cdxComponent() error {
	if r.cdx.nesting++; r.cdx.nesting > maxNesting {
		return r.errorf("components are nested more than %d deep", maxNesting)
	}
	defer func() { r.cdx.nesting-- }()
	var p Package
	var kind string
	// Nested ones are added while their parent is read, so its place is kept.
	place := len(r.packages)
	err := r.object(r.names(cdxComponentDetail, cdxComponentNames), func(name string) error {
		if name == "type" {
			return r.shared(&kind)
		}
		return r.cdxMember(&p, name)
	})
	if err != nil {
		return err
	}
	switch {
	case kind == "":
		return r.errorf("component %q without a type", p.Name)
	case kind == "file":
		return nil
	}
	if err := r.add(p); err != nil {
		return err
	}
	if r.detail {
		nested := r.packages[place:]
		copy(nested[1:], nested)
		nested[0] = p
	}
	return nil
}

// cdxMember reads a member of a component.
func (r *reader) cdxMember(p *Package, name string) error {
	switch name {
	case "name":
		return r.text(&p.Name)
	case "bom-ref":
		return r.ref(&p.Ref)
	case "version":
		return r.text(&p.Version)
	case "purl":
		return r.text(&p.PURL)
	case "cpe":
		return r.cdxIdentifier(p)
	case "swhid", "omniborId":
		return r.texts(func(id []byte) { p.identify(string(id)) })
	case "swid":
		return r.object([]string{"tagId"}, func(string) error { return r.cdxIdentifier(p) })
	case "supplier":
		return r.party(&p.Supplier)
	case "manufacturer":
		return r.party(&p.Manufacturer)
	case "author":
		var author string
		err := r.shared(&author)
		p.manufacturer(Party{Name: author})
		return err
	case "authors":
		var authors []Party
		err := r.parties(&authors)
		for _, a := range authors {
			p.manufacturer(a)
		}
		return err
	case "hashes":
		return r.hashes([]string{"alg", "content"}, &p.Hashes)
	case "licenses":
		return r.cdxLicenses(p)
	case "externalReferences":
		return r.cdxReferences(p)
	case "properties":
		return r.cdxProperties(p)
	default:
		return r.array(r.cdxComponent)
	}
}

// manufacturer keeps the first that says how to reach anybody, or else the first.
func (p *Package) manufacturer(a Party) {
	if p.Manufacturer.IsZero() || p.Manufacturer.Email == "" && p.Manufacturer.URL == "" && (a.Email != "" || a.URL != "") {
		p.Manufacturer = a
	}
}

func (r *reader) cdxIdentifier(p *Package) error {
	var id string
	err := r.text(&id)
	p.identify(id)
	return err
}

// cdxDependency reads what one component needs; that it needs nothing is said by an entry without any.
func (r *reader) cdxDependency() error {
	var from int32
	var to []int32
	known := false
	err := r.object(cdxDependencyNames, func(name string) error {
		if name == "ref" {
			ref, err := r.word()
			from, known = r.graph.id(ref), err == nil
			return err
		}
		return r.texts(func(ref []byte) { to = append(to, r.graph.id(ref)) })
	})
	if known {
		r.graph.told[from] = true
	}
	for _, n := range to {
		if known {
			r.graph.add(from, n)
		}
	}
	return err
}

// cdxComposition reads how complete what is said of some components is.
func (r *reader) cdxComposition() error {
	var aggregate string
	var refs []string
	err := r.object(cdxCompositionNames, func(name string) error {
		if name == "aggregate" {
			return r.text(&aggregate)
		}
		return r.texts(func(ref []byte) { refs = append(refs, string(ref)) })
	})
	for _, ref := range refs {
		if r.cdx.completeness == nil {
			r.cdx.completeness = map[string]string{}
		}
		r.cdx.completeness[ref] = aggregate
	}
	return err
}

func (d *cyclonedx) header() (*Header, error) {
	switch {
	case d.format != "CycloneDX":
		return nil, fmt.Errorf("at %q: %q must be %q", "/bomFormat", d.format, "CycloneDX")
	case !cdxSpecVersion().MatchString(d.specVersion):
		return nil, fmt.Errorf("at %q: version %q is not one of CycloneDX 1", "/specVersion", d.specVersion)
	case d.serial != "" && !cdxSerialNumber().MatchString(d.serial):
		return nil, fmt.Errorf("at %q: %q is not a UUID as a URN", "/serialNumber", d.serial)
	}
	var created time.Time
	if d.timestamp != "" {
		var err error
		if created, err = timestamp("/metadata/timestamp", d.timestamp); err != nil {
			return nil, err
		}
	}
	return &Header{Format: CycloneDX, SpecVersion: d.specVersion, Name: d.subject.Name, ID: d.serial, Created: created}, nil
}

// complete adds to the document what its head says.
func (d *cyclonedx) complete(doc *Document) {
	doc.Authors, doc.Tools, doc.Contexts, doc.Revision = d.authors, d.tools, d.contexts, d.revision
	if !d.maker.IsZero() {
		doc.Authors = append(doc.Authors, d.maker)
	}
	if d.described {
		d.subject.Completeness = d.completeness[d.subject.Ref]
		doc.Described = []Package{d.subject}
		if d.subject.Ref != "" {
			doc.graph.roots = append(doc.graph.roots, doc.graph.id([]byte(d.subject.Ref)))
		}
	}
	for i := range doc.Packages {
		p := &doc.Packages[i]
		if p.Ref != "" {
			p.Completeness = d.completeness[p.Ref]
		}
	}
}
