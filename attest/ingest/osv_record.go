package ingest

import (
	"strings"

	packageurl "github.com/package-url/packageurl-go"

	"github.com/carnet-project/carnet/attest/internal/strict"
)

// record reads a vulnerability as OSV has it.
func (p *osvPackage) record(in *strict.Reader) (bool, error) {
	var r osvRecord
	filled, err := strict.Object(
		strict.Required("id", strict.Text(&r.id)),
		strict.Optional("aliases", strict.Texts(&r.aliases)),
		strict.Optional("published", strict.Time(&r.published)),
		strict.Optional("severity", ratings(&r.scores)),
		strict.Optional("database_specific", word(&r.scores)),
		strict.Optional("affected", strict.Each(func(in *strict.Reader) (bool, error) {
			var a osvAffected
			filled, err := a.check()(in)
			r.affected = append(r.affected, a)
			return filled, err
		})),
	)(in)
	p.records = append(p.records, r)
	return filled, err
}

func (a *osvAffected) check() strict.Check {
	return strict.Object(
		strict.Optional("package", strict.Object(
			strict.Optional("name", strict.Text(&a.name)),
			strict.Optional("ecosystem", strict.Text(&a.ecosystem)),
		)),
		strict.Optional("severity", ratings(&a.scores)),
		strict.Optional("ecosystem_specific", word(&a.scores)),
		strict.Optional("database_specific", word(&a.scores)),
		strict.Optional("ranges", strict.Each(a.span)),
	)
}

// span reads a range of versions. The ends of one of git are commits and no versions.
func (a *osvAffected) span(in *strict.Reader) (bool, error) {
	var kind string
	var fixed []string
	filled, err := strict.Object(
		strict.Optional("type", strict.Text(&kind)),
		strict.Optional("events", strict.Each(func(in *strict.Reader) (bool, error) {
			var version string
			filled, err := strict.Object(strict.Optional("fixed", strict.Text(&version)))(in)
			if version != "" {
				fixed = append(fixed, version)
			}
			return filled, err
		})),
	)(in)
	if kind != "GIT" {
		a.fixed = append(a.fixed, fixed...)
	}
	return filled, err
}

// ratings reads a list of vectors.
func ratings(into *[]string) strict.Check {
	return strict.Each(func(in *strict.Reader) (bool, error) {
		var score string
		filled, err := strict.Object(strict.Optional("type", strict.Text(nil)), strict.Required("score", strict.Text(&score)))(in)
		*into = append(*into, score)
		return filled, err
	})
}

// word reads the severity that some databases add to records. What they add else is theirs.
func word(into *[]string) strict.Check {
	return func(in *strict.Reader) (bool, error) {
		if in.Kind() != '{' {
			return strict.Any()(in)
		}
		return strict.Map(func(name string) strict.Check {
			return func(in *strict.Reader) (bool, error) {
				if name != "severity" || in.Kind() != '"' {
					return strict.Any()(in)
				}
				var severity string
				filled, err := strict.Text(&severity)(in)
				*into = append(*into, severity)
				return filled, err
			}
		})(in)
	}
}

// osvPURL is the URL of a package of one of OSV's ecosystems, or nothing where the ecosystem has none that is
// known here.
func osvPURL(ecosystem, name, version string) string {
	system, _, _ := strings.Cut(ecosystem, ":")
	types := map[string]string{
		"npm": packageurl.TypeNPM, "PyPI": packageurl.TypePyPi, "Go": packageurl.TypeGolang, "Maven": packageurl.TypeMaven,
		"crates.io": packageurl.TypeCargo, "RubyGems": packageurl.TypeGem, "NuGet": packageurl.TypeNuget, "Packagist": packageurl.TypeComposer,
		"Hex": packageurl.TypeHex, "Pub": packageurl.TypePub, "Alpine": packageurl.TypeApk, "Debian": packageurl.TypeDebian, "Ubuntu": packageurl.TypeDebian,
	}
	kind := types[system]
	if kind == "" || name == "" {
		return ""
	}
	space := ""
	switch kind {
	case packageurl.TypeApk, packageurl.TypeDebian:
		space = strings.ToLower(system)
	case packageurl.TypeMaven:
		space, name, _ = strings.Cut(name, ":")
	case packageurl.TypePyPi:
	default:
		if i := strings.LastIndexByte(name, '/'); i >= 0 {
			space, name = name[:i], name[i+1:]
		}
	}
	p := packageurl.NewPackageURL(kind, space, name, version, nil, "")
	if err := p.Normalize(); err != nil {
		return ""
	}
	return p.ToString()
}
