package oci

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/carnet-project/carnet/attest"
)

// maxRounds bounds how often a writer looks again for what it wrote. Each round that
// another writer spoils is one that the other has won, so this is also about how many
// writers without a common lock may meet.
const maxRounds = 40

// keepFallback makes subject's fallback tag list all. The tag is an index that is
// fetched, changed and pushed, and a registry takes whichever push comes last: a
// writer that read before our push and pushes after it takes ours out again. The lock
// keeps the writers of this machine apart. Against others, each writer waits longer
// than reading and pushing took it and then looks whether all that it wrote is there.
func (r *repository) keepFallback(ctx context.Context, subject attest.Digest, all []packed) error {
	tag := fallbackTag(subject, "")
	lost, quiet := -1, 0
	for range maxRounds {
		pushed, alone, took, err := r.turnAt(ctx, tag, all)
		switch {
		case err != nil:
			return r.at(err, "extend the list of referrers", tag)
		case pushed:
			lost, quiet = lost+1, 0
		case lost < 0:
			return nil // all was there
		default:
			quiet++
		}
		// Where others write too, one look may have come before the last of them.
		if quiet == 1 && alone && lost == 0 || quiet == 2 {
			return nil
		}
		// Nobody waits for us meanwhile: the lock is free.
		if err := pause(ctx, settle(took, lost+quiet, alone && lost == 0)); err != nil {
			return err
		}
	}
	return r.at(failure(KindUnavailable, "other writers took the entries out %d times", maxRounds), "extend the list of referrers", tag)
}

// turnAt waits for the turn among this machine's writers, which alone says that there
// is, and extends the tag, which took so long.
func (r *repository) turnAt(ctx context.Context, tag string, all []packed) (pushed, alone bool, took time.Duration, err error) {
	unlock, alone, err := lockFile(ctx, r.options.LockDir, r.place(tag))
	if err != nil {
		return false, false, 0, err
	}
	defer unlock()
	began := time.Now()
	pushed, err = r.extend(ctx, tag, all)
	return pushed, alone, time.Since(began), err
}

// settle is how long to wait before looking again, after a turn that took so long:
// what another machine read before our push it has pushed by then. A writer that has
// company, because its machine has no locks or because it has lost its entries, waits
// longer each time.
func settle(took time.Duration, round int, alone bool) time.Duration {
	least := 20 * time.Millisecond
	if !alone {
		least = 250 * time.Millisecond << min(round, 3)
	}
	wait := min(max(3*took, least), 3*time.Second)
	return wait/2 + rand.N(wait)
}

// extend pushes the tag's index with all in it, unless all are in it.
func (r *repository) extend(ctx context.Context, tag string, all []packed) (pushed bool, err error) {
	doc, _, err := r.tagged(ctx, tag)
	if err != nil {
		return false, err
	}
	var raw []byte
	if doc != nil {
		if !isIndex(doc.MediaType) {
			return false, failure(KindMalformed, "the tag holds a %q, want an image index: remove it", plain(doc.MediaType))
		}
		raw = doc.raw
	}
	index, err := merged(raw, all, r.options.Limits.Referrers)
	if err != nil || index == nil {
		return false, err
	}
	return true, r.putManifest(ctx, tag, mediaOCIIndex, index)
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
