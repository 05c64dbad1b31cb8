package sbom

import (
	"fmt"
	"time"
)

var (
	cyclonedxNames     = []string{"bomFormat", "specVersion", "serialNumber", "version", "metadata", "components"}
	cdxMetadataNames   = []string{"timestamp", "component"}
	cdxSubjectNames    = []string{"name"}
	cdxComponentNames  = []string{"type", "name", "version", "purl", "licenses", "components"}
	cdxChoiceNames     = []string{"license", "expression"}
	cdxLicenseNames    = []string{"id", "name"}
	cdxSpecVersion     = lazy(`^1\.[0-9]{1,3}$`)
	cdxSerialNumber    = lazy(`^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	cdxDocumentVersion = lazy(`^[1-9][0-9]{0,9}$`)
)

// maxNesting bounds components within components; real documents use one or two levels.
const maxNesting = 32

// cyclonedx is the head of a CycloneDX document (ECMA-424).
type cyclonedx struct {
	format, specVersion, serial, timestamp, subject string
	nesting                                         int
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
		return r.object(cdxMetadataNames, func(name string) error {
			if name == "timestamp" {
				return r.text(&d.timestamp)
			}
			return r.object(cdxSubjectNames, func(string) error { return r.text(&d.subject) })
		})
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
	if s := token.String(); !cdxDocumentVersion().MatchString(s) {
		return r.errorf("%q is not a whole number from 1", s)
	}
	return nil
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
	err := r.object(cdxComponentNames, func(name string) error {
		switch name {
		case "type":
			return r.text(&kind)
		case "name":
			return r.text(&p.Name)
		case "version":
			return r.text(&p.Version)
		case "purl":
			return r.text(&p.PURL)
		case "licenses":
			return r.cdxLicenses(&p)
		default:
			return r.array(r.cdxComponent)
		}
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

// cdxLicenses reads the licences of a component: expressions, identifiers or names.
func (r *reader) cdxLicenses(p *Package) error {
	if !r.detail {
		return r.dec.SkipValue()
	}
	return r.array(func() error {
		return r.object(cdxChoiceNames, func(choice string) error {
			var id, name string
			if choice == "expression" {
				err := r.text(&id)
				p.license(id)
				return err
			}
			err := r.object(cdxLicenseNames, func(member string) error {
				if member == "id" {
					return r.text(&id)
				}
				return r.text(&name)
			})
			if id == "" {
				id = name
			}
			p.license(id)
			return err
		})
	})
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
	return &Header{Format: CycloneDX, SpecVersion: d.specVersion, Name: d.subject, ID: d.serial, Created: created}, nil
}
