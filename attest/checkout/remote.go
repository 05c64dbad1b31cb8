package checkout

import (
	"net/url"
	"strings"
)

// RemoteURI turns the URL of a git remote into a URI that may be published, in the
// form of SPDX and SLSA: "git+" and the transport. Credentials, query and fragment
// are left out; of the scp-like form and of SSH the user "git", which every host has,
// stays. The host is in lower case; the path is as it was, a final slash apart.
//
//	https://user:token@Host/org/repo.git  git+https://host/org/repo.git
//	git@host:org/repo                     git+ssh://git@host/org/repo
//
// It is empty for what names a folder of one machine, for an unknown transport, and
// for what cannot be parsed: that might hold a secret anywhere.
func RemoteURI(remote string) string {
	if !strings.Contains(remote, "://") {
		remote = fromSCP(remote)
	}
	u, err := url.Parse(remote)
	if err != nil || u.Opaque != "" || u.Host == "" || strings.Contains(u.Host, "@") {
		return ""
	}
	scheme := strings.TrimPrefix(strings.ToLower(u.Scheme), "git+")
	switch scheme {
	case "https", "http", "ssh":
	case "git":
		scheme = "" // the transport git:// has no longer form
	default:
		return ""
	}
	clean := url.URL{Scheme: strings.TrimSuffix("git+"+scheme, "+"), Host: strings.ToLower(u.Host), Path: strings.TrimRight(u.Path, "/")}
	clean.RawPath = strings.TrimRight(u.RawPath, "/")
	if scheme == "ssh" && u.User.Username() == "git" {
		clean.User = url.User("git")
	}
	if clean.Path == "" {
		return ""
	}
	return clean.String()
}

// fromSCP writes [user@]host:path as the ssh URL that git takes it for: what has a
// colon before any slash (git-fetch(1), "Git URLs"). It is empty for a folder.
func fromSCP(remote string) string {
	host, path, found := strings.Cut(remote, ":")
	if !found || strings.Contains(host, "/") || path == "" || strings.HasPrefix(path, ":") {
		return ""
	}
	drive := len(host) == 1 // of Windows
	head, _, _ := strings.Cut(path, "/")
	misread := strings.Contains(head, "@") // user:password@host:path, which git takes for a host called user
	if drive || misread {
		return ""
	}
	u := url.URL{Scheme: "ssh", Path: "/" + strings.TrimPrefix(path, "/")}
	if at := strings.LastIndexByte(host, '@'); at >= 0 {
		u.User, host = url.User(host[:at]), host[at+1:]
	}
	u.Host = host
	return u.String()
}
