// Package ingest reads what other tools found, in their own formats, so that it can be
// attested: reports of vulnerability scanners, of static analysis and of tests, and VEX
// documents. It reads strictly what it relies on, ignores what it does not know, and takes
// nothing for good that is only silent: a report that does not say what it found, or whose
// tool failed, is refused.
package ingest
