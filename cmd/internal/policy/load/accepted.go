package load

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/cmd/internal/trust/store"
)

const (
	// acceptedFile is the file, in carnet's home, of the versions that were accepted.
	acceptedFile = "policies.json"
	// acceptedFormat is the version of that file; maxAccepted bounds its policies and
	// maxAcceptedBytes its size.
	acceptedFormat, maxAccepted, maxAcceptedBytes = 1, 10_000, 8 << 20
)

// accepted is which version of each policy was accepted last. Versions only grow, so that
// nobody can bring back a policy that was mended since, although it was signed once.
type accepted struct {
	Format   int                  `json:"format"`
	Policies map[string]acceptedN `json:"policies"`
}

// acceptedN is the highest version of a policy that was accepted.
type acceptedN struct {
	Version int    `json:"version"`
	Digest  string `json:"digest"`
	// From is where it came from, for people.
	From string `json:"from"`
}

// remember holds policies to the versions that were accepted before, and notes them.
func remember(c *cli.Call, policies []*Policy, o Options) error {
	home, err := c.Home()
	if err != nil {
		return err
	}
	if home == "" {
		for _, p := range policies {
			if p.files.fetched {
				c.Sayf("warning: there is no home folder to keep versions in: an older version of the policy %s would not be noticed", p.Document.Name)
			}
		}
		return nil
	}
	path := filepath.Join(home, acceptedFile)
	known, err := readAccepted(path)
	if err != nil {
		return err
	}
	fresh := map[string]acceptedN{}
	for _, p := range policies {
		now := acceptedN{p.Document.Version, p.Document.Digest.String(), p.Document.URI}
		before, met := known.Policies[p.Document.Name]
		if met && !c.Bool("allow-policy-rollback") {
			if err := rollback(c, p, before, now); err != nil {
				return err
			}
		}
		if before.Version != now.Version || before.Digest != now.Digest {
			fresh[p.Document.Name] = now
		}
	}
	if len(fresh) == 0 || o.Forget {
		return nil
	}
	if err := note(path, fresh, c.Bool("allow-policy-rollback")); err != nil {
		c.Sayf("warning: which versions of policies were accepted can't be noted, so that a later run would not notice an older one: %v", err)
	}
	return nil
}

// note writes down what was accepted. What another run has noted in the meantime stays if
// it is newer.
func note(path string, fresh map[string]acceptedN, lower bool) error {
	known, err := readAccepted(path)
	if err != nil {
		return err
	}
	for name, now := range fresh {
		if lower || now.Version >= known.Policies[name].Version {
			known.Policies[name] = now
		}
	}
	if len(known.Policies) > maxAccepted {
		return fmt.Errorf("%s would have over %d policies", path, maxAccepted)
	}
	return replaceJSON(path, known)
}

// rollback refuses a policy that is older than the one that was accepted before. One of the
// same version that says something else is told for a file, which somebody is writing, and
// refused for what is fetched, whose versions are published.
func rollback(c *cli.Call, p *Policy, before, now acceptedN) error {
	name := p.Document.Name
	switch {
	case now.Version < before.Version:
		return &cli.UsageError{
			Message: fmt.Sprintf("policy.rollback: %s is version %d of the policy %s, and version %d was accepted before, from %s", now.From, now.Version, name, before.Version, before.From),
			Hint:    "give the newer policy; or, if the older one is meant, --allow-policy-rollback, which makes it the version that counts",
		}
	case now.Version > before.Version || now.Digest == before.Digest:
		return nil
	case p.files.fetched:
		return &cli.UsageError{
			Message: fmt.Sprintf("policy.rollback: %s is version %d of the policy %s with the digest %s, and what was accepted before as that version has %s, from %s", now.From, now.Version, name, now.Digest, before.Digest, before.From),
			Hint:    "a policy that changes needs a higher metadata.version; --allow-policy-rollback takes this one",
		}
	}
	c.Sayf("note: %s is version %d of the policy %s as before, and says something else: raise metadata.version when it is published", now.From, now.Version, name)
	return nil
}

func readAccepted(path string) (accepted, error) {
	none := accepted{Format: acceptedFormat, Policies: map[string]acceptedN{}}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return none, nil
	}
	raw, err := cli.ReadFile(path, maxAcceptedBytes)
	if err != nil {
		return none, err
	}
	var known accepted
	if err := decode(raw, &known); err != nil || known.Format != acceptedFormat {
		return none, &cli.UsageError{Message: path + " is not what carnet wrote there", Hint: "it says which versions of policies were accepted, so it can't be skipped: put it right, or remove it to begin anew"}
	}
	if known.Policies == nil {
		known.Policies = none.Policies
	}
	return known, nil
}

func decode(raw []byte, to any) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	return dec.Decode(to)
}

// replaceJSON writes a file for its owner only, which is there whole or as it was.
func replaceJSON(path string, v any) error {
	raw, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return store.WriteFile(path, append(raw, '\n'))
}
