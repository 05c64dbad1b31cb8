package consume

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/verify/policy"
)

// An expectation is how a saved case must end.
type expectation struct {
	Outcome policy.Outcome `yaml:"outcome" json:"outcome"`
	// Rules must all be among the findings.
	Rules []string `yaml:"rules" json:"rules"`
	// At is the time for which is judged; zero is when the case was saved.
	At time.Time `yaml:"at" json:"at,omitzero"`
}

func (e expectation) String() string {
	return strings.TrimSpace(string(e.Outcome) + " " + strings.Join(e.Rules, " "))
}

// readExpectation reads the expect.yaml of a case; nil if it has none.
func readExpectation(dir string) (*expectation, error) {
	path := filepath.Join(dir, expectFile)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	raw, err := cli.ReadFile(path, 64<<10)
	if err != nil {
		return nil, err
	}
	var e expectation
	dec := yaml.NewDecoder(strings.NewReader(string(raw)))
	dec.KnownFields(true)
	if err := dec.Decode(&e); err != nil {
		return nil, cli.Usagef("%s: %v", path, err)
	}
	if outcomes := []policy.Outcome{policy.Allowed, policy.Denied, policy.Undecided, policy.Invalid}; !slices.Contains(outcomes, e.Outcome) {
		return nil, cli.Usagef("%s: outcome %q is none of allowed, denied, undecided and invalid", path, e.Outcome)
	}
	return &e, nil
}
