//go:build unix

// Package tree is an append-only Merkle tree on disk, with proofs and checkpoints: what
// a transparency log and a CT log have in common. Tessera's POSIX driver keeps it, in
// static tiles (c2sp.org/tlog-tiles).
package tree

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/ctonly"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
)

const (
	// batch is how long the first entry waits for others: an entry costs a few syncs
	// of files, and those that come together share them.
	batch    = 4 * time.Millisecond
	batchMax = 256
	// publish is how often the checkpoint on disk is renewed. Answers do not wait for
	// it: they carry a checkpoint of their own.
	publish = 250 * time.Millisecond
	// remembered is how many entries are recognized when they come again.
	remembered = 4096
)

// A Tree is one tree. It may be used by several goroutines at once.
type Tree struct {
	dir      string
	signer   note.Signer
	append   *tessera.Appender
	reader   tessera.LogReader
	stop     context.CancelFunc
	shutdown func(context.Context) error

	// mu guards the newest checkpoint: whoever needs a later one makes it for all.
	mu     sync.Mutex
	newest *Checkpoint
}

// A Checkpoint is a signed statement of the size and root hash of the tree.
type Checkpoint struct {
	Size uint64
	Root []byte
	// Note is the signed note (c2sp.org/tlog-checkpoint).
	Note []byte
}

// A Proof is that a leaf is in the tree of a checkpoint.
type Proof struct {
	Index      uint64
	Hashes     [][]byte
	Checkpoint *Checkpoint
}

// A DuplicateError is the error of an entry that is in the log already.
type DuplicateError struct{ Index uint64 }

func (e *DuplicateError) Error() string { return fmt.Sprintf("the entry is in the log at %d", e.Index) }

// Open opens the tree in dir, or starts it. Its checkpoints are signed by signer, whose
// name is the origin. With ct the tiles have the layout of static CT logs
// (c2sp.org/static-ct-api).
func Open(dir string, signer note.Signer, ct bool) (*Tree, error) {
	ctx, stop := context.WithCancel(context.Background())
	driver, err := posix.New(ctx, posix.Config{Path: dir, HTTPClient: &http.Client{}})
	if err != nil {
		stop()
		return nil, err
	}
	options := tessera.NewAppendOptions().WithCheckpointSigner(signer).
		WithBatching(batchMax, batch).WithCheckpointInterval(publish)
	if ct {
		options = options.WithCTLayout()
	} else {
		options = options.WithAntispam(remembered, nil)
	}
	appender, shutdown, reader, err := tessera.NewAppender(ctx, driver, options)
	if err != nil {
		stop()
		return nil, fmt.Errorf("opening the log in %s: %w", filepath.Base(dir), err)
	}
	return &Tree{dir: dir, signer: signer, append: appender, reader: reader, stop: stop, shutdown: shutdown}, nil
}

// Close ends the tree when all that was appended is in the checkpoint on disk.
func (t *Tree) Close(ctx context.Context) error {
	defer t.stop()
	return t.shutdown(ctx)
}

// Append adds the leaf and proves that it is there. When it returns, the entry and the
// tree with it are synced to disk. The error is a [*DuplicateError] if the leaf is known
// to be there already.
func (t *Tree) Append(ctx context.Context, leaf []byte) (Proof, error) {
	index, err := t.append.Add(ctx, tessera.NewEntry(leaf))()
	if err != nil {
		return Proof{}, fmt.Errorf("appending to the log: %w", err)
	}
	if index.IsDup {
		return Proof{}, &DuplicateError{Index: index.Index}
	}
	p, err := t.prove(ctx, index.Index)
	if err != nil {
		return Proof{}, err
	}
	hash := rfc6962.DefaultHasher.HashLeaf(leaf)
	if err := proof.VerifyInclusion(rfc6962.DefaultHasher, p.Index, p.Checkpoint.Size, hash, p.Hashes, p.Checkpoint.Root); err != nil {
		return Proof{}, fmt.Errorf("the log's own proof is wrong: %w", err)
	}
	return p, nil
}

// AppendCertificate adds an entry of a CT log, and says where it is.
func (t *Tree) AppendCertificate(ctx context.Context, e *ctonly.Entry) (uint64, error) {
	index, err := tessera.NewCertificateTransparencyAppender(t.append)(ctx, e)()
	if err != nil {
		return 0, fmt.Errorf("appending to the CT log: %w", err)
	}
	return index.Index, nil
}

func (t *Tree) prove(ctx context.Context, index uint64) (Proof, error) {
	checkpoint, err := t.checkpoint(ctx, index+1)
	if err != nil {
		return Proof{}, err
	}
	builder, err := client.NewProofBuilder(ctx, checkpoint.Size, t.reader.ReadTile)
	if err != nil {
		return Proof{}, err
	}
	hashes, err := builder.InclusionProof(ctx, index)
	if err != nil {
		return Proof{}, fmt.Errorf("proving entry %d: %w", index, err)
	}
	return Proof{Index: index, Hashes: hashes, Checkpoint: checkpoint}, nil
}

// checkpoint is a checkpoint of a tree of at least size entries.
func (t *Tree) checkpoint(ctx context.Context, size uint64) (*Checkpoint, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.newest != nil && t.newest.Size >= size {
		return t.newest, nil
	}
	integrated, err := t.reader.IntegratedSize(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the size of the log: %w", err)
	}
	if integrated < size {
		return nil, fmt.Errorf("the log has %d entries, and entry %d is to be proved", integrated, size-1)
	}
	root, err := t.root(ctx, integrated)
	if err != nil {
		return nil, err
	}
	text := log.Checkpoint{Origin: t.signer.Name(), Size: integrated, Hash: root}.Marshal()
	signed, err := note.Sign(&note.Note{Text: string(text)}, t.signer)
	if err != nil {
		return nil, fmt.Errorf("signing the checkpoint: %w", err)
	}
	t.newest = &Checkpoint{Size: integrated, Root: root, Note: signed}
	return t.newest, nil
}

// root is the root hash of the tree of that size, from its tiles.
func (t *Tree) root(ctx context.Context, size uint64) ([]byte, error) {
	if size == 0 {
		return rfc6962.DefaultHasher.EmptyRoot(), nil
	}
	hashes, err := client.FetchRangeNodes(ctx, size, t.reader.ReadTile)
	if err != nil {
		return nil, fmt.Errorf("reading the tree: %w", err)
	}
	factory := compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}
	r, err := factory.NewRange(0, size, hashes)
	if err != nil {
		return nil, err
	}
	return r.GetRootHash(nil)
}

// ServeHTTP serves the checkpoint and the tiles.
func (t *Tree) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
	if name == "checkpoint" {
		t.serveCheckpoint(w, r)
		return
	}
	if !strings.HasPrefix(name, "tile/") {
		http.NotFound(w, r)
		return
	}
	f, err := os.Open(filepath.Join(t.dir, filepath.FromSlash(name)))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	http.ServeContent(w, r, "", time.Time{}, f)
}

func (t *Tree) serveCheckpoint(w http.ResponseWriter, r *http.Request) {
	size, err := t.Size(r.Context())
	if err == nil {
		var checkpoint *Checkpoint
		if checkpoint, err = t.checkpoint(r.Context(), size); err == nil {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			w.Header().Set("Cache-Control", "no-cache")
			_, _ = w.Write(checkpoint.Note)
			return
		}
	}
	http.Error(w, "the log can't be read", http.StatusInternalServerError)
}

// Size is how many entries the tree has.
func (t *Tree) Size(ctx context.Context) (uint64, error) { return t.reader.IntegratedSize(ctx) }
