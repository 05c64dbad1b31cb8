package cli

import (
	"fmt"
	"slices"
	"strings"
)

// refusePasswords refuses a command line with a password in a URL or a reference: it
// stands in the shell's history already, and messages, reports and provenance would
// carry it on. The error does not repeat it.
func refusePasswords(words, arguments []string) error {
	for i, w := range words {
		if urlPassword(w) || slices.Contains(arguments, w) && referencePassword(w) {
			return &UsageError{
				Message: fmt.Sprintf("word %d of the command line has a password in it, before the \"@\"", i+1),
				Hint:    "leave it out, and change it, for others may have seen it; registry credentials come from the Docker config, or --registry-username with the password on stdin",
			}
		}
	}
	return nil
}

// urlPassword finds scheme://user:password@host (RFC 3986, section 3.2.1).
func urlPassword(word string) bool {
	_, rest, found := strings.Cut(word, "://")
	authority, _, _ := strings.Cut(rest, "/")
	at := strings.LastIndexByte(authority, '@')
	return found && at >= 0 && strings.Contains(authority[:at], ":")
}

// referencePassword finds user:password@host/repository, which is no target.
func referencePassword(word string) bool {
	before, after, found := strings.Cut(word, "@")
	scheme, _, colon := strings.Cut(before, ":")
	local := slices.Contains([]string{"oci", "docker-archive", "file", "dir"}, scheme)
	return found && colon && !local && !strings.Contains(before, "/") && strings.Contains(after, "/")
}
