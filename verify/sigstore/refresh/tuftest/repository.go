// Package tuftest is a TUF repository in memory for tests, whose keys are at hand: it
// can be well kept, run out, or be served as an attacker would.
package tuftest

import (
	"crypto"
	"crypto/ed25519"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// A Repository serves its files over HTTP.
type Repository struct {
	mu    sync.Mutex
	files map[string][]byte

	signers map[string]signature.Signer
	keys    map[string]*metadata.Key
	root    *metadata.Metadata[metadata.RootType]
	first   []byte
	version int64
}

// A Release is what a repository publishes at once.
type Release struct {
	// Targets are the files, by their names.
	Targets map[string][]byte
	// Expires is when all metadata runs out but that of the roles in Expiry.
	Expires time.Time
	Expiry  map[string]time.Time
	// Root publishes a new root, too.
	Root bool
}

// New is a repository with a root and nothing else.
func New(expires time.Time) (*Repository, error) {
	r := &Repository{files: map[string][]byte{}, signers: map[string]signature.Signer{}, keys: map[string]*metadata.Key{}}
	for _, role := range metadata.TOP_LEVEL_ROLE_NAMES {
		_, private, err := ed25519.GenerateKey(nil)
		if err != nil {
			return nil, err
		}
		if r.signers[role], err = signature.LoadSigner(private, crypto.Hash(0)); err != nil {
			return nil, err
		}
		if r.keys[role], err = metadata.KeyFromPublicKey(private.Public()); err != nil {
			return nil, err
		}
	}
	if err := r.newRoot(expires); err != nil {
		return nil, err
	}
	r.first = r.files["1.root.json"]
	return r, nil
}

// Root is the first root, from which all others follow.
func (r *Repository) Root() []byte { return r.first }

func (r *Repository) newRoot(expires time.Time) error {
	next := metadata.Root(expires.UTC())
	if r.root != nil {
		next.Signed.Version = r.root.Signed.Version + 1
	}
	for role, key := range r.keys {
		if err := next.Signed.AddKey(key, role); err != nil {
			return err
		}
	}
	r.root = next
	return put(r, metadata.ROOT, next.Signed.Version, next)
}

// Publish publishes a release; each has the next version in all its metadata.
func (r *Repository) Publish(release Release) error {
	at := func(role string) time.Time {
		if t, ok := release.Expiry[role]; ok {
			return t.UTC()
		}
		return release.Expires.UTC()
	}
	if release.Root {
		if err := r.newRoot(at(metadata.ROOT)); err != nil {
			return err
		}
	}
	r.version++
	targets := metadata.Targets(at(metadata.TARGETS))
	for name, content := range release.Targets {
		info, err := metadata.TargetFile().FromBytes(name, content, "sha256")
		if err != nil {
			return err
		}
		targets.Signed.Targets[name] = info
		r.Set("targets/"+hex.EncodeToString(info.Hashes["sha256"])+"."+name, content)
	}
	targets.Signed.Version = r.version
	if err := put(r, metadata.TARGETS, r.version, targets); err != nil {
		return err
	}
	snapshot := metadata.Snapshot(at(metadata.SNAPSHOT))
	snapshot.Signed.Version = r.version
	snapshot.Signed.Meta["targets.json"] = metadata.MetaFile(r.version)
	snapshot.Signed.Meta["targets.json"].Length = int64(len(r.Files()[fmt.Sprintf("%d.targets.json", r.version)]))
	if err := put(r, metadata.SNAPSHOT, r.version, snapshot); err != nil {
		return err
	}
	timestamp := metadata.Timestamp(at(metadata.TIMESTAMP))
	timestamp.Signed.Version = r.version
	timestamp.Signed.Meta["snapshot.json"] = metadata.MetaFile(r.version)
	return put(r, metadata.TIMESTAMP, r.version, timestamp)
}

// put signs metadata by its role's key and serves it.
func put[T metadata.Roles](r *Repository, role string, version int64, m *metadata.Metadata[T]) error {
	m.ClearSignatures()
	if _, err := m.Sign(r.signers[role]); err != nil {
		return err
	}
	raw, err := m.ToBytes(false)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("%d.%s.json", version, role)
	if role == metadata.TIMESTAMP {
		name = "timestamp.json"
	}
	r.Set(name, raw)
	return nil
}

// Sign serves a timestamp as it is given, signed by its role's key.
func (r *Repository) Sign(timestamp *metadata.Metadata[metadata.TimestampType]) error {
	return put(r, metadata.TIMESTAMP, timestamp.Signed.Version, timestamp)
}

// Files are the names and contents of all files.
func (r *Repository) Files() map[string][]byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.files)
}

// Set serves a file.
func (r *Repository) Set(name string, content []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.files[name] = content
}

// Restore serves the files given and no others.
func (r *Repository) Restore(files map[string][]byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.files = maps.Clone(files)
}

// ServeHTTP serves the files.
func (r *Repository) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	content, ok := r.files[strings.TrimPrefix(req.URL.Path, "/")]
	r.mu.Unlock()
	if !ok {
		http.NotFound(w, req)
		return
	}
	_, _ = w.Write(content) // a client that went away needs no answer
}
