package identity

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/carnet-project/carnet/attest"
)

// A Spec says which certificates are accepted. One of Subject and SubjectRegexp and one
// of Issuer, IssuerRegexp and NoIssuer must be given: a subject alone would trust every
// issuer that the authority knows.
type Spec struct {
	// Subject is an anchored glob for the subject alternative name, and Issuer one for
	// the OIDC issuer.
	Subject, Issuer string
	// SubjectRegexp and IssuerRegexp are regular expressions in RE2's syntax that must
	// match the whole value.
	SubjectRegexp, IssuerRegexp string
	// NoIssuer accepts certificates of an authority that is not Fulcio, which name no
	// issuer; and no others.
	NoIssuer bool
	// Claims are anchored globs for Fulcio's extensions, by name.
	Claims map[attest.Claim]string
	// Unanchored lets the regular expressions match a part of the value.
	Unanchored bool
}

// A Pattern is what a certificate's holder must be. The zero Pattern matches nothing.
type Pattern struct {
	fields []field
	// words is what the pattern asks for.
	words string
}

// A field is one thing that a certificate says and how it must read.
type field struct {
	name string
	// read gives the values of which one must match; an empty one never does.
	read func(attest.Certificate) []string
	want []matcher
	// fold compares without regard to the case of ASCII letters; want is in lower case.
	fold bool
	// flag gives the arguments that would accept what the certificate says, or "".
	flag func(attest.Certificate) string
}

// New makes a pattern.
func New(s Spec) (Pattern, error) {
	subject, err := s.subject()
	if err != nil {
		return Pattern{}, fmt.Errorf("the identity %w", err)
	}
	issuer, err := s.issuer()
	if err != nil {
		return Pattern{}, fmt.Errorf("the issuer %w", err)
	}
	if !s.NoIssuer && anySubject(subject) && anyIssuer(issuer) {
		return Pattern{}, errors.New("the identity and the issuer match everybody: anyone who can get a certificate would be accepted")
	}
	p := Pattern{words: subject.text + " (" + issuer.text + ")"}
	if s.NoIssuer {
		p.words = subject.text + " (certified without an OIDC issuer)"
		p.fields = append(p.fields, field{name: "issuer", read: noIssuer, want: []matcher{issuer}, flag: identityFlags})
	} else {
		p.fields = append(p.fields, field{name: "issuer", read: issuerOf, want: []matcher{issuer}, flag: identityFlags})
	}
	p.fields = append(p.fields, field{name: "identity", read: subjectOf, want: []matcher{subject}, flag: identityFlags})
	return p.withClaims(s.Claims)
}

func (s Spec) subject() (matcher, error) {
	switch {
	case s.Subject != "" && s.SubjectRegexp != "":
		return matcher{}, errors.New("is given as a glob and as a regular expression: one is enough")
	case s.SubjectRegexp != "":
		return expression(s.SubjectRegexp, s.Unanchored)
	}
	return glob(s.Subject)
}

func (s Spec) issuer() (matcher, error) {
	given := 0
	for _, is := range []bool{s.Issuer != "", s.IssuerRegexp != "", s.NoIssuer} {
		if is {
			given++
		}
	}
	switch {
	case given == 0:
		return matcher{}, errors.New("is not given: the same name at another issuer is somebody else")
	case given > 1:
		return matcher{}, errors.New("is given in more than one way")
	case s.NoIssuer:
		return glob(without)
	case s.IssuerRegexp != "":
		return expression(s.IssuerRegexp, s.Unanchored)
	}
	return glob(s.Issuer)
}

// without is how a certificate without an OIDC issuer reads in a mismatch.
const without = "no OIDC issuer"

func subjectOf(c attest.Certificate) []string { return []string{c.Subject} }
func issuerOf(c attest.Certificate) []string  { return []string{c.Issuer} }

func noIssuer(c attest.Certificate) []string {
	if c.Issuer == "" {
		return []string{without}
	}
	return []string{c.Issuer}
}

func claim(names ...attest.Claim) func(attest.Certificate) []string {
	return func(c attest.Certificate) []string {
		var values []string
		for _, n := range names {
			values = append(values, c.Claims[n])
		}
		return values
	}
}

// withClaims adds what must be certified beside the identity, in the order of the
// extensions' numbers.
func (p Pattern) withClaims(claims map[attest.Claim]string) (Pattern, error) {
	numbers := attest.Claims()
	ordered := slices.SortedFunc(maps.Keys(claims), func(a, b attest.Claim) int { return numbers[a] - numbers[b] })
	for _, c := range ordered {
		if numbers[c] == 0 {
			return Pattern{}, fmt.Errorf("the claim %q is not known", c)
		}
		m, err := glob(claims[c])
		if err != nil {
			return Pattern{}, fmt.Errorf("the claim %s %w", c, err)
		}
		p.fields = append(p.fields, field{name: string(c), read: claim(c), want: []matcher{m}})
	}
	return p, nil
}

// Exact says whether the pattern can match no more than one signer, as policies count
// them: one subject of one issuer.
func (p Pattern) Exact() bool {
	exact := map[string]bool{}
	for _, f := range p.fields {
		if len(f.want) == 1 && f.want[0].exact && !f.fold {
			exact[f.name] = true
		}
	}
	return exact["identity"] && exact["issuer"]
}

func (p Pattern) String() string { return p.words }

// probes are names that have nothing in common. What matches all of one kind names
// nobody.
var (
	people   = [...]string{"q@a.invalid", "zyx.9+w@mail.b.test"}
	places   = [...]string{"https://a.invalid/q/w/.k/y.z@refs/heads/r", "https://b.test/zz/x//9.y@refs/tags/v"}
	services = [...]string{"https://a.invalid", "https://zyx.b.test"}
)

func anySubject(m matcher) bool {
	return m.match(people[0]) && m.match(people[1]) || m.match(places[0]) && m.match(places[1])
}

func anyIssuer(m matcher) bool { return m.match(services[0]) && m.match(services[1]) }

func lower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}
