package trace

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"
)

// maxMoved bounds the folders that were renamed into place and are remembered.
const maxMoved = 10_000

// An access is what a call does to a file; several may come together.
type access uint8

const (
	reads access = 1 << iota
	writes
	creates
	executes
	removes
)

// A record collects what is seen, within bounds. It may be used by several goroutines.
type record struct {
	limit int
	start int64 // when the command began, in the time of the file systems

	mu          sync.Mutex
	files       map[string]*File
	connections map[Connection]bool
	dropped     map[Reason]int
	leftOut     map[Reason]int
	moved       map[string]bool // folders that were renamed into place
}

func newRecord(limit int, start int64) *record {
	if limit <= 0 {
		limit = DefaultLimit
	}
	return &record{
		limit: limit, start: start,
		files: map[string]*File{}, connections: map[Connection]bool{},
		dropped: map[Reason]int{}, leftOut: map[Reason]int{}, moved: map[string]bool{},
	}
}

// touch adds an access to a file; now is what the file is before it.
func (r *record) touch(path string, a access, now identity) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f := r.files[path]
	if f == nil {
		if a == removes {
			return // never opened, and gone: nothing depends on it
		}
		if len(r.files) >= r.limit {
			r.dropped[FilesOverLimit]++
			return
		}
		f = &File{Path: path}
		r.files[path] = f
		f.Created = r.movedHere(path, now)
	}
	if a&(reads|executes) != 0 && !f.Written && !f.Created && !f.Input {
		f.Input, f.first = true, now
	}
	f.Read = f.Read || a&reads != 0
	f.Executed = f.Executed || a&executes != 0
	f.Written = f.Written || a&(writes|creates) != 0
	f.Created = f.Created || a&creates != 0
	f.Removed = a&removes != 0
}

// movedHere says whether a file came with a folder that the command renamed, and is
// the command's own work: it was made since the command began.
func (r *record) movedHere(path string, now identity) bool {
	if len(r.moved) == 0 || !now.known || now.changed < r.start {
		return false
	}
	for folder := path; folder != ""; {
		folder = folder[:max(strings.LastIndexByte(folder, '/'), 0)]
		if r.moved[folder] {
			return true
		}
	}
	return false
}

// moveFolder notes that a folder was renamed to the path.
func (r *record) moveFolder(path string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.moved) < maxMoved {
		r.moved[path] = true
	}
}

func (r *record) connect(c Connection) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.connections[c] {
		return
	}
	if len(r.connections) >= r.limit {
		r.dropped[ConnectionsOverLimit]++
		return
	}
	r.connections[c] = true
}

func (r *record) drop(why Reason, n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dropped[why] += n
}

func (r *record) leave(why Reason) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.leftOut[why]++
}

// log is the record, sorted.
func (r *record) log() *Log {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := &Log{Dropped: counts(r.dropped), LeftOut: counts(r.leftOut)}
	l.Files = make([]File, 0, len(r.files))
	for _, f := range r.files {
		l.Files = append(l.Files, *f)
	}
	slices.SortFunc(l.Files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	l.Connections = slices.SortedFunc(maps.Keys(r.connections), func(a, b Connection) int {
		return cmp.Or(strings.Compare(a.Network, b.Network), strings.Compare(a.Family, b.Family),
			strings.Compare(a.Address, b.Address), cmp.Compare(a.Port, b.Port))
	})
	return l
}

func counts(m map[Reason]int) []Count {
	var all []Count
	for why, n := range m {
		if n > 0 {
			all = append(all, Count{why, n})
		}
	}
	slices.SortFunc(all, func(a, b Count) int { return strings.Compare(string(a.Reason), string(b.Reason)) })
	return all
}
