package ingest

import (
	"bytes"

	"github.com/carnet-project/carnet/attest/predicate/openvex"
)

// openVEX is a document of OpenVEX, of any version that attest/predicate/openvex reads.
func openVEX() format {
	return format{OpenVEX,
		func(raw []byte) bool {
			context, found := memberOf(raw, "@context")
			return found && bytes.Contains(context, []byte("openvex.dev"))
		},
		readOpenVEX}
}

func readOpenVEX(raw []byte) (*Report, error) {
	d, err := openvex.Parse(openvex.Type, raw)
	if err != nil {
		return nil, refused(OpenVEX, err)
	}
	return vexed(OpenVEX, d), nil
}

// vexed is a report of statements. What they are about are the images that their products name.
func vexed(f Format, d *openvex.Document) *Report {
	r := &Report{Format: f, VEX: d}
	var digests []string
	for i := range d.Statements {
		for _, p := range d.Statements[i].Products {
			digests = append(digests, images(p.Component)...)
		}
	}
	r.digests(digests)
	return r
}
