//go:build unix

// Package tuf is a TUF repository (TUF 1.0) with a few small targets and consistent
// snapshots. Its metadata is signed again long before it expires.
package tuf

import (
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/carnet-project/carnet/sign/local/internal/disk"
)

// How long each role's metadata is good. It is signed again when half of that is left:
// a client that saw none for so long has been cut off.
const (
	rootFor      = 10 * 365 * 24 * time.Hour
	targetsFor   = 180 * 24 * time.Hour
	timestampFor = 14 * 24 * time.Hour
	maxFile      = 1 << 20
)

// Options are what a repository is made of.
type Options struct {
	// Dir is the folder of its metadata. It must exist.
	Dir string
	// Root signs the root role, and Online all others.
	Root, Online ed25519.PrivateKey
	// Targets are the contents by name.
	Targets map[string][]byte
	Now     func() time.Time
}

// A Repository is a TUF repository. It may be used by several goroutines at once.
type Repository struct {
	o            Options
	root, online signature.Signer

	// mu guards all that is below.
	mu    sync.Mutex
	files map[string][]byte
	now   state
}

// state is the metadata that is current.
type state struct {
	root      *metadata.Metadata[metadata.RootType]
	targets   *metadata.Metadata[metadata.TargetsType]
	snapshot  *metadata.Metadata[metadata.SnapshotType]
	timestamp *metadata.Metadata[metadata.TimestampType]
}

// Open opens the repository, or starts it, and signs what is new or about to expire.
func Open(o Options) (*Repository, error) {
	r := &Repository{o: o, files: map[string][]byte{}}
	var err error
	if r.root, err = signature.LoadED25519Signer(o.Root); err != nil {
		return nil, err
	}
	if r.online, err = signature.LoadED25519Signer(o.Online); err != nil {
		return nil, err
	}
	if err := r.load(); err != nil {
		return nil, fmt.Errorf("the TUF repository: %w", err)
	}
	if err := r.refresh(); err != nil {
		return nil, fmt.Errorf("the TUF repository: %w", err)
	}
	return r, nil
}

// First is the first root, with which clients start.
func (r *Repository) First() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.files["1.root.json"]
}

// load reads the metadata that the timestamp on disk leads to.
func (r *Repository) load() error {
	for v := 1; ; v++ {
		found, err := read(r, fmt.Sprintf("%d.root.json", v), metadata.Root())
		if errors.Is(err, fs.ErrNotExist) {
			break
		}
		if err != nil {
			return err
		}
		r.now.root = found
	}
	timestamp, err := read(r, "timestamp.json", metadata.Timestamp())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	snapshot, err := read(r, fmt.Sprintf("%d.snapshot.json", timestamp.Signed.Meta["snapshot.json"].Version), metadata.Snapshot())
	if err != nil {
		return err
	}
	targets, err := read(r, fmt.Sprintf("%d.targets.json", snapshot.Signed.Meta["targets.json"].Version), metadata.Targets())
	if err != nil {
		return err
	}
	r.now.timestamp, r.now.snapshot, r.now.targets = timestamp, snapshot, targets
	return nil
}

func read[T metadata.Roles](r *Repository, name string, into *metadata.Metadata[T]) (*metadata.Metadata[T], error) {
	raw, err := disk.Read(filepath.Join(r.o.Dir, name), maxFile)
	if err != nil {
		return nil, err
	}
	if into, err = into.FromBytes(raw); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	r.files[name] = raw
	return into, nil
}

// refresh signs what is new or about to expire: each role before the one that names it,
// so that a crash between leaves what is there whole.
func (r *Repository) refresh() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.o.Now().UTC().Truncate(time.Second)
	if r.now.root == nil || old(r.now.root.Signed.Expires, now, rootFor) {
		if err := r.signRoot(now); err != nil {
			return err
		}
	}
	changed, err := r.signTargets(now)
	if err != nil {
		return err
	}
	if changed || old(r.now.snapshot.Signed.Expires, now, targetsFor) {
		changed = true
		next := metadata.Snapshot(now.Add(targetsFor))
		if r.now.snapshot != nil {
			next.Signed.Version = r.now.snapshot.Signed.Version + 1
		}
		next.Signed.Meta["targets.json"] = metadata.MetaFile(r.now.targets.Signed.Version)
		if err := save(r, fmt.Sprintf("%d.snapshot.json", next.Signed.Version), next, r.online); err != nil {
			return err
		}
		r.now.snapshot = next
	}
	if changed || old(r.now.timestamp.Signed.Expires, now, timestampFor) {
		next := metadata.Timestamp(now.Add(timestampFor))
		if r.now.timestamp != nil {
			next.Signed.Version = r.now.timestamp.Signed.Version + 1
		}
		next.Signed.Meta["snapshot.json"] = metadata.MetaFile(r.now.snapshot.Signed.Version)
		if err := save(r, "timestamp.json", next, r.online); err != nil {
			return err
		}
		r.now.timestamp = next
	}
	return nil
}

func old(expires, now time.Time, lifetime time.Duration) bool {
	return expires.Sub(now) < lifetime/2
}

func (r *Repository) signRoot(now time.Time) error {
	next := metadata.Root(now.Add(rootFor))
	next.Signed.ConsistentSnapshot = true
	if r.now.root != nil {
		next.Signed.Version = r.now.root.Signed.Version + 1
	}
	for role, key := range map[string]ed25519.PrivateKey{metadata.ROOT: r.o.Root, metadata.TARGETS: r.o.Online, metadata.SNAPSHOT: r.o.Online, metadata.TIMESTAMP: r.o.Online} {
		public, err := metadata.KeyFromPublicKey(key.Public())
		if err != nil {
			return err
		}
		if err := next.Signed.AddKey(public, role); err != nil {
			return err
		}
	}
	if err := save(r, fmt.Sprintf("%d.root.json", next.Signed.Version), next, r.root); err != nil {
		return err
	}
	r.now.root = next
	return nil
}

func (r *Repository) signTargets(now time.Time) (changed bool, err error) {
	next := metadata.Targets(now.Add(targetsFor))
	same := r.now.targets != nil && len(r.now.targets.Signed.Targets) == len(r.o.Targets)
	for name, content := range r.o.Targets {
		file, err := metadata.TargetFile().FromBytes(name, content, "sha256")
		if err != nil {
			return false, err
		}
		next.Signed.Targets[name] = file
		r.files["targets/"+name] = content
		r.files["targets/"+hex.EncodeToString(file.Hashes["sha256"])+"."+name] = content
		same = same && r.now.targets.Signed.Targets[name] != nil && r.now.targets.Signed.Targets[name].Equal(*file)
	}
	if same && !old(r.now.targets.Signed.Expires, now, targetsFor) {
		return false, nil
	}
	if r.now.targets != nil {
		next.Signed.Version = r.now.targets.Signed.Version + 1
	}
	r.now.targets = next
	return true, save(r, fmt.Sprintf("%d.targets.json", next.Signed.Version), next, r.online)
}

func save[T metadata.Roles](r *Repository, name string, m *metadata.Metadata[T], signer signature.Signer) error {
	if _, err := m.Sign(signer); err != nil {
		return err
	}
	raw, err := m.ToBytes(false)
	if err != nil {
		return err
	}
	if err := disk.Write(filepath.Join(r.o.Dir, name), raw); err != nil {
		return err
	}
	r.files[name] = raw
	return nil
}

// newest matches a role without its version, which clients without consistent snapshots ask for.
var newest = regexp.MustCompile(`^(root|targets|snapshot)\.json$`)

// ServeHTTP serves the metadata, and the targets below targets/.
func (r *Repository) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	name := strings.TrimPrefix(q.URL.Path, "/")
	if name == "timestamp.json" {
		if err := r.refresh(); err != nil {
			http.Error(w, "the metadata could not be signed", http.StatusInternalServerError)
			return
		}
	}
	r.mu.Lock()
	content, ok := r.files[name]
	if m := newest.FindStringSubmatch(name); m != nil {
		content, ok = r.latest(m[1])
	}
	r.mu.Unlock()
	if !ok {
		http.NotFound(w, q)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(content)
}

func (r *Repository) latest(role string) ([]byte, bool) {
	versions := map[string]int64{"root": r.now.root.Signed.Version, "targets": r.now.targets.Signed.Version, "snapshot": r.now.snapshot.Signed.Version}
	content, ok := r.files[fmt.Sprintf("%d.%s.json", versions[role], role)]
	return content, ok
}
