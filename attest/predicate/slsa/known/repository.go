package known

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// A Source is where something was built from, as far as one URI says.
type Source struct {
	// Repository is an https URL without credentials, port 443, ".git" and a final slash,
	// with the host in lower case.
	Repository string
	// Ref is a whole ref such as refs/heads/main, and Commit a commit's full name.
	Ref, Commit string
	// Loose is what the URI says after an @ or # where that is neither: a branch's short
	// name, which does not say whether it is one or a tag.
	Loose string
}

// ParseSource reads the URI of a git repository in the spellings of the field:
// git+https://host/path.git@refs/heads/main (SPDX and SLSA),
// https://host/path.git#refs/heads/main:dir (BuildKit), ssh://git@host/path and
// git@host:path. A URL of SSH's is written as the https URL of the same host and path,
// which is where the forges have it. Plain http and git are refused: who sits on the line
// decides what such a repository holds.
func ParseSource(uri string) (Source, error) {
	text := strings.TrimPrefix(uri, "git+")
	if host, path, ok := scp(text); ok {
		text = "ssh://" + host + "/" + path
	}
	text, fragment, _ := strings.Cut(text, "#")
	scheme, rest, found := strings.Cut(text, "://")
	if !found {
		return Source{}, errors.New("is no URL of a git repository")
	}
	authority, path, _ := strings.Cut(rest, "/")
	path, revision, _ := strings.Cut(path, "@")
	if fragment != "" && revision != "" {
		return Source{}, errors.New("names a revision in two places")
	}
	if fragment != "" {
		revision, _, _ = strings.Cut(fragment, ":")
	}
	s, err := located(strings.ToLower(scheme), authority, path)
	if err != nil {
		return Source{}, err
	}
	switch {
	case revision == "":
	case isCommit(revision):
		s.Commit = revision
	case strings.HasPrefix(revision, "refs/"):
		s.Ref = revision
	default:
		s.Loose = revision
	}
	return s, nil
}

// scp reads git@host:path, which is SSH's short form.
func scp(text string) (host, path string, ok bool) {
	user, rest, found := strings.Cut(text, "@")
	host, path, colon := strings.Cut(rest, ":")
	ok = found && colon && user != "" && !strings.ContainsAny(user, "/:") && !strings.Contains(host, "/") && !strings.HasPrefix(path, "//")
	return host, path, ok
}

func located(scheme, authority, path string) (Source, error) {
	user, host, found := cutLast(authority, "@")
	port := ""
	switch {
	case scheme != "https" && scheme != "ssh":
		return Source{}, fmt.Errorf("is fetched by %q, which anybody on the line can change: want https or ssh", clip(scheme))
	case found && scheme == "https" || strings.Contains(user, ":"):
		return Source{}, errors.New("holds credentials")
	}
	if h, p, ok := strings.Cut(host, ":"); ok {
		host, port = h, p
	}
	host = strings.ToLower(host)
	switch {
	case host == "" || strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789.-") != "":
		return Source{}, errors.New("has no host name that is one")
	case scheme == "https" && port == "443" || scheme == "ssh" && port == "22":
		port = ""
	case scheme == "ssh" && port != "":
		return Source{}, errors.New("is at a port of SSH's, of which nobody knows the https URL")
	case strings.Trim(port, "0123456789") != "":
		return Source{}, errors.New("has a port that is no number")
	case strings.ContainsAny(path, "?%\\ "):
		return Source{}, errors.New("has a query, an escape or a space in its path")
	}
	path = strings.TrimSuffix(strings.TrimSuffix(path, "/"), ".git")
	for _, segment := range strings.Split(path, "/") {
		if segment == "" || segment == "." || segment == ".." {
			return Source{}, errors.New("has an empty or a dotted segment in its path")
		}
	}
	if port != "" {
		host += ":" + port
	}
	u := url.URL{Scheme: "https", Host: host, Path: "/" + path}
	return Source{Repository: u.String()}, nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return "", s, false
}

// Fold is the repository's URL as it is compared: hosts that are known to take no notice of
// the case of a path have it in lower case.
func Fold(repository string) string {
	host, _, _ := strings.Cut(strings.TrimPrefix(repository, "https://"), "/")
	switch {
	case host == "github.com", host == "gitlab.com", strings.HasSuffix(host, ".ghe.com"):
		return strings.ToLower(repository)
	}
	return repository
}

// isCommit says whether s is the full name of a commit, of SHA-1 or SHA-256.
func isCommit(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == ""
}

// commitOf is the commit's name in a set of digests, or "".
func commitOf(digests map[string]string) string {
	for _, algorithm := range []string{"gitCommit", "sha1"} {
		if c := digests[algorithm]; isCommit(c) {
			return c
		}
	}
	return ""
}

func clip(s string) string {
	if len(s) > 96 {
		return strings.ToValidUTF8(s[:96], "") + "…"
	}
	return s
}
