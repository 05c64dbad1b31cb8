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
	spdx2Names        = []string{"spdxVersion", "SPDXID", "name", "dataLicense", "documentNamespace", "creationInfo", "packages"}
	spdx2Required     = spdx2Names
	spdxCreationNames = []string{"created", "creators"}
	spdxPackageNames  = []string{"name", "SPDXID", "versionInfo", "licenseConcluded", "licenseDeclared", "externalRefs"}
	spdxRefNames      = []string{"referenceType", "referenceLocator"}
	spdx2Version      = lazy(`^SPDX-(2\.[0-9]{1,3})$`)
)

// spdx2 is the head of an SPDX 2 document (SPDX 2.3, section 6).
type spdx2 struct {
	version, id, name, license, namespace, created string
	creators                                       int
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
		return r.object(spdxCreationNames, r.spdxCreation)
	default:
		return r.array(r.spdxPackage)
	}
}

func (r *reader) spdxCreation(name string) error {
	if name == "created" {
		return r.text(&r.spdx.created)
	}
	return r.array(func() error {
		var creator string
		r.spdx.creators++
		return r.text(&creator)
	})
}

// spdxPackage reads a package (SPDX 2.3, section 7).
func (r *reader) spdxPackage() error {
	var p Package
	var id, concluded, declared string
	err := r.object(spdxPackageNames, func(name string) error {
		switch name {
		case "name":
			return r.text(&p.Name)
		case "SPDXID":
			return r.text(&id)
		case "versionInfo":
			return r.text(&p.Version)
		case "licenseConcluded":
			return r.text(&concluded)
		case "licenseDeclared":
			return r.text(&declared)
		default:
			return r.spdxRefs(&p)
		}
	})
	if err != nil {
		return err
	}
	if id == "" {
		return r.errorf("package %q without an SPDXID", p.Name)
	}
	for _, license := range []string{concluded, declared} {
		p.license(license)
	}
	return r.add(p)
}

// spdxRefs reads a package's external references for its package URL, the first if there are several.
func (r *reader) spdxRefs(p *Package) error {
	if !r.detail {
		return r.dec.SkipValue()
	}
	return r.array(func() error {
		var kind, locator string
		err := r.object(spdxRefNames, func(name string) error {
			if name == "referenceType" {
				return r.text(&kind)
			}
			return r.text(&locator)
		})
		// SPDX 2.2 allowed the type as a URI.
		if p.PURL == "" && (kind == "purl" || strings.HasSuffix(kind, "/purl")) {
			p.PURL = locator
		}
		return err
	})
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
	case d.id != "SPDXRef-DOCUMENT":
		return nil, fmt.Errorf("at %q: %q must be %q", "/SPDXID", d.id, "SPDXRef-DOCUMENT")
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
