// Package pkcs11uri reads the URIs of keys in PKCS#11 tokens, without a token.
package pkcs11uri

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
)

// ErrURI says that a URI is not one of a private key in a PKCS#11 token.
var ErrURI = errors.New("not the PKCS#11 URI of a key")

// maxURI bounds a URI in bytes.
const maxURI = 4096

// A URI names a key in a token by a subset of RFC 7512: token, serial and slot-id say
// which token; object and id which key; module-path the library, and pin-source the file
// with the PIN. A PIN in the URI itself (pin-value) is refused: it would stand in the
// arguments of programs.
type URI struct {
	Token, Serial string
	Slot          *int
	Object        string
	ID            []byte
	// Module is the absolute path of the token's library; PINFile that of the PIN.
	Module, PINFile string
}

// Parse reads what follows "pkcs11:", with or without two slashes. The error wraps
// [ErrURI] and does not repeat the values of attributes.
func Parse(s string) (URI, error) {
	if len(s) > maxURI {
		return URI{}, fmt.Errorf("%w: over %d bytes", ErrURI, maxURI)
	}
	path, query, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(s, "pkcs11:"), "//"), "?")
	var u URI
	if err := attributes(path, ";", u.pathAttribute); err != nil {
		return URI{}, err
	}
	if err := attributes(query, "&", u.queryAttribute); err != nil {
		return URI{}, err
	}
	switch {
	case u.Token == "" && u.Serial == "" && u.Slot == nil:
		return URI{}, fmt.Errorf("%w: it names no token: give token, serial or slot-id", ErrURI)
	case u.Object == "" && len(u.ID) == 0:
		return URI{}, fmt.Errorf("%w: it names no key: give object or id", ErrURI)
	}
	return u, nil
}

// attributes calls set for every name=value of s, each once.
func attributes(s, separator string, set func(name, value string) error) error {
	seen := map[string]bool{}
	for part := range strings.SplitSeq(s, separator) {
		if part == "" {
			continue
		}
		name, encoded, found := strings.Cut(part, "=")
		value, err := url.PathUnescape(encoded)
		if !found || err != nil || value == "" {
			return fmt.Errorf("%w: the attribute %.32q has no readable value", ErrURI, name)
		}
		if seen[name] {
			return fmt.Errorf("%w: the attribute %.32q is there twice", ErrURI, name)
		}
		seen[name] = true
		if err := set(name, value); err != nil {
			return err
		}
	}
	return nil
}

func (u *URI) pathAttribute(name, value string) error {
	switch name {
	case "token":
		u.Token = value
	case "serial":
		u.Serial = value
	case "object":
		u.Object = value
	case "id":
		u.ID = []byte(value)
	case "slot-id":
		n, err := strconv.Atoi(value)
		if err != nil || n < 0 {
			return fmt.Errorf("%w: slot-id is not a number", ErrURI)
		}
		u.Slot = &n
	case "type":
		if value != "private" {
			return fmt.Errorf("%w: type is not private", ErrURI)
		}
	default:
		return fmt.Errorf("%w: the attribute %.32q is not known here: token, serial, slot-id, object, id and type are", ErrURI, name)
	}
	return nil
}

func (u *URI) queryAttribute(name, value string) error {
	switch name {
	case "module-path":
		if !filepath.IsAbs(value) {
			return fmt.Errorf("%w: module-path is not an absolute path", ErrURI)
		}
		u.Module = value
	case "pin-source":
		u.PINFile = strings.TrimPrefix(value, "file:")
	case "pin-value":
		return fmt.Errorf("%w: a PIN has no place in it: give pin-source=file:PATH, or set COSIGN_PKCS11_PIN", ErrURI)
	default:
		return fmt.Errorf("%w: the attribute %.32q is not known here: module-path and pin-source are", ErrURI, name)
	}
	return nil
}
