// Package gate is where fetching meets judging: it finds the evidence that a policy
// needs, has roots open it, and returns the policy's verdict.
package gate

import (
	"context"
	"io"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/policy"
)

// A Depth says how far to look for evidence.
type Depth int

const (
	// Near is where evidence is written today: one listing a subject.
	Near Depth = iota
	// Far is where older tools left it. It is looked at when Near is not enough.
	Far
)

// A Source is where evidence lies: a registry, a layout, files.
//
// Discover lists what is stored about subject at depth, without fetching it, and
// may be called from several goroutines at once. An error means that the listing
// is not complete; it must never be returned as an empty list.
type Source interface {
	Discover(ctx context.Context, subject artifact.Artifact, depth Depth) ([]attest.Found, error)
}

// A Gate lets artifacts in or keeps them out.
type Gate struct {
	Source Source
	Roots  []verify.Root
	Policy *policy.Policy
	// Images reads what the configuration of an image says, and Bases opens a base image by
	// its full repository name and digest. They may be nil where the policy needs neither.
	Images func(ctx context.Context, image attest.Digest) (policy.Image, error)
	Bases  func(ctx context.Context, name string, d attest.Digest) (Base, error)
	// Documents opens a document that evidence about subject refers to, where that evidence
	// lies: its blob, by the digest and size that are stored. An error that is [ErrNoDocument]
	// says that there is none. MaxDocumentBytes bounds each, packed or not; 0 is
	// [verify.MaxDocumentBytes].
	Documents        func(ctx context.Context, stored attest.Digest, size int64) (io.ReadCloser, error)
	MaxDocumentBytes int64
	// Covered reads the unsigned statements that lie in the artifact's index, of the classes that
	// are wanted.
	Covered func(ctx context.Context, wanted ...predicate.Class) ([]policy.Covered, error)
	// At is the time for which is judged, and Tag and Deploy are the case's.
	At     time.Time
	Tag    string
	Deploy policy.Deploy
	// Beside is believed evidence about the same content under a digest of another
	// algorithm. It may count as policy.Case has it.
	Beside []*verify.Evidence
	// Parallel bounds how many bundles are fetched at once; 0 means 8.
	Parallel int
}

// A Base is a base image, where it lies and how its own bases are found.
type Base struct {
	Artifact  artifact.Artifact
	Source    Source
	Images    func(ctx context.Context, image attest.Digest) (policy.Image, error)
	Documents func(ctx context.Context, stored attest.Digest, size int64) (io.ReadCloser, error)
}

// Check judges one artifact. Listings come first near, then far, and of what they
// list only what can still change the verdict is fetched, the likeliest first, and
// last what claims to be something else. The
// verdict is the policy's; an artifact whose evidence cannot be read is not allowed.
func (g Gate) Check(ctx context.Context, a artifact.Artifact) policy.Verdict {
	return g.inquiry(a, &policy.Facts{}).run(ctx)
}

func (in *inquiry) run(ctx context.Context) policy.Verdict {
	if verdict, ok := in.abridge(ctx); ok {
		return verdict
	}
	in.describe(ctx)
	return in.find(ctx)
}

// find finds the evidence, once the images are described.
func (in *inquiry) find(ctx context.Context) policy.Verdict {
	verdict := in.gate.Policy.Judge(in.known())
	// An exception may let pass that a scan is missing; what the scan says is looked at.
	if len(open(verdict)) == 0 {
		return verdict // nothing to judge or nothing to judge by: that denies
	}
	for _, round := range in.gate.rounds(in.artifact) {
		in.list(ctx, round)
		if verdict = in.pursue(ctx, hinted, silent); in.settled(verdict) {
			return verdict
		}
	}
	in.look(ctx, verdict)
	return in.pursue(ctx, hinted, silent, misleading)
}

// pursue fetches candidates that fit what is unmet, the first way of fitting first,
// until there are none or the artifact is allowed. What lies near of the image comes before
// its base images, for its provenance names them.
func (in *inquiry) pursue(ctx context.Context, ways ...fit) policy.Verdict {
	for {
		verdict := in.gate.Policy.Judge(in.known())
		if in.refer(ctx, verdict) {
			continue // what the documents are may be all that was missing
		}
		batch := in.next(verdict, ways)
		switch {
		case len(batch) > 0:
			in.fetch(ctx, batch)
			in.followed = !in.descends()
		case !in.followed:
			in.follow(ctx)
		default:
			return verdict
		}
	}
}

func (g Gate) parallel() int {
	if g.Parallel <= 0 {
		return 8
	}
	return g.Parallel
}

// A round is a set of listings to be made at once.
type round []listing

type listing struct {
	node  artifact.Artifact
	depth Depth
}

// rounds plans the listings: the places where good practice puts the evidence, then
// the other nodes, then the older layouts.
func (g Gate) rounds(a artifact.Artifact) []round {
	nodes := g.Policy.Nodes(a)
	var first, rest, far round
	for i, node := range nodes {
		if i == 0 || g.perPlatform() {
			first = append(first, listing{node, Near})
		} else {
			rest = append(rest, listing{node, Near})
		}
		far = append(far, listing{node, Far})
	}
	return []round{first, rest, far}
}

func (g Gate) perPlatform() bool {
	for _, r := range g.Policy.Requirements() {
		if r.PerPlatform() {
			return true
		}
	}
	return false
}

// list makes the listings of a round, all at once.
func (in *inquiry) list(ctx context.Context, r round) {
	r = slices.DeleteFunc(slices.Clone(r), in.begunWith)
	found := make([][]attest.Found, len(r))
	errs := make([]error, len(r))
	var group errgroup.Group
	group.SetLimit(in.gate.parallel())
	for i, l := range r {
		group.Go(func() error {
			found[i], errs[i] = in.gate.Source.Discover(ctx, l.node, l.depth)
			return nil
		})
	}
	_ = group.Wait() // the goroutines report through errs
	for i, l := range r {
		if errs[i] != nil {
			in.unknown = append(in.unknown, policy.Unknown{Subject: l.node.Digest, Reason: unreadable(errs[i]), Detail: errs[i].Error()})
		}
		for _, f := range found[i] {
			in.add(candidate{subject: l.node.Digest, found: f, depth: l.depth})
		}
	}
}

// unreadable is why a listing is not complete. Whatever is wrong with one, nothing was
// decided.
func unreadable(err error) verify.Reason {
	if r := verify.Refusal(err).Reason; r == verify.ReasonTooLarge {
		return r
	}
	return verify.ReasonUnreadable
}

// add notes a candidate. What the store lists and nobody signed is refused at once,
// but known: "unsigned provenance" helps more than "no provenance".
func (in *inquiry) add(c candidate) {
	if in.listed(c) {
		return
	}
	c.tried = c.found.Ignored != ""
	in.candidates = append(in.candidates, c)
	if !c.tried || c.found.PredicateType == "" {
		return
	}
	in.rejected = append(in.rejected, policy.Rejected{
		Subject: c.subject, Place: c.found.Place, Manifest: c.found.Manifest, PredicateType: c.found.PredicateType,
		Refusal: &verify.Error{Reason: verify.ReasonUnsigned, Expected: "a signed statement", Found: c.found.Ignored},
	})
}

// look reads the manifests of candidates of which only the listing is known and that
// could still matter: what a manifest says may be something else.
func (in *inquiry) look(ctx context.Context, v policy.Verdict) {
	var unread []*candidate
	for i := range in.candidates {
		c := &in.candidates[i]
		if !c.tried && c.found.Look != nil && slices.ContainsFunc(open(v), func(cell policy.Cell) bool { return in.onPath(cell, c) }) {
			unread = append(unread, c)
		}
	}
	pieces := make([][]attest.Found, len(unread))
	var group errgroup.Group
	group.SetLimit(in.gate.parallel())
	for i, c := range unread {
		c.tried = true
		group.Go(func() error {
			found, err := c.found.Look(ctx)
			if err != nil {
				failed := c.found
				failed.Look, failed.PredicateType = nil, ""
				found = []attest.Found{failed} // opening it gives the error its place in the verdict
			}
			pieces[i] = found
			return nil
		})
	}
	_ = group.Wait() // an error is told when the piece is opened
	for i, c := range unread {
		subject, depth := c.subject, c.depth
		for _, f := range pieces[i] {
			in.candidates = append(in.candidates, candidate{subject: subject, found: f, depth: depth, tried: f.Ignored != ""})
		}
	}
}

// fetch opens candidates, all at once.
func (in *inquiry) fetch(ctx context.Context, batch []*candidate) {
	results := make([]opened, len(batch))
	var group errgroup.Group
	group.SetLimit(in.gate.parallel())
	for i, c := range batch {
		c.tried = true
		group.Go(func() error {
			results[i] = c.open(ctx, in.gate.Roots, in.needs.Commits)
			return nil
		})
	}
	_ = group.Wait() // open reports through its result
	for _, r := range results {
		in.evidence = append(in.evidence, r.evidence...)
		in.rejected = append(in.rejected, r.rejected...)
		in.unknown = append(in.unknown, r.unknown...)
	}
}
