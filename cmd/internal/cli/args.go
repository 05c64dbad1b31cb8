package cli

import (
	"fmt"
	"slices"
	"strings"

	urfave "github.com/urfave/cli/v2"
)

// arrange puts a command line into the one order that urfave/cli reads right: the
// command's name, its flags, "--", and its arguments. Without that a flag after an
// argument would silently be an argument. It also refuses what urfave/cli accepts
// without a word: unknown commands, and a flag given twice where the last would win.
func arrange(app *urfave.App, args []string) ([]string, error) {
	if len(args) == 0 {
		return args, nil
	}
	l := &line{program: app.Name, out: args[:1:1], commands: app.Commands, flags: app.Flags, seen: map[string]bool{}}
	rest := args[1:]
	for len(rest) > 0 {
		used, err := l.take(rest)
		if err != nil {
			return nil, err
		}
		rest = rest[used:]
	}
	if err := refusePasswords(args, l.arguments); err != nil {
		return nil, err
	}
	if l.help {
		return append(l.out, "--help"), nil
	}
	if err := l.refuseNames(); err != nil {
		return nil, err
	}
	l.out = append(l.out, l.given...)
	if l.group() {
		return l.out, nil
	}
	return append(append(l.out, "--"), l.arguments...), nil
}

// line is a command line that is being read.
type line struct {
	out       []string // the command's name so far
	given     []string // its flags
	arguments []string
	commands  []*urfave.Command // what may follow as a command's name
	flags     []urfave.Flag
	action    bool // the command can be run as it is
	help      bool // the command is to be explained, not run
	program   string
	seen      map[string]bool
}

// group says whether the line so far names commands without being one itself.
func (l *line) group() bool { return len(l.commands) > 0 && !l.action }

// refuseNames refuses a first argument that "--" has made one where a command's name
// must stand, or that urfave/cli would take for such a name all the same.
func (l *line) refuseNames() error {
	if len(l.arguments) == 0 {
		return nil
	}
	word := l.arguments[0]
	if l.group() {
		return &UsageError{Message: fmt.Sprintf("unknown command %q", word), Hint: l.suggestion(word)}
	}
	for _, c := range l.commands {
		if c.HasName(word) {
			return &UsageError{Message: fmt.Sprintf("%q is a command's name", word), Hint: "for the file, write ./" + word}
		}
	}
	return nil
}

// take reads the first word, and its value if it is a flag that has one.
func (l *line) take(rest []string) (int, error) {
	word := rest[0]
	switch {
	case word == "--":
		l.arguments = append(l.arguments, rest[1:]...)
		return len(rest), nil
	case len(word) > 1 && word[0] == '-':
		return l.flag(rest)
	case len(l.arguments) == 0 && len(l.commands) > 0:
		return 1, l.command(word)
	}
	l.arguments = append(l.arguments, word)
	return 1, nil
}

func (l *line) command(word string) error {
	for _, c := range l.commands {
		if c.HasName(word) {
			l.out = append(append(l.out, l.given...), c.Name)
			l.given, l.commands, l.flags, l.action = nil, c.Subcommands, c.Flags, c.Action != nil
			clear(l.seen)
			return nil
		}
	}
	if l.action {
		l.arguments = append(l.arguments, word)
		return nil
	}
	return &UsageError{Message: fmt.Sprintf("unknown command %q", word), Hint: l.suggestion(word)}
}

func (l *line) flag(rest []string) (int, error) {
	name, value, assigned := strings.Cut(strings.TrimLeft(rest[0], "-"), "=")
	if name == "help" || name == "h" {
		l.help = true
		return 1, nil
	}
	f := find(l.flags, name)
	if f == nil {
		return 0, &UsageError{Message: fmt.Sprintf("unknown flag %q", "--"+name), Hint: nearestFlag(l.flags, name)}
	}
	if _, many := f.(*urfave.StringSliceFlag); !many && l.seen[f.Names()[0]] {
		return 0, &UsageError{Message: fmt.Sprintf("flag %q is given twice", dashed(f)), Hint: "give it once: only one value can count"}
	}
	l.seen[f.Names()[0]] = true
	if _, isBool := f.(*urfave.BoolFlag); isBool {
		l.given = append(l.given, rest[0])
		return 1, nil
	}
	if assigned {
		l.given = append(l.given, "--"+f.Names()[0]+"="+value)
		return 1, nil
	}
	if len(rest) < 2 {
		return 0, Usagef("flag %q needs a value", dashed(f))
	}
	l.given = append(l.given, "--"+f.Names()[0]+"="+rest[1])
	return 2, nil
}

func find(flags []urfave.Flag, name string) urfave.Flag {
	for _, f := range flags {
		if slices.Contains(f.Names(), name) {
			return f
		}
	}
	return nil
}

func dashed(f urfave.Flag) string { return "--" + f.Names()[0] }

// name is the command so far as it is called in help.
func (l *line) name() string { return strings.Join(append([]string{l.program}, l.out[1:]...), " ") }

func (l *line) suggestion(word string) string {
	var names []string
	for _, c := range l.commands {
		names = append(names, c.Name)
	}
	if near := nearest(word, names); near != "" {
		return fmt.Sprintf("did you mean %q? See %s --help", near, l.name())
	}
	return "see " + l.name() + " --help"
}

func nearestFlag(flags []urfave.Flag, name string) string {
	var names []string
	for _, f := range flags {
		names = append(names, f.Names()...)
	}
	if near := nearest(name, names); near != "" {
		return fmt.Sprintf("did you mean %q?", "--"+near)
	}
	return "see --help for the flags of this command"
}

// nearest is the name that word is most likely a slip of, or "".
func nearest(word string, names []string) string {
	best, least := "", 1+len(word)/3
	for _, n := range names {
		if d := distance(word, n); d <= least {
			best, least = n, d
		}
	}
	return best
}

// distance is the Levenshtein distance between two short words.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		last := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := last
			if a[i] != b[j] {
				cost++
			}
			last = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
