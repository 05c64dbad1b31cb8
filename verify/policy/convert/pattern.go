package convert

import (
	"errors"
	"strings"

	"github.com/carnet-project/carnet/verify/policy"
)

// imageGlob makes a pattern for the name of a repository of one for references, which may
// have a tag. Where the source's star crosses slashes, all is set.
func imageGlob(pattern string, all bool) string {
	name := pattern
	if at := strings.Index(name, "@"); at >= 0 {
		name = name[:at]
	}
	if colon := strings.LastIndex(name, ":"); colon > strings.LastIndex(name, "/") {
		name = name[:colon]
	}
	name = strings.TrimPrefix(strings.TrimPrefix(name, "https://"), "http://")
	name = strings.Replace(name, "index.docker.io/", "docker.io/", 1)
	if all {
		for strings.Contains(name, "**") {
			name = strings.ReplaceAll(name, "**", "*")
		}
		name = strings.ReplaceAll(name, "*", "**")
	}
	first, _, _ := strings.Cut(name, "/")
	switch {
	case name == "" || name == "*":
		return "**"
	case strings.HasPrefix(name, "*") || strings.ContainsAny(first, ".:") || first == "localhost":
		return name
	case !strings.Contains(name, "/"):
		return "docker.io/library/" + name
	}
	return "docker.io/" + name
}

// tagged says whether a reference pattern says anything about tags or digests.
func tagged(pattern string) bool {
	rest := pattern[strings.LastIndex(pattern, "/")+1:]
	_, tag, found := strings.Cut(rest, ":")
	return strings.Contains(pattern, "@") || found && tag != "*"
}

// globOf makes an anchored glob of a regular expression, where one means the same or less.
// A dot that is not escaped is taken for a dot: who writes github.com means it.
func globOf(expression string) (string, error) {
	rest := expression
	var b strings.Builder
	if !strings.HasPrefix(rest, "^") {
		return "", errors.New("it is not anchored at its beginning, and carnet's patterns are")
	}
	rest = rest[1:]
	anchored := strings.HasSuffix(rest, "$") && !strings.HasSuffix(rest, `\$`)
	if rest = strings.TrimSuffix(rest, "$"); !anchored && !strings.HasSuffix(rest, ".*") {
		return "", errors.New("it is not anchored at its end, and carnet's patterns are")
	}
	for rest != "" {
		switch {
		case strings.HasPrefix(rest, ".*"), strings.HasPrefix(rest, ".+"):
			b.WriteString("**")
			rest = rest[2:]
		case strings.HasPrefix(rest, "[^/]*"), strings.HasPrefix(rest, "[^/]+"):
			b.WriteString("*")
			rest = rest[5:]
		case rest[0] == '\\' && len(rest) > 1 && strings.ContainsRune(`./-@+?*$^()[]{}|\:_`, rune(rest[1])):
			if rest[1] == '*' {
				return "", errors.New("a literal star has no glob")
			}
			b.WriteByte(rest[1])
			rest = rest[2:]
		case strings.ContainsRune(`\^$*+?()[]{}|`, rune(rest[0])):
			return "", errors.New("it can't be written as a glob")
		default:
			b.WriteByte(rest[0])
			rest = rest[1:]
		}
	}
	return b.String(), nil
}

// certified adds the identity of an issuer and a subject, each as text or as a regular
// expression; "" if it can't be carried over.
func (b *builder) certified(name string, where, issuer, issuerRegexp, subject, subjectRegexp *source) string {
	pick := func(text, expression *source) (string, bool) {
		if t := text.text(); t != "" && (t == "*" || strings.Trim(t, "*") != "") {
			expression.readAll()
			return stars(t), true
		}
		t := expression.text()
		if t == "" {
			return "", false
		}
		glob, err := globOf(t)
		if err != nil {
			b.gap(expression, "the expression %q is not carried over: %v; write the identity by hand", t, err)
		}
		return glob, err == nil
	}
	i, okIssuer := pick(issuer, issuerRegexp)
	s, okSubject := pick(subject, subjectRegexp)
	if !okIssuer || !okSubject {
		b.gap(where, "an identity needs an issuer and a subject that can be written as globs: this signer is left out")
		return ""
	}
	if strings.Trim(i, "*") == "" || strings.Trim(s, "*") == "" {
		b.gap(where, "it accepts every issuer or every subject of one, that is anybody: this signer is left out")
		return ""
	}
	return b.identity(name, policy.Identity{OIDC: &policy.OIDC{Issuer: i, Subject: s}})
}

// stars are the stars of a source in which one crosses slashes.
func stars(s string) string {
	for strings.Contains(s, "**") {
		s = strings.ReplaceAll(s, "**", "*")
	}
	return strings.ReplaceAll(s, "*", "**")
}

// publicKey adds the identity of a key in PEM, a key service or a file; "" for none.
func (b *builder) publicKey(name string, k policy.Key) string {
	k.PEM = strings.TrimSpace(k.PEM)
	if k.PEM != "" {
		k.PEM += "\n"
	}
	return b.identity(name, policy.Identity{Key: &k})
}

// add adds a scope that needs signatures by enough of the named.
func (b *builder) add(name string, images, from []string, threshold int, more func(*policy.Require)) {
	s := policy.Scope{Name: slug(name), Images: images}
	for n := 2; b.taken(s.Name); n++ {
		s.Name = slug(name) + "-" + string(rune('0'+n%10))
	}
	if len(from) > 0 {
		s.Require.Signatures = &policy.SignaturesClause{From: from, Threshold: threshold}
	}
	if more != nil {
		more(&s.Require)
	}
	b.doc.Scopes = append(b.doc.Scopes, s)
}

func (b *builder) taken(name string) bool {
	for _, s := range b.doc.Scopes {
		if s.Name == name {
			return true
		}
	}
	return false
}
