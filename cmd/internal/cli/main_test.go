package cli_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	urfave "github.com/urfave/cli/v2"

	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/verify/policy"
)

// seen is what a command was given.
type seen struct {
	Name      string
	Arguments []string
	Text      string
	List      []string
	Yes       bool
	Number    int
}

// ran is what one run of a program did.
type ran struct {
	code           int
	stdout, stderr string
	seen           *seen
}

// play runs a program with a command of every shape: "one", the group "group" with
// "below", and "both", which is a command and has "below", too. act is what each does.
func play(ctx context.Context, act func(*cli.Call) error, args ...string) ran {
	var r ran
	var stdout, stderr bytes.Buffer
	env := &cli.Env{
		Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr,
		LookupEnv: func(string) (string, bool) { return "", false }, Environ: func() []string { return nil },
	}
	command := func(name string, below ...cli.Command) cli.Command {
		return cli.Command{
			Name: name, Usage: "u", Args: "ARG", About: "About.", Commands: below,
			Flags: []urfave.Flag{
				&urfave.StringFlag{Name: "text", Aliases: []string{"x"}, Usage: "a `TEXT`"},
				&urfave.StringSliceFlag{Name: "list", Aliases: []string{"l"}, Usage: "many"},
				&urfave.BoolFlag{Name: "yes", Aliases: []string{"y"}, Usage: "yes"},
				&urfave.IntFlag{Name: "number", Usage: "a number", Value: 7},
			},
			Run: func(c *cli.Call) error {
				r.seen = &seen{name, c.Arguments(), c.String("text"), c.StringSlice("list"), c.Bool("yes"), c.Int("number")}
				if act == nil {
					return nil
				}
				return act(c)
			},
		}
	}
	group := cli.Command{Name: "group", Usage: "u", Commands: []cli.Command{command("below")}}
	commands := []cli.Command{command("one"), group, command("both", command("below"))}
	r.code = cli.Main(ctx, env, "prog", "a program", commands, append([]string{"prog"}, args...))
	r.stdout, r.stderr = stdout.String(), stderr.String()
	return r
}

// The traps of urfave/cli v2: flags after arguments, commas, flags like negative
// numbers, and what follows "--".
func TestArrange(t *testing.T) {
	for label, c := range map[string]struct {
		args []string
		want seen
	}{
		"nothing":                 {[]string{"one"}, seen{Name: "one", Number: 7}},
		"flags first":             {[]string{"one", "--text", "a", "b"}, seen{Name: "one", Arguments: []string{"b"}, Text: "a", Number: 7}},
		"flags last":              {[]string{"one", "b", "--text", "a"}, seen{Name: "one", Arguments: []string{"b"}, Text: "a", Number: 7}},
		"flags between":           {[]string{"one", "b", "--yes", "c", "--number=3", "d"}, seen{Name: "one", Arguments: []string{"b", "c", "d"}, Yes: true, Number: 3}},
		"one dash":                {[]string{"one", "-text", "a", "-yes"}, seen{Name: "one", Text: "a", Yes: true, Number: 7}},
		"aliases":                 {[]string{"one", "-x", "a", "-y", "-l", "1", "-l=2"}, seen{Name: "one", Text: "a", Yes: true, List: []string{"1", "2"}, Number: 7}},
		"commas stay":             {[]string{"one", "--list", "a=b,c", "--list", "d,"}, seen{Name: "one", List: []string{"a=b,c", "d,"}, Number: 7}},
		"equals stay":             {[]string{"one", "--text=a=b", "--list=c=d"}, seen{Name: "one", Text: "a=b", List: []string{"c=d"}, Number: 7}},
		"an empty value":          {[]string{"one", "--text=", "--list", ""}, seen{Name: "one", List: []string{""}, Number: 7}},
		"a value like a flag":     {[]string{"one", "--text", "--yes"}, seen{Name: "one", Text: "--yes", Number: 7}},
		"a negative number":       {[]string{"one", "--number", "-3"}, seen{Name: "one", Number: -3}},
		"after two dashes":        {[]string{"one", "--", "--text", "a", "--"}, seen{Name: "one", Arguments: []string{"--text", "a", "--"}, Number: 7}},
		"a dash is an argument":   {[]string{"one", "-", "--yes"}, seen{Name: "one", Arguments: []string{"-"}, Yes: true, Number: 7}},
		"no":                      {[]string{"one", "--yes=false"}, seen{Name: "one", Number: 7}},
		"an empty argument":       {[]string{"one", ""}, seen{Name: "one", Arguments: []string{""}, Number: 7}},
		"below a group":           {[]string{"group", "below", "a", "--text", "b"}, seen{Name: "below", Arguments: []string{"a"}, Text: "b", Number: 7}},
		"a command with others":   {[]string{"both", "a", "--yes"}, seen{Name: "both", Arguments: []string{"a"}, Yes: true, Number: 7}},
		"below it":                {[]string{"both", "below", "--yes"}, seen{Name: "below", Yes: true, Number: 7}},
		"its name as an argument": {[]string{"both", "a", "below"}, seen{Name: "both", Arguments: []string{"a", "below"}, Number: 7}},
		"its name as a path":      {[]string{"both", "--", "./below"}, seen{Name: "both", Arguments: []string{"./below"}, Number: 7}},
	} {
		t.Run(label, func(t *testing.T) {
			r := play(t.Context(), nil, c.args...)
			if r.code != 0 || r.seen == nil {
				t.Fatalf("%q ends with %d: %s", c.args, r.code, r.stderr)
			}
			if len(r.seen.Arguments) == 0 {
				r.seen.Arguments = nil
			}
			if len(r.seen.List) == 0 {
				r.seen.List = nil
			}
			if !reflect.DeepEqual(*r.seen, c.want) {
				t.Errorf("%q is read as %+v, want %+v", c.args, *r.seen, c.want)
			}
		})
	}
}

// What can't be meant is refused before anything runs, with what was probably meant.
func TestRefused(t *testing.T) {
	for label, c := range map[string]struct {
		args []string
		says string
	}{
		"unknown command":             {[]string{"onne"}, `unknown command "onne"` + "\n" + `  hint: did you mean "one"? See prog --help`},
		"nothing like it":             {[]string{"zzzzzz"}, "hint: see prog --help"},
		"unknown command below":       {[]string{"group", "belo"}, `did you mean "below"? See prog group --help`},
		"unknown flag":                {[]string{"one", "--txet", "a"}, `unknown flag "--txet"`},
		"with one near":               {[]string{"one", "--numbr", "3"}, `did you mean "--number"?`},
		"with none near":              {[]string{"one", "--zzzzzz"}, "see --help for the flags of this command"},
		"a value is not repeated":     {[]string{"one", "--pasword=s3cret"}, `unknown flag "--pasword"`},
		"a flag before its command":   {[]string{"--text", "a", "one"}, `unknown flag "--text"`},
		"the group has not the flag":  {[]string{"group", "--text", "a", "below"}, `unknown flag "--text"`},
		"twice":                       {[]string{"one", "--text", "a", "--text", "b"}, `flag "--text" is given twice`},
		"twice by another name":       {[]string{"one", "--text", "a", "-x", "b"}, `flag "--text" is given twice`},
		"twice yes":                   {[]string{"one", "-y", "a", "--yes"}, `flag "--yes" is given twice`},
		"twice, the same":             {[]string{"one", "--number", "1", "--number", "1"}, `flag "--number" is given twice`},
		"no value":                    {[]string{"one", "a", "--text"}, `flag "--text" needs a value`},
		"no number":                   {[]string{"one", "--number", "many"}, "many"},
		"no truth":                    {[]string{"one", "--yes=maybe"}, "maybe"},
		"short flags do not combine":  {[]string{"one", "-yx", "a"}, `unknown flag`},
		"a name after two dashes":     {[]string{"both", "--", "below"}, `"below" is a command's name` + "\n  hint: for the file, write ./below"},
		"a command after two dashes":  {[]string{"--", "one"}, `unknown command "one"`},
		"no command after two dashes": {[]string{"--", "zzzzzz"}, `unknown command "zzzzzz"`},
		"none below, either":          {[]string{"group", "--", "zzzzzz"}, `unknown command "zzzzzz"`},
		"a password in a URL":         {[]string{"one", "https://ann:s3cret@example.com/x"}, "word 3 of the command line has a password in it"},
		"a password in a flag":        {[]string{"one", "--text", "https://ann:s3cret@example.com"}, "has a password in it"},
		"a password in a flag's half": {[]string{"one", "--text=git+https://:s3cret@example.com/x"}, "has a password in it"},
		"a password in a reference":   {[]string{"one", "ann:s3cret@example.com/x"}, "has a password in it"},
	} {
		t.Run(label, func(t *testing.T) {
			r := play(t.Context(), nil, c.args...)
			if r.code != 2 || r.seen != nil || r.stdout != "" {
				t.Errorf("%q ends with %d, prints %q and runs %+v", c.args, r.code, r.stdout, r.seen)
			}
			if !strings.HasPrefix(r.stderr, "prog: ") || !strings.Contains(r.stderr, c.says) || strings.Contains(r.stderr, "s3cret") {
				t.Errorf("%q says %q, want %q", c.args, r.stderr, c.says)
			}
		})
	}
}

// What only looks like a password is none.
func TestNotAPassword(t *testing.T) {
	for _, word := range []string{
		"example.com:5000/x@sha256:" + strings.Repeat("a", 64), "oci:layout:1@sha256:" + strings.Repeat("a", 64), "oci:a@b/c:1", "file:a@b/c", "./a:b@c/d",
		"git+ssh://git@example.com/x", "https://example.com/a:b@c/d", "pkg:oci/x@1.2", "https://example.com/~a@1:2",
	} {
		if r := play(t.Context(), nil, "one", word, "--text", word); r.code != 0 {
			t.Errorf("%q is refused: %s", word, r.stderr)
		}
	}
}

// An error's kind decides the exit code, however deep it is wrapped.
func TestExitCodes(t *testing.T) {
	plain := errors.New("the disk is full")
	for label, c := range map[string]struct {
		err  error
		code int
		says string
	}{
		"done":                   {nil, 0, ""},
		"failed":                 {plain, 1, "prog: the disk is full\n"},
		"usage":                  {cli.Usagef("no"), 2, "prog: no\n"},
		"usage with a hint":      {&cli.UsageError{Message: "no", Hint: "yes"}, 2, "prog: no\n  hint: yes\n"},
		"usage, wrapped":         {fmt.Errorf("x: %w", cli.Usagef("no")), 2, "prog: x: no\n"},
		"unavailable":            {&cli.UnavailableError{Err: plain}, 3, "prog: the disk is full\n"},
		"unavailable, hinted":    {&cli.UnavailableError{Err: cli.WithHint(plain, "free some")}, 3, "prog: the disk is full\n  hint: free some\n"},
		"hinted, unavailable":    {cli.WithHint(&cli.UnavailableError{Err: plain}, "free some"), 3, "prog: the disk is full\n  hint: free some\n"},
		"joined":                 {errors.Join(plain, &cli.UnavailableError{Err: plain}), 3, "prog: "},
		"allowed":                {&cli.NotAllowedError{Outcome: policy.Allowed}, 0, ""},
		"denied":                 {&cli.NotAllowedError{Outcome: policy.Denied}, 1, ""},
		"undecided":              {&cli.NotAllowedError{Outcome: policy.Undecided}, 3, ""},
		"invalid":                {&cli.NotAllowedError{Outcome: policy.Invalid}, 4, ""},
		"an outcome of nobody's": {&cli.NotAllowedError{Outcome: "fine"}, 1, ""},
		"no outcome":             {&cli.NotAllowedError{}, 1, ""},
		"told already":           {cli.Printed(cli.Usagef("no")), 2, ""},
		"told, unavailable":      {cli.Printed(&cli.UnavailableError{Err: plain}), 3, ""},
		"no hint for no error":   {cli.WithHint(nil, "x"), 0, ""},
		"an exit coder":          {urfave.Exit("own code", 77), 1, "prog: own code\n"},
	} {
		t.Run(label, func(t *testing.T) {
			r := play(t.Context(), func(*cli.Call) error { return c.err }, "one")
			if r.code != c.code || !strings.HasPrefix(r.stderr, c.says) || c.says == "" && r.stderr != "" {
				t.Errorf("%v ends with %d and says %q, want %d and %q", c.err, r.code, r.stderr, c.code, c.says)
			}
		})
	}
}

// Who is interrupted could not decide, except where the verdict was there already.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if r := play(ctx, func(c *cli.Call) error { return c.Ctx().Err() }, "one"); r.code != 3 || !strings.Contains(r.stderr, "interrupted") {
		t.Errorf("ends with %d and says %q", r.code, r.stderr)
	}
	if r := play(ctx, func(*cli.Call) error { return &cli.NotAllowedError{Outcome: policy.Denied} }, "one"); r.code != 1 {
		t.Errorf("a denial ends with %d", r.code)
	}
}

// Help is asked for in any place and runs nothing.
func TestHelp(t *testing.T) {
	for _, args := range [][]string{{}, {"--help"}, {"-h"}, {"one", "--help"}, {"one", "a", "--text", "b", "-h"}, {"group"}, {"group", "--help"}, {"group", "below", "-h"}, {"both", "--help"}} {
		r := play(t.Context(), nil, args...)
		if r.code != 0 || r.seen != nil || r.stderr != "" || !strings.Contains(r.stdout, "USAGE:\n   prog") {
			t.Errorf("%q ends with %d, says %q and prints %q", args, r.code, r.stderr, r.stdout)
		}
	}
}
