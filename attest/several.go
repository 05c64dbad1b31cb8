package attest

import (
	"bytes"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// MaxBundles bounds the bundles in one file.
const MaxBundles = 1000

// A Collection is what a file holds that may have several bundles.
type Collection struct {
	// Bundles are there in the order of the file, each once.
	Bundles []*Bundle
	// Alone is set if the file is one bundle, and nothing else.
	Alone bool
	// Skipped are the parts of the file that are no bundles.
	Skipped []Skipped
}

// Skipped is a part of a file that is no bundle that can be read.
type Skipped struct {
	// Where is "line N" or a JSON pointer.
	Where string
	Why   error
}

// ParseBundles reads a file with a Sigstore bundle or a DSSE envelope, or with several of
// them: as JSON lines (in-toto attestation framework, spec/v1/bundle.md), which is what
// gh attestation download writes, or as the answers of GitHub's and npm's interfaces have
// them, {"attestations": [{"bundle": ...}]}. Of several, what cannot be read is skipped, as
// the specification wants it; there is one at least that can. The caller bounds the bytes,
// which must not be changed afterwards. The error is an *[Error].
func ParseBundles(raw []byte) (*Collection, error) {
	c := &Collection{}
	value, more := firstValue(raw)
	if value && more {
		return c.orNot(c.lines(raw))
	}
	if !value {
		// What is no JSON may be a first line that is to be ignored. If no line is a bundle, what
		// is wrong with the file as a bundle tells more.
		if c.lines(raw) == nil {
			return c, nil
		}
		_, err := ParseBundle(raw)
		return nil, err
	}
	var list jsontext.Value
	var envelope bool
	err := object(raw, "", []string{"attestations", "payload"}, func(name string, value jsontext.Value) error {
		switch name {
		case "attestations":
			list = value
		case "payload":
			envelope = true
		}
		return nil
	})
	switch {
	case err == nil && list != nil:
		return c.orNot(c.answers(list))
	case err == nil && envelope:
		return alone(LegacyAttestation(raw, nil))
	}
	return alone(ParseBundle(raw))
}

func alone(b *Bundle, err error) (*Collection, error) {
	if err != nil {
		return nil, err
	}
	return &Collection{Bundles: []*Bundle{b}, Alone: true}, nil
}

func (c *Collection) orNot(err error) (*Collection, error) {
	if err != nil {
		return nil, err
	}
	return c, nil
}

// firstValue says whether raw begins with a JSON value, and whether more follows it in another
// line.
func firstValue(raw []byte) (value, more bool) {
	dec := jsontext.NewDecoder(bytes.NewBuffer(raw))
	if err := dec.SkipValue(); err != nil {
		return false, false
	}
	after := raw[dec.InputOffset():]
	if _, err := dec.ReadToken(); err == io.EOF {
		return true, false
	}
	return true, bytes.HasPrefix(bytes.TrimLeft(after, " \t\r"), []byte("\n"))
}

func (c *Collection) lines(raw []byte) error {
	for number := 1; len(raw) > 0; number++ {
		line, rest, _ := bytes.Cut(raw, []byte("\n"))
		raw = rest
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		if err := c.add(fmt.Sprintf("line %d", number), line); err != nil {
			return err
		}
	}
	return c.some("line")
}

func (c *Collection) answers(list jsontext.Value) error {
	err := elements(list, "/attestations", func(i int, answer jsontext.Value) error {
		where := pointer("/attestations", i)
		var bundle jsontext.Value
		err := object(answer, where, []string{"bundle"}, func(name string, value jsontext.Value) error {
			if name == "bundle" {
				bundle = value
			}
			return nil
		})
		switch {
		case err != nil:
			return err
		case bundle == nil || bundle.Kind() == 'n':
			return c.skip(where, fault(FaultMalformed, where+"/bundle", "is not there: it may be elsewhere, at its bundle_url"))
		}
		return c.add(where+"/bundle", bundle)
	})
	if err != nil {
		return err
	}
	return c.some("attestation")
}

// add keeps one bundle or envelope.
func (c *Collection) add(where string, raw []byte) error {
	b, err := ParseBundle(raw)
	if err != nil {
		if e, err2 := LegacyAttestation(raw, nil); err2 == nil {
			b, err = e, nil
		}
	}
	if err != nil {
		return c.skip(where, err)
	}
	for _, known := range c.Bundles {
		if bytes.Equal(known.raw, b.raw) {
			return nil
		}
	}
	if len(c.Bundles) == MaxBundles {
		return fault(FaultTooLarge, where, "is one more than %d bundles", MaxBundles)
	}
	c.Bundles = append(c.Bundles, b)
	return nil
}

func (c *Collection) skip(where string, why error) error {
	if len(c.Skipped) == MaxBundles {
		return fault(FaultTooLarge, where, "is one more than %d parts that are no bundles", MaxBundles)
	}
	c.Skipped = append(c.Skipped, Skipped{where, why})
	return nil
}

// some refuses a file with nothing in it that could prove anything.
func (c *Collection) some(what string) error {
	if len(c.Bundles) > 0 {
		return nil
	}
	if len(c.Skipped) == 0 {
		return fault(FaultMalformed, "", "holds no %s", what)
	}
	return fault(FaultMalformed, c.Skipped[0].Where, "no %s is a Sigstore bundle or a DSSE envelope; of the first: %v", what, c.Skipped[0].Why)
}
