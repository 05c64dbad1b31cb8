package lockfile

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/carnet-project/carnet/attest/internal/strict"
	"github.com/carnet-project/carnet/attest/predicate/resource"
)

// A collector gathers what the reader of one file finds.
type collector struct {
	format  Format
	found   []resource.Descriptor
	seen    map[string]int // place in found, by package URL and name
	entries int
	// unpinned counts packages without an exact version.
	unpinned int
	notes    []string
	left     map[string]int // how many were left out, by why
}

func (c *collector) wrong(where, expected, found string) *Error {
	return &Error{c.format, where, expected, found}
}

// entry counts one entry, be it kept or not, for each costs time.
func (c *collector) entry(where string) error {
	if c.entries++; c.entries > MaxEntries {
		return c.wrong(where, fmt.Sprintf("at most %d entries", MaxEntries), "more")
	}
	return nil
}

// add keeps a dependency. One that is there already gets the digests that it lacked; if one
// digest of it differs, the file contradicts itself.
func (c *collector) add(where string, d resource.Descriptor) error {
	if !strict.IsURI(d.URI) {
		return c.wrong(where, "the name of a package", quoted(strings.TrimPrefix(d.URI, "pkg:")))
	}
	key := d.URI
	if d.Name != "" {
		key += "\x00" + d.Name
	}
	i, there := c.seen[key]
	if !there {
		c.seen[key] = len(c.found)
		c.found = append(c.found, d)
		return nil
	}
	known := &c.found[i]
	for _, algorithm := range slices.Sorted(maps.Keys(d.Digest)) {
		value := d.Digest[algorithm]
		if before := known.Digest[algorithm]; before != "" && before != value {
			return c.wrong(where, fmt.Sprintf("the %s of %s that the file has elsewhere, %s", algorithm, strict.Clip(d.URI), before), value)
		}
		if known.Digest == nil {
			known.Digest = map[string]string{}
		}
		known.Digest[algorithm] = value
	}
	for _, name := range slices.Sorted(maps.Keys(d.Annotations)) {
		if before, said := known.Annotations[name]; said && before != d.Annotations[name] {
			return c.wrong(where, fmt.Sprintf("the %s of %s that the file has elsewhere, %v", name, strict.Clip(d.URI), before), fmt.Sprint(d.Annotations[name]))
		}
		if known.Annotations == nil {
			known.Annotations = map[string]any{}
		}
		known.Annotations[name] = d.Annotations[name]
	}
	if known.DownloadLocation == "" {
		known.DownloadLocation = d.DownloadLocation
	}
	return nil
}

func (c *collector) note(sentence string) {
	if !slices.Contains(c.notes, sentence) {
		c.notes = append(c.notes, sentence)
	}
}

// leave counts something that is no dependency, by what it is, in the plural.
func (c *collector) leave(what string) {
	if c.left == nil {
		c.left = map[string]int{}
	}
	c.left[what]++
}

func (c *collector) lock() *Lock {
	l := &Lock{Format: c.format, Dependencies: c.found, Undigested: c.unpinned, Notes: c.notes}
	slices.SortFunc(l.Dependencies, resource.Compare)
	for _, d := range l.Dependencies {
		if len(d.Digest) == 0 {
			l.Undigested++
		}
	}
	if c.unpinned > 0 {
		l.Notes = append(l.Notes, fmt.Sprintf("Packages without an exact version were left out: %d.", c.unpinned))
	}
	for _, what := range slices.Sorted(maps.Keys(c.left)) {
		l.Notes = append(l.Notes, fmt.Sprintf("%s were left out: %d.", what, c.left[what]))
	}
	return l
}

// quoted is what was found, for a message.
func quoted(s string) string { return fmt.Sprintf("%q", strict.Clip(s)) }

// lines calls read with each line and its number, without the end of it.
func (c *collector) lines(raw []byte, read func(line string, number int) error) error {
	for number := 1; len(raw) > 0; number++ {
		line, rest, _ := bytes.Cut(raw, []byte("\n"))
		raw = rest
		if len(line) > maxLine {
			return c.wrong(place(number), fmt.Sprintf("lines of at most %d bytes", maxLine), "a longer one")
		}
		if err := read(string(bytes.TrimSuffix(line, []byte("\r"))), number); err != nil {
			return err
		}
	}
	return nil
}

func place(line int) string { return "line " + strconv.Itoa(line) }
