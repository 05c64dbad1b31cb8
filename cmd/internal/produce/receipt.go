package produce

import (
	"fmt"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/verify/report"
)

// ReceiptSchema names the JSON in which sign, attest, push and seal say what they
// have made. Fields may be added under this name; none is removed and none changes
// its meaning.
const ReceiptSchema = "https://github.com/carnet-project/carnet/schema/receipt/v1"

// A receipt gathers what a command has made and prints it as --output says.
type receipt struct {
	call *cli.Call
	json bool
	doc  receiptJSON
}

type receiptJSON struct {
	Schema  string       `json:"schema"`
	Targets []targetJSON `json:"targets"`
	// Findings are how many results attest scan has read, by severity, level or outcome.
	Findings map[string]int `json:"findings,omitempty"`
}

type targetJSON struct {
	// Reference is name@digest.
	Reference string     `json:"reference"`
	Made      []madeJSON `json:"made"`
}

type madeJSON struct {
	Digest        string `json:"digest"`
	Platform      string `json:"platform,omitempty"`
	PredicateType string `json:"predicateType,omitempty"`
	Bundle        string `json:"bundle"`
	// File is where the bundle was written, if it was.
	File string `json:"file,omitempty"`
	// Documents are what the statement refers to, where the predicate was too large for it.
	Documents []madeDocumentJSON `json:"documents,omitempty"`
	// Existed says that an equal valid piece was there before.
	Existed bool `json:"existed"`
}

type madeDocumentJSON struct {
	PredicateType string `json:"predicateType"`
	Digest        string `json:"digest"`
	Size          int64  `json:"size"`
	// Stored is the digest of the blob that holds it.
	Stored string `json:"stored"`
}

func documentsOf(st *attest.Statement) []madeDocumentJSON {
	var all []madeDocumentJSON
	for _, d := range referred(st) {
		all = append(all, madeDocumentJSON{d.PredicateType, d.Digest().String(), d.Size, d.Stored.Digest.String()})
	}
	return all
}

// said is what a statement says, or refers to.
func said(st *attest.Statement) string {
	if all := referred(st); len(all) > 0 {
		return all[0].PredicateType + " by reference"
	}
	return st.PredicateType()
}

// size is how many bytes a statement has, with what it refers to.
func size(st *attest.Statement) int64 {
	n := int64(len(st.Bytes()))
	for _, d := range referred(st) {
		n += d.Size
	}
	return n
}

func newReceipt(c *cli.Call) (*receipt, error) {
	format, err := c.Output("text", "json")
	if err != nil {
		return nil, err
	}
	return &receipt{call: c, json: format == "json", doc: receiptJSON{Schema: ReceiptSchema, Targets: []targetJSON{}}}, nil
}

// image notes what was made for an image and, in text mode, tells it line by line.
func (r *receipt) image(s *subject, results []made) {
	if !r.json {
		for _, m := range results {
			sayMade(r.call, m)
		}
	}
	r.note(s, results)
}

// note notes what was made for an image.
func (r *receipt) note(s *subject, results []made) {
	t := targetJSON{Reference: s.reference(), Made: []madeJSON{}}
	for _, m := range results {
		t.Made = append(t.Made, madeJSON{
			Digest: m.node.Digest.String(), Platform: m.node.Platform, PredicateType: m.statement.PredicateType(), Bundle: m.bundle.String(), Documents: documentsOf(m.statement), Existed: m.existed,
		})
	}
	r.doc.Targets = append(r.doc.Targets, t)
}

func sayMade(c *cli.Call, m made) {
	verb := "signed and stored"
	if m.existed {
		verb = "already there"
	}
	where := string(m.node.Kind)
	if m.node.Platform != "" {
		where = report.Clean(m.node.Platform)
	}
	c.Sayf("%s: %s of %s %s", verb, report.Clean(said(m.statement)), where, m.node.Digest)
}

// file notes a bundle that was written to a file.
func (r *receipt) file(path string, d attest.Digest, predicateType string, b *attest.Bundle, out string) {
	r.doc.Targets = append(r.doc.Targets, targetJSON{
		Reference: path + "@" + d.String(),
		Made:      []madeJSON{{Digest: d.String(), PredicateType: predicateType, Bundle: b.Digest().String(), File: out}},
	})
}

// print writes the product to stdout: the JSON, or name@digest of every target.
func (r *receipt) print() error {
	if r.json {
		return r.call.PrintJSON(r.doc)
	}
	for _, t := range r.doc.Targets {
		if _, err := fmt.Fprintln(r.call.Env.Stdout, t.Reference); err != nil {
			return err
		}
	}
	return nil
}
