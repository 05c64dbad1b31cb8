//go:build amd64 || arm64

package trace

import (
	"os"
	"strconv"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A tree is the processes of one command. This process becomes the parent of those
// whose own has ended (PR_SET_CHILD_SUBREAPER), so that they can be found, and their
// memory read where the kernel allows that to ancestors only (Yama). It stays that,
// since another command may be traced at the same time.
type tree struct {
	root  string
	mount string

	mu      sync.Mutex
	main    int
	threads map[int]thread
}

// A thread is one that made a call.
type thread struct {
	start   uint64 // in clock ticks since the machine started; tells it from a later namesake
	foreign bool
}

func newTree() (*tree, error) {
	t := &tree{threads: map[int]thread{}}
	t.root, t.mount = viewOf("self")
	return t, unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
}

// meet notes a thread that makes a call and says whether it has a root folder or a
// mount namespace of its own. Both are looked at anew when it executes a program.
func (t *tree) meet(tid int, anew bool) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if known, ok := t.threads[tid]; ok && !anew {
		return known.foreign
	}
	if len(t.threads) >= maxThreads {
		t.sweep()
	}
	name := strconv.Itoa(tid)
	p, ok := statOf(name)
	if !ok {
		return false
	}
	root, mount := viewOf(name)
	found := thread{start: p.start, foreign: differs(root, t.root) || differs(mount, t.mount)}
	t.threads[tid] = found
	return found.foreign
}

// differs compares what may not be known: of a process that hid itself.
func differs(a, b string) bool { return a != "" && b != "" && a != b }

// forget makes the next meeting look anew.
func (t *tree) forget(tid int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.threads, tid)
}

// sweep forgets threads that are no more. If too many live, all are forgotten, which
// costs time and some zombies that stay until this process ends.
func (t *tree) sweep() {
	for tid, known := range t.threads {
		if p, ok := statOf(strconv.Itoa(tid)); !ok || p.start != known.start {
			delete(t.threads, tid)
		}
	}
	if len(t.threads) >= maxThreads/2 {
		clear(t.threads)
	}
}

// reap ends zombies that this process inherited. The command itself, and children that
// are none of its processes, are left to who started them.
func (t *tree) reap() {
	var info unix.Siginfo
	for {
		if unix.Waitid(unix.P_ALL, 0, &info, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil) != nil {
			return
		}
		pid := int(*(*int32)(unsafe.Add(unsafe.Pointer(&info), 16))) // si_pid, waitid(2)
		if pid == 0 {
			return
		}
		if !t.adopted(pid) {
			break // it hides those behind it
		}
		t.bury(pid)
	}
	for pid, p := range allProcesses() {
		if p.zombie && p.parent == os.Getpid() && t.adopted(pid) {
			t.bury(pid)
		}
	}
}

func (t *tree) bury(pid int) {
	unix.Wait4(pid, nil, unix.WNOHANG, nil)
	t.forget(pid)
}

func (t *tree) adopted(pid int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	known, ok := t.threads[pid]
	if !ok || pid == t.main {
		return false
	}
	p, ok := statOf(strconv.Itoa(pid))
	return ok && p.start == known.start
}

// kill kills all processes of the command that live, and adds them to killed, with
// their starts.
func (t *tree) kill(killed map[int]uint64) {
	all := allProcesses()
	children := map[int][]int{}
	for pid, p := range all {
		children[p.parent] = append(children[p.parent], pid)
	}
	var found []int
	for _, pid := range children[os.Getpid()] {
		if t.ours(pid, all[pid]) {
			found = append(found, pid)
		}
	}
	for i := 0; i < len(found); i++ {
		found = append(found, children[found[i]]...)
	}
	for _, pid := range found {
		if p := all[pid]; !p.zombie && killSame(pid, p.start) {
			killed[pid] = p.start
		}
	}
}

// ours says whether a child of this process belongs to the command: it is it, or it
// was met. One that has made no call since it was forked, and whose parent has ended,
// is not known; it has opened nothing, and is met as soon as it does.
func (t *tree) ours(pid int, p process) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	known, ok := t.threads[pid]
	return pid == t.main || (ok && known.start == p.start)
}

// killSame kills a process, and no later one that got its number.
func killSame(pid int, start uint64) bool {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	if p, ok := statOf(strconv.Itoa(pid)); !ok || p.start != start {
		return false
	}
	return unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0) == nil
}
