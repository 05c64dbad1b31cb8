// Package run runs one step of a build and records what it was: the command, what went in
// and what came out as the digests of files, the git checkout before and after, and of the
// environment what matters to builds. It records no secrets that it can recognise.
//
// The record is the word of whoever runs it. The step can reach what the recorder reaches,
// so that no record made beside a step is worth more than the platform that keeps the two
// apart.
package run
