package openvex

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	packageurl "github.com/package-url/packageurl-go"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/internal/strict"
)

// predicate is the JSON of a document of OpenVEX v0.2.0, its members in the specification's order.
type predicate struct {
	Context    string      `json:"@context"`
	ID         string      `json:"@id"`
	Author     string      `json:"author"`
	Timestamp  string      `json:"timestamp"`
	Version    int         `json:"version"`
	Statements []statement `json:"statements"`
}

type statement struct {
	Vulnerability struct {
		Name    string   `json:"name"`
		Aliases []string `json:"aliases,omitempty"`
	} `json:"vulnerability"`
	Timestamp     string    `json:"timestamp,omitempty"`
	Products      []product `json:"products,omitempty"`
	Status        Status    `json:"status"`
	Justification string    `json:"justification,omitempty"`
	Impact        string    `json:"impact_statement,omitempty"`
	Action        string    `json:"action_statement,omitempty"`
}

type product struct {
	componentJSON
	Subcomponents []componentJSON `json:"subcomponents,omitempty"`
}

type componentJSON struct {
	ID          string            `json:"@id,omitempty"`
	Identifiers map[string]string `json:"identifiers,omitempty"`
	Hashes      map[string]string `json:"hashes,omitempty"`
}

// Image is the component that is an image of a name, without tag or digest, such as
// registry.example.com/team/api: its package URL and its digest, by which policies know it.
func Image(name string, digest attest.Digest) Component {
	last := name[strings.LastIndexByte(name, '/')+1:]
	url := packageurl.NewPackageURL(packageurl.TypeOCI, "", strings.ToLower(last), digest.String(), packageurl.QualifiersFromMap(map[string]string{"repository_url": name}), "")
	c := Component{IDs: []string{url.ToString()}}
	if digest.Algorithm() == "sha256" {
		c.Hashes = map[string]string{"sha-256": digest.Hex()}
	}
	return c
}

// Predicate is the document as a predicate of type [TypeV2], from which [Parse] reads an equal document, but for
// times, which are in UTC, and the order of a component's identifiers after its first. It is a first version: an ID that is no IRI, or none, becomes one of the SHA-256 of the
// rest, as the specification suggests. Equal documents give equal bytes.
//
// What the specification asks of documents is asked here: an author, a time and statements, of which those of
// not_affected say why and those of affected what to do. A component has an IRI or a hash, and beside its IRI at
// most one package URL and one CPE of each version. The error is an *[attest.Error] whose Where is a JSON pointer
// into the predicate.
func (d *Document) Predicate() ([]byte, error) {
	p := predicate{Context: TypeV2, ID: d.ID, Author: d.Author, Timestamp: moment(d.Issued), Version: 1, Statements: make([]statement, len(d.Statements))}
	for i := range d.Statements {
		s, err := d.Statements[i].written(d.Issued)
		if err != nil {
			err.Where = "/statements/" + strconv.Itoa(i) + err.Where
			return nil, err
		}
		p.Statements[i] = s
	}
	if !strict.IsURI(p.ID) {
		p.ID = ""
		raw, err := marshal(p)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(raw)
		p.ID = "https://openvex.dev/docs/public/vex-" + hex.EncodeToString(sum[:])
	}
	raw, err := marshal(p)
	if err != nil {
		return nil, err
	}
	return raw, Validate(TypeV2, raw)
}

func marshal(p predicate) ([]byte, error) {
	raw, err := json.Marshal(p, json.Deterministic(true))
	if err != nil {
		return nil, strict.Fault(attest.FaultMalformed, "", "cannot be JSON: %v", err)
	}
	return raw, nil
}

// written is a statement as the format has it. It has a time where that differs from the document's.
func (s *Statement) written(issued time.Time) (statement, *attest.Error) {
	w := statement{Status: s.Status, Justification: s.Justification, Impact: s.Impact, Action: s.Action}
	w.Vulnerability.Name, w.Vulnerability.Aliases = s.Vulnerability, s.Aliases
	if !s.At.Equal(issued) {
		w.Timestamp = moment(s.At)
	}
	for i := range s.Products {
		c, err := s.Products[i].written()
		p := product{componentJSON: c}
		for k := 0; err == nil && k < len(s.Products[i].Subcomponents); k++ {
			c, err = s.Products[i].Subcomponents[k].written()
			if err != nil {
				err.Where = "/subcomponents/" + strconv.Itoa(k) + err.Where
			}
			p.Subcomponents = append(p.Subcomponents, c)
		}
		if err != nil {
			err.Where = "/products/" + strconv.Itoa(i) + err.Where
			return w, err
		}
		w.Products = append(w.Products, p)
	}
	return w, nil
}

// written is a component as the format has it: its first id is its IRI, and others are identifiers.
func (c *Component) written() (componentJSON, *attest.Error) {
	w := componentJSON{Hashes: c.Hashes}
	if len(c.IDs) == 0 && len(c.Hashes) == 0 {
		return w, strict.Fault(attest.FaultMalformed, "", "is empty, want an IRI or a hash")
	}
	for i, id := range c.IDs {
		if !strict.IsURI(id) {
			return w, strict.Fault(attest.FaultMalformed, "/@id", "is %q, want an IRI such as a package URL", strict.Clip(id))
		}
		if i == 0 {
			w.ID = id
			continue
		}
		kind := identifier(id)
		if _, taken := w.Identifiers[kind]; taken || kind == "" {
			return w, strict.Fault(attest.FaultMalformed, "/identifiers", "has %q, want one package URL and one CPE of a version", strict.Clip(id))
		}
		if w.Identifiers == nil {
			w.Identifiers = map[string]string{}
		}
		w.Identifiers[kind] = id
	}
	return w, nil
}

// identifier names the type of a software identifier (OPENVEX-SPEC.md, "Software Identifiers").
func identifier(id string) string {
	switch {
	case strings.HasPrefix(id, "pkg:"):
		return "purl"
	case strings.HasPrefix(id, "cpe:2.3:"):
		return "cpe23"
	case strings.HasPrefix(id, "cpe:/"):
		return "cpe22"
	}
	return ""
}

// moment is a time in UTC to the nanosecond, or nothing.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
