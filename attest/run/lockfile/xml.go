package lockfile

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/carnet-project/carnet/attest/internal/strict"
)

// inXML calls start and end at each element of a file, with the names of those around it and
// its own. Declarations of a document type are refused, for they could define what the text
// means; character data goes to text.
func (c *collector) inXML(raw []byte, start func(path []string, e xml.StartElement) error, end func(path []string, text string) error) error {
	dec := xml.NewDecoder(bytes.NewReader(raw))
	dec.CharsetReader = latin1
	var path []string
	var text bytes.Buffer
	for {
		token, err := dec.RawToken()
		line, _ := dec.InputPos()
		if errors.Is(err, io.EOF) && len(path) == 0 {
			return nil
		}
		if err != nil {
			return c.wrong(place(line), "XML", err.Error())
		}
		switch t := token.(type) {
		case xml.Directive:
			return c.wrong(place(line), "XML without declarations", "<!"+string(bytes.ToValidUTF8(t[:min(len(t), 20)], nil)))
		case xml.CharData:
			text.Write(t)
		case xml.StartElement:
			if path = append(path, t.Name.Local); len(path) > maxDepth*2 {
				return c.wrong(place(line), fmt.Sprintf("at most %d elements in one another", maxDepth*2), "more")
			}
			text.Reset()
			if err := start(path, t); err != nil {
				return err
			}
		case xml.EndElement:
			if len(path) == 0 || path[len(path)-1] != t.Name.Local {
				return c.wrong(place(line), "the end of another element", t.Name.Local)
			}
			if err := end(path, text.String()); err != nil {
				return err
			}
			path = path[:len(path)-1]
			text.Reset()
		}
	}
}

// latin1 reads the one encoding other than UTF-8 that build files still declare.
func latin1(charset string, input io.Reader) (io.Reader, error) {
	switch strings.ToLower(charset) {
	case "iso-8859-1", "us-ascii", "latin1":
	default:
		return nil, errors.New("UTF-8 or ISO-8859-1 is read, and not " + strict.Clip(charset))
	}
	raw, err := io.ReadAll(input)
	if err != nil {
		return nil, err
	}
	runes := make([]rune, len(raw))
	for i, b := range raw {
		runes[i] = rune(b)
	}
	return strings.NewReader(string(runes)), nil
}

// attribute is an attribute of an element, or nothing.
func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name && a.Name.Space == "" {
			return a.Value
		}
	}
	return ""
}
