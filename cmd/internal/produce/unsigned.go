package produce

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/verify/report"
)

// An unsigned is a target that was not signed when a run ended early, as it was given.
type unsigned struct {
	target string
	// kept says that all that is to be signed of it is in the spool.
	kept bool
}

// A keptError ends the work on a target of which all is in the spool.
type keptError struct{ error }

func (e *keptError) Unwrap() error { return e.error }

// isKept says whether what err is about can be finished from the spool.
func isKept(err error) bool {
	var kept *keptError
	return errors.Is(err, errSpooled) || errors.As(err, &kept)
}

// unsignedOf are the targets with an error, in their order.
func unsignedOf(targets []string, errs []error) []unsigned {
	var all []unsigned
	for i, err := range errs {
		if err != nil {
			all = append(all, unsigned{targets[i], isKept(err)})
		}
	}
	return all
}

// notBegun are the targets that no spool can finish.
func notBegun(all []unsigned) []string {
	var names []string
	for _, u := range all {
		if !u.kept {
			names = append(names, u.target)
		}
	}
	return names
}

// sayUnsigned names the targets that are not signed, and says what to do about those that
// are not in the spool. What there is to say of a single one
// that is in the spool has been said.
func sayUnsigned(c *cli.Call, all []unsigned, of int) {
	if len(all) == 0 || of == 1 && len(notBegun(all)) == 0 {
		return
	}
	for _, u := range all {
		note := ""
		if u.kept {
			note = " (in the spool)"
		}
		c.Sayf("not signed: %s%s", report.Clean(u.target), note)
	}
	again := "run the same command again; what is signed already is recognised or signed anew"
	said := fmt.Sprintf("%d of %d %s not signed", len(all), of, plural(of, "target is", "targets are"))
	switch left := len(notBegun(all)); left {
	case 0:
		c.Sayf("%s, and all of them are in the spool", said)
	case len(all):
		c.Sayf("%s: %s", said, again)
	default:
		c.Sayf("%s, and %d of them %s not in the spool: for these %s", said, left, plural(left, "is", "are"), again)
	}
}

// The bounds of what a spool says of targets that are not in it: more than the command
// lines of any system have room for, but for those that nobody writes.
const (
	maxNotBegun     = 100_000
	maxTargetBytes  = 16 << 10
	maxCommandBytes = 100
)

// remaining is what a spool can hold of targets.
func remaining(targets []string) []string {
	targets = slices.DeleteFunc(slices.Clone(targets), func(t string) bool { return t == "" || len(t) > maxTargetBytes })
	return targets[:min(len(targets), maxNotBegun)]
}

func checkNotBegun(command string, targets []string) error {
	isName := func(r rune) bool { return 'a' <= r && r <= 'z' || r == '-' || r == ' ' }
	switch {
	case len(command) > maxCommandBytes || strings.ContainsFunc(command, func(r rune) bool { return !isName(r) }):
		return errors.New("the command is not one of carnet's")
	case len(targets) > maxNotBegun:
		return fmt.Errorf("has %d targets that were not begun, want at most %d", len(targets), maxNotBegun)
	case len(targets) > 0 && command == "":
		return errors.New("has targets that were not begun, and no command to begin them")
	}
	for i, t := range targets {
		if t == "" || len(t) > maxTargetBytes {
			return fmt.Errorf("target %d of those that were not begun has %d bytes, want 1 to %d", i+1, len(t), maxTargetBytes)
		}
	}
	return nil
}

// sayNotBegun names the targets that a spool does not have, if there are any; the error
// then says that finishing what it has was not all.
func sayNotBegun(c *cli.Call, path, command string, targets []string) error {
	if len(targets) == 0 {
		return nil
	}
	for _, t := range targets {
		c.Sayf("not signed: %s", report.Clean(t))
	}
	n := len(targets)
	err := fmt.Errorf("%d %s not signed and %s never in %s", n, plural(n, "target is", "targets are"), plural(n, "was", "were"), path)
	return cli.WithHint(err, fmt.Sprintf("run %s as before for %s; what is signed already is recognised or signed anew", command, plural(n, "it", "them")))
}
