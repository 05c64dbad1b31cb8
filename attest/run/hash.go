package run

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io/fs"
	"runtime"
	"sync"
	"sync/atomic"
)

const (
	bufferBytes = 128 << 10 // of each reader
	atOnce      = 16        // entries that a reader takes from the list in one go
	attempts    = 3         // at a file that is being written
)

// A File is a file as it was when it was read.
type File struct {
	// Path is relative to the working folder, with slashes.
	Path string
	// SHA256 is the digest of the content, in lower-case hex.
	SHA256 string
	// Size is in bytes.
	Size int64
}

// A Skipped is something that a pattern chose and that is not recorded.
type Skipped struct {
	Path string
	// Why is what it is.
	Why string
}

// A state is what the file system says of an open file.
type state struct {
	regular  bool
	size     int64
	modified int64  // when the content was, in nanoseconds since 1970
	changed  int64  // when anything was, which no program can set; 0 where the system does not tell
	device   uint64 // 0 where the system does not tell
}

// A finding is what became of an entry.
type finding struct {
	sum  [sha256.Size]byte
	size int64
	// changed is when the file was, in nanoseconds since 1970, or 0.
	changed int64
	why     string // it is not recorded
	err     error
}

var errUnsteady = errors.New("it is changed while it is read")

// ErrLate is that a material was changed when the command had begun and before it was read,
// so that nobody knows what it was. [Step.Patient] avoids it.
var ErrLate = errors.New("the command changed it before it was read")

// A reader hashes files one after the other. It has a descriptor of at most one file open.
type reader struct {
	tree   *tree
	buffer []byte
	digest hash.Hash
	// since is the moment by the file system's clock from which on no file may have been
	// changed; 0 is that any may.
	since *atomic.Int64
}

// A hashing is the hashing of entries on all processors.
type hashing struct {
	entries  []entry
	findings []finding // in the order of the entries; complete when done is closed
	since    atomic.Int64
	done     chan struct{}
	err      error
}

// hash begins to hash entries.
func (t *tree) hash(ctx context.Context, entries []entry) *hashing {
	h := &hashing{entries: entries, findings: make([]finding, len(entries)), done: make(chan struct{})}
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(entries)/atOnce+1) {
		group.Go(func() {
			r := &reader{tree: t, buffer: make([]byte, bufferBytes), digest: sha256.New(), since: &h.since}
			for ctx.Err() == nil {
				from := int(next.Add(atOnce)) - atOnce
				if from >= len(entries) {
					return
				}
				for i := from; i < min(from+atOnce, len(entries)); i++ {
					h.findings[i] = r.find(ctx, entries[i])
				}
			}
		})
	}
	go func() {
		group.Wait()
		h.err = ctx.Err()
		close(h.done)
	}()
	return h
}

// wait gives what was found, sorted by path as the entries are, or the first error.
func (h *hashing) wait() ([]File, []Skipped, error) {
	<-h.done
	if h.err != nil {
		return nil, nil, h.err
	}
	return told(h.entries, h.findings)
}

// find hashes what an entry leads to.
func (r *reader) find(ctx context.Context, e entry) finding {
	switch e.kind.Type() {
	case 0:
		return r.file(ctx, e, r.tree.opened)
	case fs.ModeSymlink:
		return r.link(ctx, e)
	case fs.ModeDir:
		return finding{why: "a folder"}
	}
	return finding{why: kindName(e.kind)}
}

// link hashes what a symbolic link leads to, if it is a file in the tree.
func (r *reader) link(ctx context.Context, e entry) finding {
	if _, err := r.tree.root.Readlink(e.path); err != nil {
		return finding{err: &FileError{e.path, cause(err)}}
	}
	info, err := r.tree.root.Stat(e.path)
	switch {
	case isGone(err):
		return finding{why: "a symbolic link to nothing"}
	case err != nil:
		return finding{why: "a symbolic link that leads out of the folder or in a circle"}
	case info.IsDir():
		return finding{why: "a symbolic link to a folder"}
	case !info.Mode().IsRegular():
		return finding{why: "a symbolic link to " + kindName(info.Mode())}
	}
	return r.file(ctx, e, func(e entry) (handle, error) { return r.tree.openTarget(e.path) })
}

func kindName(m fs.FileMode) string {
	switch {
	case m&fs.ModeSocket != 0:
		return "a socket"
	case m&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case m&fs.ModeDevice != 0:
		return "a device"
	}
	return "not a file"
}

// file hashes an entry until it stays the same meanwhile.
func (r *reader) file(ctx context.Context, e entry, open func(entry) (handle, error)) finding {
	var found finding
	for range attempts {
		h, err := open(e)
		switch {
		case (isOdd(err) || isGone(err)) && r.since.Load() != 0:
			return finding{err: &FileError{e.path, ErrLate}}
		case isOdd(err):
			return finding{why: "not a file"}
		case err != nil:
			return finding{err: &FileError{e.path, cause(err)}}
		}
		found = r.content(ctx, h)
		h.close()
		if found.err == nil {
			return found
		}
		if !errors.Is(found.err, errUnsteady) {
			break
		}
	}
	if found.err != nil {
		found.err = &FileError{e.path, cause(found.err)}
	}
	return found
}

// content hashes an open file. Its state before and after is the same, or the error is
// [errUnsteady].
func (r *reader) content(ctx context.Context, h handle) finding {
	before, err := h.stat()
	if err != nil {
		return finding{err: err}
	}
	if !before.regular && r.since.Load() != 0 {
		return finding{err: ErrLate}
	}
	if !before.regular {
		return finding{why: "not a file"}
	}
	var found finding
	if found.sum, found.size, err = r.sum(ctx, h, before.size); err != nil {
		return finding{err: err}
	}
	after, err := h.stat()
	since := r.since.Load() // not before: what was read by now was read before the command began
	switch {
	case err != nil:
		return finding{err: err}
	case since != 0 && (after.changed >= since || after.device != r.tree.device && !h.stamped()):
		return finding{err: ErrLate}
	case after != before || found.size != after.size:
		return finding{err: errUnsteady}
	}
	found.changed = after.changed
	return found
}

// sum hashes as much of a file as it is said to have; whether there is more its state tells
// afterwards. A small file is read and hashed in one go.
func (r *reader) sum(ctx context.Context, h handle, size int64) (sum [sha256.Size]byte, got int64, err error) {
	if size <= int64(len(r.buffer)) {
		n, err := fill(h, r.buffer[:size])
		return sha256.Sum256(r.buffer[:n]), int64(n), err
	}
	r.digest.Reset()
	for got < size {
		if err := ctx.Err(); err != nil {
			return sum, got, err
		}
		n, err := fill(h, r.buffer[:min(size-got, int64(len(r.buffer)))])
		r.digest.Write(r.buffer[:n])
		got += int64(n)
		if err != nil || n == 0 {
			return sum, got, err
		}
	}
	r.digest.Sum(sum[:0])
	return sum, got, nil
}

// fill reads until a buffer is full or the file ends.
func fill(h handle, buffer []byte) (n int, err error) {
	for n < len(buffer) {
		more, err := h.read(buffer[n:])
		if err != nil || more == 0 {
			return n, err
		}
		n += more
	}
	return n, nil
}

// told are the files of findings, and what is not recorded, in their order; or the first
// error.
func told(entries []entry, findings []finding) ([]File, []Skipped, error) {
	files := make([]File, 0, len(entries))
	var skipped []Skipped
	for i, f := range findings {
		switch {
		case f.err != nil:
			return nil, nil, f.err
		case f.why != "":
			skipped = append(skipped, Skipped{entries[i].path, f.why})
		default:
			files = append(files, File{entries[i].path, hex.EncodeToString(f.sum[:]), f.size})
		}
	}
	return files, skipped, nil
}
