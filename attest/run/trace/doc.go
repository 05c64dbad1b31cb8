// Package trace runs a command on Linux and records which files it and all its
// descendants opened, and which addresses they connected to, so that inputs which a
// build never declared show. It needs no root.
//
// A filter in the kernel (seccomp, with user notification) hands a handful of system
// calls to this process before they run: opening, executing, renaming, linking,
// removing and truncating files, connecting, and sending to an address. They are
// looked at and let go on; all other calls run at full speed and are not seen. The
// command is not traced with ptrace, so its debuggers, sanitisers, signals, stops and
// exit status are as without.
//
// The filter belongs to a process, can't be taken off, and is inherited, so it has to
// be installed between fork and exec. Go has no hook there. This program therefore
// executes itself once more, as a stub, which installs the filter and turns into the
// command. Its main has to ask for that before anything else:
//
//	func main() {
//		if trace.IsStub(os.Args) {
//			os.Exit(trace.Stub(os.Args))
//		}
//		…
//
// # What the record is worth
//
// It is a record of an honest build. What a call names is read from the memory of the
// process that makes it, and a hostile process can change it between the look and the
// call, can hide behind files that others open for it, or talk to a daemon. Nothing is
// enforced. docs/trace.md lists what is seen and what is not.
package trace
