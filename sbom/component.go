package sbom

import "strings"

// What follows are the parts of a CycloneDX component.

var (
	cdxChoiceNames    = []string{"license", "expression"}
	cdxLicenseNames   = []string{"id", "name"}
	cdxPartyNames     = []string{"name", "email", "url", "contact"}
	cdxReferenceNames = []string{"type", "hashes"}
	cdxPropertyNames  = []string{"name", "value"}
)

// cdxLicenses reads the licences of a component: expressions, identifiers or names.
func (r *reader) cdxLicenses(p *Package) error {
	return r.array(func() error {
		return r.object(cdxChoiceNames, func(choice string) error {
			var id, name string
			if choice == "expression" {
				err := r.shared(&id)
				p.license(id)
				return err
			}
			err := r.object(cdxLicenseNames, func(member string) error {
				if member == "id" {
					return r.shared(&id)
				}
				return r.shared(&name)
			})
			if id == "" {
				id = name
			}
			p.license(id)
			return err
		})
	})
}

// party reads an organisation or a person: name, url, email, and the contacts of an organisation.
func (r *reader) party(p *Party) error {
	return r.object(cdxPartyNames, func(name string) error {
		switch name {
		case "name":
			return r.shared(&p.Name)
		case "email":
			return r.shared(&p.Email)
		case "url":
			return r.texts(func(url []byte) {
				if p.URL == "" {
					p.URL = r.share(url)
				}
			})
		}
		return r.array(func() error {
			var contact Party
			err := r.party(&contact)
			if p.Email == "" {
				p.Email = contact.Email
			}
			return err
		})
	})
}

func (r *reader) parties(into *[]Party) error {
	return r.array(func() error {
		var p Party
		err := r.party(&p)
		if !p.IsZero() {
			*into = append(*into, p)
		}
		return err
	})
}

// cdxReferences reads the hashes of the file as which a component is delivered.
func (r *reader) cdxReferences(p *Package) error {
	return r.array(func() error {
		var kind string
		var hashes []Hash
		err := r.object(cdxReferenceNames, func(name string) error {
			if name == "type" {
				return r.shared(&kind)
			}
			return r.hashes([]string{"alg", "content"}, &hashes)
		})
		if kind == "distribution" && len(hashes) > 0 {
			d := p.distribution()
			d.Hashes = append(d.Hashes, hashes...)
		}
		return err
	})
}

// cdxProperties reads the properties of BSI's taxonomy (TR-03183-2, section 8.2).
func (r *reader) cdxProperties(p *Package) error {
	return r.array(func() error {
		var name, value []byte
		err := r.object(cdxPropertyNames, func(member string) error {
			word, err := r.word()
			if member == "name" {
				name = append(name, word...)
			} else if len(name) == 0 || strings.HasPrefix(string(name), "bsi:") {
				value = append(value, word...)
			}
			return err
		})
		switch string(name) {
		case "bsi:component:filename":
			p.distribution().FileName = string(value)
		case "bsi:component:executable":
			p.distribution().Executable = string(value)
		case "bsi:component:archive":
			p.distribution().Archive = string(value)
		case "bsi:component:structured":
			p.distribution().Structured = string(value)
		}
		return err
	})
}
