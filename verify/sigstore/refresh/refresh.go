package refresh

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"path"
	"strconv"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/trustedmetadata"
)

// The bounds of what is fetched, in bytes, and of how many roots may follow one that
// was seen. They are go-tuf's own, but for the number of roots, which is 256 there.
const (
	maxRoot, maxTimestamp, maxSnapshot, maxTargets = 512_000, 16_384, 2_000_000, 5_000_000
	maxTarget                                      = 1 << 20
	maxRotations                                   = 100
)

// The names of the targets, as Sigstore's clients ask for them.
const (
	trustedRootTarget   = "trusted_root.json"
	signingConfigTarget = "signing_config.v0.2.json"
)

// State is TUF metadata as it was received. A caller stores what [Fetch] returns and
// hands it back the next time, or else a rollback can't be seen.
type State struct {
	// Root is what is trusted beforehand: the newest root.json that was seen, or the
	// one to start from.
	Root []byte
	// Timestamp, Snapshot and Targets are nil before the first time.
	Timestamp, Snapshot, Targets []byte
}

// Options say what to fetch.
type Options struct {
	// Mirror is the URL of the TUF repository: its metadata, and below it targets.
	Mirror string
	Seen   State
	// Client's transport is used; nil is the default one. Redirects to another host
	// are not followed, and a file may take 30 s.
	Client *http.Client
	// Now is the time by which metadata expires.
	Now time.Time
}

// Trust is what a repository vouches for. SigningConfig is nil if it has none.
type Trust struct {
	TrustedRoot, SigningConfig []byte
	State                      State
}

// Fetch asks a TUF repository for its trusted root and signing configuration. The error
// is an *[Error] if the repository can't be believed, an *[UnavailableError] if it
// can't be reached; with either nothing is returned, and what is stored stays.
//
// go-tuf 2.4.2 dereferences what metadata does not say, such as the snapshot of a
// timestamp, after it has checked who signed it. Whoever has a key of the repository must
// not end the program with that, so a panic is an error here.
func Fetch(ctx context.Context, o Options) (t *Trust, err error) {
	m, err := newMirror(o.Mirror, o.Client)
	if err != nil {
		return nil, err
	}
	defer func() {
		if r := recover(); r != nil {
			t, err = nil, &Error{Malformed, "metadata", fmt.Errorf("a part of it is missing: %v", r)}
		}
	}()
	trusted, err := trustedmetadata.New(o.Seen.Root)
	if err != nil {
		return nil, judged("root.json", fmt.Errorf("the root to start from: %w", err), Malformed)
	}
	trusted.RefTime = o.Now.UTC()
	u := update{mirror: m, trusted: trusted, seen: o.Seen, got: o.Seen}
	for _, step := range []func(context.Context) error{u.roots, u.timestamp, u.snapshot, u.targets} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return u.trust(ctx)
}

// trust fetches the targets, once all metadata is good, and reads them as clients will.
func (u *update) trust(ctx context.Context) (*Trust, error) {
	trustedRoot, err := u.target(ctx, trustedRootTarget)
	if err != nil {
		return nil, err
	}
	if trustedRoot == nil {
		return nil, &Error{Incomplete, trustedRootTarget, errors.New("the repository has no such target")}
	}
	if _, err := root.NewTrustedRootFromJSON(trustedRoot); err != nil {
		return nil, &Error{Malformed, trustedRootTarget, err}
	}
	signingConfig, err := u.target(ctx, signingConfigTarget)
	if err != nil {
		return nil, err
	}
	if signingConfig != nil {
		if _, err := root.NewSigningConfigFromJSON(signingConfig); err != nil {
			return nil, &Error{Malformed, signingConfigTarget, err}
		}
	}
	return &Trust{trustedRoot, signingConfig, u.got}, nil
}

// An update is one run of the client workflow.
type update struct {
	mirror  *mirror
	trusted *trustedmetadata.TrustedMetadata
	seen    State
	got     State
}

// roots follows the chain of roots, each signed by the one before it (section 5.3).
func (u *update) roots(ctx context.Context) error {
	for range maxRotations {
		name := versioned(metadata.ROOT, u.trusted.Root.Signed.Version+1)
		raw, err := u.mirror.get(ctx, maxRoot, name)
		if errors.Is(err, errAbsent) {
			if u.trusted.Root.Signed.IsExpired(u.trusted.RefTime) {
				return expired("root.json", u.trusted.Root.Signed.Expires, u.trusted.RefTime, Expired)
			}
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := u.trusted.UpdateRoot(raw); err != nil {
			return judged(name, err, Rollback)
		}
		u.got.Root = raw
	}
	return &Error{Malformed, "root.json", fmt.Errorf("over %d roots follow the one that was seen", maxRotations)}
}

// timestamp learns which snapshot is the newest (section 5.4).
func (u *update) timestamp(ctx context.Context) error {
	const name = "timestamp.json"
	if u.seen.Timestamp != nil {
		// One that has run out still forbids an older one. One that the newest root's
		// keys did not sign says nothing: that is how keys are replaced.
		_, _ = u.trusted.UpdateTimestamp(u.seen.Timestamp)
	}
	raw, err := u.mirror.get(ctx, maxTimestamp, name)
	if err != nil {
		return err
	}
	_, err = u.trusted.UpdateTimestamp(raw)
	var same *metadata.ErrEqualVersionNumber
	var old *metadata.ErrExpiredMetadata
	switch {
	case errors.As(err, &same):
		// It is what was seen already.
	case err != nil && !errors.As(err, &old):
		return judged(name, err, Rollback)
	default:
		u.got.Timestamp = raw
	}
	if signed := u.trusted.Timestamp.Signed; signed.IsExpired(u.trusted.RefTime) {
		return expired(name, signed.Expires, u.trusted.RefTime, Freeze)
	}
	return nil
}

// snapshot learns the versions of all metadata (section 5.5).
func (u *update) snapshot(ctx context.Context) error {
	if u.seen.Snapshot != nil {
		if _, err := u.trusted.UpdateSnapshot(u.seen.Snapshot, true); err == nil {
			return nil // it is the one that the timestamp names
		}
	}
	info := u.trusted.Timestamp.Signed.Meta["snapshot.json"]
	if info == nil {
		return &Error{Incomplete, "timestamp.json", errors.New("it names no snapshot")}
	}
	name := u.name(metadata.SNAPSHOT, info)
	raw, err := u.announced(ctx, name, info, maxSnapshot)
	if err != nil {
		return err
	}
	before := u.trusted.Snapshot
	if _, err := u.trusted.UpdateSnapshot(raw, false); err != nil {
		if u.trusted.Snapshot != before {
			// go-tuf took it, and so it is no older than the last; but it is not the
			// one that the timestamp names, or it has run out.
			return judged(name, err, Mixed)
		}
		return judged(name, err, Rollback)
	}
	u.got.Snapshot = raw
	return nil
}

// targets learns the digests of the files (section 5.6).
func (u *update) targets(ctx context.Context) error {
	if u.seen.Targets != nil {
		if _, err := u.trusted.UpdateTargets(u.seen.Targets); err == nil {
			return nil // it is the one that the snapshot names
		}
	}
	info := u.trusted.Snapshot.Signed.Meta["targets.json"]
	if info == nil {
		return &Error{Incomplete, "targets.json", errors.New("the snapshot does not name it")}
	}
	name := u.name(metadata.TARGETS, info)
	raw, err := u.announced(ctx, name, info, maxTargets)
	if err != nil {
		return err
	}
	if _, err := u.trusted.UpdateTargets(raw); err != nil {
		return judged(name, err, Mixed)
	}
	u.got.Targets = raw
	return nil
}

// target fetches a file and holds it to its digest; nil if the repository has none of
// that name (section 5.7). Sigstore lists its files at the top, so delegations are not
// followed.
func (u *update) target(ctx context.Context, name string) ([]byte, error) {
	info, ok := u.trusted.Targets[metadata.TARGETS].Signed.Targets[name]
	if !ok {
		return nil, nil
	}
	if info.Length > maxTarget {
		return nil, &Error{Malformed, name, fmt.Errorf("is %d bytes, and at most %d are read", info.Length, maxTarget)}
	}
	file := name
	if u.trusted.Root.Signed.ConsistentSnapshot {
		digest, ok := info.Hashes["sha256"]
		if !ok {
			digest = info.Hashes["sha512"]
		}
		file = hex.EncodeToString(digest) + "." + path.Base(name)
	}
	raw, err := u.mirror.get(ctx, info.Length, "targets", file)
	if err != nil {
		return nil, longer(name, err)
	}
	if err := info.VerifyLengthHashes(raw); err != nil {
		return nil, judged(name, err, Mixed)
	}
	return raw, nil
}

// name is that of a file of metadata, which has its version in it where the repository
// keeps several.
func (u *update) name(role string, info *metadata.MetaFiles) string {
	if u.trusted.Root.Signed.ConsistentSnapshot {
		return versioned(role, info.Version)
	}
	return role + ".json"
}

func versioned(role string, version int64) string {
	return strconv.FormatInt(version, 10) + "." + role + ".json"
}

// announced fetches metadata that other metadata names, and maybe its length.
func (u *update) announced(ctx context.Context, name string, info *metadata.MetaFiles, limit int64) ([]byte, error) {
	if info.Length <= 0 || info.Length > limit {
		return u.mirror.get(ctx, limit, name)
	}
	raw, err := u.mirror.get(ctx, info.Length, name)
	return raw, longer(name, err)
}

// longer tells a file that is longer than was announced from one over a bound of ours.
func longer(name string, err error) error {
	var e *Error
	if errors.As(err, &e) && e.Fault == Malformed {
		return &Error{Mixed, name, e.Err}
	}
	return err
}

func expired(name string, at, now time.Time, fault Fault) error {
	return &Error{fault, name, fmt.Errorf("it was good until %s, and it is %s: the repository shows nothing newer, or the clock is wrong", at.UTC().Format(time.RFC3339), now.Format(time.RFC3339))}
}
