// Package produce holds the commands that make and store evidence: one file a
// command.
package produce
