package ci

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// A LyingError is an environment that speaks for two systems of which only one can be
// there.
type LyingError struct {
	// Systems are the two, and Variables what each of them is seen by.
	Systems   [2]System
	Variables [2][]string
}

func (e *LyingError) Error() string {
	return fmt.Sprintf("the environment says two things: it is %s by %s, and %s by %s",
		e.Systems[0], strings.Join(e.Variables[0], ", "), e.Systems[1], strings.Join(e.Variables[1], ", "))
}

// A SimulatedError is an environment that imitates a system.
type SimulatedError struct {
	System   System
	Variable string
}

func (e *SimulatedError) Error() string {
	return fmt.Sprintf("the environment says that it only imitates %s (%s)", e.System, e.Variable)
}

// Detect tells the system that a process runs in by the variables that it sets; "" is
// none that is known. A *[LyingError] is where two speak that exclude each other. Systems
// that set the variables of another for compatibility, as Forgejo sets GitHub's, do not
// exclude it; Tekton, which sets nothing by itself, is also known by a file that its
// containers have.
func (e Env) Detect() (System, error) {
	e = e.complete()
	var claimed []profile
	seen := map[System][]string{}
	for _, p := range profiles() {
		marked, all := p.seen(e.Getenv)
		seen[p.system] = all
		if marked {
			claimed = append(claimed, p)
		}
	}
	if len(claimed) == 0 {
		return e.contained()
	}
	first := claimed[0]
	for _, p := range claimed[1:] {
		if slices.Contains(p.with, first.system) {
			first = p // it only sets the variables of the other
		}
	}
	for _, p := range profiles() {
		if p.system != first.system && len(seen[p.system]) > 0 && !slices.Contains(first.with, p.system) {
			return "", &LyingError{[2]System{first.system, p.system}, [2][]string{seen[first.system], seen[p.system]}}
		}
	}
	return first.system, first.genuine(e)
}

// Choose is a system that the caller's user names. An environment in which another one
// speaks for itself is not asked whether it lies: the user has decided that. What its
// values say is still held against each other by [Resolve].
func (e Env) Choose(name string) (System, error) {
	p, ok := profileOf(System(name))
	if !ok {
		return "", fmt.Errorf("there is no system called %q: known are %s", clip(name), list(Systems()))
	}
	return p.system, p.genuine(e.complete())
}

func list(all []System) string {
	words := make([]string, 0, len(all))
	for _, s := range all {
		words = append(words, string(s))
	}
	return strings.Join(words, ", ")
}

// contained looks for a system by files, for an environment that tells of none.
func (e Env) contained() (System, error) {
	for _, p := range profiles() {
		if p.file == "" {
			continue
		}
		if _, err := e.ReadFile(p.file, maxMarkerBytes); err == nil || !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
			return p.system, nil
		}
	}
	return "", nil
}

const maxMarkerBytes = 64 << 10

// seen says whether the system speaks for itself, and by what it is seen at all.
func (p profile) seen(getenv func(string) string) (marked bool, by []string) {
	for _, m := range p.marks {
		value := getenv(m.variable)
		if value == "" || strings.EqualFold(value, "false") || m.value != "" && value != m.value {
			continue
		}
		marked = true
		by = append(by, m.variable)
	}
	if p.system == CloudBuild && !marked {
		marked, by = automapped(getenv)
	}
	for _, sign := range p.signs {
		if getenv(sign) != "" && !slices.Contains(by, sign) {
			by = append(by, sign)
		}
	}
	return marked, by
}

// automapped says whether Cloud Build's substitutions are variables (automapSubstitutions):
// their names are such that others have them, too, but not with a UUID and a project.
func automapped(getenv func(string) string) (bool, []string) {
	id := getenv("BUILD_ID")
	uuid := len(id) == 36 && strings.Count(id, "-") == 4 && strings.Trim(id, "0123456789abcdef-") == ""
	if uuid && getenv("PROJECT_ID") != "" {
		return true, []string{"BUILD_ID", "PROJECT_ID"}
	}
	return false, nil
}

// genuine refuses a system that something on a developer's machine imitates
// (nektosact.com sets ACT).
func (p profile) genuine(e Env) error {
	if (p.system == GitHub || p.system == Forgejo) && e.Getenv("ACT") == "true" {
		return &SimulatedError{p.system, "ACT"}
	}
	return nil
}
