package main

import (
	"fmt"
	"strings"
)

// zsh is the completion for zsh, with a description of each command and flag.
func (p program) zsh() string {
	var b strings.Builder
	fmt.Fprintf(&b, "#compdef %s\n# Written by go run ./cmd/internal/clidoc. To load it: source %s.zsh after compinit, or put it in $fpath as _%s\n", p.name, p.name, p.name)
	fmt.Fprintf(&b, `%s() {
  local command= word
  local -a flags commands
  for word in "${(@)words[2,CURRENT-1]}"; do
    case "$command/$word" in
      (%s) command=${command:+$command/}$word ;;
    esac
  done
  case "$command:$words[CURRENT-1]" in
%s  esac
  case "$command" in
%s  esac
  if [[ $words[CURRENT] == -* ]]; then
    _describe -o flag flags
  elif (( $#commands )); then
    _describe command commands
  else
    _files
  fi
}
if [[ $funcstack[1] == _%s ]]; then
  %s "$@"
else
  compdef %s %s
fi
`, p.function(), p.steps("|"), p.zshValues(), p.zshWords(), p.name, p.function(), p.function(), p.name)
	return b.String()
}

func (p program) zshValues() string {
	var b strings.Builder
	for _, c := range p.flat() {
		for _, f := range c.flags() {
			if f.value == "" {
				continue
			}
			patterns := strings.Join(each(f.names, func(n string) string { return c.path() + ":" + n }), "|")
			if choices := f.choices(); choices != nil {
				fmt.Fprintf(&b, "    (%s) compadd -- %s; return ;;\n", patterns, strings.Join(choices, " "))
			} else {
				fmt.Fprintf(&b, "    (%s) _files; return ;;\n", patterns)
			}
		}
	}
	return b.String()
}

func (p program) zshWords() string {
	var b strings.Builder
	line := func(path string, flags, commands []string) {
		fmt.Fprintf(&b, "    (%q) flags=(%s) commands=(%s) ;;\n", path, strings.Join(flags, " "), strings.Join(commands, " "))
	}
	help := described("--help", "explain the command")
	line("", []string{help}, p.zshCommands(below([]string{p.name}, p.commands), 2))
	for _, c := range p.flat() {
		var flags []string
		for _, f := range c.flags() {
			for _, n := range f.names {
				flags = append(flags, described(n, f.brief()))
			}
		}
		line(c.path(), append(flags, help), p.zshCommands(below(c.words, c.Commands), len(c.words)+1))
	}
	return b.String()
}

func (p program) zshCommands(commands []command, depth int) []string {
	var all []string
	for _, c := range commands {
		if len(c.words) == depth {
			all = append(all, described(c.Name, c.Usage))
		}
	}
	return all
}

// described is a word with its description as _describe takes it.
func described(word, about string) string {
	return quoted(word + ":" + strings.ReplaceAll(about, ":", `\:`))
}

// quoted is a word of a Bourne-like shell.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
