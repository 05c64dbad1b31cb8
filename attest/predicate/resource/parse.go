package resource

import (
	"net/url"
	"strings"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/internal/strict"
)

// Parse reads "URI@ALGORITHM:HEX", as in
// pkg:docker/alpine@3.20@sha256:…. The URI is absolute and holds no password. The
// error is an *attest.Error that never repeats a URI's credentials.
func Parse(s string) (Descriptor, error) {
	at := strings.LastIndexByte(s, '@')
	if at < 0 {
		return Descriptor{}, strict.Fault(attest.FaultMalformed, "", "%q has no digest: want URI@ALGORITHM:HEX", shown(s))
	}
	algorithm, value, found := strings.Cut(s[at+1:], ":")
	if !found || algorithm == "" || hexLengths(algorithm) == nil {
		return Descriptor{}, strict.Fault(attest.FaultDigestMalformed, "", "%q does not end in a digest: want URI@ALGORITHM:HEX, such as …@sha256:…", shown(s))
	}
	return describe(s[:at], algorithm, value)
}

// ParseCommit reads "URI@COMMIT", where COMMIT is the full name of a git commit: 40
// or 64 characters of lower-case hex. The rules for the URI are those of [Parse].
func ParseCommit(s string) (Descriptor, error) {
	at := strings.LastIndexByte(s, '@')
	if at < 0 {
		return Descriptor{}, strict.Fault(attest.FaultMalformed, "", "%q has no commit: want URI@COMMIT", shown(s))
	}
	return describe(s[:at], "gitCommit", s[at+1:])
}

func describe(uri, algorithm, value string) (Descriptor, error) {
	if want := mismatch(algorithm, value); want != "" {
		return Descriptor{}, strict.Fault(attest.FaultDigestMalformed, "", "the %s of %q is %q, want %s", algorithm, shown(uri), strict.Clip(value), want)
	}
	if !strict.IsURI(uri) {
		return Descriptor{}, strict.Fault(attest.FaultMalformed, "", "%q is not an absolute URI such as git+https://HOST/ORG/REPO", shown(uri))
	}
	if secret(uri) {
		return Descriptor{}, strict.Fault(attest.FaultMalformed, "", "%q holds credentials, which whoever reads the provenance would see: leave them out", shown(uri))
	}
	return Descriptor{URI: uri, Digest: map[string]string{algorithm: value}}, nil
}

// secret says whether a URI has user information other than the user of SSH, which
// is no credential.
func secret(uri string) bool {
	scheme, _, _ := strings.Cut(strings.ToLower(uri), ":")
	user, ok := userinfo(uri)
	return ok && (!strings.Contains(scheme, "ssh") || strings.Contains(user, ":"))
}

// userinfo finds the part before the @ of the authority, by hand: a URI that
// net/url cannot parse may hold a password all the same.
func userinfo(uri string) (string, bool) {
	_, rest, found := strings.Cut(uri, "://")
	if !found {
		return "", false
	}
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		rest = rest[:end]
	}
	at := strings.LastIndexByte(rest, '@')
	if at < 0 {
		return "", false
	}
	return rest[:at], true
}

// shown is s as a message may repeat it: without user information and query.
func shown(s string) string {
	if user, ok := userinfo(s); ok {
		s = strings.Replace(s, user+"@", "", 1)
	}
	if u, err := url.Parse(s); err == nil && u.RawQuery != "" {
		s, _, _ = strings.Cut(s, "?")
		s += "?…"
	}
	return strict.Clip(s)
}
