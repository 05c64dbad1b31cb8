package cli

import (
	"context"
	"fmt"
	"strings"

	urfave "github.com/urfave/cli/v2"
)

// A Command is one command as its file describes it; every one's help has the same
// sections.
type Command struct {
	Name, Usage string
	// Args is the line of arguments, such as "TARGET...".
	Args string
	// About is what the command does, in a paragraph or two.
	About string
	// Arguments explains each argument: its name and what it is.
	Arguments [][2]string
	Flags     []urfave.Flag
	// Exits is which exit codes the command has beyond 0 and 2.
	Exits []Exit
	// Examples are command lines, each after a line that says what it is for.
	Examples [][2]string
	Run      func(*Call) error
	Commands []Command
}

// An Exit is an exit code and what it means for a command.
type Exit struct {
	Code    int
	Meaning string
}

// The exit codes of commands that make something, and of those that judge.
var (
	MakeExits  = []Exit{{0, "done"}, {1, "failed"}, {2, "usage: the command line or a file can't be meant as it is"}, {3, "could not reach what is needed; trying again may help"}}
	JudgeExits = []Exit{{0, "allowed"}, {1, "denied"}, {2, "usage: the command line or a file can't be meant as it is"}, {3, "could not decide; trying again may help"}, {4, "denied, and evidence is invalid: possible tampering"}}
)

// A Call is one run of a command.
type Call struct {
	*urfave.Context
	Env *Env
}

// Ctx is the context of the run; it ends on an interrupt.
func (c *Call) Ctx() context.Context { return c.Context.Context }

// Arguments are the positional arguments.
func (c *Call) Arguments() []string { return c.Context.Args().Slice() }

// One is the command's only argument.
func (c *Call) One(what string) (string, error) {
	args := c.Arguments()
	switch len(args) {
	case 1:
		return args[0], nil
	case 0:
		return "", c.Missing(what)
	}
	return "", Usagef("%s takes one %s, and %d arguments are given: %q", c.Command.HelpName, what, len(args), args)
}

// Missing is the error of a command without an argument or flag that it needs.
func (c *Call) Missing(what string) error {
	return &UsageError{Message: c.Command.HelpName + " needs " + what, Hint: "see " + c.Command.HelpName + " --help"}
}

// Sayf prints a line of talk to stderr.
func (c *Call) Sayf(format string, args ...any) {
	fmt.Fprintf(c.Env.Stderr, format+"\n", args...)
}

// SayHint prints what to do about err, if that is known.
func (c *Call) SayHint(err error) {
	if h := hint(err); h != "" {
		c.Sayf("  hint: %s", h)
	}
}

func (c Command) build(env *Env) *urfave.Command {
	cmd := &urfave.Command{
		Name: c.Name, Usage: c.Usage, ArgsUsage: c.Args, Description: c.description(), Flags: c.Flags,
		HideHelpCommand: true, CustomHelpTemplate: commandHelp, OnUsageError: onUsageError,
	}
	if len(c.Commands) > 0 {
		// A command with commands below it prints by another template.
		cmd.CustomHelpTemplate = groupHelp
	}
	for _, below := range c.Commands {
		cmd.Subcommands = append(cmd.Subcommands, below.build(env))
	}
	if c.Run != nil {
		cmd.Action = func(ctx *urfave.Context) error { return c.Run(&Call{ctx, env}) }
	}
	return cmd
}

// description is the help's part below the usage line, but for the flags.
func (c Command) description() string {
	var b strings.Builder
	b.WriteString(strings.TrimSpace(c.About))
	section := func(title string, rows [][2]string) {
		if len(rows) == 0 {
			return
		}
		fmt.Fprintf(&b, "\n\n%s:", title)
		for _, r := range rows {
			fmt.Fprintf(&b, "\n   %-12s %s", r[0], r[1])
		}
	}
	section("ARGUMENTS", c.Arguments)
	b.WriteString(flagHelp(c.Flags))
	var exits [][2]string
	for _, e := range c.Exits {
		exits = append(exits, [2]string{fmt.Sprint(e.Code), e.Meaning})
	}
	section("EXIT CODES", exits)
	if len(c.Examples) > 0 {
		b.WriteString("\n\nEXAMPLES:")
		for _, e := range c.Examples {
			fmt.Fprintf(&b, "\n   # %s\n   %s", e[0], e[1])
		}
	}
	return b.String()
}
