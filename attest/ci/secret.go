package ci

import "fmt"

// A Secret is text that no message must show. However it is printed or encoded, alone or
// deep within something else, the text does not appear; [Secret.Reveal] gives it.
type Secret struct {
	// A pointer, because fmt prints the content of unexported fields past all methods,
	// and of a pointer there only its address.
	text *string
}

// NewSecret hides text.
func NewSecret(text string) Secret { return Secret{&text} }

// Reveal is the text, for whom it is meant.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// Format prints a word in the text's place, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(hidden)) }

// MarshalText writes a word in the text's place; encoding/json uses it, too.
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

const hidden = "(secret)"
