package document

import "encoding/json"

// SchemaID names the JSON Schema of documents.
const SchemaID = "https://github.com/carnet-project/carnet/schema/policy/v1"

// Schema is the JSON Schema, of version 2020-12, of documents, for editors. What it
// accepts may still be refused by [Parse], which also holds the parts of a document to each
// other; what it refuses is refused.
func Schema() []byte {
	s := documentShape().schema()
	s["$defs"] = schema{"require": describeMembers(requireMembers())}
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["$id"] = SchemaID
	s["title"] = "A policy"
	// Strings, numbers and maps of these always encode.
	raw, _ := json.MarshalIndent(s, "", "  ")
	return append(raw, '\n')
}
