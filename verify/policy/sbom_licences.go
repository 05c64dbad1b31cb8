package policy

import (
	"errors"
	"fmt"
	"strings"

	"github.com/carnet-project/carnet/verify/internal/glob"
)

// maxLicence bounds a licence expression, and with it how deep its parentheses are: the longest in use are a
// few hundred bytes.
const maxLicence = 8192

// deniedLicences are licences that no package may have.
type deniedLicences []deniedLicence

// A deniedLicence is a glob for SPDX ids, alone or with one for exceptions.
type deniedLicence struct {
	text              string
	licence, addition glob.Glob
	with              bool
}

// denyLicences reads a policy's list: "GPL-3.0-only", "AGPL-*", "GPL-2.0-only WITH *". Without WITH it means
// the licence whatever is added to it, for an exception to one licence is seldom one to all of its terms.
func denyLicences(patterns []string) (deniedLicences, error) {
	var all deniedLicences
	for _, p := range patterns {
		d := deniedLicence{text: p}
		licence, addition, with := strings.Cut(strings.ToLower(p), " with ")
		var err error
		if d.licence, err = glob.Compile(strings.TrimSpace(licence)); err != nil {
			return nil, err
		}
		if d.with = with; with {
			if d.addition, err = glob.Compile(strings.TrimSpace(addition)); err != nil {
				return nil, err
			}
		}
		all = append(all, d)
	}
	return all, nil
}

// CheckDeniedLicense says why a pattern of [SBOMClause.DenyLicenses] is none, or can match no
// licence: it is one id or a name, or an id and an exception with WITH between.
func CheckDeniedLicense(pattern string) error {
	all, err := denyLicences([]string{pattern})
	if err != nil {
		return fmt.Errorf("%q is no licence: %w", pattern, err)
	}
	words := strings.Fields(strings.ToLower(pattern))
	switch l, err := parseLicence(strings.ReplaceAll(pattern, "*", "x")); {
	case err == nil && l.left != nil:
		return fmt.Errorf("%q is an expression: deny each of its licences by itself", pattern)
	case words[0] == "with" || words[len(words)-1] == "with" || all[0].with && err != nil:
		return fmt.Errorf("%q is no licence with an exception, as in GPL-2.0-only WITH *", pattern)
	}
	return nil
}

// id gives the entry that denies one licence id with an exception or "", and "" where none does.
func (all deniedLicences) id(id, addition string) string {
	for _, d := range all {
		if d.with && (addition == "" || !d.addition.Match(strings.ToLower(addition))) {
			continue
		}
		for _, name := range licenceNames(strings.ToLower(id)) {
			if d.licence.Match(name) {
				return d.text
			}
		}
	}
	return ""
}

// licenceNames are the ids that mean the same: "gpl-2.0" was GPL-2.0-only's until version 3 of SPDX's list,
// and "gpl-2.0+" was GPL-2.0-or-later's. A plus after any id allows later versions.
func licenceNames(id string) []string {
	names := []string{id}
	base, later := strings.CutSuffix(id, "+")
	if later {
		return append(names, base+"-or-later")
	}
	for _, family := range []string{"gpl-", "lgpl-", "agpl-", "gfdl-"} {
		switch {
		case !strings.HasPrefix(id, family):
		case strings.HasSuffix(id, "-only"):
			return append(names, strings.TrimSuffix(id, "-only"))
		case strings.HasSuffix(id, "-or-later"):
			return append(names, strings.TrimSuffix(id, "-or-later")+"+")
		default:
			return append(names, id+"-only")
		}
	}
	return names
}

// deny gives the entry because of which an expression cannot be met: AND needs both sides, OR lets choose
// (SPDX 2.3, annex D). What is no expression is one name; if it was meant to be one, each of its words is
// looked at, for a slip of the pen must not let a licence in.
func (all deniedLicences) deny(expression string) string {
	e, err := parseLicence(expression)
	if err == nil {
		return e.denied(all)
	}
	if by := all.id(expression, ""); by != "" {
		return by
	}
	for _, word := range strings.FieldsFunc(expression, func(c rune) bool { return strings.ContainsRune(" ()\t\n,;/", c) }) {
		if by := all.id(word, ""); by != "" {
			return by
		}
	}
	return ""
}

// A licence is an expression: an id with an exception or without, or an operator over two.
type licence struct {
	id, addition string
	or           bool
	left, right  *licence
}

func (l *licence) denied(all deniedLicences) string {
	if l.left == nil {
		return all.id(l.id, l.addition)
	}
	left, right := l.left.denied(all), l.right.denied(all)
	if l.or && (left == "" || right == "") {
		return ""
	}
	if left != "" {
		return left
	}
	return right
}

// parseLicence reads an SPDX licence expression. Operators may be in lower case, as SPDX 3 allows.
func parseLicence(s string) (*licence, error) {
	if len(s) > maxLicence {
		return nil, fmt.Errorf("a licence expression of %d bytes, want at most %d", len(s), maxLicence)
	}
	p := &licenceParser{words: strings.Fields(strings.NewReplacer("(", " ( ", ")", " ) ").Replace(s))}
	l, err := p.or()
	if err == nil && len(p.words) > 0 {
		err = errors.New("the expression goes on")
	}
	return l, err
}

type licenceParser struct{ words []string }

// next takes the next word if it is w, in any case.
func (p *licenceParser) next(w string) bool {
	if len(p.words) == 0 || !strings.EqualFold(p.words[0], w) {
		return false
	}
	p.words = p.words[1:]
	return true
}

func (p *licenceParser) or() (*licence, error)  { return p.chain("or", p.and) }
func (p *licenceParser) and() (*licence, error) { return p.chain("and", p.one) }

// chain reads operands between operators of one kind.
func (p *licenceParser) chain(operator string, operand func() (*licence, error)) (*licence, error) {
	l, err := operand()
	for err == nil && p.next(operator) {
		var right *licence
		right, err = operand()
		l = &licence{or: operator == "or", left: l, right: right}
	}
	return l, err
}

func (p *licenceParser) one() (*licence, error) {
	if p.next("(") {
		l, err := p.or()
		if err == nil && !p.next(")") {
			err = errors.New("a parenthesis is open")
		}
		return l, err
	}
	id, err := p.id()
	l := &licence{id: id}
	if err == nil && p.next("with") {
		l.addition, err = p.id()
	}
	return l, err
}

func (p *licenceParser) id() (string, error) {
	if len(p.words) == 0 {
		return "", errors.New("the expression ends early")
	}
	word := p.words[0]
	switch strings.ToLower(word) {
	case "and", "or", "with", "(", ")":
		return "", fmt.Errorf("%q where a licence is expected", word)
	}
	if strings.ContainsFunc(word, func(c rune) bool {
		return (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') && !strings.ContainsRune(".-+:_", c)
	}) {
		return "", fmt.Errorf("%q is no licence id", word)
	}
	p.words = p.words[1:]
	return word, nil
}
