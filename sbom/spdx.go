package sbom

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

var (
	spdx2Required        = []string{"spdxVersion", "SPDXID", "name", "dataLicense", "documentNamespace", "creationInfo", "packages"}
	spdx2Names           = slices.Concat(spdx2Required, []string{"documentDescribes", "relationships"})
	spdxCreationNames    = []string{"created", "creators"}
	spdxCreationDetail   = []string{"created", "creators", "comment"}
	spdxPackageNames     = []string{"name", "SPDXID"}
	spdxPackageDetail    = []string{"name", "SPDXID", "versionInfo", "supplier", "originator", "checksums", "licenseConcluded", "licenseDeclared", "externalRefs", "packageFileName"}
	spdxChecksumNames    = []string{"algorithm", "checksumValue"}
	spdxRefNames         = []string{"referenceType", "referenceLocator"}
	spdxRelationshipName = []string{"spdxElementId", "relationshipType", "relatedSpdxElement"}
	spdx2Version         = lazy(`^SPDX-(2\.[0-9]{1,3})$`)
)

// spdxDocument is the id of every SPDX 2 document in itself.
const spdxDocument = "SPDXRef-DOCUMENT"

// spdx2 is the head of an SPDX 2 document (SPDX 2.3, section 6).
type spdx2 struct {
	version, id, name, license, namespace, created string
	comment                                        string
	creators                                       int
	authors                                        []Party
	tools                                          []Tool
}

func (r *reader) spdx2(name string) error {
	d := &r.spdx
	switch name {
	case "spdxVersion":
		return r.text(&d.version)
	case "SPDXID":
		return r.text(&d.id)
	case "name":
		return r.text(&d.name)
	case "dataLicense":
		return r.text(&d.license)
	case "documentNamespace":
		return r.text(&d.namespace)
	case "creationInfo":
		return r.object(r.names(spdxCreationDetail, spdxCreationNames), r.spdxCreation)
	case "documentDescribes":
		return r.texts(func(id []byte) { r.graph.roots = append(r.graph.roots, r.graph.id(id)) })
	case "relationships":
		return r.array(r.spdxRelationship)
	default:
		return r.array(r.spdxPackage)
	}
}

func (r *reader) spdxCreation(name string) error {
	switch name {
	case "created":
		return r.text(&r.spdx.created)
	case "comment":
		return r.text(&r.spdx.comment)
	}
	return r.array(func() error {
		var creator string
		r.spdx.creators++
		err := r.text(&creator)
		r.spdx.creator(creator)
		return err
	})
}

// creator takes "Tool: name-version", "Organization: name (email)" and "Person: name (email)" (SPDX 2.3,
// section 6.8).
func (d *spdx2) creator(text string) {
	if tool, found := strings.CutPrefix(text, "Tool:"); found {
		name, version := strings.TrimSpace(tool), ""
		if i := strings.LastIndexByte(name, '-'); i > 0 {
			name, version = name[:i], name[i+1:]
		}
		d.tools = append(d.tools, Tool{name, version})
		return
	}
	if p := spdxParty(text); !p.IsZero() {
		d.authors = append(d.authors, p)
	}
}

// spdxParty reads "Organization: name (email)" and "Person: name (email)". Nobody is named by NOASSERTION.
func spdxParty(text string) Party {
	kind, rest, found := strings.Cut(text, ":")
	if !found || kind != "Person" && kind != "Organization" {
		return Party{}
	}
	var p Party
	p.Name = strings.TrimSpace(rest)
	if i := strings.LastIndexByte(p.Name, '('); i >= 0 && strings.HasSuffix(p.Name, ")") {
		p.Email = strings.TrimSpace(p.Name[i+1 : len(p.Name)-1])
		p.Name = strings.TrimSpace(p.Name[:i])
	}
	return p
}

// spdxPackage reads a package (SPDX 2.3, section 7).
func (r *reader) spdxPackage() error {
	var p Package
	var concluded, declared, supplier, originator, file string
	err := r.object(r.names(spdxPackageDetail, spdxPackageNames), func(name string) error {
		switch name {
		case "name":
			return r.text(&p.Name)
		case "SPDXID":
			return r.ref(&p.Ref)
		case "versionInfo":
			return r.text(&p.Version)
		case "supplier":
			return r.shared(&supplier)
		case "originator":
			return r.shared(&originator)
		case "packageFileName":
			return r.text(&file)
		case "checksums":
			return r.hashes(spdxChecksumNames, &p.Hashes)
		case "licenseConcluded":
			return r.shared(&concluded)
		case "licenseDeclared":
			return r.shared(&declared)
		default:
			return r.spdxRefs(&p)
		}
	})
	if err != nil {
		return err
	}
	if p.Ref == "" {
		return r.errorf("package %q without an SPDXID", p.Name)
	}
	p.Supplier, p.Manufacturer = spdxParty(supplier), spdxParty(originator)
	if file != "" {
		p.distribution().FileName = file
	}
	for _, license := range []string{concluded, declared} {
		p.license(license)
	}
	return r.add(p)
}

// hashes reads hash values, whose two names are given in the order algorithm, value.
func (r *reader) hashes(names []string, into *[]Hash) error {
	return r.array(func() error { return r.hash(names, into) })
}

func (r *reader) hash(names []string, into *[]Hash) error {
	var h Hash
	err := r.object(names, func(name string) error {
		if name == names[0] {
			return r.shared(&h.Algorithm)
		}
		return r.text(&h.Value)
	})
	if h.Algorithm = strings.Replace(strings.ToLower(h.Algorithm), "sha-", "sha", 1); h.Value != "" {
		*into = append(*into, h)
	}
	return err
}

// spdxRefs reads a package's external references for what identifies it (SPDX 2.3, annex F).
func (r *reader) spdxRefs(p *Package) error {
	return r.array(func() error {
		var kind, locator string
		err := r.object(spdxRefNames, func(name string) error {
			if name == "referenceType" {
				return r.shared(&kind)
			}
			return r.text(&locator)
		})
		// SPDX 2.2 allowed the type as a URI.
		switch kind[strings.LastIndexByte(kind, '/')+1:] {
		case "purl":
			p.purl(locator)
		case "cpe22Type", "cpe23Type", "swid", "swh", "gitoid":
			p.identify(locator)
		}
		return err
	})
}

// purl takes a package URL: all after the first are more identifiers.
func (p *Package) purl(s string) {
	if p.PURL == "" {
		p.PURL = s
	} else if s != p.PURL {
		p.identify(s)
	}
}

func (p *Package) identify(s string) {
	if s != "" {
		p.Identifiers = append(p.Identifiers, s)
	}
}

// spdxRelationship reads one relation, of those that say what contains or needs what (SPDX 2.3, section 11).
func (r *reader) spdxRelationship() error {
	var from, to int32
	ends := 0
	var kind string
	err := r.object(spdxRelationshipName, func(name string) error {
		if name == "relationshipType" {
			return r.shared(&kind)
		}
		id, err := r.word()
		if err != nil {
			return err
		}
		ends++
		if name == "spdxElementId" {
			from = r.graph.id(id)
		} else {
			to = r.graph.id(id)
		}
		return nil
	})
	if err != nil || ends != 2 {
		return err
	}
	g := &r.graph
	switch kind {
	case "DESCRIBES":
		if g.names[from] == spdxDocument {
			g.roots = append(g.roots, to)
		}
	case "DESCRIBED_BY":
		if g.names[to] == spdxDocument {
			g.roots = append(g.roots, from)
		}
	case "CONTAINS", "DEPENDS_ON", "DYNAMIC_LINK", "STATIC_LINK", "HAS_PREREQUISITE":
		g.add(from, to)
	case "CONTAINED_BY", "PACKAGE_OF", "PREREQUISITE_FOR", "DEPENDENCY_OF", "RUNTIME_DEPENDENCY_OF", "PROVIDED_DEPENDENCY_OF", "OPTIONAL_DEPENDENCY_OF",
		"BUILD_DEPENDENCY_OF", "DEV_DEPENDENCY_OF", "TEST_DEPENDENCY_OF":
		g.add(to, from)
	}
	return nil
}

// license adds a licence unless the document says that it does not say (SPDX 2.3, sections 7.13 and 7.15).
func (p *Package) license(l string) {
	if l != "" && l != "NOASSERTION" && l != "NONE" && !slices.Contains(p.Licenses, l) {
		p.Licenses = append(p.Licenses, l)
	}
}

func (d *spdx2) header(seen map[string]bool) (*Header, error) {
	for _, name := range spdx2Required {
		if !seen[name] {
			return nil, fmt.Errorf("SPDX document lacks %q", name)
		}
	}
	version := spdx2Version().FindStringSubmatch(d.version)
	switch {
	case version == nil:
		return nil, fmt.Errorf("at %q: version %q is not one of SPDX 2", "/spdxVersion", d.version)
	case d.id != spdxDocument:
		return nil, fmt.Errorf("at %q: %q must be %q", "/SPDXID", d.id, spdxDocument)
	case d.name == "":
		return nil, fmt.Errorf("at %q: it is empty", "/name")
	case d.license != "CC0-1.0":
		return nil, fmt.Errorf("at %q: %q must be %q", "/dataLicense", d.license, "CC0-1.0")
	case !strings.Contains(d.namespace, ":") || strings.Contains(d.namespace, "#"):
		return nil, fmt.Errorf("at %q: %q is not an absolute URI without a fragment", "/documentNamespace", d.namespace)
	case d.creators == 0:
		return nil, fmt.Errorf("at %q: no creator is named", "/creationInfo/creators")
	}
	created, err := timestamp("/creationInfo/created", d.created)
	if err != nil {
		return nil, err
	}
	return &Header{Format: SPDX, SpecVersion: version[1], Name: d.name, ID: d.namespace, Created: created}, nil
}

// complete adds to the document what its head says.
func (d *spdx2) complete(doc *Document) {
	doc.Authors, doc.Tools = d.authors, d.tools
	if d.comment != "" {
		doc.Contexts = []string{d.comment}
	}
	doc.describe()
}

// describe takes the described things from the packages.
func (d *Document) describe() {
	roots := map[string]bool{}
	for _, n := range d.graph.roots {
		roots[d.graph.names[n]] = true
	}
	for i := range d.Packages {
		if roots[d.Packages[i].Ref] {
			d.Described = append(d.Described, d.Packages[i])
		}
	}
}

func timestamp(place, s string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}, fmt.Errorf("at %q: %q is not a time as RFC 3339 writes it", place, s)
	}
	return t.UTC(), nil
}

// lazy compiles an expression when it is first used, for most runs of a program read no
// SBOM.
func lazy(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}
