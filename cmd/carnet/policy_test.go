package main

import (
	"os"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// fill FILE... puts into policies what only a running script knows: $NAME is a variable,
// and <NAME> alone in a line the content of the file NAME, indented as the line is.
func fill(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: fill FILE...")
	}
	for _, name := range args {
		var b strings.Builder
		for line := range strings.Lines(os.Expand(ts.ReadFile(name), ts.Getenv)) {
			word := strings.TrimSpace(line)
			if !strings.HasPrefix(word, "<") || !strings.HasSuffix(word, ">") {
				b.WriteString(line)
				continue
			}
			indent := line[:strings.Index(line, "<")]
			for content := range strings.Lines(ts.ReadFile(strings.Trim(word, "<>"))) {
				b.WriteString(indent + content)
			}
		}
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(b.String()), 0o644))
	}
}
