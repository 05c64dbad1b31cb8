package ingest

import (
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// xmlDecoder reads raw in UTF-8, or in UTF-16 that a byte order mark tells, or in the one
// encoding of one byte that reports come in, ISO-8859-1. Entities other than XML's own five are
// errors.
func xmlDecoder(raw []byte) *xml.Decoder {
	wide := utf16BOM(raw)
	if wide {
		raw = fromUTF16(raw)
	}
	d := xml.NewDecoder(bytes.NewReader(raw))
	d.CharsetReader = func(label string, in io.Reader) (io.Reader, error) {
		switch strings.ToLower(label) {
		case "utf-8", "us-ascii", "ascii":
			return in, nil
		case "utf-16", "utf-16le", "utf-16be":
			if wide {
				return in, nil
			}
		case "iso-8859-1", "latin1":
			return &latin1{in: in}, nil
		}
		return nil, fmt.Errorf("%q", label)
	}
	return d
}

func utf16BOM(raw []byte) bool {
	return bytes.HasPrefix(raw, []byte{0xff, 0xfe}) || bytes.HasPrefix(raw, []byte{0xfe, 0xff})
}

// fromUTF16 leaves half a character at the end out, which the XML then lacks.
func fromUTF16(raw []byte) []byte {
	var order binary.ByteOrder = binary.LittleEndian
	if raw[0] == 0xfe {
		order = binary.BigEndian
	}
	raw = raw[2:]
	out := make([]byte, 0, len(raw)/2)
	for ; len(raw) >= 2; raw = raw[2:] {
		r := rune(order.Uint16(raw))
		if utf16.IsSurrogate(r) && len(raw) >= 4 {
			r = utf16.DecodeRune(r, rune(order.Uint16(raw[2:])))
			raw = raw[2:]
		}
		out = utf8.AppendRune(out, r)
	}
	return out
}

// latin1 reads ISO-8859-1 as UTF-8.
type latin1 struct {
	in   io.Reader
	rest []byte
}

func (l *latin1) Read(p []byte) (int, error) {
	if len(l.rest) == 0 {
		var chunk [4096]byte
		n, err := l.in.Read(chunk[:])
		if n == 0 {
			return 0, err
		}
		for _, b := range chunk[:n] {
			l.rest = utf8.AppendRune(l.rest, rune(b))
		}
	}
	n := copy(p, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}
