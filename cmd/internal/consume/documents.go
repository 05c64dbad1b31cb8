package consume

import (
	"fmt"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/attest/predicate/reference"
)

// documentJSON is a document that lies beside an artifact, or to which a statement refers.
// Nothing of it is verified.
type documentJSON struct {
	PredicateType string `json:"predicateType,omitempty"`
	MediaType     string `json:"mediaType"`
	Digest        string `json:"digest,omitempty"`
	Size          int64  `json:"size,omitempty"`
	// Stored is the digest of the blob that holds it, and Location where it was said to be.
	Stored   string `json:"stored,omitempty"`
	Location string `json:"location,omitempty"`
	// Problem says why the reference is not followed, if it is not.
	Problem string `json:"problem,omitempty"`
}

// documentsOf are the documents to which a statement refers.
func documentsOf(st *attest.Statement) []documentJSON {
	if st.PredicateType() != reference.V01 {
		return nil
	}
	r, err := reference.Parse(st.PredicateType(), st.Predicate())
	if err != nil {
		return nil
	}
	var all []documentJSON
	for _, d := range r.Documents {
		all = append(all, documentJSON{d.PredicateType, d.MediaType, d.Digest().String(), d.Size, d.Stored.Digest.String(), d.Location, d.Problem()})
	}
	return all
}

// String is the document in a few words: SPDX 45 MiB.
func (d documentJSON) String() string {
	what := map[string]string{"application/spdx+json": "SPDX", "application/vnd.cyclonedx+json": "CycloneDX", "application/sarif+json": "SARIF"}[d.MediaType]
	if what == "" {
		what = d.MediaType
	}
	if d.PredicateType != "" && predicate.ClassOf(d.PredicateType) != predicate.SBOM {
		what = d.PredicateType
	}
	if d.Problem != "" {
		return fmt.Sprintf("%s, not followed: %s", what, d.Problem)
	}
	return what + " " + size(d.Size)
}
