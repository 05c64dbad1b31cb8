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
	// words are texts that many packages have in common.
	words map[string]string
	// graph is which package needs which.
	graph graph
	spdx  spdx2
	ld    spdx3
	cdx   cyclonedx
}

// tokenBytes bounds one name or value of a document that is not in memory, all of which the decoder
// holds.
const tokenBytes = 16 << 20

// A stream notes how reading failed, which the decoder may say in other words.
type stream struct {
	from io.Reader
	dec  *jsontext.Decoder
	read int64
	err  error
}

func (s *stream) Read(p []byte) (int, error) {
	if s.read-s.dec.InputOffset() > tokenBytes {
		s.err = fmt.Errorf("at byte %d: a name or value has more than %d bytes", s.dec.InputOffset(), tokenBytes)
		return 0, s.err
	}
	n, err := s.from.Read(p)
	s.read += int64(n)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

func newReader(raw []byte, detail bool) *reader {
	// The decoder reads a bytes.Buffer in place.
	dec := jsontext.NewDecoder(bytes.NewBuffer(raw), jsontext.AllowDuplicateNames(!detail))
	return &reader{dec: dec, detail: detail, seen: map[string]bool{}}
}

var (
	headNames = slices.Concat(spdx2Required, spdx3Names, cyclonedxHeadNames)
	topNames  = slices.Concat(spdx2Names, spdx3Names, cyclonedxNames)
)

// names are those of the members to read: all, or the few that tell whether the document is one.
func (r *reader) names(all, few []string) []string {
	if r.detail {
		return all
	}
	return few
}

func (r *reader) document() error {
	err := r.object(r.names(topNames, headNames), func(name string) error {
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
		name, err := r.word()
		if err != nil {
			return err
		}
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
			return r.errorf("duplicate name %q", known[i])
		}
		met |= 1 << i
		if err := field(known[i]); err != nil {
			return err
		}
	}
	_, err := r.dec.ReadToken()
	return err
}

// find is the index of name in known, and -1 if it is not there.
func find(known []string, name []byte) (int, error) {
	for i, k := range known {
		if k == string(name) {
			return i, nil
		}
	}
	if len(name) >= 64 {
		return -1, nil
	}
	for _, k := range known {
		if strings.EqualFold(k, string(name)) {
			return 0, fmt.Errorf("name %q must be written %q", name, k)
		}
	}
	return -1, nil
}

// word reads a string without keeping it: it is gone with the next one read.
func (r *reader) word() ([]byte, error) {
	if kind := r.dec.PeekKind(); kind != '"' {
		return nil, r.wrong(kind, "a string")
	}
	value, err := r.dec.ReadValue()
	if err != nil {
		return nil, err
	}
	if bytes.IndexByte(value, '\\') < 0 {
		return value[1 : len(value)-1], nil
	}
	return jsontext.AppendUnquote(nil, value)
}

// texts reads a string, or an array of strings: JSON-LD allows either where there is one. An element that is
// an object in place is passed over.
func (r *reader) texts(each func([]byte)) error {
	one := func() error {
		if r.dec.PeekKind() == '{' {
			return r.dec.SkipValue()
		}
		word, err := r.word()
		if err == nil {
			each(word)
		}
		return err
	}
	if r.dec.PeekKind() != '[' {
		return one()
	}
	return r.array(one)
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

// shared is [reader.text] for what many packages have in common, of which one copy is kept.
func (r *reader) shared(to *string) error {
	word, err := r.word()
	if err == nil {
		*to = r.share(word)
	}
	return err
}

// maxShared bounds how many different texts are kept to be shared.
const maxShared = 1 << 16

func (r *reader) share(word []byte) string {
	if s, known := r.words[string(word)]; known {
		return s
	}
	s := string(word)
	if r.words == nil {
		r.words = map[string]string{}
	}
	if len(r.words) < maxShared {
		r.words[s] = s
	}
	return s
}

// ref reads by what a document refers to a package, of which one copy is kept with its relations.
func (r *reader) ref(to *string) error {
	word, err := r.word()
	if err != nil {
		return err
	}
	if !r.detail {
		*to = string(word)
		return nil
	}
	*to = r.graph.names[r.graph.id(word)]
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
