package layout

import (
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/in-toto/in-toto-golang/in_toto"

	"github.com/carnet-project/carnet/attest"
	linkpredicate "github.com/carnet-project/carnet/attest/predicate/link"
	"github.com/carnet-project/carnet/verify"
)

// maxArtifacts bounds the materials, and the products, of one link.
const maxArtifacts = 200_000

// A Link is a file that may be a link: in one of the classic wrappings, or an attestation
// of the type https://in-toto.io/attestation/link/v0.3 in a Sigstore bundle or in a DSSE
// envelope. Its name is told in findings and counts for nothing: which step a link is of
// is what it says itself, under its signature.
type Link struct {
	Name string
	Raw  []byte
}

// done is what a link says was done, with who says so.
type done struct {
	file    string
	step    string
	command []string
	transit
	by []*signer
}

// aside is why a file is not counted.
type aside struct {
	reason verify.Reason
	why    string
	// step is what it claims to be of, if that could be read.
	step string
}

func (a *aside) Error() string { return string(a.reason) + ": " + a.why }

func setAside(reason verify.Reason, format string, args ...any) error {
	return &aside{reason: reason, why: fmt.Sprintf(format, args...)}
}

// openLink verifies a file against the keys of the layout and reads what it says. The
// error is an *aside.
func (p *plan) openLink(l Link) (*done, error) {
	if len(l.Raw) > MaxLinkBytes {
		return nil, setAside(verify.ReasonTooLarge, "is over %d bytes", MaxLinkBytes)
	}
	outer, err := members(l.Raw)
	if err != nil {
		return nil, setAside(verify.ReasonMalformed, "%v", err)
	}
	if _, ok := outer["mediaType"]; ok {
		return p.openBundle(l)
	}
	file, err := open(l.Raw, MaxLinkBytes)
	if err != nil {
		return nil, setAside(verify.ReasonMalformed, "%v", err)
	}
	if file.kind == "layout" {
		return nil, setAside(verify.ReasonUnsupported, "is a layout in the place of a link, and layouts below a layout are not supported: list the steps of both in one")
	}
	var d *done
	if file.kind == "link" {
		d, err = readLink(file.payload)
	} else {
		d, err = readStatement(file.payload)
	}
	if err != nil {
		return nil, err
	}
	d.file = l.Name
	if d.by, err = p.signersOf(file); err != nil {
		var a *aside
		if errors.As(err, &a) {
			a.step = d.step
		}
		return nil, err
	}
	return d, nil
}

// signersOf are the keys of the layout that signed the file.
func (p *plan) signersOf(file *signed) ([]*signer, error) {
	var good []*signer
	var message []byte
	var broken *signer
	for _, sig := range file.signatures {
		for _, id := range p.ids {
			who := p.signers[id]
			if !who.named(sig.keyID) {
				continue
			}
			if message == nil {
				var err error
				if message, err = file.message(); err != nil {
					return nil, setAside(verify.ReasonMalformed, "%v", err)
				}
			}
			p.checks++
			if who.signed(message, sig) {
				good = append(good, who)
			} else if sig.keyID != "" {
				broken = who
			}
		}
	}
	switch {
	case len(good) > 0:
		return good, nil
	case broken != nil:
		return nil, setAside(verify.ReasonSignatureInvalid, "names %s and is not signed by it: it was changed after signing", broken)
	case len(file.signatures) == 0:
		return nil, setAside(verify.ReasonNoSignature, "is not signed")
	case file.signatures[0].certified:
		return nil, setAside(verify.ReasonUnknownSigner, "is signed under a certificate, and certificate constraints are not supported: list the functionary's key in the layout")
	}
	return nil, setAside(verify.ReasonUnknownSigner, "is signed by %.80q, which is no key of the layout", file.signatures[0].keyID)
}

// openBundle reads an attestation in a Sigstore bundle.
func (p *plan) openBundle(l Link) (*done, error) {
	b, err := attest.ParseBundle(l.Raw)
	if err != nil {
		refused := verify.Refusal(err)
		return nil, setAside(refused.Reason, "%s", refused.Found)
	}
	if b.Form() != attest.FormEnvelope {
		return nil, setAside(verify.ReasonUnsupported, "is a signature of a file and no link")
	}
	if len(b.Certificates()) > 0 {
		return nil, setAside(verify.ReasonUnknownSigner, "is signed under a certificate: a layout names functionaries by their keys")
	}
	p.checks++
	if !p.hints[b.KeyHint()] {
		p.checks += len(p.ids)
	}
	opened, err := p.root.Open(b)
	if err != nil {
		refused := verify.Refusal(err)
		a := &aside{reason: refused.Reason, why: "expected " + refused.Expected + ", found " + refused.Found}
		if st, err := readStatement(b.UnverifiedPayload()); err == nil {
			a.step = st.step
		}
		return nil, a
	}
	d, err := readStatement(opened.Payload)
	if err != nil {
		return nil, err
	}
	d.file = l.Name
	for _, id := range p.ids {
		if p.signers[id].Key == opened.By.Key {
			d.by = append(d.by, p.signers[id])
		}
	}
	return d, nil
}

// readLink reads the signed part of a classic link (in-toto specification 1.0, 4.4).
func readLink(payload []byte) (*done, error) {
	var l in_toto.Link
	err := strict(payload, &l)
	if err == nil {
		err = require(payload, "name", "materials", "products")
	}
	if err != nil {
		return nil, setAside(verify.ReasonMalformed, "%v", err)
	}
	if l.Name == "" {
		return nil, setAside(verify.ReasonMalformed, "names no step")
	}
	d := &done{step: l.Name, command: l.Command}
	d.materials, d.products = artifacts{}, artifacts{}
	if len(l.Materials) > maxArtifacts || len(l.Products) > maxArtifacts {
		return nil, setAside(verify.ReasonTooLarge, "has over %d materials or products", maxArtifacts)
	}
	for name, sums := range l.Materials {
		if err := d.materials.add(name, sums); err != nil {
			return nil, setAside(verify.ReasonMalformed, "material %v", err)
		}
	}
	for name, sums := range l.Products {
		if err := d.products.add(name, sums); err != nil {
			return nil, setAside(verify.ReasonMalformed, "product %v", err)
		}
	}
	return d, nil
}

// readStatement reads a link of the attestation framework (spec/predicates/link.md): the
// products are the subjects.
func readStatement(payload []byte) (*done, error) {
	st, err := attest.ParseStatement(payload)
	if err != nil {
		refused := verify.Refusal(err)
		return nil, setAside(refused.Reason, "%s", refused.Found)
	}
	if st.PredicateType() != linkpredicate.V03 {
		return nil, setAside(verify.ReasonUnsupported, "is an attestation of the type %.120q and no link", st.PredicateType())
	}
	if err := linkpredicate.Validate(linkpredicate.V03, st.Predicate()); err != nil {
		return nil, setAside(verify.ReasonPredicateMalformed, "%v", err)
	}
	var said struct {
		Name      string   `json:"name"`
		Command   []string `json:"command"`
		Materials []struct {
			Name   string            `json:"name"`
			Digest map[string]string `json:"digest"`
		} `json:"materials"`
	}
	if err := json.Unmarshal(st.Predicate(), &said); err != nil {
		return nil, setAside(verify.ReasonPredicateMalformed, "%v", notJSON(err))
	}
	subjects := st.Subjects()
	if len(said.Materials) > maxArtifacts || len(subjects) > maxArtifacts {
		return nil, setAside(verify.ReasonTooLarge, "has over %d materials or products", maxArtifacts)
	}
	d := &done{step: said.Name, command: said.Command}
	d.materials, d.products = artifacts{}, artifacts{}
	for _, m := range said.Materials {
		if err := d.materials.add(m.Name, m.Digest); err != nil {
			return nil, setAside(verify.ReasonPredicateMalformed, "material %v", err)
		}
	}
	for _, s := range subjects {
		if err := d.products.add(s.Name(), s.Digests()); err != nil {
			return nil, setAside(verify.ReasonPredicateMalformed, "subject %v", err)
		}
	}
	return d, nil
}

// size is how many bytes the digests have by which artifacts are compared.
func size(algorithm string) int {
	return map[string]int{"sha256": 32, "sha384": 48, "sha512": 64}[algorithm]
}

// add lists an artifact under its cleaned name, of which there is one.
func (a artifacts) add(name string, sums map[string]string) error {
	clean := path.Clean(name)
	if name == "" || clean == "." {
		return errors.New("has no name: rules take artifacts by their names")
	}
	if _, twice := a[clean]; twice {
		return fmt.Errorf("%.120q is there twice", clean)
	}
	d := digests{}
	for algorithm, value := range sums {
		value = strings.ToLower(value)
		if want := size(algorithm); want > 0 {
			if b, err := hex.DecodeString(value); err != nil || len(b) != want {
				return fmt.Errorf("%.120q has no %s of %d bytes in hexadecimal", clean, algorithm, want)
			}
		}
		d[algorithm] = value
	}
	a[clean] = d
	return nil
}
