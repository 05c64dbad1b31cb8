//go:build amd64 || arm64

package trace

import (
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// stuckAfter is for how long one call may be looked at before another worker
	// takes over, and maxWorkers is how often that may happen. It happens if a file
	// system does not answer because its server is a part of the command, and waits.
	// Zombies are buried as often.
	stuckAfter = time.Second
	maxWorkers = 32
	// maxThreads is how many threads are remembered before the dead ones are forgotten.
	maxThreads = 65_536
)

// A supervisor answers the calls of one command.
type supervisor struct {
	listener int
	stop     int // an eventfd: readable when the work is to end
	record   *record
	tree     *tree
	tables   map[uint32]abi
	euid     uint32

	receiving sync.Mutex // one worker waits, the others look
	workers   sync.WaitGroup
	handled   atomic.Uint64
	busy      atomic.Int32
	gone      chan struct{} // closed once no process with the filter is left, or stop
	once      sync.Once

	mu           sync.Mutex
	interpreters map[identity]string
	begun        bool  // the command has been executed
	refused      error // why it could not be observed
}

func newSupervisor(listener int, r *record, t *tree) (*supervisor, error) {
	stop, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
	if err != nil {
		unix.Close(listener)
		return nil, err
	}
	s := &supervisor{
		listener: listener, stop: stop, record: r, tree: t, tables: map[uint32]abi{},
		euid: uint32(unix.Geteuid()), gone: make(chan struct{}), interpreters: map[identity]string{},
	}
	for _, a := range abis() {
		s.tables[a.arch] = a
	}
	stayNear(listener)
	s.workers.Add(1)
	go s.work()
	go s.watch()
	return s, nil
}

// close ends the work. Calls of processes that are left fail with ENOSYS from now on.
func (s *supervisor) close() {
	unix.Write(s.stop, []byte{1, 0, 0, 0, 0, 0, 0, 0})
	s.workers.Wait()
	unix.Close(s.stop)
	unix.Close(s.listener)
}

func (s *supervisor) work() {
	defer s.workers.Done()
	for {
		n, ok := s.next()
		if !ok {
			s.once.Do(func() { close(s.gone) })
			return
		}
		s.busy.Add(1)
		s.handle(n)
		s.busy.Add(-1)
		s.handled.Add(1)
	}
}

// next waits for a call; ok is false if there will be none.
func (s *supervisor) next() (n notification, ok bool) {
	s.receiving.Lock()
	defer s.receiving.Unlock()
	fds := []unix.PollFd{{Fd: int32(s.listener), Events: unix.POLLIN}, {Fd: int32(s.stop), Events: unix.POLLIN}}
	for {
		_, err := unix.Poll(fds, -1)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil, fds[1].Revents != 0:
			return n, false
		case fds[0].Revents&unix.POLLIN == 0: // hung up: nobody has the filter any more
			return n, false
		}
		if n, err = receive(s.listener); err == nil {
			return n, true
		}
		if err != unix.ENOENT && err != unix.EINTR {
			return n, false
		}
	}
}

// watch buries zombies, and adds a worker when all are stuck.
func (s *supervisor) watch() {
	tick := time.NewTicker(stuckAfter)
	defer tick.Stop()
	workers, last := int32(1), s.handled.Load()
	for {
		select {
		case <-s.gone:
			return
		case <-tick.C:
			s.tree.reap()
		}
		now := s.handled.Load()
		if now == last && s.busy.Load() >= workers && workers < maxWorkers {
			workers++
			s.workers.Add(1)
			go s.work()
		}
		last = now
	}
}

// handle looks at a call, lets it go on, and then, while the process works on, writes
// down what it does.
func (s *supervisor) handle(n notification) {
	a := s.tables[n.arch]
	l := &look{args: n.args, super: s, memory: memory{tid: int(n.tid), wide: a.wide}}
	l.viewer = viewer{tid: int(n.tid)}
	k := a.calls[uint32(n.number)]
	if n.tid == 0 {
		l.drop(Unreadable)
	} else {
		l.foreign = s.tree.meet(int(n.tid), k == kindExecve || k == kindExecveat)
		l.call(k)
	}
	if respond(s.listener, n.id, l.errno) != nil {
		return // killed or interrupted; in the latter case it asks again
	}
	for i := range l.effects {
		s.write(&l.effects[i], l.foreign)
	}
}

func (s *supervisor) write(e *effect, foreign bool) {
	switch {
	case e.drop != "":
		s.record.drop(e.drop, 1)
	case e.leave != "":
		s.record.leave(e.leave)
	case e.connection != nil:
		s.record.connect(*e.connection)
	case e.folder:
		s.record.moveFolder(e.path)
	default:
		if foreign {
			s.record.drop(OtherRoot, 1)
		}
		s.record.touch(e.path, e.access, e.now)
	}
}

// blind notes that a process's memory can't be read. If it is the command's, before
// its first step, tracing is impossible here.
func (s *supervisor) blind(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.begun && s.refused == nil {
		s.refused = err
	}
}

// executed is called at each execve whose path could be read.
func (s *supervisor) executed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begun = true
}

// unobserved is why the command could not be observed, or nil.
func (s *supervisor) unobserved() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refused
}

// may says whether permissions let the command use a file so. It runs as the same user
// as this process, or as one that this process knows nothing of; then all is allowed,
// and a refused open may be listed.
func (s *supervisor) may(f *found, want uint32) bool {
	if want == unix.X_OK && f.stat.Mode&0o111 == 0 {
		return false // even for root
	}
	everybody := want | want<<3 | want<<6
	if s.euid == 0 || f.stat.Mode&everybody == everybody {
		return true
	}
	err := unix.Faccessat2(unix.AT_FDCWD, f.name, want, unix.AT_EACCESS)
	return err != unix.EACCES && err != unix.EROFS && err != unix.ETXTBSY
}
