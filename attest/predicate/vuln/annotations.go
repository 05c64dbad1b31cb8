package vuln

import (
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/carnet-project/carnet/attest/internal/strict"
)

// The names of annotations that are read of a finding of in-toto's predicates, which leave annotations to
// scanners (docs/vulnerabilities.md). What is not of the form that is said here is not known.
const (
	// AnnotationPURL is the package's URL, and AnnotationPackage and AnnotationVersion its name and version.
	AnnotationPURL    = "purl"
	AnnotationPackage = "package"
	AnnotationVersion = "version"
	// AnnotationFixedIn is the version that fixes it; AnnotationFixedOn is when that became known and
	// AnnotationPublished when the vulnerability did: a date, or a time of RFC 3339.
	AnnotationFixedIn   = "fixedIn"
	AnnotationFixedOn   = "fixedOn"
	AnnotationPublished = "published"
	// AnnotationEPSS is a number from 0 to 1, and AnnotationExploited true or false.
	AnnotationEPSS      = "epss"
	AnnotationExploited = "kev"
	// AnnotationAliases are other ids, separated by commas.
	AnnotationAliases = "aliases"
)

// annotate adds the finding with what its annotations say: an object, or a list of objects.
func (r *Report) annotate(f *Finding, annotations []byte) {
	if len(annotations) > 0 {
		one := strict.Map(func(name string) strict.Check { return r.annotation(f, name) })
		check := one
		if annotations[0] == '[' {
			check = strict.Each(one)
		}
		// Annotations of other forms are somebody else's: they say nothing here.
		if annotations[0] == '[' || annotations[0] == '{' {
			_ = strict.Read(annotations, check)
		}
	}
	if f.Package.PURL != "" && f.Package.Name == "" {
		f.Package.Name = f.Package.PURL
	}
	r.Findings = append(r.Findings, *f)
}

func (r *Report) annotation(f *Finding, name string) strict.Check {
	return func(in *strict.Reader) (bool, error) {
		var raw []byte
		if _, err := strict.Raw(&raw, strict.Any())(in); err != nil {
			return false, err
		}
		value := strings.TrimSpace(string(raw))
		if text, err := jsontext.AppendUnquote(nil, raw); err == nil {
			value = string(text)
		}
		switch name {
		case AnnotationPURL:
			f.Package.PURL = value
		case AnnotationPackage:
			f.Package.Name = value
		case AnnotationVersion:
			f.Package.Version = value
		case AnnotationFixedIn:
			f.FixedIn = value
		case AnnotationFixedOn:
			f.FixedOn = when(value)
		case AnnotationPublished:
			f.Published = when(value)
		case AnnotationEPSS:
			f.EPSS = Probability(value)
		case AnnotationExploited:
			r.TellsExploited = r.TellsExploited || value == "true" || value == "false"
			f.Exploited = value == "true"
		case AnnotationAliases:
			for alias := range strings.SplitSeq(value, ",") {
				f.Aliases = append(f.Aliases, strings.TrimSpace(alias))
			}
		}
		return true, nil
	}
}

// Probability reads a number from 0 to 1, and -1 for what is none.
func Probability(s string) float64 {
	p, err := strconv.ParseFloat(s, 64)
	if err != nil || !(p >= 0 && p <= 1) {
		return -1
	}
	return p
}
