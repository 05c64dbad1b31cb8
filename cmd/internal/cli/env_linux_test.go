package cli_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/carnet-project/carnet/cmd/internal/cli"
)

// Colour is for a person at a terminal who has not asked for none.
func TestColour(t *testing.T) {
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0) // a pair's master is a terminal, too
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	file, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for label, c := range map[string]struct {
		to   any
		vars map[string]string
		want bool
	}{
		"a terminal":          {terminal, nil, true},
		"NO_COLOR":            {terminal, map[string]string{"NO_COLOR": "1"}, false},
		"NO_COLOR, but empty": {terminal, map[string]string{"NO_COLOR": ""}, true},
		"a dumb one":          {terminal, map[string]string{"TERM": "dumb"}, false},
		"a file":              {file, nil, false},
		"a buffer":            {&bytes.Buffer{}, nil, false},
		"nothing":             {nil, nil, false},
	} {
		env := &cli.Env{LookupEnv: func(name string) (string, bool) {
			value, ok := c.vars[name]
			return value, ok
		}}
		if got := env.Colour(c.to); got != c.want {
			t.Errorf("%s: %t, want %t", label, got, c.want)
		}
	}
}
