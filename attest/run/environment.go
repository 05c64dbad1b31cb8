package run

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// maxValueBytes bounds the value of a variable that is recorded; compilers' flags are long.
const maxValueBytes = 16 << 10

// RecordedVariables are the names of the variables that are recorded of every step, sorted:
// those by which compilers and package managers make something else of the same files.
func RecordedVariables() []string {
	return []string{
		"AR", "CARGO_BUILD_TARGET", "CARGO_PROFILE", "CC", "CFLAGS", "CGO_CFLAGS", "CGO_CPPFLAGS", "CGO_CXXFLAGS", "CGO_ENABLED", "CGO_LDFLAGS",
		"CPPFLAGS", "CXX", "CXXFLAGS", "GO111MODULE", "GO386", "GOAMD64", "GOARCH", "GOARM", "GOARM64", "GODEBUG", "GOEXPERIMENT", "GOFIPS140", "GOFLAGS",
		"GOOS", "GOPROXY", "GOSUMDB", "GOTOOLCHAIN", "GOWORK", "JAVA_HOME", "LANG", "LC_ALL", "LD", "LDFLAGS", "MAKEFLAGS", "MAVEN_OPTS", "NODE_ENV",
		"NODE_OPTIONS", "PYTHONHASHSEED", "RUSTC", "RUSTFLAGS", "RUSTUP_TOOLCHAIN", "SOURCE_DATE_EPOCH", "TARGETARCH", "TARGETOS", "TZ",
	}
}

// environment are the variables of environ that are recorded: the common ones and those
// that names adds. What has the name or the look of a secret is not there, whoever asks for
// it; withheld are the names that were asked for and are such.
func (r *redactor) environment(environ, names []string) (recorded map[string]string, withheld []string) {
	recorded = map[string]string{}
	common := RecordedVariables()
	for _, variable := range environ {
		name, value, found := strings.Cut(variable, "=")
		asked := slices.Contains(names, name)
		if !found || name == "" || !asked && !slices.Contains(common, name) {
			continue
		}
		if r.secretName(name) || r.word(value) != value || len(value) > maxValueBytes || !utf8.ValidString(value) {
			if asked || !r.secretName(name) {
				withheld = append(withheld, name)
			}
			continue
		}
		recorded[name] = value
	}
	slices.Sort(withheld)
	return recorded, slices.Compact(withheld)
}

// without is an environment without some variables.
func without(environ, names []string) []string {
	return slices.DeleteFunc(slices.Clone(environ), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return slices.Contains(names, name)
	})
}
