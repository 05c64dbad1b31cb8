package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"strings"
	"syscall"

	urfave "github.com/urfave/cli/v2"
)

// Main runs a program of commands with args, of which the first is the program's
// name, and returns the exit code. It is the one place that prints errors and knows
// exit codes, and it guards against what urfave/cli v2 does by default: flags after
// arguments are read as flags, slices do not split on commas, a flag given twice and
// an unknown command are refused, and the library never ends the process.
func Main(ctx context.Context, env *Env, name, usage string, commands []Command, args []string) int {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	app := newApp(env, name, usage, commands)
	arranged, err := arrange(app, args)
	if err == nil {
		err = app.RunContext(ctx, arranged)
	}
	if err != nil && ctx.Err() != nil && !isVerdict(err) {
		err = &UnavailableError{fmt.Errorf("interrupted: %w", err)}
	}
	explain(env.Stderr, name, err)
	return code(err)
}

func isVerdict(err error) bool {
	var verdict *NotAllowedError
	return errors.As(err, &verdict)
}

func isPrinted(err error) bool {
	var p *printed
	var step *StepError
	return isVerdict(err) || errors.As(err, &p) || errors.As(err, &step)
}

func newApp(env *Env, name, usage string, commands []Command) *urfave.App {
	app := &urfave.App{
		Name: name, HelpName: name, Usage: usage, Writer: env.Stdout, ErrWriter: env.Stderr, Reader: env.Stdin,
		HideHelpCommand: true, HideVersion: true, DisableSliceFlagSeparator: true,
		CustomAppHelpTemplate: appHelp,
		ExitErrHandler:        func(*urfave.Context, error) {},
		OnUsageError:          onUsageError,
		Action: func(c *urfave.Context) error {
			return urfave.ShowAppHelp(c)
		},
	}
	for _, c := range commands {
		app.Commands = append(app.Commands, c.build(env))
	}
	return app
}

// onUsageError turns the flag parser's errors, such as a number that is none, into
// ours. The parser quotes the value; flags that take secrets do not exist.
func onUsageError(_ *urfave.Context, err error, _ bool) error {
	return Usagef("%s", err.Error())
}

// explain prints an error and its hint, each once. A verdict has been printed already.
func explain(w io.Writer, name string, err error) {
	if err == nil || isPrinted(err) {
		return
	}
	fmt.Fprintf(w, "%s: %s\n", name, strings.TrimSpace(err.Error()))
	if h := hint(err); h != "" {
		fmt.Fprintf(w, "  hint: %s\n", h)
	}
}
