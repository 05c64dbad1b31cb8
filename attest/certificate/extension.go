package certificate

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"slices"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/carnet-project/carnet/attest"
)

// The numbers of Fulcio's extensions below 1.3.6.1.4.1.57264.1 that are no claims
// (sigstore/fulcio, docs/oid-info.md). Those up to 6 are raw strings, all others DER.
const (
	issuerRaw = 1
	lastRaw   = 6
	otherType = 7
	issuerDER = 8
)

var (
	oidSubjectAlternativeName = asn1.ObjectIdentifier{2, 5, 29, 17}
	// oidOtherNameDER is the content of 1.3.6.1.4.1.57264.1.7.
	oidOtherNameDER = []byte{0x2b, 6, 1, 4, 1, 0x83, 0xbf, 0x30, 1, otherType}
)

// oid is Fulcio's n-th object identifier.
func oid(n int) asn1.ObjectIdentifier {
	return asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, n}
}

// number is n of Fulcio's n-th object identifier, or 0 for any other.
func number(id asn1.ObjectIdentifier) int {
	if n := len(id); n == 9 && id[:n-1].Equal(oid(0)[:n-1]) {
		return id[n-1]
	}
	return 0
}

// readExtensions reads the issuer and the claims into c.
func readExtensions(parsed *x509.Certificate, c *attest.Certificate) error {
	claims := make(map[int]attest.Claim)
	for claim, n := range attest.Claims() {
		claims[n] = claim
	}
	c.Claims = map[attest.Claim]string{}
	raw := ""
	for _, e := range parsed.Extensions {
		n := number(e.Id)
		claim, isClaim := claims[n]
		if !isClaim && n != issuerRaw && n != issuerDER {
			continue
		}
		value, err := readString(n, e.Value)
		switch {
		case err != nil:
			return err
		case n == issuerRaw:
			raw = value
		case n == issuerDER:
			c.Issuer = value
		case value != "":
			c.Claims[claim] = value
		}
	}
	if c.Issuer == "" {
		c.Issuer = raw
	}
	return nil
}

// readString reads the string of the n-th extension. It may be empty: Fulcio writes some
// claims so.
func readString(n int, value []byte) (string, error) {
	where := "extension " + oid(n).String()
	text := cryptobyte.String(value)
	if n > lastRaw {
		whole := cryptobyte.String(value)
		if !whole.ReadASN1(&text, casn1.UTF8String) || !whole.Empty() {
			return "", malformed(where, "is not one DER UTF8String")
		}
	}
	// A claim may hold what a workflow's author wrote, line ends and all; an issuer may not.
	claim := n != issuerRaw && n != issuerDER
	if len(text) > maxString || !utf8.Valid(text) || len(text) > 0 && !claim && !printable(text) {
		return "", malformed(where, "is not UTF-8 of at most %d bytes", maxString)
	}
	return string(text), nil
}

// Extension is the extension in which Fulcio writes a claim, which must be one of
// [attest.Claims].
func Extension(claim attest.Claim, value string) pkix.Extension {
	return extension(attest.Claims()[claim], value)
}

// IssuerExtensions are the extensions in which Fulcio writes the issuer: the older raw
// string and the DER string.
func IssuerExtensions(issuer string) []pkix.Extension {
	return []pkix.Extension{extension(issuerRaw, issuer), extension(issuerDER, issuer)}
}

func extension(n int, value string) pkix.Extension {
	if n <= lastRaw {
		return pkix.Extension{Id: oid(n), Value: []byte(value)}
	}
	return pkix.Extension{Id: oid(n), Value: utf8String(value)}
}

// utf8String is value in DER. What is not UTF-8 in it is replaced.
func utf8String(value string) []byte {
	var b cryptobyte.Builder
	b.AddASN1(casn1.UTF8String, func(b *cryptobyte.Builder) { b.AddBytes([]byte(toUTF8(value))) })
	return b.BytesOrPanic() // fails only for lengths beyond 4 GiB
}

func toUTF8(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return string([]rune(s))
}

// SubjectExtension is the subject alternative name in which Fulcio writes a subject. It
// is critical, since Fulcio's certificates have no other subject (RFC 5280, section
// 4.2.1.6). An e-mail address or a URI must be ASCII.
func SubjectExtension(kind attest.SubjectType, subject string) (pkix.Extension, error) {
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		switch kind {
		case attest.SubjectEmail:
			b.AddASN1(tagEmail, func(b *cryptobyte.Builder) { b.AddBytes([]byte(subject)) })
		case attest.SubjectURI:
			b.AddASN1(tagURI, func(b *cryptobyte.Builder) { b.AddBytes([]byte(subject)) })
		case attest.SubjectOther:
			b.AddASN1(tagOther, func(b *cryptobyte.Builder) {
				b.AddASN1(casn1.OBJECT_IDENTIFIER, func(b *cryptobyte.Builder) { b.AddBytes(oidOtherNameDER) })
				b.AddASN1(tagValue, func(b *cryptobyte.Builder) { b.AddBytes(utf8String(subject)) })
			})
		}
	})
	if _, ascii := ia5([]byte(subject)); !printable([]byte(subject)) || kind != attest.SubjectOther && !ascii ||
		!slices.Contains([]attest.SubjectType{attest.SubjectEmail, attest.SubjectURI, attest.SubjectOther}, kind) {
		return pkix.Extension{}, fmt.Errorf("%q can't be the %s of a certificate", subject, kind)
	}
	der, err := b.Bytes()
	return pkix.Extension{Id: oidSubjectAlternativeName, Critical: true, Value: der}, err
}

func malformed(where, format string, args ...any) error {
	if where == "" {
		where = "certificate"
	} else {
		where = "certificate, " + where
	}
	return &attest.Error{Fault: attest.FaultMalformed, Where: where, Detail: fmt.Sprintf(format, args...)}
}
