package main

import (
	"regexp"
	"strings"
	"testing"

	urfave "github.com/urfave/cli/v2"

	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/cmd/internal/consume"
	"github.com/carnet-project/carnet/cmd/internal/policy"
	"github.com/carnet-project/carnet/cmd/internal/produce"
	"github.com/carnet-project/carnet/cmd/internal/trust"
)

// Every command explains itself in the same sections.
func TestHelp(t *testing.T) {
	all := append(produce.Commands(), consume.Commands(nil)...)
	all = append(all, policy.Command(append(consume.PolicyCommands(), produce.PolicySign(), produce.PolicyPush())...), produce.Quickstart(run), trust.Command(), cli.VersionCommand())
	visited := 0
	for _, c := range all {
		visited += visit(t, []string{"carnet"}, c)
	}
	if visited < 15 {
		t.Errorf("only %d commands were found", visited)
	}
}

func visit(t *testing.T, above []string, c cli.Command) int {
	path := append(above[:len(above):len(above)], c.Name)
	visited := 1
	for _, below := range c.Commands {
		visited += visit(t, path, below)
	}
	t.Run(strings.Join(path[1:], " "), func(t *testing.T) {
		code, help, stderr := inside(t, append(path, "--help"))
		if code != 0 || stderr != "" {
			t.Fatalf("--help ends with %d and says %q", code, stderr)
		}
		if short, _, _ := inside(t, append(path, "-h")); short != 0 {
			t.Errorf("-h ends with %d", short)
		}
		if !strings.HasPrefix(help, strings.Join(path, " ")+" - ") || !strings.Contains(help, "\nUSAGE:\n") {
			t.Errorf("the help does not begin with its name and usage:\n%s", help)
		}
		if c.Run != nil {
			sections(t, c, help)
		}
	})
	return visited
}

func sections(t *testing.T, c cli.Command, help string) {
	want := []string{"FLAGS", "EXIT CODES", "EXAMPLES"}
	if c.Args != "" {
		want = append([]string{"ARGUMENTS"}, want...)
	}
	at := 0
	for _, title := range want {
		next := strings.Index(help, "\n"+title+":\n")
		if next < at {
			t.Errorf("there is no section %s in its place:\n%s", title, help)
			continue
		}
		at = next
	}
	for _, f := range c.Flags {
		for _, name := range f.Names() {
			dashed := "--" + name
			if len(name) == 1 {
				dashed = "-" + name
			}
			if !regexp.MustCompile(`(?m)^   (.*, )?` + dashed + `( |,|$)`).MatchString(help) {
				t.Errorf("the help does not say %s", dashed)
			}
		}
		if f.(urfave.DocGenerationFlag).GetUsage() == "" {
			t.Errorf("--%s is not explained", f.Names()[0])
		}
	}
	for _, text := range strings.Split(help, "\n") {
		if strings.HasSuffix(text, " ") || strings.Contains(text, "\t") {
			t.Errorf("the line %q ends in space or has a tab", text)
		}
	}
}
