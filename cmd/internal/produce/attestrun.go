package produce

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	urfave "github.com/urfave/cli/v2"

	"github.com/carnet-project/carnet/attest/run"
	"github.com/carnet-project/carnet/attest/run/trace"
	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/verify/report"
)

func attestRun() cli.Command {
	return cli.Command{
		Name: "run", Usage: "run a step of a build and attest what it made, from what", Args: "-- COMMAND...",
		About: `Runs COMMAND and makes a statement about the files that it made, which --products
chooses: SLSA v1 provenance, an in-toto link, or both. It has the command without
secrets, times, the git checkout before and after, the digests of the files that
--materials chooses as they were before, what lock files list, and the variables that
matter to builds. Of the materials, what git ignores is left out.

A pattern is relative to the folder here: * is part of a name, ** any number of folders,
a folder is all that is below it, and a pattern after ! takes files away again.

The command has the terminal and the standard streams for itself, but no variable that
holds what this command signs with. Its exit code is the exit code; where it fails,
nothing is attested. A command that can't be started gives 127 or 126, as in a shell.`,
		Arguments: [][2]string{{"COMMAND", "the command and its arguments, after --"}},
		Flags:     runFlags(),
		Exits:     append(append([]cli.Exit{}, cli.MakeExits...), cli.Exit{Code: 126, Meaning: "the command can't be started"}, cli.Exit{Code: 127, Meaning: "the command is not found"}),
		Examples: [][2]string{
			{"a build, with a key", "carnet attest run --key release.key --materials . --products dist --bundle dist.sigstore.json -- make dist"},
			{"a step of a layout, unsigned", "carnet attest run --format link --step test --materials src --products report.xml --statement test.link.json -- ./test.sh"},
		},
		Run: runAttestRun,
	}
}

func runFlags() []urfave.Flag {
	flags := []urfave.Flag{
		&urfave.StringSliceFlag{Name: "materials", Aliases: []string{"m"}, Usage: "record the files that `GLOB` chooses as they are before the command; may be given several times"},
		&urfave.StringSliceFlag{Name: "products", Aliases: []string{"p"}, Usage: "attest the files that `GLOB` chooses as they are after the command; may be given several times"},
		&urfave.StringFlag{Name: "format", Usage: "make `FORMAT`: slsa, link or both", Value: "slsa"},
		&urfave.StringFlag{Name: "step", Usage: "call the step `NAME` in a link; default: the name of the command's program"},
		&urfave.StringFlag{Name: "statement", Usage: "write only the unsigned statement, to `FILE`; of both formats as lines"},
		&urfave.StringFlag{Name: "bundle", Usage: "write the signed bundle to `OUT`; of both formats as lines"},
		&urfave.StringSliceFlag{Name: "env", Usage: "record the variable `NAME`, too, unless it looks like a secret; may be given several times"},
		&urfave.BoolFlag{Name: "ignored", Usage: "record materials that git ignores, too"},
		&urfave.BoolFlag{Name: "hash-first", Usage: "let the command begin only when all materials are hashed; default: a fraction of a second after the hashing, unless the file system can't tell which files it changes meanwhile"},
		&urfave.BoolFlag{Name: "trace", Usage: "record all that the command reads and connects to, and say what it read that --materials does not choose; Linux only"},
		&urfave.BoolFlag{Name: "no-lockfiles", Usage: "do not read lock files"},
		&urfave.BoolFlag{Name: "attest-failure", Usage: "attest also what a command made that failed; the exit code is the command's all the same"},
	}
	return append(append(append(flags, provenanceFlags()...), signerFlags()...), cli.RegistryFlags()...)
}

func runAttestRun(c *cli.Call) error {
	e, err := newRunEvidence(c)
	if err != nil {
		return err
	}
	step, err := runStep(c)
	if err != nil {
		return err
	}
	signals, stop := stepSignals(c)
	defer stop()
	step.Signals, step.Prepare = signals, e.prepare
	record, err := step.Run(c.Ctx())
	var start *run.StartError
	if errors.As(err, &start) {
		c.Sayf("carnet: %v", err)
		return &cli.StepError{Code: start.Code}
	}
	if record == nil {
		return recordError(err)
	}
	stop()
	if !record.Failed() {
		if err == nil {
			err = e.make(record)
		}
		return recordError(err)
	}
	switch {
	case !c.Bool("attest-failure"):
		err = nil // nobody wants to know what else there is to say of it
	case err == nil:
		err = e.make(record)
	}
	sayFailed(c, record, err)
	return &cli.StepError{Code: record.ExitCode}
}

func sayFailed(c *cli.Call, r *run.Record, err error) {
	how := fmt.Sprintf("exit code %d", r.ExitCode)
	if r.Signal != "" {
		how = "the signal " + r.Signal
	}
	switch {
	case err != nil:
		c.Sayf("carnet: the command ended by %s, and nothing is attested: %v", how, err)
		c.SayHint(recordError(err))
	case c.Bool("attest-failure"):
		c.Sayf("carnet: the command ended by %s, and the evidence says so", how)
	default:
		c.Sayf("carnet: the command ended by %s: nothing is attested", how)
	}
}

// recordError adds what to do about a file that can't be recorded.
func recordError(err error) error {
	var file *run.FileError
	var untraceable *trace.UnavailableError
	switch {
	case errors.As(err, &untraceable):
		return cli.WithHint(err, untraceable.Hint)
	case errors.Is(err, run.ErrLate):
		return cli.WithHint(err, "run it again with --hash-first, or take away what the command makes: --materials '!PATH'")
	case errors.As(err, &file):
		return cli.WithHint(err, "take the file away with --materials or --products '!"+report.Clean(file.Path)+"' if it does not matter to the build")
	}
	return err
}

// runStep is the step that the flags describe.
func runStep(c *cli.Call) (*run.Step, error) {
	command := c.Arguments()
	if len(command) == 0 {
		return nil, c.Missing("-- COMMAND")
	}
	materials, err := run.Select(c.StringSlice("materials"))
	if err != nil {
		return nil, cli.Usagef("--materials: %v", err)
	}
	products, err := run.Select(c.StringSlice("products"))
	if err != nil {
		return nil, cli.Usagef("--products: %v", err)
	}
	step := &run.Step{
		Command: command, Materials: materials, Products: products,
		Ignored: c.Bool("ignored"), Patient: c.Bool("hash-first"), Lockfiles: !c.Bool("no-lockfiles"),
		Environ: c.Env.Environ(), Variables: c.StringSlice("env"), Withhold: signingVariables(c),
		Streams: run.Streams{Stdin: c.Env.Stdin, Stdout: c.Env.Stdout, Stderr: c.Env.Stderr},
		Now:     time.Now, ReadFile: func(path string) ([]byte, error) { return cli.ReadFile(path, 1<<16) },
	}
	if c.Bool("trace") {
		step.Trace = &trace.Tracer{Stub: []string{"/proc/self/exe"}}
	}
	return step, nil
}

// signingVariables are the variables from which this run signs. A build that had them could
// sign its own provenance.
func signingVariables(c *cli.Call) []string {
	if c.String("statement") != "" {
		return nil
	}
	key := c.String("key")
	if key == "" {
		return []string{"SIGSTORE_ID_TOKEN"}
	}
	names := []string{"CARNET_PASSWORD", "COSIGN_PASSWORD"}
	if variable, found := strings.CutPrefix(key, "env://"); found {
		names = append(names, variable)
	}
	return names
}

// stepSignals are the signals that the command gets from here. At a terminal the system
// gives it those of the keyboard itself, for it is in the same group.
func stepSignals(c *cli.Call) (<-chan os.Signal, func()) {
	signals := make(chan os.Signal, 16)
	handed := []os.Signal{syscall.SIGTERM, syscall.SIGHUP}
	keyboard := []os.Signal{syscall.SIGINT, syscall.SIGQUIT}
	if cli.Terminal(c.Env.Stdin) || cli.Terminal(c.Env.Stderr) {
		ignored := make(chan os.Signal, 16)
		signal.Notify(ignored, keyboard...) // or it would end this process, which waits for the command
		signal.Notify(signals, handed...)
		return signals, func() { signal.Stop(ignored); signal.Stop(signals) }
	}
	signal.Notify(signals, append(handed, keyboard...)...)
	return signals, func() { signal.Stop(signals) }
}
