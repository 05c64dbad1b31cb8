// Package strictyaml reads the part of YAML that can be meant in one way only: mappings of
// known fields, lists, and scalars that look like what they are. Documents are read as
// nodes and not into structs, so that every error has its line and column, and so that the
// parser's own idea of a value, for which 010 is 8, is never used.
//
// Anchors, aliases, merge keys, tags, duplicate keys, second documents, encodings other
// than UTF-8, and files that are too long or nested too deeply are refused.
package strictyaml
