package run

import (
	"regexp"
	"strings"
)

const (
	// secretParts are parts of names whose values are secrets, and secretWhole whole words.
	secretParts = `(?i)token|secret|passw|passphrase|credential|apikey|api_key|api-key|private_?-?key|accesskey|access_key|access-key|authorization|webhook|cookie|session_?(id|key)|bearer|connection_?string|_dsn$`
	secretWhole = `(?i)(^|[^a-z0-9])(key|auth|oauth|pass|pwd|pw|pat|creds?|pin|jwt|otp|sas|sig|signature|netrc)([^a-z0-9]|$)|(key|auth|pass|pwd)$`
	// secretValues are the shapes of tokens, as those who issue them publish them for
	// scanners: GitHub, GitLab, AWS, Slack, Google, Stripe, npm, PyPI, Docker Hub, Azure,
	// HashiCorp Vault, JSON web tokens, age, and private keys in PEM.
	secretValues = `\bgh[pousr]_[A-Za-z0-9]{16,}|\bgithub_pat_[A-Za-z0-9_]{16,}|\bgl[a-z]{1,8}-[A-Za-z0-9_.-]{16,}|\b(AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,}|\bxox[a-z]-[A-Za-z0-9-]{8,}|\bxapp-[A-Za-z0-9-]{8,}|\bAIza[A-Za-z0-9_-]{30,}|\bya29\.[A-Za-z0-9_.-]{16,}|\b[sr]k_(live|test)_[A-Za-z0-9]{10,}|\bnpm_[A-Za-z0-9]{20,}|\bpypi-[A-Za-z0-9_-]{16,}|\bdckr_(pat|oat)_[A-Za-z0-9_-]{16,}|\bdop_v1_[a-f0-9]{32,}|\bhv[sbr]\.[A-Za-z0-9_-]{16,}|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{2,}(\.[A-Za-z0-9_-]*)*|\bAGE-SECRET-KEY-1[A-Z0-9]+|\bsk-[A-Za-z0-9_-]{20,}|\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|\bhooks\.slack\.com/services/[A-Za-z0-9/]+|(?s)-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*`
	// userinfo is what stands before the @ of a URL's authority.
	userinfo = `([A-Za-z][A-Za-z0-9+.-]*://)([^/?#\s@"']*(?:@[^/?#\s@"']*)*)@`
	// headers are those of HTTP that carry credentials, as in curl -H.
	headers = `(?i)\b((?:proxy-)?authorization|cookie|set-cookie|private-token|job-token|x-[a-z0-9-]*(?:token|key|auth|secret)[a-z0-9-]*)(\s*:\s*)[^\r\n"']+`
)

// secretName says whether a variable or a flag of a name holds a secret, as far as a name
// can tell.
func (r *redactor) secretName(name string) bool {
	return r.parts.MatchString(name) || r.whole.MatchString(name)
}

// hidden is what stands in the record where a secret was.
const hidden = "(redacted)"

// minSecret is how long a secret variable's value is that is looked for elsewhere: a shorter
// one, such as "true", is a part of too much.
const minSecret = 6

// A redactor takes secrets out of text.
type redactor struct {
	known                                                       *strings.Replacer
	parts, whole, values, userinfo, headers, assignment, spaced *regexp.Regexp
}

// newRedactor knows the values of all variables whose names are those of secrets.
func newRedactor(environ []string) *redactor {
	compile := regexp.MustCompile
	r := &redactor{
		parts: compile(secretParts), whole: compile(secretWhole), values: compile(secretValues), userinfo: compile(userinfo),
		headers: compile(headers), assignment: compile(assignment), spaced: compile(spaced),
	}
	var pairs []string
	seen := map[string]bool{}
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		for _, v := range []string{value, strings.TrimSpace(value)} {
			if r.secretName(name) && len(v) >= minSecret && !seen[v] && !plain(v) {
				seen[v] = true
				pairs = append(pairs, v)
			}
		}
	}
	r.known = replacer(pairs)
	return r
}

// text is s without what looks like a secret, and without the values of secret variables.
func (r *redactor) text(s string) string {
	s = r.known.Replace(s)
	s = r.values.ReplaceAllString(s, hidden)
	s = r.headers.ReplaceAllString(s, "$1$2"+hidden)
	return r.userinfo.ReplaceAllStringFunc(s, r.hideUser)
}

// hideUser leaves the user of SSH, which is no credential.
func (r *redactor) hideUser(found string) string {
	m := r.userinfo.FindStringSubmatch(found)
	scheme, user := strings.ToLower(m[1]), m[2]
	if strings.Contains(scheme, "ssh") && !strings.Contains(user, ":") {
		return found
	}
	return m[1] + hidden + "@"
}
