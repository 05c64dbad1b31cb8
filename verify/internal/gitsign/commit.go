// Package gitsign reads git commit objects and says who signed them: with an SSH key of an
// allowed_signers file, or with an OpenPGP key of a keyring. It needs no repository, for a
// commit's name is the hash of its object.
package gitsign

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pjbgf/sha1cd"
)

// maxCommit bounds a commit object and maxHeader the lines before its message, in bytes and
// lines.
const (
	maxCommit = 1 << 20
	maxHeader = 4096
)

// A Commit is a commit object that has the name by which it was asked for.
type Commit struct {
	// ID is its name: 40 or 64 characters of lower-case hex.
	ID string
	// Author wrote the change and Committer put it into the history. Both are what the
	// committer claims.
	Author, Committer Person
	// CoAuthors are the e-mail addresses of the trailers "Co-authored-by".
	CoAuthors []string

	// payload is what was signed: the object without its signature.
	payload, signature []byte
}

// A Person is a name, an e-mail address and a time in a commit.
type Person struct {
	Name, Email string
	When        time.Time
}

// An Error says why a commit is not taken for signed.
type Error struct {
	// Kind says which of the ways it is.
	Kind Kind
	// Detail is for people.
	Detail string
}

func (e *Error) Error() string { return e.Detail }

// A Kind is a way in which a commit is not signed as it should be.
type Kind string

// The kinds.
const (
	// Malformed: the object, or its signature, can't be read, or the object has another name.
	Malformed Kind = "malformed"
	// Unsigned: it has no signature.
	Unsigned Kind = "unsigned"
	// Unsupported: signed in a way that is not read here, by X.509 for one.
	Unsupported Kind = "unsupported"
	// UnknownKey: signed by a key that is none of the signers'.
	UnknownKey Kind = "unknown-key"
	// Invalid: names a signer's key, and is not its signature over this commit.
	Invalid Kind = "invalid"
	// Expired: by a signer's key, at a time when that did not count, or nobody knows when.
	Expired Kind = "expired"
)

func fault(kind Kind, format string, args ...any) *Error {
	return &Error{kind, fmt.Sprintf(format, args...)}
}

// Open reads a commit object, as git cat-file commit prints it, and holds it to its name.
// Objects that are a collision attack on SHA-1 are refused, as git does. The error is an
// *[Error].
func Open(id string, object []byte) (*Commit, error) {
	if len(object) > maxCommit {
		return nil, fault(Malformed, "a commit object of %d bytes, more than %d", len(object), maxCommit)
	}
	framed := append([]byte("commit "+strconv.Itoa(len(object))+"\x00"), object...)
	var name string
	switch len(id) {
	case 2 * sha1cd.Size:
		sum, collision := sha1cd.Sum(framed)
		if collision {
			return nil, fault(Malformed, "the commit object is made to collide with another: its SHA-1 says nothing")
		}
		name = hex.EncodeToString(sum[:])
	default:
		sum := sha256.Sum256(framed)
		name = hex.EncodeToString(sum[:])
	}
	if name != id {
		return nil, fault(Malformed, "the object is the commit %s and not %.64q", name, id)
	}
	c := &Commit{ID: id}
	if err := c.parse(object); err != nil {
		return nil, err
	}
	return c, nil
}

// parse reads the headers, which git writes in a fixed order (Documentation/gitformat-signature.adoc,
// commit.c), and the trailers of the message.
func (c *Commit) parse(object []byte) error {
	head, message, found := bytes.Cut(object, []byte("\n\n"))
	if !found {
		head, message, found = bytes.TrimSuffix(object, []byte("\n")), nil, bytes.HasSuffix(object, []byte("\n"))
	}
	if !found || bytes.IndexByte(head, 0) >= 0 {
		return fault(Malformed, "the commit object has no end of its headers, or a NUL in them")
	}
	lines := strings.Split(string(head), "\n")
	if len(lines) > maxHeader {
		return fault(Malformed, "the commit object has more than %d lines of headers", maxHeader)
	}
	if err := c.headers(lines); err != nil {
		return err
	}
	c.payload = append(c.payload, object[len(head)+1:]...)
	c.CoAuthors = coAuthors(string(message))
	return nil
}

// headers reads the lines, and keeps all but signatures as what was signed. As git does, a
// signature for the other hash algorithm is left out too.
func (c *Commit) headers(lines []string) error {
	order := []string{"tree", "parent", "author", "committer"}
	signature := "gpgsig"
	if len(c.ID) == 2*sha256.Size {
		signature = "gpgsig-sha256"
	}
	at, in := 0, ""
	seen := map[string]bool{}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, " ")
		if name != "" {
			in = name
			if fixed := indexOf(order, name); fixed >= 0 {
				if fixed < at || seen[name] && name != "parent" {
					return fault(Malformed, "the commit object has the header %q twice or out of order", name)
				}
				at = fixed
			} else if seen[name] && strings.HasPrefix(name, "gpgsig") {
				return fault(Malformed, "the commit object has the header %q twice", name)
			}
			seen[name] = true
		}
		switch {
		case in == "":
			return fault(Malformed, "the commit object begins with a continued line")
		case in == signature:
			c.signature = append(append(c.signature, value...), '\n')
		case !strings.HasPrefix(in, "gpgsig"):
			c.payload = append(append(c.payload, line...), '\n')
		}
		if err := c.person(name, value); err != nil {
			return err
		}
	}
	for _, name := range []string{"tree", "author", "committer"} {
		if !seen[name] {
			return fault(Malformed, "the commit object has no header %q", name)
		}
	}
	return nil
}

func (c *Commit) person(header, value string) (err error) {
	switch header {
	case "author":
		c.Author, err = parsePerson(value)
	case "committer":
		c.Committer, err = parsePerson(value)
	}
	return err
}

// parsePerson reads "NAME <EMAIL> SECONDS ZONE".
func parsePerson(s string) (Person, error) {
	open, end := strings.IndexByte(s, '<'), strings.LastIndexByte(s, '>')
	if open < 0 || end < open || strings.ContainsAny(s[open+1:end], "<>") {
		return Person{}, fault(Malformed, "the commit object names a person in another form than NAME <EMAIL> SECONDS ZONE")
	}
	seconds, zone, found := strings.Cut(strings.TrimPrefix(s[end+1:], " "), " ")
	n, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil || !found || len(zone) < 3 || n < 0 || n > 1<<40 {
		return Person{}, fault(Malformed, "the commit object names a person without a time")
	}
	return Person{Name: strings.TrimSpace(s[:open]), Email: strings.TrimSpace(s[open+1 : end]), When: time.Unix(n, 0).UTC()}, nil
}

// maxCoAuthors bounds how many are kept; one commit has few.
const maxCoAuthors = 100

func coAuthors(message string) []string {
	var all []string
	for line := range strings.Lines(message) {
		const trailer = "co-authored-by:"
		if len(line) < len(trailer) || !strings.EqualFold(line[:len(trailer)], trailer) || len(all) == maxCoAuthors {
			continue
		}
		_, rest, _ := strings.Cut(line, "<")
		if email, _, found := strings.Cut(rest, ">"); found && email != "" {
			all = append(all, strings.TrimSpace(email))
		}
	}
	return all
}

func indexOf(all []string, s string) int {
	for i, x := range all {
		if x == s {
			return i
		}
	}
	return -1
}
