package policy

import (
	"sync"

	"github.com/carnet-project/carnet/verify"
)

// Facts remembers what the predicates of evidence say, so that each is read once however
// often an artifact is judged. It may be used from several goroutines. The zero Facts is
// ready.
type Facts struct {
	mu    sync.Mutex
	known map[fact]any
}

// A fact is one reading of one piece of evidence.
type fact struct {
	of   *verify.Evidence
	what string
}

type answer[T any] struct {
	value T
	err   error
}

// remember returns what read made of e the first time. A nil Facts remembers nothing.
func remember[T any](f *Facts, e *verify.Evidence, what string, read func() (T, error)) (T, error) {
	if f == nil {
		return read()
	}
	f.mu.Lock()
	known, ok := f.known[fact{e, what}].(answer[T])
	f.mu.Unlock()
	if ok {
		return known.value, known.err
	}
	value, err := read()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.known == nil {
		f.known = map[fact]any{}
	}
	f.known[fact{e, what}] = answer[T]{value, err}
	return value, err
}
