package sbom

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// A reader walks one document. The kinds of document share no name at their top whose meaning differs, so
// one pass reads all of them, and what kind it was is decided at the end: members may come in any order.
type reader struct {
	dec      *jsontext.Decoder
	detail   bool // collect packages; otherwise count them
	count    int
	packages []Package

	seen map[string]bool // top-level members met
	spdx spdx2
	ld   spdx3
	cdx  cyclonedx
}

func newReader(raw []byte, detail bool) *reader {
	// The decoder reads a bytes.Buffer in place.
	dec := jsontext.NewDecoder(bytes.NewBuffer(raw), jsontext.AllowDuplicateNames(!detail))
	return &reader{dec: dec, detail: detail, seen: map[string]bool{}}
}

var topNames = slices.Concat(spdx2Names, spdx3Names, cyclonedxNames)

func (r *reader) document() error {
	err := r.object(topNames, func(name string) error {
		r.seen[name] = true
		switch {
		case slices.Contains(spdx2Names, name):
			return r.spdx2(name)
		case slices.Contains(spdx3Names, name):
			return r.spdx3(name)
		default:
			return r.cyclonedx(name)
		}
	})
	if err != nil {
		return err
	}
	if _, err := r.dec.ReadToken(); err == nil {
		return r.errorf("data after the document")
	} else if !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// header decides what the document is, and what of that it lacks.
func (r *reader) header() (*Header, error) {
	var kinds []string
	for _, marker := range []string{"spdxVersion", "@context", "bomFormat"} {
		if r.seen[marker] {
			kinds = append(kinds, marker)
		}
	}
	switch {
	case len(kinds) == 0:
		return nil, errors.New(`it has none of "spdxVersion", "@context" and "bomFormat", so it is neither SPDX nor CycloneDX`)
	case len(kinds) > 1:
		return nil, fmt.Errorf("it has both %q and %q, so it is two kinds of document", kinds[0], kinds[1])
	}
	var h *Header
	var err error
	switch kinds[0] {
	case "spdxVersion":
		h, err = r.spdx.header(r.seen)
	case "@context":
		h, err = r.ld.header(r.seen)
	default:
		h, err = r.cdx.header()
	}
	if err != nil {
		return nil, err
	}
	h.PackageCount = r.count
	return h, nil
}

// add takes one package.
func (r *reader) add(p Package) error {
	if p.Name == "" {
		return r.errorf("package without a name")
	}
	r.count++
	if r.detail {
		r.packages = append(r.packages, p)
	}
	return nil
}

// object reads an object. For each member whose name is known, field reads the value; others are skipped.
func (r *reader) object(known []string, field func(name string) error) error {
	if err := r.begin('{', "an object"); err != nil {
		return err
	}
	var met uint64
	for r.dec.PeekKind() != '}' {
		token, err := r.dec.ReadToken()
		if err != nil {
			return err
		}
		name := token.String()
		i, err := find(known, name)
		if err != nil {
			return r.errorf("%w", err)
		}
		if i < 0 {
			if err := r.dec.SkipValue(); err != nil {
				return err
			}
			continue
		}
		if met&(1<<i) != 0 {
			return r.errorf("duplicate name %q", name)
		}
		met |= 1 << i
		if err := field(name); err != nil {
			return err
		}
	}
	_, err := r.dec.ReadToken()
	return err
}

// find is the index of name in known, and -1 if it is not there.
func find(known []string, name string) (int, error) {
	for i, k := range known {
		if k == name {
			return i, nil
		}
		if len(name) < 64 && strings.EqualFold(k, name) {
			return 0, fmt.Errorf("name %q must be written %q", name, k)
		}
	}
	return -1, nil
}

// array reads an array, whose elements element reads.
func (r *reader) array(element func() error) error {
	if err := r.begin('[', "an array"); err != nil {
		return err
	}
	for r.dec.PeekKind() != ']' {
		if err := element(); err != nil {
			return err
		}
	}
	_, err := r.dec.ReadToken()
	return err
}

// text reads a string.
func (r *reader) text(to *string) error {
	if kind := r.dec.PeekKind(); kind != '"' {
		return r.wrong(kind, "a string")
	}
	token, err := r.dec.ReadToken()
	if err != nil {
		return err
	}
	*to = token.String()
	return nil
}

func (r *reader) begin(want jsontext.Kind, name string) error {
	if kind := r.dec.PeekKind(); kind != want {
		return r.wrong(kind, name)
	}
	_, err := r.dec.ReadToken()
	return err
}

// wrong is the error of a value that is not of the wanted kind, or that is no value at all.
func (r *reader) wrong(kind jsontext.Kind, want string) error {
	if _, err := r.dec.ReadToken(); err != nil {
		if errors.Is(err, io.EOF) {
			return r.errorf("document ends where %s is expected", want)
		}
		return err
	}
	return r.errorf("%s is expected, not %s", want, kind)
}

// errorf is an error at the value that was read last.
func (r *reader) errorf(format string, args ...any) error {
	return fmt.Errorf("at %q (byte %d): %w", r.dec.StackPointer(), r.dec.InputOffset(), fmt.Errorf(format, args...))
}
