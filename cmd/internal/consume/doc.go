// Package consume holds the commands that read and judge evidence: one file a
// command. It links nothing that produces any.
package consume
