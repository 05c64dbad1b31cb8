//go:build amd64 || arm64

package trace

import (
	"context"
	"os"
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
		t.kill(map[int]uint64{})
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
	end := time.Now().Add(killing)
	defer s.tree.buryAll(end)
	select {
	case <-s.gone: // as nearly always
		return
	case <-time.After(time.Millisecond):
	}
	killed := map[int]uint64{}
	for time.Now().Before(end) {
		s.tree.kill(killed)
		select {
		case <-s.gone:
			s.record.drop(Outlived, len(killed))
			return
		case <-time.After(killAgain):
			s.tree.reap() // before Linux 6.11 zombies keep their filter
		}
	}
	s.record.drop(Outlived, len(killed))
	s.record.drop(Unkilled, 1)
}

// buryAll waits for those who have fallen to this process: the last ones lose their
// filter before they are zombies.
func (t *tree) buryAll(end time.Time) {
	for time.Now().Before(end) {
		left := 0
		for pid, p := range allProcesses() {
			if p.parent != os.Getpid() || !t.adopted(pid) {
				continue
			}
			left++
			if p.zombie {
				t.bury(pid)
			}
		}
		if left == 0 {
			return
		}
		time.Sleep(time.Millisecond)
	}
}
