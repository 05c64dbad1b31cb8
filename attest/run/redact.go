package run

import (
	"cmp"
	"slices"
	"strings"
)

const (
	// assignment is NAME=value at the beginning of a word, or within a script after a space
	// or a quote.
	assignment = `(^|[\s"';&|(,?{])(-{0,2}[A-Za-z_][A-Za-z0-9_.-]*)(=|:)("[^"]*"|'[^']*'|[^\s"';&|),}]+)`
	// spaced is a flag and its value within a script.
	spaced = `(^|[\s"'])(--?[A-Za-z][A-Za-z0-9_-]*)(\s+)("[^"]*"|'[^']*'|[^\s"'-][^\s"']*)`
)

// command is argv without secrets: the values of flags and variables with secret names, what
// [redactor.text] takes out, and what follows -u where that is a name and a password.
func (r *redactor) command(argv []string) []string {
	out := make([]string, len(argv))
	next := false // the word is the value of a secret flag
	for i, word := range argv {
		switch {
		case next:
			out[i], next = hidden, false
			continue
		case i > 0 && isFlag(word) && !strings.Contains(word, "="):
			next = r.secretFlag(word) && !strings.ContainsAny(word, " \t\n")
		}
		out[i] = r.word(word)
		if i > 0 && isUserFlag(argv[i-1]) {
			out[i] = hidePassword(out[i])
		}
	}
	return out
}

// word is a word of a command line, which may itself be a script.
func (r *redactor) word(s string) string {
	s = r.assignment.ReplaceAllStringFunc(s, func(found string) string {
		m := r.assignment.FindStringSubmatch(found)
		if m[3] == ":" && strings.HasPrefix(m[4], "//") || !r.secretName(strings.TrimLeft(m[2], "-")) {
			return r.nested(m)
		}
		return m[1] + m[2] + m[3] + hidden
	})
	s = r.spaced.ReplaceAllStringFunc(s, func(found string) string {
		m := r.spaced.FindStringSubmatch(found)
		switch {
		case r.secretFlag(m[2]):
			return m[1] + m[2] + m[3] + hidden
		case isUserFlag(m[2]):
			return m[1] + m[2] + m[3] + hidePassword(m[4])
		}
		return found
	})
	if flag, value, found := shortPassword(s); found {
		s = flag + value
	}
	return r.text(s)
}

// nested looks into the value of what is itself no secret, as in --build-arg=TOKEN=x.
func (r *redactor) nested(m []string) string {
	name, _, found := strings.Cut(m[4], "=")
	if found && r.secretName(strings.Trim(name, `"'-`)) {
		return m[1] + m[2] + m[3] + name + "=" + hidden
	}
	return m[1] + m[2] + m[3] + m[4]
}

// shortPassword finds -pSECRET, which mysql and its like take, and no other short flag.
func shortPassword(s string) (flag, value string, found bool) {
	if len(s) > 3 && strings.HasPrefix(s, "-p") && !strings.HasPrefix(s, "--") && strings.ContainsAny(s[2:], "0123456789!@#$%^&*") && !strings.ContainsAny(s[2:], "/:=.") {
		return "-p", hidden, strings.Trim(s[2:], "0123456789") != "" // -p8080 is a port
	}
	return "", "", false
}

func isFlag(word string) bool { return len(word) > 1 && word[0] == '-' }

// secretFlag says whether the value of a flag is a secret. Of the short ones -p is a
// password to some programs and a path to others: it counts as the first.
func (r *redactor) secretFlag(word string) bool {
	name := strings.TrimLeft(word, "-")
	return word == "-p" || len(name) > 1 && r.secretName(name) && !namesFile(name)
}

// namesFile says that a flag's value is where a secret is, and not the secret.
func namesFile(name string) bool {
	name = strings.ToLower(name)
	return strings.HasSuffix(name, "-file") || strings.HasSuffix(name, "_file") || strings.HasSuffix(name, "-stdin") || strings.HasSuffix(name, "-path")
}

func isUserFlag(word string) bool {
	return word == "-u" || word == "-U" || word == "--user" || word == "--proxy-user"
}

func hidePassword(s string) string {
	user, password, found := strings.Cut(s, ":")
	if found && password != "" && strings.Trim(user+password, "0123456789") != "" { // -u 1000:1000 is a user and a group
		return user + ":" + hidden
	}
	return s
}

// replacer hides values, the longest first, for one may be a part of another.
func replacer(values []string) *strings.Replacer {
	slices.SortFunc(values, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	var pairs []string
	for _, v := range values {
		pairs = append(pairs, v, hidden)
	}
	return strings.NewReplacer(pairs...)
}

// plain says that a value is an ordinary word of environments, which hides nothing.
func plain(v string) bool {
	switch strings.ToLower(v) {
	case "enabled", "disabled", "default", "public", "private", "always", "required", "optional", "/dev/null":
		return true
	}
	return false
}
