package ingest

import (
	"fmt"

	"github.com/carnet-project/carnet/attest/internal/strict"
	"github.com/carnet-project/carnet/attest/predicate/sarif"
)

// analysis is SARIF 2.1.0 (OASIS), which analysers of code, scanners for secrets and scanners
// of images write.
func analysis() format {
	return format{SARIF, func(raw []byte) bool { return has(raw, "version", "runs") }, readSARIF}
}

// readSARIF reads a log of at least one run, each of which did what it was to do and has a
// list of results, be it empty.
func readSARIF(raw []byte) (*Report, error) {
	l, err := sarif.ReadLog(raw)
	if err != nil {
		return nil, refused(SARIF, err)
	}
	if len(l.Runs) == 0 {
		return nil, unlike(SARIF, "/runs", "at least one run of a tool", "none")
	}
	for i, run := range l.Runs {
		where := fmt.Sprintf("/runs/%d", i)
		if !run.Succeeded {
			return nil, unlike(SARIF, where+"/invocations", "a tool that did what it was to do", "%s failed (executionSuccessful is false)", strict.Clip(run.Tool))
		}
		if !run.Scanned {
			return nil, unlike(SARIF, where+"/results", "a list of results, be it empty", "none: %s did not come to look", strict.Clip(run.Tool))
		}
	}
	r := &Report{
		Format: SARIF, Tool: Tool{Name: l.Runs[0].Tool, Version: l.Runs[0].Version, URI: l.URI},
		About: About{Name: l.ImageName}, Analysis: raw, Log: l,
	}
	for _, d := range l.ImageDigests {
		r.digest(d)
	}
	for _, c := range l.Commits {
		if strict.IsCommit(c) {
			r.About.Commits = append(r.About.Commits, c)
		} else {
			r.note("The report names the revision %q, which is no full name of a git commit.", strict.Clip(c))
		}
	}
	return r, nil
}
