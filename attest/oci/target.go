package oci

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/carnet-project/carnet/attest"
	"github.com/google/go-containerregistry/pkg/name"
)

// A Scheme says what kind of store a target lies in.
type Scheme string

// The schemes, as they are written before the colon. SchemeRegistry is not written.
const (
	SchemeRegistry      Scheme = "registry"
	SchemeLayout        Scheme = "oci"
	SchemeDockerArchive Scheme = "docker-archive"
	SchemeFile          Scheme = "file"
	SchemeDir           Scheme = "dir"
)

// A Target is what a user named on the command line. The zero Target names nothing.
type Target struct {
	Scheme Scheme
	// Repository is the registry and repository of SchemeRegistry.
	Repository name.Repository
	// Path is the path of every other scheme, as it was written.
	Path string
	// Tag is the tag, or "".
	Tag string
	// Digest is the digest, or the zero Digest. Where both are given the digest
	// counts and the tag is only shown.
	Digest attest.Digest
}

const grammar = "want REGISTRY/REPO[:TAG][@DIGEST], oci:DIR_OR_TAR[:TAG][@DIGEST], docker-archive:FILE, file:PATH, dir:PATH or a path that exists"

// ParseTarget reads
//
//	REGISTRY/REPO[:TAG][@DIGEST]
//	oci:DIR_OR_TAR[:TAG][@DIGEST]
//	docker-archive:FILE
//	file:PATH
//	dir:PATH
//
// and a bare path that exists, which is what it is: an OCI layout (directory or
// tar), a docker-archive, a directory or a file. REGISTRY holds a dot or a port or
// is localhost. A digest is sha256, sha384 or sha512 at full length in lower case.
// The error is an *[Error] of [KindUsage].
func ParseTarget(s string) (Target, error) {
	t, err := parseTarget(s)
	if err != nil {
		return Target{}, &Error{Place: "target " + quote(s), Kind: KindUsage, Detail: explain(err).Detail}
	}
	return t, nil
}

func parseTarget(s string) (Target, error) {
	if err := checkText(s); err != nil {
		return Target{}, err
	}
	scheme, rest, found := strings.Cut(s, ":")
	switch {
	case found && Scheme(scheme) == SchemeLayout:
		return parseLayoutTarget(rest)
	case found && (Scheme(scheme) == SchemeDockerArchive || Scheme(scheme) == SchemeFile || Scheme(scheme) == SchemeDir):
		return pathTarget(Scheme(scheme), rest)
	}
	if _, err := os.Lstat(s); err == nil {
		return existing(s)
	}
	if strings.HasPrefix(s, ".") || filepath.IsAbs(s) {
		return Target{}, failure(KindUsage, "no such file or directory (a layout's tag is written oci:PATH:TAG)")
	}
	if strings.Contains(s, "://") {
		return Target{}, failure(KindUsage, "is a URL; %s", grammar)
	}
	return parseReference(s)
}

func checkText(s string) error {
	switch {
	case s == "":
		return failure(KindUsage, "is empty; %s", grammar)
	case !utf8.ValidString(s):
		return failure(KindUsage, "is not UTF-8")
	case strings.ContainsFunc(s, unicode.IsControl):
		return failure(KindUsage, "contains a control character")
	case strings.TrimSpace(s) != s:
		return failure(KindUsage, "begins or ends with white space")
	}
	return nil
}

func pathTarget(scheme Scheme, path string) (Target, error) {
	if path == "" {
		return Target{}, failure(KindUsage, "names no path after %q", scheme+":")
	}
	return Target{Scheme: scheme, Path: path}, nil
}

func parseLayoutTarget(rest string) (Target, error) {
	rest, digest, err := cutDigest(rest)
	if err != nil {
		return Target{}, err
	}
	path, tag, err := cutTag(rest)
	if err != nil {
		return Target{}, err
	}
	t, err := pathTarget(SchemeLayout, path)
	t.Tag, t.Digest = tag, digest
	return t, err
}

func parseReference(s string) (Target, error) {
	rest, digest, err := cutDigest(s)
	if err != nil {
		return Target{}, err
	}
	if strings.Contains(rest, "@") {
		return Target{}, failure(KindUsage, "what follows \"@\" is not a digest: want algorithm:hex")
	}
	repository, tag, err := cutTag(rest)
	if err != nil {
		return Target{}, err
	}
	host, path, found := strings.Cut(repository, "/")
	if !found || host != "localhost" && !strings.ContainsAny(host, ".:") {
		return Target{}, failure(KindUsage, "is neither a path that exists nor a reference with a registry; %s", grammar)
	}
	if !repositoryName().MatchString(path) || len(path) > 255 {
		return Target{}, failure(KindUsage, "%q is not a repository name: want lower-case letters, digits and separators", path)
	}
	repo, err := name.NewRepository(repository)
	if err != nil || !hostName().MatchString(host) {
		return Target{}, failure(KindUsage, "%q is not a registry's host[:port]", host)
	}
	return Target{Scheme: SchemeRegistry, Repository: repo, Tag: tag, Digest: digest}, nil
}

// The OCI distribution specification 1.1, "Pulling manifests"; a host is a DNS
// name, an IPv4 address or an IPv6 address in brackets.
var (
	repositoryName = lazy(`^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$`)
	tagName        = lazy(`^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$`)
	hostName       = lazy(`^([a-zA-Z0-9]([a-zA-Z0-9._-]*[a-zA-Z0-9])?|\[[0-9a-fA-F:.]+\])(:[0-9]{1,5})?$`)
)

// lazy compiles an expression when it is first used, for most runs of a program use few.
func lazy(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}

// cutDigest takes "@algorithm:hex" off the end. An "@" that no algorithm follows
// is left alone: paths may have one.
func cutDigest(s string) (string, attest.Digest, error) {
	i := strings.LastIndexByte(s, '@')
	if i < 0 || !strings.Contains(s[i:], ":") || strings.ContainsAny(s[i:], `/\`) {
		return s, attest.Digest{}, nil
	}
	d, err := attest.ParseDigest(s[i+1:])
	if err != nil {
		return "", attest.Digest{}, failure(KindUsage, "%v", err)
	}
	return s[:i], d, nil
}

// cutTag takes ":tag" off the end; a colon before the last separator belongs to a
// port or a drive.
func cutTag(s string) (string, string, error) {
	i := strings.LastIndexAny(s, `:/\`)
	if i < 0 || s[i] != ':' {
		return s, "", nil
	}
	if !tagName().MatchString(s[i+1:]) {
		return "", "", failure(KindUsage, "%q is not a tag: want up to 128 letters, digits, '_', '.' and '-'", s[i+1:])
	}
	return s[:i], s[i+1:], nil
}

// Name is the target without tag and digest: what a verdict prints before "@".
func (t Target) Name() string {
	switch t.Scheme {
	case "":
		return ""
	case SchemeRegistry:
		return t.Repository.Name()
	}
	return string(t.Scheme) + ":" + t.Path
}

// String is the target in the grammar of [ParseTarget].
func (t Target) String() string {
	s := t.Name()
	if t.Tag != "" {
		s += ":" + t.Tag
	}
	if !t.Digest.IsZero() {
		s += "@" + t.Digest.String()
	}
	return s
}

func quote(s string) string { return `"` + plain(s) + `"` }
