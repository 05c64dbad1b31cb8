package main

import (
	"context"
	"strings"

	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/cmd/internal/consume"
	"github.com/carnet-project/carnet/cmd/internal/local"
	"github.com/carnet-project/carnet/cmd/internal/policy"
	"github.com/carnet-project/carnet/cmd/internal/produce"
	"github.com/carnet-project/carnet/cmd/internal/trust"
)

// A program is one of the two mains, as its main function puts it together.
type program struct {
	name, usage string
	commands    []cli.Command
}

func programs() []program {
	return []program{
		{"carnet", "a passport for software: what is in it, who built it, who signed it, and whether it may enter", carnetCommands(nil)},
		{"carnet-verify", "check what is in software, who built it and who signed it", append(consume.Commands(nil), policy.Command(consume.PolicyCommands()...), trust.Command(), cli.VersionCommand())},
	}
}

// carnetCommands are the commands of cmd/carnet. Only quickstart needs run, when it
// runs.
func carnetCommands(run func(context.Context, *cli.Env, []string) int) []cli.Command {
	commands := append(produce.Commands(), consume.Commands(&consume.Summariser{Flags: produce.SummaryFlags()})...)
	return append(commands, local.Local(), policy.Command(append(consume.PolicyCommands(), produce.PolicySign(), produce.PolicyPush())...), produce.Quickstart(run), trust.Command(), cli.VersionCommand())
}

// A command is a command with the words that lead to it, the program's name first.
type command struct {
	cli.Command
	words []string
}

// name is how the command is typed: "carnet key generate".
func (c command) name() string { return strings.Join(c.words, " ") }

// path is the command without its program, as completions name it: "key/generate".
func (c command) path() string { return strings.Join(c.words[1:], "/") }

// file is the page about the command, which both programs share.
func (c command) file() string { return strings.Join(c.words[1:], "-") + ".md" }

// flat lists the program's commands, each followed by those below it.
func (p program) flat() []command {
	return below([]string{p.name}, p.commands)
}

func below(words []string, commands []cli.Command) []command {
	var all []command
	for _, c := range commands {
		at := append(words[:len(words):len(words)], c.Name)
		all = append(all, command{c, at})
		all = append(all, below(at, c.Commands)...)
	}
	return all
}

// synopsis is how the command is used, a line for each way.
func (c command) synopsis() []string {
	var lines []string
	if c.Run != nil {
		line := c.name()
		if len(c.Flags) > 0 {
			line += " [flags]"
		}
		if c.Args != "" {
			line += " " + c.Args
		}
		lines = append(lines, line)
	}
	if len(c.Commands) > 0 {
		lines = append(lines, c.name()+" COMMAND [flags] [arguments]")
	}
	return lines
}

// arguments are the rows about arguments, with rows that only go on joined.
func (c command) arguments() [][2]string {
	var rows [][2]string
	for _, a := range c.Arguments {
		if a[0] == "" && len(rows) > 0 {
			rows[len(rows)-1][1] += " " + a[1]
			continue
		}
		rows = append(rows, a)
	}
	return rows
}

// paragraphs are the description's, each in one line.
func (c command) paragraphs() []string {
	var all []string
	for _, p := range strings.Split(strings.TrimSpace(c.About), "\n\n") {
		all = append(all, strings.Join(strings.Fields(p), " "))
	}
	return all
}
