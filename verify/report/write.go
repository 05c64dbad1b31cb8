// Package report tells a verdict to people and to programs: as text, JSON, SARIF, JUnit,
// Markdown and HTML. All say the same; which one is chosen decides nothing.
package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// The formats.
const (
	FormatText     = "text"
	FormatJSON     = "json"
	FormatSARIF    = "sarif"
	FormatJUnit    = "junit"
	FormatMarkdown = "markdown"
	FormatHTML     = "html"
)

// Formats are those that [Write] knows.
func Formats() []string {
	return []string{FormatText, FormatJSON, FormatSARIF, FormatJUnit, FormatMarkdown, FormatHTML}
}

// Write writes the results in one of [Formats], as a whole document. The error is the
// writer's, or says that there is no such format.
func Write(w io.Writer, format string, results []Result, style Style) error {
	switch format {
	case FormatText:
		return writeText(w, results, style)
	case FormatJSON:
		return writeJSON(w, results, style.Tool)
	case FormatSARIF:
		return writeSARIF(w, results, style.Tool)
	case FormatJUnit:
		return writeJUnit(w, results, style.Tool)
	case FormatMarkdown:
		return writeMarkdown(w, results, style.Tool)
	case FormatHTML:
		return writeHTML(w, results, style.Tool)
	}
	return fmt.Errorf("format %q is none of %s", format, strings.Join(slices.Sorted(slices.Values(Formats())), ", "))
}

func writeText(w io.Writer, results []Result, style Style) error {
	for i, r := range results {
		if i > 0 {
			if _, err := io.WriteString(w, "\n"); err != nil {
				return err
			}
		}
		if err := Text(w, r, style); err != nil {
			return err
		}
	}
	return nil
}
