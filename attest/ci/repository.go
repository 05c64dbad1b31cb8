package ci

import (
	"net/url"
	"strings"

	"github.com/carnet-project/carnet/attest/checkout"
	"github.com/carnet-project/carnet/attest/predicate/slsa/known"
)

// Repository is a repository's address in one spelling: the https URL that
// known.ParseSource writes, whether it was given with SSH, with ".git" or with
// credentials; the forges' other hosts for SSH count as the forge. What has no such URL,
// for it is at a port of SSH's or on plain http, is as checkout.RemoteURI writes it, and
// empty where that is.
func Repository(address string) string {
	uri := checkout.RemoteURI(address)
	if uri == "" {
		return ""
	}
	uri = forge(uri)
	if s, err := known.ParseSource(uri); err == nil {
		return s.Repository
	}
	return uri
}

// forge rewrites a clean URI to the host that people know: SSH over port 443
// (docs.github.com, docs.gitlab.com and support.atlassian.com have such hosts), and the
// three spellings of Azure Repos (learn.microsoft.com, "Use SSH key authentication").
func forge(uri string) string {
	u, err := url.Parse(strings.TrimPrefix(uri, "git+"))
	if err != nil {
		return uri
	}
	path := strings.Split(strings.Trim(u.Path, "/"), "/")
	host := u.Hostname()
	https := func(host string, path ...string) string { return "https://" + host + "/" + strings.Join(path, "/") }
	switch {
	case u.Scheme == "ssh" && host == "ssh.github.com", u.Scheme == "ssh" && host == "altssh.gitlab.com", u.Scheme == "ssh" && host == "altssh.bitbucket.org":
		_, real, _ := strings.Cut(host, ".")
		return https(real, path...)
	case host == "ssh.dev.azure.com" && len(path) == 4 && path[0] == "v3":
		return https("dev.azure.com", path[1], path[2], "_git", path[3])
	case host == "vs-ssh.visualstudio.com" && len(path) == 4 && path[0] == "v3":
		return https("dev.azure.com", path[1], path[2], "_git", path[3])
	case u.Scheme == "https" && strings.HasSuffix(host, ".visualstudio.com") && len(path) >= 3 && path[len(path)-2] == "_git":
		return https("dev.azure.com", strings.TrimSuffix(host, ".visualstudio.com"), path[len(path)-3], "_git", path[len(path)-1])
	}
	return uri
}

// sameRepository compares places, not the ways to them: plain http and https of one host
// and path are one repository, and where either is SSH the port says nothing.
func sameRepository(a, b string) bool {
	x, xErr := url.Parse(strings.TrimPrefix(a, "git+"))
	y, yErr := url.Parse(strings.TrimPrefix(b, "git+"))
	if xErr != nil || yErr != nil {
		return a == b
	}
	ssh := x.Scheme == "ssh" || y.Scheme == "ssh"
	if !strings.EqualFold(x.Hostname(), y.Hostname()) || !ssh && port(x) != port(y) {
		return false
	}
	return known.Fold("https://"+x.Hostname()+plain(x)) == known.Fold("https://"+y.Hostname()+plain(y))
}

func port(u *url.URL) string {
	p := u.Port()
	if u.Scheme == "http" && p == "80" || u.Scheme == "https" && p == "443" {
		return ""
	}
	return p
}

func plain(u *url.URL) string {
	return strings.TrimSuffix(strings.TrimSuffix(u.EscapedPath(), "/"), ".git")
}
