package main

import (
	"fmt"
	"strings"
)

// fish is the completion for fish, with a description of each command and flag.
func (p program) fish() string {
	at := "_" + p.function() + "_at"
	var b strings.Builder
	fmt.Fprintf(&b, "# Written by go run ./cmd/internal/clidoc. To load it: source %s.fish\n", p.name)
	fmt.Fprintf(&b, `function %s
  set -l command
  for word in (commandline -opc)[2..-1]
    switch "$command/$word"
      case %s
        set command (string trim --left --chars=/ "$command/$word")
    end
  end
  test "$command" = "$argv[1]"
end
`, at, p.steps(" "))
	fmt.Fprintf(&b, "complete -c %s -l help -s h -d 'explain the command'\n", p.name)
	fmt.Fprintf(&b, "complete -c %s -n '%s \"\"' -f\n", p.name, at)
	for _, c := range p.flat() {
		parent := strings.Join(c.words[1:len(c.words)-1], "/")
		fmt.Fprintf(&b, "complete -c %s -n '%s \"%s\"' -a %s -d %s\n", p.name, at, parent, c.Name, fishQuoted(c.Usage))
		if c.Run == nil {
			fmt.Fprintf(&b, "complete -c %s -n '%s \"%s\"' -f\n", p.name, at, c.path())
		}
		for _, f := range c.flags() {
			fmt.Fprintf(&b, "complete -c %s -n '%s \"%s\"'%s\n", p.name, at, c.path(), f.fish())
		}
	}
	return b.String()
}

// fish is the flag in the words of fish's complete.
func (f flag) fish() string {
	var b strings.Builder
	for _, n := range f.names {
		if long, found := strings.CutPrefix(n, "--"); found {
			b.WriteString(" -l " + long)
		} else {
			b.WriteString(" -s " + strings.TrimPrefix(n, "-"))
		}
	}
	if choices := f.choices(); choices != nil {
		b.WriteString(" -x -a '" + strings.Join(choices, " ") + "'")
	} else if f.value != "" {
		b.WriteString(" -r")
	}
	return b.String() + " -d " + fishQuoted(f.brief())
}

func fishQuoted(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(s) + "'"
}
