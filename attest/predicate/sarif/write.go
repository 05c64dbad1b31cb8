package sarif

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/internal/strict"
)

// A Document is what a predicate of type [V1] holds.
type Document struct {
	// Name is what the check is called, or "".
	Name string
	// Commit is the git commit that was analysed, or "".
	Commit string
	// Tool is the name of the driver of one of the log's runs, with its version and URI, or zero.
	Tool Tool
	// Log is the log, whose bytes are kept but for white space around it.
	Log []byte
}

// A Tool is the program that made a log.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	URI     string `json:"uri,omitempty"`
}

// Predicate is the document as a predicate of type [V1]. The error is an *[attest.Error] whose
// Where is a JSON pointer into the predicate.
func (d Document) Predicate() ([]byte, error) {
	raw, err := json.Marshal(struct {
		Name   string         `json:"name,omitempty"`
		Commit string         `json:"commit,omitempty"`
		Tool   Tool           `json:"tool,omitzero"`
		Log    jsontext.Value `json:"log"`
	}{d.Name, d.Commit, d.Tool, d.Log}, jsontext.PreserveRawStrings(true))
	if err != nil {
		return nil, strict.Fault(attest.FaultMalformed, "/log", "cannot be JSON: %v", err)
	}
	return raw, Validate(V1, raw)
}
