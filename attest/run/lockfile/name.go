package lockfile

import (
	"net/url"
	"strings"

	packageurl "github.com/package-url/packageurl-go"
)

// purl is a package URL (ECMA-427); name may have a namespace before its last slash.
// Qualifiers come as names and values, and those without a value are left out. The result is
// empty if there is no such package URL.
func purl(kind, name, version string, qualifiers ...string) string {
	namespace := ""
	if cut := strings.LastIndexByte(name, '/'); cut >= 0 {
		namespace, name = name[:cut], name[cut+1:]
	}
	p := packageurl.PackageURL{Type: kind, Namespace: namespace, Name: name, Version: version}
	for i := 0; i+1 < len(qualifiers); i += 2 {
		if qualifiers[i+1] != "" {
			p.Qualifiers = append(p.Qualifiers, packageurl.Qualifier{Key: qualifiers[i], Value: qualifiers[i+1]})
		}
	}
	if strings.Trim(name, " \t") == "" || p.Normalize() != nil {
		return ""
	}
	return p.ToString()
}

// location is the absolute URL from which something is downloaded, without what may be
// secret, user information and query, and without the fragment; or nothing.
func location(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme == "" || u.Host == "" {
		return ""
	}
	switch strings.TrimPrefix(u.Scheme, "git+") {
	case "http", "https", "git", "ssh":
	default:
		return ""
	}
	u.User, u.RawQuery, u.ForceQuery, u.Fragment, u.RawFragment = nil, "", false, "", ""
	return u.String()
}

// vcs is the location of a commit, as SPDX writes it: git+https://HOST/PATH@COMMIT.
func vcs(raw, commit string) string {
	if host, path, scp := strings.Cut(strings.TrimPrefix(raw, "git@"), ":"); scp && strings.HasPrefix(raw, "git@") && !strings.HasPrefix(path, "//") {
		raw = "ssh://" + host + "/" + path
	}
	at := location(raw)
	if at == "" {
		return ""
	}
	if !strings.HasPrefix(at, "git+") && !strings.HasPrefix(at, "git:") {
		at = "git+" + at
	}
	return at + "@" + commit
}

// fileOf is the last part of a URL's path.
func fileOf(raw string) string {
	raw, _, _ = strings.Cut(raw, "#")
	raw, _, _ = strings.Cut(raw, "?")
	file := base(raw)
	if clear, err := url.PathUnescape(file); err == nil {
		return clear
	}
	return file
}
