package policy

import (
	"fmt"
	"strings"

	packageurl "github.com/package-url/packageurl-go"

	"github.com/carnet-project/carnet/verify/internal/glob"
)

// A purlPattern is a package URL whose parts are globs: "pkg:maven/log4j/log4j@1.*". A part that it does not
// name may be anything; qualifiers that it names must be there.
type purlPattern struct {
	text string
	// path is type, namespace and name; whole is the pattern as it is written, for names that are no package
	// URL.
	path, version, whole glob.Glob
	anyVersion           bool
	qualifiers           packageurl.Qualifiers
}

func purlPatterns(texts []string) ([]purlPattern, error) {
	var all []purlPattern
	for _, text := range texts {
		purl, err := packageurl.FromString(text)
		if err != nil {
			return nil, err
		}
		p := purlPattern{text: text, anyVersion: purl.Version == "", qualifiers: purl.Qualifiers}
		if p.path, err = glob.Compile(purlPath(purl)); err != nil {
			return nil, err
		}
		if p.version, err = glob.Compile(purl.Version); !p.anyVersion && err != nil {
			return nil, err
		}
		if p.anyVersion {
			text = strings.TrimSuffix(text, "/") + "@**"
		}
		if p.whole, err = glob.Compile(strings.ToLower(text)); err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

// CheckDeniedPackage says why a pattern of [SBOMClause.DenyPackages] is none, or can match no
// package.
func CheckDeniedPackage(pattern string) error {
	all, err := purlPatterns([]string{pattern})
	if err != nil {
		return fmt.Errorf("%q is no package URL, as in pkg:maven/log4j/log4j@1.*: %w", pattern, err)
	}
	for _, q := range all[0].qualifiers {
		if strings.Contains(q.Value, "*") {
			return fmt.Errorf("%q has a star in the qualifier %s, which is compared as it is", pattern, q.Key)
		}
	}
	return nil
}

// purlPath is what of a package URL names the package, whatever its version.
func purlPath(p packageurl.PackageURL) string {
	return strings.Join(strings.FieldsFunc(p.Type+"/"+p.Namespace+"/"+p.Name, func(c rune) bool { return c == '/' }), "/")
}

func (p *purlPattern) match(purl packageurl.PackageURL) bool {
	if !p.path.Match(purlPath(purl)) || !p.anyVersion && !p.version.Match(purl.Version) {
		return false
	}
	return qualified(p.qualifiers, purl.Qualifiers)
}

// qualified says whether all that is wanted is there.
func qualified(want, have packageurl.Qualifiers) bool {
	there := have.Map()
	for _, q := range want {
		if there[q.Key] != q.Value {
			return false
		}
	}
	return true
}

// denied gives the first pattern that denies what this names, and "" where none does. What is no package URL
// is compared as text.
func denied(patterns []purlPattern, name string) string {
	purl, err := packageurl.FromString(name)
	for i := range patterns {
		p := &patterns[i]
		if err == nil && p.match(purl) || err != nil && (p.whole.Match(strings.ToLower(name)) || p.whole.Match(strings.ToLower(name)+"@")) {
			return p.text
		}
	}
	return ""
}
