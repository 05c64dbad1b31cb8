package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// exits CODE PROGRAM ARG... runs a program and holds it to its exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARG...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// json FILE PATH [WANT] finds the value at a path like results.0.allowed and prints it
// to stdout; "len" is the length of a list. With WANT it must be that; with ! there must
// be nothing.
func jsonAt(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: [!] json FILE PATH [WANT]")
	}
	var doc any
	if err := json.Unmarshal([]byte(ts.ReadFile(args[0])), &doc); err != nil {
		ts.Fatalf("%s is not one JSON document: %v", args[0], err)
	}
	value, found := walk(doc, strings.Split(args[1], "."))
	switch {
	case neg && found:
		ts.Fatalf("%s is there: %v", args[1], value)
	case neg:
		return
	case !found:
		ts.Fatalf("there is no %s", args[1])
	}
	text := fmt.Sprint(value)
	if len(args) == 3 && text != args[2] {
		ts.Fatalf("%s is %s, want %s", args[1], text, args[2])
	}
	if args[0] != "stdout" {
		fmt.Fprintln(ts.Stdout(), text)
	}
}

func walk(v any, path []string) (any, bool) {
	for _, step := range path {
		switch x := v.(type) {
		case map[string]any:
			next, ok := x[step]
			if !ok {
				return nil, false
			}
			v = next
		case []any:
			if step == "len" {
				v = len(x)
				continue
			}
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(x) {
				return nil, false
			}
			v = x[i]
		default:
			return nil, false
		}
	}
	return v, true
}

// keys FILE prints the sorted paths of all members of a JSON document to stdout,
// with * for the items of a list.
func keys(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: keys FILE")
	}
	var doc any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &doc))
	found := map[string]bool{}
	collect(found, "", doc)
	var all []string
	for k := range found {
		all = append(all, k)
	}
	slices.Sort(all)
	fmt.Fprintln(ts.Stdout(), strings.Join(all, "\n"))
}

func collect(found map[string]bool, path string, v any) {
	switch x := v.(type) {
	case map[string]any:
		for k, below := range x {
			found[path+k] = true
			collect(found, path+k+".", below)
		}
	case []any:
		for _, below := range x {
			collect(found, path+"*.", below)
		}
	}
}

// setenv NAME FILE sets a variable to the text of a file without its last newline.
func setenv(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: setenv NAME FILE")
	}
	ts.Setenv(args[0], strings.TrimSuffix(ts.ReadFile(args[1]), "\n"))
}

// perm FILE MODE holds a file's permissions to an octal mode.
func perm(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: perm FILE MODE")
	}
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	if got := fmt.Sprintf("%04o", info.Mode().Perm()); got != args[1] {
		ts.Fatalf("%s has mode %s, want %s", args[0], got, args[1])
	}
}
