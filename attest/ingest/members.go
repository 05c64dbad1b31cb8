package ingest

// has says whether raw is a JSON object with members of all these names at its top.
func has(raw []byte, names ...string) bool {
	for _, name := range names {
		if _, found := memberOf(raw, name); !found {
			return false
		}
	}
	return true
}
