package lockfile

import (
	"bytes"
	"errors"
	"io"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/carnet-project/carnet/attest/internal/jsontell"
)

// A document reads JSON as it comes, so that no more of it is held than what is kept. Names
// that are there twice in an object are refused by the decoder, and members that a reader
// does not ask for are skipped.
type document struct {
	c   *collector
	raw []byte
	dec *jsontext.Decoder
}

// inJSON reads the one object that a file is.
func (c *collector) inJSON(raw []byte, read func(d *document) error) error {
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf")) // Visual Studio writes it
	d := &document{c, raw, jsontext.NewDecoder(bytes.NewBuffer(raw))}
	if kind := d.dec.PeekKind(); kind != '{' {
		if _, err := d.dec.ReadToken(); err != nil {
			return d.syntax(err)
		}
		return c.wrong("", "a JSON object", jsontell.Kind(kind))
	}
	if err := read(d); err != nil {
		return err
	}
	if _, err := d.dec.ReadToken(); err != io.EOF {
		return c.wrong(jsontell.Place(raw, d.dec.InputOffset()), "the end of the file", "more")
	}
	return nil
}

func (d *document) where() string { return string(d.dec.StackPointer()) }

// entry counts one entry. Where it is, is asked for only when it is told, for that takes as
// long as the file is deep.
func (d *document) entry() error {
	if d.c.entries < MaxEntries {
		d.c.entries++
		return nil
	}
	return d.c.entry(d.where())
}

func (d *document) syntax(err error) *Error {
	var s *jsontext.SyntacticError
	if !errors.As(err, &s) {
		return d.c.wrong(jsontell.Place(d.raw, d.dec.InputOffset()), "JSON", "an early end")
	}
	where := jsontell.Place(d.raw, s.ByteOffset)
	if errors.Is(err, jsontext.ErrDuplicateName) {
		return d.c.wrong(where, "each name once in an object", quoted(string(s.JSONPointer))+" twice")
	}
	return d.c.wrong(where, "JSON", s.Err.Error())
}

func (d *document) unlike(want string) error {
	kind := d.dec.PeekKind()
	if err := d.skip(); err != nil {
		return err
	}
	return d.c.wrong(d.where(), want, "a JSON "+jsontell.Kind(kind))
}

func (d *document) skip() error {
	if err := d.dec.SkipValue(); err != nil {
		return d.syntax(err)
	}
	return nil
}

// absent passes null, which stands for nothing in all formats.
func (d *document) absent() bool {
	return d.dec.PeekKind() == 'n' && d.dec.SkipValue() == nil
}

// object calls member at each value of an object, which reads just that value.
func (d *document) object(member func(name string) error) error {
	if d.absent() {
		return nil
	}
	if d.dec.PeekKind() != '{' {
		return d.unlike("an object")
	}
	if _, err := d.dec.ReadToken(); err != nil {
		return d.syntax(err)
	}
	for d.dec.PeekKind() != '}' {
		name, err := d.dec.ReadToken()
		if err != nil {
			return d.syntax(err)
		}
		if err := member(name.String()); err != nil {
			return err
		}
	}
	if _, err := d.dec.ReadToken(); err != nil {
		return d.syntax(err)
	}
	return nil
}

// members reads an object of which only some members matter.
func (d *document) members(known map[string]func() error) error {
	return d.object(func(name string) error {
		if read, is := known[name]; is {
			return read()
		}
		return d.skip()
	})
}

// array calls item at each value of an array, which reads just that value.
func (d *document) array(item func() error) error {
	if d.absent() {
		return nil
	}
	if d.dec.PeekKind() != '[' {
		return d.unlike("an array")
	}
	if _, err := d.dec.ReadToken(); err != nil {
		return d.syntax(err)
	}
	for d.dec.PeekKind() != ']' {
		if err := item(); err != nil {
			return err
		}
	}
	if _, err := d.dec.ReadToken(); err != nil {
		return d.syntax(err)
	}
	return nil
}

func (d *document) text(into *string) error {
	if d.absent() {
		return nil
	}
	if d.dec.PeekKind() != '"' {
		return d.unlike("a string")
	}
	token, err := d.dec.ReadToken()
	if err != nil {
		return d.syntax(err)
	}
	*into = token.String()
	return nil
}

// textOr is text where the format has something else too, which is then skipped.
func (d *document) textOr(into *string) error {
	if d.dec.PeekKind() != '"' {
		return d.skip()
	}
	return d.text(into)
}

func (d *document) truth(into *bool) error {
	if d.absent() {
		return nil
	}
	token, err := d.dec.ReadToken()
	if err != nil {
		return d.syntax(err)
	}
	switch token.Kind() {
	case 't', 'f':
		*into = token.Bool()
		return nil
	}
	return d.c.wrong(d.where(), "true or false", "a JSON "+jsontell.Kind(token.Kind()))
}

// number reads a whole number that is small.
func (d *document) number(into *int) error {
	if d.dec.PeekKind() != '0' {
		return d.unlike("a number")
	}
	token, err := d.dec.ReadToken()
	if err != nil {
		return d.syntax(err)
	}
	if *into, err = strconv.Atoi(token.String()); err != nil {
		return d.c.wrong(d.where(), "a whole number", quoted(token.String()))
	}
	return nil
}
