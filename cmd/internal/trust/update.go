package trust

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	urfave "github.com/urfave/cli/v2"

	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/cmd/internal/trust/store"
	"github.com/carnet-project/carnet/verify/sigstore/public"
	"github.com/carnet-project/carnet/verify/sigstore/refresh"
)

func timeoutFlag() urfave.Flag {
	return &urfave.DurationFlag{Name: "timeout", Usage: "give up after `TIME`", Value: time.Minute}
}

func update() cli.Command {
	return cli.Command{
		Name: "update", Usage: "fetch the newest trust of instances", Args: "[NAME...]",
		About: `Fetches the trusted root and the signing configuration of the instances in the trust
store by TUF, or of the public one if the store is empty. What is older than what was
seen, has run out, is mixed or not signed is refused, and the store stays as it was.`,
		Arguments: [][2]string{{"NAME", "an instance, or public; all in the store without it"}},
		Flags:     []urfave.Flag{timeoutFlag()},
		Exits:     exits,
		Examples: [][2]string{
			{"once a month, where there is a network", "carnet trust update"},
			{"the public instance beside one's own", "carnet trust update public"},
		},
		Run: runUpdate,
	}
}

func runUpdate(c *cli.Call) error {
	s, err := openStore(c)
	if err != nil {
		return err
	}
	instances, err := toUpdate(s, c.Arguments())
	if err != nil {
		return err
	}
	var failed []error
	for _, i := range instances {
		if err := updateOne(c, s, i); err != nil {
			failed = append(failed, err)
		}
	}
	if len(failed) == 1 {
		return failed[0]
	}
	return errors.Join(failed...)
}

// toUpdate are the instances of the names given, or all that come from a repository.
func toUpdate(s store.Store, names []string) ([]store.Instance, error) {
	stored, err := s.List()
	if err != nil {
		return nil, cli.Usagef("the trust store: %v", err)
	}
	if len(names) == 0 && len(stored) == 0 {
		names = []string{cli.PublicInstance}
	}
	if len(names) == 0 {
		kept := slices.DeleteFunc(slices.Clone(stored), func(i store.Instance) bool { return i.Mirror == "" })
		if len(kept) == 0 {
			return nil, &cli.UsageError{Message: "nothing in the trust store comes from a repository", Hint: "import the newer file, or name the public instance: trust update public"}
		}
		return kept, nil
	}
	var chosen []store.Instance
	for _, name := range names {
		at := slices.IndexFunc(stored, func(i store.Instance) bool { return i.Name == name })
		switch {
		case at >= 0 && stored[at].Mirror == "" && name != cli.PublicInstance:
			return nil, &cli.UsageError{Message: name + " was imported from a file", Hint: "import the newer file: trust import FILE --name " + name + " --force"}
		case at >= 0 && stored[at].Mirror != "":
			chosen = append(chosen, stored[at])
		case name == cli.PublicInstance:
			chosen = append(chosen, publicInstance())
		default:
			return nil, &cli.UsageError{Message: fmt.Sprintf("there is no instance %q in the trust store", name), Hint: "trust show lists them; trust init adds one"}
		}
	}
	return chosen, nil
}

// publicInstance is the public instance before it is updated for the first time.
func publicInstance() store.Instance {
	return store.Instance{Name: cli.PublicInstance, Source: public.Mirror, Mirror: public.Mirror, TrustedRoot: public.TrustedRoot(), Root: public.TUFRoot()}
}

// updateOne fetches an instance's trust and stores it.
func updateOne(c *cli.Call, s store.Store, i store.Instance) error {
	before := i
	if err := fetch(c, &i); err != nil {
		return fmt.Errorf("%s: %w", i.Name, err)
	}
	if err := s.Put(i); err != nil {
		return fmt.Errorf("the trust store: %w", err)
	}
	what := "has not changed"
	if string(before.TrustedRoot) != string(i.TrustedRoot) || before.SigningConfig != nil && string(before.SigningConfig) != string(i.SigningConfig) {
		what = "is new"
	}
	c.Sayf("%s: what is trusted %s; see it with %s trust show %s", i.Name, what, c.App.Name, i.Name)
	return nil
}

// fetch brings an instance up to date, or leaves it as it is. It goes by the clock and
// not by SOURCE_DATE_EPOCH, which would make what has run out look good.
func fetch(c *cli.Call, i *store.Instance) error {
	ctx, cancel := context.WithTimeout(c.Ctx(), c.Duration("timeout"))
	defer cancel()
	done := c.Progress("fetching " + i.Mirror)
	now := time.Now().UTC().Truncate(time.Second)
	got, err := refresh.Fetch(ctx, refresh.Options{
		Mirror: i.Mirror, Now: now,
		Seen: refresh.State{Root: i.Root, Timestamp: i.Timestamp, Snapshot: i.Snapshot, Targets: i.Targets},
	})
	done()
	if err != nil {
		return explain(err)
	}
	i.TrustedRoot, i.SigningConfig = got.TrustedRoot, got.SigningConfig
	i.Root, i.Timestamp, i.Snapshot, i.Targets = got.State.Root, got.State.Timestamp, got.State.Snapshot, got.State.Targets
	i.Taken, i.Stored = now, now
	return nil
}

// explain says what to do about a repository that can't be reached or believed.
func explain(err error) error {
	var unavailable *refresh.UnavailableError
	if errors.As(err, &unavailable) {
		return cli.WithHint(&cli.UnavailableError{Err: err}, "what is stored still verifies; where there is no network, bring the file: trust import FILE")
	}
	var fault *refresh.Error
	if !errors.As(err, &fault) {
		return cli.Usagef("%v", err)
	}
	return cli.WithHint(err, map[refresh.Fault]string{
		refresh.Rollback:   "the mirror shows what is older than what was seen before: it is out of date, or somebody hides what is new",
		refresh.Freeze:     "check this machine's clock; if that is right, the mirror is no longer kept, or somebody hides what is new",
		refresh.Expired:    "check this machine's clock; if that is right, the repository's keepers have to sign again",
		refresh.Mixed:      "the mirror is being written to, or somebody mixes its states; try again in a while",
		refresh.Unsigned:   "is this the repository's own root? One that was replaced, or of another repository, does not fit",
		refresh.Malformed:  "is the mirror's URL that of a TUF repository, and --root its root.json?",
		refresh.Incomplete: "the repository is of no Sigstore instance, or of one older than trusted_root.json",
	}[fault.Fault])
}
