package document

import (
	"errors"
	"fmt"
	"strings"

	"github.com/carnet-project/carnet/verify/internal/glob"
)

// pattern is an anchored glob in which nothing can be captured or filled in.
func pattern() codec[string] {
	return text(glob.MaxBytes).that(func(s string) error {
		if err := plainPattern(s); err != nil {
			return err
		}
		if strings.ContainsAny(s, "{}") {
			return fmt.Errorf("%q has a brace: captures have no meaning here", s)
		}
		_, err := glob.Compile(s)
		return err
	})
}

// filled is an anchored glob into which captures are filled in.
func filled() codec[string] {
	return text(glob.MaxBytes).that(func(s string) error {
		if err := plainPattern(s); err != nil {
			return err
		}
		_, err := glob.CompileCapturing(once(s))
		return err
	})
}

// once is the text with the captures that are there before replaced, for a name may be
// filled in twice where it may not be captured twice.
func once(s string) string {
	for _, name := range glob.Captures(s) {
		braced := "{" + name + "}"
		if first, rest, found := strings.Cut(s, braced); found {
			s = first + braced + strings.ReplaceAll(rest, braced, "x")
		}
	}
	return s
}

// plainPattern refuses what is meant as something else than a glob.
func plainPattern(s string) error {
	if err := glob.Plain(s); err != nil {
		return err
	}
	for _, sign := range []string{`\`, "(?", "|", "[0-9", "[a-z", "[A-Z", "[^"} {
		if strings.Contains(s, sign) {
			return notRegexp(s)
		}
	}
	for _, prefix := range []string{"^", "regex:", "regexp:", "~"} {
		if strings.HasPrefix(s, prefix) {
			return notRegexp(s)
		}
	}
	if strings.HasSuffix(s, "$") {
		return notRegexp(s)
	}
	return nil
}

func notRegexp(s string) error {
	return fmt.Errorf("%q looks like a regular expression: a pattern is a glob for the whole value, where * is any part of one segment and ** is anything", s)
}

// image is a pattern for full names of repositories, which captures.
func image() codec[string] {
	return text(glob.MaxBytes).that(func(s string) error {
		if err := plainPattern(s); err != nil {
			return err
		}
		if err := imagePattern(s); err != nil {
			return err
		}
		_, err := glob.CompileCapturing(s)
		return err
	})
}

var registryHost = lazy(`^([A-Za-z0-9._-]*[.:*{][A-Za-z0-9._:*{}-]*|localhost)$`)

// imagePattern refuses patterns that match no repository's full name.
func imagePattern(s string) error {
	host, path, found := strings.Cut(s, "/")
	last := s[strings.LastIndex(s, "/")+1:]
	switch {
	case s == "**":
		return nil
	case strings.Contains(s, "://"):
		return fmt.Errorf("%q is a URL: a pattern begins with the registry's host, as in ghcr.io/acme/**", s)
	case strings.Contains("/"+s, "/.*") || strings.Contains("/"+s, "/.+"):
		// No repository's name has a segment that begins with a dot.
		return notRegexp(s)
	case strings.Contains(s, "@"):
		return fmt.Errorf("%q names a digest: patterns name repositories", s)
	case found && strings.Contains(last, ":"):
		return fmt.Errorf("%q names a tag: patterns name repositories, and tags move", s)
	case !registryHost().MatchString(host):
		return fmt.Errorf("%q matches no image: names begin with the registry's host, as in docker.io/library/alpine", s)
	case !found && !strings.Contains(s, "**"):
		return fmt.Errorf("%q matches no image: it names a registry alone; add /** for all that is in it", s)
	case strings.HasPrefix(path, "/") || strings.Contains(path, "//") || strings.HasSuffix(s, "/"):
		return fmt.Errorf("%q matches no image: it has an empty segment", s)
	case path != strings.ToLower(path) && !strings.Contains(path, "{"):
		return fmt.Errorf("%q matches no image: names of repositories are in lower case", s)
	}
	return nil
}

// baseImage is a pattern for names of repositories as a Dockerfile has them: alpine is
// docker.io/library/alpine.
func baseImage() codec[string] {
	return filled().that(func(s string) error {
		switch host, _, found := strings.Cut(s, "/"); {
		case !found:
			s = "docker.io/library/" + s
		case !registryHost().MatchString(host):
			s = "docker.io/" + s
		}
		return imagePattern(s)
	})
}

// exactImages is a pattern for full names of repositories that captures nothing.
func exactImages() codec[string] {
	return pattern().that(imagePattern)
}

// ref is a pattern for a branch or a tag in full.
func ref(inner codec[string]) codec[string] {
	return inner.that(func(s string) error {
		if !strings.HasPrefix(s, "refs/") && s != "**" {
			return fmt.Errorf("%q is not a whole ref: write refs/heads/NAME for a branch and refs/tags/NAME for a tag", s)
		}
		return nil
	})
}

var (
	scheme       = lazy(`^[a-z][a-z0-9+.-]*://`)
	platformText = lazy(`^[a-z0-9]+/[a-z0-9]+(/[a-z0-9.]+)?$`)
)

// repository is a pattern for the URL of a source repository.
func repository() codec[string] {
	return filled().that(func(s string) error {
		if !scheme().MatchString(s) && !strings.HasPrefix(s, "*") {
			return fmt.Errorf("%q is no URL: write it with its server, as in https://github.com/acme/{repo}", s)
		}
		return nil
	})
}

// uri is a URI, and no pattern.
func uri() codec[string] {
	return text(glob.MaxBytes).that(func(s string) error {
		if !strings.Contains(s, ":") || strings.ContainsAny(s, " \t\n") {
			return fmt.Errorf("%q is no URI", s)
		}
		return nil
	})
}

// host is a server's name, with a port if it has one.
func host() codec[string] {
	return text(255).that(func(s string) error {
		if strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789.-:") != "" {
			return fmt.Errorf("%q is not a host name in lower case", s)
		}
		return nil
	})
}

// platform is os/arch or os/arch/variant.
func platform() codec[string] {
	return text(100).that(func(s string) error {
		if !platformText().MatchString(s) {
			return fmt.Errorf("%q is not os/arch or os/arch/variant, as in linux/amd64", s)
		}
		return nil
	})
}

// digits is a number that is a name: of a repository, say. It is text, for no reader then
// makes another number of it.
func digits() codec[string] {
	return text(20).that(func(s string) error {
		if strings.Trim(s, "0123456789") != "" {
			return fmt.Errorf("is %q, and must be digits in quotes", s)
		}
		return nil
	}).described(schema{"pattern": "^[0-9]+$"})
}

// expression is a requirement in CEL.
func expression() codec[string] {
	return text(4 << 10).that(func(s string) error {
		if strings.TrimSpace(s) == "" {
			return errors.New("is empty")
		}
		return nil
	})
}
