package main

import (
	"io"
	"os"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/carnet-project/carnet/fixtures/large"
)

// large FORMAT BYTES FILE writes an SBOM of about so many bytes, spdx or cyclonedx.
func largeSBOM(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: large FORMAT BYTES FILE")
	}
	write := map[string]func(io.Writer, int64) error{"spdx": large.SPDX, "cyclonedx": large.CycloneDX}[args[0]]
	n, err := strconv.ParseInt(args[1], 10, 64)
	if write == nil || err != nil {
		ts.Fatalf("usage: large spdx|cyclonedx BYTES FILE")
	}
	f, err := os.Create(ts.MkAbs(args[2]))
	ts.Check(err)
	ts.Check(write(f, n))
	ts.Check(f.Close())
}
