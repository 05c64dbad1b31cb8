package certificate

import (
	"bytes"
	"crypto/x509"
	"encoding/hex"
	"slices"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/carnet-project/carnet/attest"
)

// The bounds on what is read. Fulcio's certificates have about 3 KB, and the longest of
// their strings are URIs.
const (
	maxBytes  = 64 << 10
	maxString = 4 << 10
)

// Parse reads a signing certificate from DER of at most 64 KiB.
//
// A certificate with Fulcio's issuer extension must have exactly one subject alternative
// name: an e-mail address, a URI or an OtherName of Fulcio's type. Of any other
// certificate, its only name of these kinds is the subject, or none is. Every extension
// of Fulcio's may be there once; its string may have 4 KiB. Of the two issuers, the DER
// string (number 8) wins over the older raw one (number 1).
//
// The error is an *[attest.Error] of the fault malformed or too-large. Nothing is
// verified.
func Parse(der []byte) (attest.Certificate, error) {
	if len(der) > maxBytes {
		return attest.Certificate{}, &attest.Error{Fault: attest.FaultTooLarge, Where: "certificate", Detail: "is larger than 64 KiB"}
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		return attest.Certificate{}, malformed("", "is not a certificate: %v", err)
	}
	return Of(parsed)
}

// Of reads a certificate that is already parsed, as [Parse] does.
func Of(parsed *x509.Certificate) (attest.Certificate, error) {
	c := attest.Certificate{
		Authority:    parsed.Issuer.String(),
		AuthorityKey: hex.EncodeToString(parsed.AuthorityKeyId),
		NotBefore:    parsed.NotBefore,
		NotAfter:     parsed.NotAfter,
	}
	names, err := subjectNames(parsed)
	if err != nil {
		return attest.Certificate{}, err
	}
	if err := readExtensions(parsed, &c); err != nil {
		return attest.Certificate{}, err
	}
	known := slices.DeleteFunc(slices.Clone(names), func(n name) bool { return n.kind == "" })
	switch {
	case c.Issuer != "" && (len(names) != 1 || len(known) != 1):
		return attest.Certificate{}, malformed("subject alternative name", "has %d names, of them %d that can be read: want one e-mail address, URI or user name", len(names), len(known))
	case len(known) == 1:
		c.SubjectType, c.Subject = known[0].kind, known[0].value
	}
	return c, nil
}

// name is a subject alternative name; of a kind that is not read, it has no kind.
type name struct {
	kind  attest.SubjectType
	value string
}

// The tags of GeneralName (RFC 5280, section 4.2.1.6).
var (
	tagOther = casn1.Tag(0).ContextSpecific().Constructed()
	tagEmail = casn1.Tag(1).ContextSpecific()
	tagURI   = casn1.Tag(6).ContextSpecific()
	tagValue = casn1.Tag(0).ContextSpecific().Constructed()
)

// subjectNames reads the extension itself: crypto/x509 knows no OtherName, and writes
// URIs anew.
func subjectNames(parsed *x509.Certificate) ([]name, error) {
	var names []name
	for _, e := range parsed.Extensions {
		if !e.Id.Equal(oidSubjectAlternativeName) {
			continue
		}
		var all cryptobyte.String
		whole := cryptobyte.String(e.Value)
		if !whole.ReadASN1(&all, casn1.SEQUENCE) || !whole.Empty() || all.Empty() {
			return nil, malformed("subject alternative name", "is not a DER sequence of names")
		}
		for !all.Empty() {
			var value cryptobyte.String
			var tag casn1.Tag
			if !all.ReadAnyASN1(&value, &tag) {
				return nil, malformed("subject alternative name", "is not a DER sequence of names")
			}
			n, err := readName(value, tag)
			if err != nil {
				return nil, err
			}
			names = append(names, n)
		}
	}
	return names, nil
}

func readName(value cryptobyte.String, tag casn1.Tag) (name, error) {
	switch tag {
	case tagEmail, tagURI:
		kind := attest.SubjectEmail
		if tag == tagURI {
			kind = attest.SubjectURI
		}
		s, ok := ia5(value)
		if !ok {
			return name{}, malformed("subject alternative name", "is not an IA5String of 1 to %d printable bytes", maxString)
		}
		return name{kind, s}, nil
	case tagOther:
		return otherName(value)
	}
	return name{}, nil
}

// otherName reads an OtherName of Fulcio's type: a UTF8String (docs/oid-info.md, number 7).
func otherName(value cryptobyte.String) (name, error) {
	var id, inner, text cryptobyte.String
	if !value.ReadASN1(&id, casn1.OBJECT_IDENTIFIER) {
		return name{}, malformed("subject alternative name", "is an OtherName without a type")
	}
	if !bytes.Equal(id, oidOtherNameDER) {
		return name{}, nil
	}
	if !value.ReadASN1(&inner, tagValue) || !value.Empty() || !inner.ReadASN1(&text, casn1.UTF8String) || !inner.Empty() || !printable(text) {
		return name{}, malformed("subject alternative name", "is an OtherName without a UTF8String of 1 to %d printable bytes", maxString)
	}
	return name{attest.SubjectOther, string(text)}, nil
}

func ia5(b []byte) (string, bool) {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return "", false
		}
	}
	return string(b), printable(b)
}

// printable says whether b is a name that can be shown and compared: UTF-8 of a bounded
// length and without control characters, whose presence could only be meant to deceive.
func printable(b []byte) bool {
	return len(b) > 0 && len(b) <= maxString && utf8.Valid(b) && !slices.ContainsFunc([]rune(string(b)), func(r rune) bool {
		return r < 0x20 || r >= 0x7f && r < 0xa0
	})
}
