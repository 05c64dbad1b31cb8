package trace

import (
	"errors"
	"os"
	"strings"
)

var (
	// ErrUnsupported says that this system can't trace: it is not Linux on amd64 or
	// arm64.
	ErrUnsupported = errors.New("commands can be traced on Linux only, on amd64 and arm64")
	// ErrUnavailable says that this machine or container refuses what tracing needs.
	// The error is an *UnavailableError.
	ErrUnavailable = errors.New("the command can't be traced here")
	// ErrChanged says that a file is not, or not surely, as it was when the command
	// first opened it.
	ErrChanged = errors.New("the file has changed since it was opened")
)

// An UnavailableError says what of tracing was refused, and what may help. It wraps
// ErrUnavailable and the cause. The command was not run.
type UnavailableError struct {
	Step  string // what failed, as in "install the seccomp filter"
	Cause error
	Hint  string // what may help; may be empty
}

func (e *UnavailableError) Error() string {
	return ErrUnavailable.Error() + ": " + e.Step + ": " + e.Cause.Error()
}

// Unwrap gives ErrUnavailable and the cause.
func (e *UnavailableError) Unwrap() []error { return []error{ErrUnavailable, e.Cause} }

// DefaultLimit is how many files, and how many connections, a log has at most.
const DefaultLimit = 1_000_000

// A Tracer runs commands and records what they open.
type Tracer struct {
	// Stub is the program, with its first arguments, whose main calls [IsStub] and
	// [Stub]. It must be this very program, as in {"/proc/self/exe"}.
	Stub []string
	// Limit bounds the files, and apart from them the connections, that are kept. A
	// file takes about 300 bytes. 0 stands for [DefaultLimit].
	Limit int
	// Started, unless nil, is called once the command runs, so that signals can be
	// sent to it. The process must not be waited for.
	Started func(*os.Process)
}

// A Log is what a command did, as far as it could be observed.
type Log struct {
	// Files are the regular files that were opened, by their resolved names, sorted.
	Files []File
	// Connections are the addresses that were connected or sent to, sorted.
	Connections []Connection
	// Dropped counts what was not recorded although it should have been. If it is not
	// empty, the log is incomplete.
	Dropped []Count
	// LeftOut counts what is not listed by rule, such as opens of files that don't
	// exist.
	LeftOut []Count
	// NoNewPrivileges says that the command could gain no privileges: set-user-ID
	// programs such as sudo ran without them.
	NoNewPrivileges bool
}

// A Connection is an address to which a process connected or sent a datagram. Whether
// anybody answered is not known.
type Connection struct {
	// Network is "tcp", "udp", "unix", or "ip" where the kind of socket could not be
	// learnt; else the family's name, as in "vsock".
	Network string
	// Family is "inet", "inet6", "unix" or "vsock", or the family's number.
	Family string
	// Address is an IP address, the path of a socket, resolved against the working
	// folder but not through links, or "@" and an abstract name.
	Address string
	// Port is 0 where there is none.
	Port uint32
}

// A Count is how often something happened.
type Count struct {
	Reason Reason
	Count  int
}

// A Reason says why something is not in a log.
type Reason string

// Reasons for what was dropped: each makes the log incomplete.
const (
	// FilesOverLimit counts accesses to files beyond the limit.
	FilesOverLimit Reason = "files-over-limit"
	// ConnectionsOverLimit counts connections beyond the limit.
	ConnectionsOverLimit Reason = "connections-over-limit"
	// Unreadable counts calls whose arguments could not be read from the process.
	Unreadable Reason = "memory-unreadable"
	// Unresolved counts names that could not be looked up, for want of permission or
	// because they changed meanwhile.
	Unresolved Reason = "name-unresolved"
	// OpenedByHandle counts open_by_handle_at, which names no path.
	OpenedByHandle Reason = "opened-by-handle"
	// OtherRoot counts accesses by processes in a mount namespace or root folder of
	// their own. They are listed, under names that may mean another file here.
	OtherRoot Reason = "other-root"
	// Outlived counts processes that were still there when the command had ended, and
	// were killed.
	Outlived Reason = "outlived"
	// Unkilled says that some of them could not be killed.
	Unkilled Reason = "unkilled"
)

// Reasons for what is left out by rule.
const (
	// Missing counts opens of files that don't exist.
	Missing Reason = "missing"
	// Refused counts opens for which permissions do not suffice, and of files that
	// exist and may not.
	Refused Reason = "refused"
	// Directories counts opened folders.
	Directories Reason = "directories"
	// Pseudo counts opens below /proc and /sys, and below /dev but for /dev/shm.
	Pseudo Reason = "pseudo-files"
	// Special counts opens of devices, pipes, sockets and files without a name.
	Special Reason = "special-files"
	// Kernel counts messages to the kernel through netlink and the like.
	Kernel Reason = "kernel-sockets"
	// IOURing counts refusals of io_uring, whose operations no filter sees. Programs
	// that ask for it do without, as on a kernel that has none.
	IOURing Reason = "io-uring-refused"
)

// A File is a regular file that was opened, or is made by renaming or linking.
type File struct {
	// Path is absolute and without symbolic links. It holds whatever bytes the name
	// has, which need not be UTF-8.
	Path     string
	Read     bool // opened for reading, or its content was moved or linked elsewhere
	Written  bool // opened for writing, or truncated
	Created  bool // did not exist before
	Executed bool // executed, also as an interpreter
	Removed  bool // removed or renamed away, and not made again
	// Input says that it was read or executed before the command itself wrote to it.
	Input bool

	first identity
}

// An identity tells one content of a file from another: a change of the content
// changes the time of the last change of the inode, which no program can set.
type identity struct {
	device, inode, size uint64
	modified, changed   int64 // nanoseconds
	racy                bool  // changed so shortly before it was seen that the clock can't tell
	known               bool
}

// Inputs are the files that were read or executed before the command itself wrote to
// them, and are in or below one of the folders, or anywhere if none is given. Folders
// are absolute and without symbolic links.
//
// To hash one, open it, read it, and ask [File.Unchanged] last.
func (l *Log) Inputs(folders ...string) []File {
	var found []File
	for _, f := range l.Files {
		if f.Input && within(f.Path, folders) {
			found = append(found, f)
		}
	}
	return found
}

func within(path string, folders []string) bool {
	for _, folder := range folders {
		if path == folder || strings.HasPrefix(path, strings.TrimSuffix(folder, "/")+"/") {
			return true
		}
	}
	return len(folders) == 0
}

// Unchanged returns nil if the open file is the one that the command first opened by
// this name, with the content that it had then. Else it returns an error that wraps
// ErrChanged: another file has the name now, it was written to, or it got or lost a
// link or a permission, which the kernel does not tell apart. A caller who asks after
// reading the file knows that what he read is what was there.
//
// Only files with Input have a content to compare with.
func (f File) Unchanged(open *os.File) error { return f.unchanged(open) }
