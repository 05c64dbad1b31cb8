//go:build amd64 || arm64

package trace

import (
	"context"
	"time"
)

// begin notes the command's own process.
func (t *tree) begin(pid int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.main = pid
}

// killAt kills everything when ctx ends, again and again until stop is closed.
func (t *tree) killAt(ctx context.Context, stop <-chan struct{}) {
	select {
	case <-stop:
		return
	case <-ctx.Done():
	}
	for {
		t.kill()
		select {
		case <-stop:
			return
		case <-time.After(killAgain):
		}
	}
}

// finish kills what outlived the command, and returns when nothing has the filter any
// more, or when that takes too long, which the record then says.
func (s *supervisor) finish() {
	s.tree.begin(0)
	defer s.tree.reap()
	select {
	case <-s.gone: // as nearly always
		return
	case <-time.After(time.Millisecond):
	}
	killed := map[int]bool{}
	for end := time.Now().Add(killing); ; {
		for _, pid := range s.tree.kill() {
			killed[pid] = true
		}
		s.tree.reap()
		select {
		case <-s.gone:
			s.record.drop(Outlived, len(killed))
			return
		case <-time.After(killAgain):
		}
		if time.Now().After(end) {
			s.record.drop(Outlived, len(killed))
			s.record.drop(Unkilled, 1)
			return
		}
	}
}
