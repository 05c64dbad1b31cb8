package policy

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/carnet-project/carnet/attest"
)

// suggestion is the identity, as a policy's file has it, that accepts the certificate's
// holder; "" where one could not be checked by eye. Nobody should add what they do not mean.
func suggestion(c attest.Certificate) string {
	const issuer = "https://token.actions.githubusercontent.com"
	switch source := c.Claims[attest.ClaimSourceRepositoryURI]; {
	case c.Issuer == issuer && strings.HasPrefix(source, "https://github.com/"):
		return githubSuggestion(c, source)
	case c.Issuer == "https://gitlab.com" && strings.HasPrefix(source, "https://gitlab.com/"):
		config, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(c.Claims[attest.ClaimBuildConfigURI], source+"//"), "https://gitlab.com/"), "@")
		return stanza("gitlab", "project", strings.TrimPrefix(source, "https://gitlab.com/"), "config", config, "refs", c.Claims[attest.ClaimSourceRepositoryRef])
	case c.Issuer == "":
		return stanza("x509", "subjects", c.Subject)
	case c.SubjectType == attest.SubjectEmail:
		return stanza("people", "issuer", c.Issuer, "emails", c.Subject)
	}
	return stanza("oidc", "issuer", c.Issuer, "subject", c.Subject)
}

func githubSuggestion(c attest.Certificate, source string) string {
	pairs := []string{"repository", strings.TrimPrefix(source, "https://github.com/")}
	started, _, _ := strings.Cut(c.Claims[attest.ClaimBuildConfigURI], "@")
	if path, ok := strings.CutPrefix(started, source+"/"); ok {
		pairs = append(pairs, "workflow", path)
	}
	signed, ref, _ := strings.Cut(c.Claims[attest.ClaimBuildSignerURI], "@")
	if path, ok := strings.CutPrefix(signed, "https://github.com/"); ok && signed != started {
		pairs = append(pairs, "builder", path, "builderRefs", ref)
	}
	return stanza("github", append(pairs, "refs", c.Claims[attest.ClaimSourceRepositoryRef])...)
}

// stanza writes names and values in YAML's flow style. The names of lists are plural.
func stanza(kind string, pairs ...string) string {
	var fields []string
	for i := 0; i < len(pairs); i += 2 {
		name, value := pairs[i], pairs[i+1]
		if value == "" {
			continue
		}
		text, ok := scalar(value)
		if !ok {
			return ""
		}
		if strings.HasSuffix(name, "s") {
			text = "[" + text + "]"
		}
		fields = append(fields, name+": "+text)
	}
	return kind + ": { " + strings.Join(fields, ", ") + " }"
}

// scalar writes a value that means itself and nothing else: a star or a brace would mean
// more as a pattern, and what cannot be seen cannot be checked.
func scalar(value string) (string, bool) {
	if len(value) > 256 || !utf8.ValidString(value) || strings.ContainsAny(value, "*{}") ||
		strings.ContainsFunc(value, func(r rune) bool { return !unicode.IsGraphic(r) || unicode.IsSpace(r) }) {
		return "", false
	}
	plain := strings.Trim(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/-@:") == "" &&
		!strings.ContainsAny(value[:1], "-:@") && !strings.HasSuffix(value, ":") && strings.ContainsAny(value, "/@")
	if plain {
		return value, true
	}
	return strconv.Quote(value), true
}
