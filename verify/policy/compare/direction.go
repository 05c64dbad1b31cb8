package compare

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// direct says what a change at a path does. Only what is certain by itself is said; a name
// that is added to a list of signers lets more in, one that is added to what is denied
// keeps more out.
func direct(path, old, new string, had, has bool) Direction {
	field, item := last(path)
	switch {
	case neutral(path, field):
		return Neutral
	case strings.HasPrefix(path, "scopes.") && strings.Count(path, ".") == 1:
		return Unclear // images may move from one scope to another
	case field == "mode":
		return ordered(slices.Index(modes(), old), slices.Index(modes(), new))
	case item && slices.Contains([]string{"from", "refs", "repositories", "builders", "signedBy", "ids", "buildTypes", "allow", "triggers", "vexFrom", "emails", "subjects", "builderRefs", "commitsSignedBy"}, field):
		return flip(added(had, has))
	case item && slices.Contains([]string{"denyLicenses", "denyPackages", "scanners", "properties", "levels", "agree", "neverExcept"}, field):
		return added(had, has)
	case slices.Contains([]string{"maxAge", "maxScanAge", "maxDatabaseAge", "grace", "knownFor", "vexMaxAge"}, field):
		return span(old, new, had, has)
	case slices.Contains([]string{"threshold", "minLevel", "count", "minVersion"}, field):
		return number(old, new, had, has)
	case slices.Contains([]string{"log", "timestamp", "digests", "hermetic", "notAuthor", "notTrigger", "expires", "revokedAt"}, field) && had != has:
		return added(had, has)
	case field == "enforceFrom" && had != has:
		return flip(added(had, has))
	case strings.HasPrefix(path, "exceptions.") && strings.Count(path, ".") == 1:
		return flip(added(had, has))
	case had != has && (old == "present" || new == "present") && !item && section(path):
		return added(had, has)
	}
	return Unclear
}

// section says whether the path is of a section, a check, an approval, a rule or something
// that is denied: each asks for more.
func section(path string) bool {
	_, below, found := strings.Cut(path, ".require.")
	if !found {
		below, found = strings.CutPrefix(path, "baseline.")
	}
	return found && (!strings.Contains(below, ".") || strings.HasPrefix(below, "checks.") || strings.HasPrefix(below, "approvals.") ||
		strings.HasPrefix(below, "rules.") || strings.HasPrefix(below, "vulnerabilities.deny."))
}

func neutral(path, field string) bool {
	return slices.Contains([]string{"owner", "contact", "version", "reason", "ticket", "message", "fix", "created", "name"}, field) && !strings.Contains(path, "identities.") ||
		strings.HasPrefix(path, "controls")
}

func modes() []string { return []string{"audit", "warn", "enforce"} }

// last is the field that a path ends in, and whether the path is of an item of its list.
func last(path string) (string, bool) {
	field, _, item := strings.Cut(path, "[")
	return field[strings.LastIndex(field, ".")+1:], item
}

func added(had, has bool) Direction {
	switch {
	case has && !had:
		return Tighter
	case had && !has:
		return Looser
	}
	return Unclear
}

func flip(d Direction) Direction {
	switch d {
	case Tighter:
		return Looser
	case Looser:
		return Tighter
	}
	return d
}

func ordered(old, new int) Direction {
	switch {
	case old < 0 || new < 0 || old == new:
		return Unclear
	case new > old:
		return Tighter
	}
	return Looser
}

// span compares what something may last: a bound keeps more out than none, and a shorter
// one more than a longer.
func span(old, new string, had, has bool) Direction {
	if had != has {
		return added(had, has)
	}
	o, err1 := time.ParseDuration(old)
	n, err2 := time.ParseDuration(new)
	if err1 != nil || err2 != nil {
		return Unclear
	}
	return ordered(int(n/time.Second), int(o/time.Second))
}

func number(old, new string, had, has bool) Direction {
	if had != has {
		return added(had, has)
	}
	o, err1 := strconv.Atoi(old)
	n, err2 := strconv.Atoi(new)
	if err1 != nil || err2 != nil {
		return Unclear
	}
	return ordered(o, n)
}
