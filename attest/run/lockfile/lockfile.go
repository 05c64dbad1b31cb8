package lockfile

import (
	"fmt"
	"strings"
	"sync"

	"github.com/carnet-project/carnet/attest/predicate/resource"
)

// The bounds of a lock file: MaxBytes for all of it, 16 MiB for one in TOML, YAML or XML,
// which are held as a tree while they are read, and MaxEntries for the packages, or files of
// packages, in it.
const (
	MaxBytes   = 64 << 20
	MaxEntries = 200_000

	maxTree = 16 << 20
	maxLine = 1 << 20
)

// A Format is what a lock file is called, and so who writes it.
type Format string

// The formats. Those of one package manager that changed its format are one.
const (
	GoSum         Format = "go.sum"
	NPM           Format = "package-lock.json"
	PNPM          Format = "pnpm-lock.yaml"
	Yarn          Format = "yarn.lock"
	Cargo         Format = "Cargo.lock"
	Requirements  Format = "requirements.txt"
	Poetry        Format = "poetry.lock"
	PDM           Format = "pdm.lock"
	UV            Format = "uv.lock"
	PyLock        Format = "pylock.toml"
	Pipfile       Format = "Pipfile.lock"
	Bundler       Format = "Gemfile.lock"
	Gradle        Format = "gradle.lockfile"
	GradleVerify  Format = "verification-metadata.xml"
	MavenLockfile Format = "lockfile.json"
	Maven         Format = "pom.xml"
	Composer      Format = "composer.lock"
	NuGet         Format = "packages.lock.json"
	Mix           Format = "mix.lock"
	Swift         Format = "Package.resolved"
)

// A Lock is what a lock file says.
type Lock struct {
	Format Format
	// Dependencies are sorted and each there once, by [resource.Compare]. Each has a package
	// URL, most a digest. Where a lock file allows any one of several files, each is there.
	Dependencies []resource.Descriptor
	// Undigested counts the packages for which the lock file has no digest of what is
	// downloaded, and so leaves the choice to a registry: those among Dependencies and those
	// without an exact version, which are not among them.
	Undigested int
	// Notes say what was left out or must not be concluded, a sentence each.
	Notes []string
}

// An Error refuses a lock file.
type Error struct {
	// Format is empty where the file's name says none.
	Format Format
	// Where is a place in the file: "line N", a JSON pointer or the name of a package.
	Where string
	// Expected and Found say what was wrong.
	Expected, Found string
}

func (e *Error) Error() string {
	what := "the lock file"
	if e.Format != "" {
		what = string(e.Format)
	}
	if e.Where != "" {
		what += " at " + e.Where
	}
	return fmt.Sprintf("%s: expected %s, found %s", what, e.Expected, e.Found)
}

type family struct {
	format Format
	// names are base names of files; a * stands for any letters.
	names []string
	// most bounds the file, in bytes.
	most int
	read func(c *collector, raw []byte) error
}

// families are made once: every file of a tree is held against them.
var families = sync.OnceValue(func() []family {
	return []family{
		{GoSum, []string{"go.sum", "go.work.sum"}, MaxBytes, readGoSum},
		{NPM, []string{"package-lock.json", "npm-shrinkwrap.json"}, MaxBytes, readNPM},
		{PNPM, []string{"pnpm-lock.yaml"}, maxTree, readPNPM},
		{Yarn, []string{"yarn.lock"}, MaxBytes, readYarn},
		{Cargo, []string{"Cargo.lock"}, maxTree, readCargo},
		{Requirements, []string{"requirements*.txt"}, MaxBytes, readRequirements},
		{Poetry, []string{"poetry.lock"}, maxTree, readPoetry},
		{PDM, []string{"pdm.lock"}, maxTree, readPoetry},
		{UV, []string{"uv.lock"}, maxTree, readUV},
		{PyLock, []string{"pylock.toml", "pylock.*.toml"}, maxTree, readPyLock},
		{Pipfile, []string{"Pipfile.lock"}, MaxBytes, readPipfile},
		{Bundler, []string{"Gemfile.lock", "gems.locked"}, MaxBytes, readBundler},
		{Gradle, []string{"gradle.lockfile", "*-gradle.lockfile"}, MaxBytes, readGradle},
		{GradleVerify, []string{"verification-metadata.xml"}, maxTree, readGradleVerify},
		{MavenLockfile, []string{"lockfile.json"}, MaxBytes, readMavenLockfile},
		{Maven, []string{"pom.xml"}, maxTree, readPOM},
		{Composer, []string{"composer.lock"}, MaxBytes, readComposer},
		{NuGet, []string{"packages.lock.json", "packages.*.lock.json"}, MaxBytes, readNuGet},
		{Mix, []string{"mix.lock"}, MaxBytes, readMix},
		{Swift, []string{"Package.resolved"}, MaxBytes, readSwift},
	}
})

// Known says whether a file of this name, or path with slashes, is one that [Parse] reads.
func Known(name string) bool {
	_, known := familyOf(name)
	return known
}

// Parse reads the lock file of a name, or path with slashes, of which the last part tells
// its format. Equal bytes give equal locks. The error is an *[Error].
func Parse(name string, raw []byte) (*Lock, error) {
	f, known := familyOf(name)
	if !known {
		return nil, &Error{Expected: "the name of a lock file, such as go.sum", Found: quoted(base(name))}
	}
	// A package takes about a hundred bytes in the tersest of the formats.
	guess := min(len(raw)/100, MaxEntries/10)
	c := &collector{format: f.format, found: make([]resource.Descriptor, 0, guess), seen: make(map[string]int, guess)}
	if len(raw) > f.most {
		return nil, c.wrong("", fmt.Sprintf("at most %d bytes", f.most), fmt.Sprint(len(raw)))
	}
	if err := f.read(c, raw); err != nil {
		return nil, err
	}
	return c.lock(), nil
}

func familyOf(name string) (family, bool) {
	name = base(name)
	for _, f := range families() {
		for _, pattern := range f.names {
			before, after, wild := strings.Cut(pattern, "*")
			if name == pattern || wild && len(name) >= len(before)+len(after) && strings.HasPrefix(name, before) && strings.HasSuffix(name, after) {
				return f, true
			}
		}
	}
	return family{}, false
}

func base(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }
