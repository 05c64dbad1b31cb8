package main

import (
	"fmt"
	"strings"
)

// The completions are static: pressing the tabulator runs no program of ours. All
// three find the command by walking the words, offer its flags after a dash and the
// commands below it elsewhere, and leave files to the shell.

// bash is the completion for bash, also without the bash-completion package.
func (p program) bash() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Written by go run ./cmd/internal/clidoc. To load it: source %s.bash\n", p.name)
	fmt.Fprintf(&b, `%s() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command= word words=
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$command/$word" in
      %s) command=${command:+$command/}$word ;;
    esac
  done
  case "$command:$previous" in
%s  esac
  case "$command" in
%s  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -o default -F %s %s
`, p.function(), p.steps("|"), p.bashValues(), p.bashWords(), p.function(), p.name)
	return b.String()
}

// function is the name of the completion's function.
func (p program) function() string { return "_" + strings.ReplaceAll(p.name, "-", "_") }

// steps are the patterns of a command and the word that leads on: "/key", "key/generate".
func (p program) steps(separator string) string {
	var all []string
	for _, c := range p.flat() {
		path := c.path()
		if !strings.Contains(path, "/") {
			path = "/" + path
		}
		all = append(all, path)
	}
	return strings.Join(all, separator)
}

func (p program) bashValues() string {
	var b strings.Builder
	for _, c := range p.flat() {
		for _, f := range c.flags() {
			if f.value == "" {
				continue
			}
			patterns := strings.Join(each(f.names, func(n string) string { return c.path() + ":" + n }), "|")
			if choices := f.choices(); choices != nil {
				fmt.Fprintf(&b, "    %s) mapfile -t COMPREPLY < <(compgen -W %q -- \"$current\"); return ;;\n", patterns, strings.Join(choices, " "))
			} else {
				fmt.Fprintf(&b, "    %s) return ;;\n", patterns)
			}
		}
	}
	return b.String()
}

func (p program) bashWords() string {
	var b strings.Builder
	line := func(path string, flags, commands []string) {
		if path == "" {
			path = `""`
		}
		fmt.Fprintf(&b, "    %s) if [[ $current == -* ]]; then words=%q; else words=%q; fi ;;\n", path, strings.Join(flags, " "), strings.Join(commands, " "))
	}
	line("", []string{"--help"}, names(below([]string{p.name}, p.commands), 2))
	for _, c := range p.flat() {
		var flags []string
		for _, f := range c.flags() {
			flags = append(flags, f.names...)
		}
		line(c.path(), append(flags, "--help"), names(below(c.words, c.Commands), len(c.words)+1))
	}
	return b.String()
}

// names are the last words of the commands that have depth words.
func names(commands []command, depth int) []string {
	var all []string
	for _, c := range commands {
		if len(c.words) == depth {
			all = append(all, c.Name)
		}
	}
	return all
}
