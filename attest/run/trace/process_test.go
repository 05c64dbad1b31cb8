//go:build linux && (amd64 || arm64)

package trace_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/carnet-project/carnet/attest/run/trace"
)

func TestConnections(t *testing.T) {
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	path := filepath.Join(folder(t), "socket")
	local, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer local.Close()
	abstract, err := net.Listen("unix", fmt.Sprintf("@carnet-trace-%d", os.Getpid()))
	if err != nil {
		t.Fatal(err)
	}
	defer abstract.Close()
	inet := func(network string, a net.Addr) trace.Connection {
		host, port, _ := net.SplitHostPort(a.String())
		c := trace.Connection{Network: network, Family: "inet", Address: host}
		fmt.Sscan(port, &c.Port)
		return c
	}
	unixTo := func(name string) trace.Connection {
		return trace.Connection{Network: "unix", Family: "unix", Address: name}
	}
	for _, test := range []struct {
		how  string
		to   net.Addr
		want trace.Connection
	}{
		{"tcp", tcp.Addr(), inet("tcp", tcp.Addr())},
		{"udp", udp.LocalAddr(), inet("udp", udp.LocalAddr())},
		{"udp-message", udp.LocalAddr(), inet("udp", udp.LocalAddr())},
		{"sendmsg", udp.LocalAddr(), inet("udp", udp.LocalAddr())},
		{"sendmmsg", udp.LocalAddr(), inet("udp", udp.LocalAddr())},
		{"unix", local.Addr(), unixTo(path)},
		{"relative", local.Addr(), unixTo(path)},
		{"unix", abstract.Addr(), unixTo(abstract.Addr().String())},
	} {
		l := observe(t, acting(t, "connect", test.how, test.to.String()))
		number := 1
		if test.how == "sendmmsg" { // the first of its messages is to nobody
			number = 2
		}
		if len(l.Connections) != number || !slices.Contains(l.Connections, test.want) {
			t.Errorf("%s: %+v, want %+v", test.how, l.Connections, test.want)
		}
	}
}

func TestConnectionToNobody(t *testing.T) {
	l, err := run(t, acting(t, "connect", "tcp", "[::1]:1"))
	want := trace.Connection{Network: "tcp", Family: "inet6", Address: "::1", Port: 1}
	if err == nil || len(l.Connections) != 1 || l.Connections[0] != want {
		t.Errorf("%v, %+v", err, l.Connections)
	}
}

// The command must not be able to tell that it is traced by what it inherits.
func TestNothingIsLeftInTheCommand(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	state := func(traced bool) string {
		var out bytes.Buffer
		cmd := acting(t, "state")
		cmd.Args[0] = "a name"
		cmd.Args = append(cmd.Args, "", "x y", "\xff", strings.Repeat("long", 20000))
		cmd.Env = []string{"A=1", "GODEBUG=", "EMPTY=", "LD_PRELOAD=", "GOMAXPROCS=1", "B=\xff\n"}
		cmd.Dir = "/"
		cmd.Stdout, cmd.Stderr = &out, &out
		cmd.ExtraFiles = []*os.File{r, w}
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		var err error
		if traced {
			_, err = run(t, cmd)
		} else {
			err = cmd.Run()
		}
		if err != nil {
			t.Fatal(err)
		}
		// Pipes have numbers of their own; their places are what matters.
		return strings.Join(strings.FieldsFunc(pipes(out.String()), func(r rune) bool { return r == '\n' }), "\n")
	}
	plain, traced := state(false), state(true)
	if plain != traced {
		for i, line := range strings.Split(plain, "\n") {
			if got := strings.Split(traced, "\n"); i >= len(got) || got[i] != line {
				t.Fatalf("line %d: traced %.200q, else %.200q", i, got[min(i, len(got)-1)], line)
			}
		}
		t.Fatal("traced has more lines:\n" + traced)
	}
	if !strings.Contains(plain, "fd 4") || !strings.Contains(plain, "SigBlk") || !strings.Contains(plain, "Max open files") {
		t.Errorf("too little is compared:\n%s", plain)
	}
}

func pipes(s string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		if at := strings.Index(line, "pipe:["); at >= 0 {
			line = line[:at] + "pipe\n"
		}
		b.WriteString(line)
	}
	return b.String()
}

// Nor in the tracer: descriptors, threads that wait, or zombies.
func TestNothingIsLeftInTheTracer(t *testing.T) {
	open := func() int {
		fds, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(fds)
	}
	observe(t, exec.Command("/bin/true"))
	fds, routines := open(), runtime.NumGoroutine()
	for range 10 {
		observe(t, exec.Command("/bin/true"))
		run(t, exec.Command("/no/such/program"))
	}
	// A thread ends a moment after what it waited for.
	for i := 0; i < 100 && runtime.NumGoroutine() > routines; i++ {
		time.Sleep(10 * time.Millisecond)
	}
	if now := open(); now != fds {
		t.Errorf("%d descriptors after, %d before", now, fds)
	}
	if now := runtime.NumGoroutine(); now > routines {
		t.Errorf("%d goroutines after, %d before", now, routines)
	}
}

// A program file may say anything of its loader.
func TestHostilePrograms(t *testing.T) {
	dir := folder(t)
	whole, err := os.ReadFile("/bin/true")
	if err != nil {
		t.Fatal(err)
	}
	head := func(at int, b ...byte) []byte {
		raw := slices.Clone(whole)
		copy(raw[at:], b)
		return raw
	}
	for name, raw := range map[string][]byte{
		"short": whole[:20], "headers at the end": head(32, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), "headers far away": head(32, 0xff, 0xff, 0xff, 0x7f),
		"many headers": head(56, 0xff, 0xff), "small headers": head(54, 1, 0), "other class": head(4, 1), "other order": head(5, 2),
		"no interpreter": []byte("#!\n"), "spaces": []byte("#! \t \n"), "itself": []byte("#!" + dir + "/itself\n"), "long": []byte("#!" + strings.Repeat("/x", 3000)), "empty": nil,
	} {
		program := write(t, dir+"/"+name, string(raw))
		os.Chmod(program, 0o755)
		l := observe(t, exec.Command("/bin/sh", "-c", `"$0" 2>/dev/null; true`, program))
		if got := says(l, dir); !strings.Contains(got, name+":") {
			t.Errorf("%s: %s", name, got)
		}
		os.Remove(program)
	}
}

// Two tracers at once, and one below the other: the kernel has room for one only.
func TestTracerInATracer(t *testing.T) {
	var out bytes.Buffer
	cmd := acting(t, "trace", "/bin/true")
	cmd.Stdout = &out
	_, err := run(t, cmd)
	if err == nil || !strings.Contains(out.String(), "can't be traced here: install a seccomp filter") {
		t.Errorf("%v, %s", err, &out)
	}
}

func TestTracersSideBySide(t *testing.T) {
	for i := range 4 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			in := write(t, folder(t)+"/in", "x")
			cmd := exec.Command("/bin/sh", "-c", "sleep 0.5; cat "+in)
			if i == 0 { // what it leaves is killed, and none of the others'
				cmd = exec.Command("/bin/sh", "-c", "sleep 64 </dev/null >/dev/null 2>&1 & cat "+in)
			}
			l, err := run(t, cmd)
			if err != nil || len(l.Inputs(filepath.Dir(in))) != 1 {
				t.Errorf("%v, %v", err, l)
			}
		})
	}
}

// Without root, privileges are renounced, and what permissions refuse is not listed.
func TestWithoutRoot(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("all other tests run without root already")
	}
	dir := folder(t)
	for d := dir; len(d) > len(os.TempDir()); d = filepath.Dir(d) {
		os.Chmod(d, 0o755)
	}
	write(t, dir+"/open", "x")
	secret := write(t, dir+"/secret", "x")
	os.Chmod(secret, 0o600)
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	program := write(t, dir+"/program", string(self))
	os.Chmod(program, 0o755)
	cmd := exec.Command(program, "act", "trace", "/bin/sh", "-c", "cat open secret 2>/dev/null; echo >new 2>/dev/null; true")
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	got := string(out)
	for text, want := range map[string]bool{"renounced true": true, dir + "/open": true, "/secret": false, "/new": false, "{refused ": true, "dropped []": true} {
		if strings.Contains(got, text) != want {
			t.Errorf("%q is there: %v, want %v\n%s", text, !want, want, got)
		}
	}
}

// Where memory can't be read, as under a strict Yama, the command is not run at all. A
// program that may be executed and not read hides its memory in the same way.
func TestBlind(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to become another user")
	}
	dir := folder(t)
	for d := dir; len(d) > len(os.TempDir()); d = filepath.Dir(d) {
		os.Chmod(d, 0o777)
	}
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	program := write(t, dir+"/program", string(self))
	os.Chmod(program, 0o711)
	cmd := exec.Command(program, "act", "trace", "/bin/sh", "-c", "echo >"+dir+"/new")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "can't be traced here: read the command's memory: ") {
		t.Errorf("%v: %s", err, out)
	}
	if _, err := os.Stat(dir + "/new"); err == nil {
		t.Error("it was run nevertheless")
	}
}

// unprivileged runs the test again as nobody, where this is root, who may read everything. It
// says whether it did.
func unprivileged(t *testing.T) bool {
	t.Helper()
	if os.Geteuid() != 0 {
		return false
	}
	dir := t.TempDir()
	for d := dir; len(d) > len(os.TempDir()); d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "program")
	if err := os.WriteFile(program, self, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-test.v", "-test.run", "^"+t.Name()+"$")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "HOME="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("as nobody: %v\n%s", err, out)
	}
	return true
}

// A process that hides its memory from its own user can't be observed, and that is said.
func TestHiddenProcess(t *testing.T) {
	if unprivileged(t) {
		return
	}
	l, err := run(t, acting(t, "hide", "/etc/passwd"))
	if err != nil || count(l.Dropped, trace.Unreadable) == 0 {
		t.Errorf("%v, dropped %v", err, l.Dropped)
	}
}

// Programs in a root folder of their own are said to be, and named as seen from here.
func TestOtherRoot(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root for chroot")
	}
	dir := folder(t)
	write(t, dir+"/in", "x")
	program := write(t, dir+"/program", string(oldProgram("/in")))
	os.Chmod(program, 0o755)
	cmd := exec.Command("/program")
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: dir}
	if cmd.Run() != nil {
		t.Skip("there is no chroot, or no 32-bit program runs")
	}
	chroot, err := exec.LookPath("chroot")
	if err != nil {
		t.Skip(err)
	}
	l, err := run(t, exec.Command(chroot, dir, "/program"))
	if got := says(l, dir); err != nil || !strings.Contains(got, "in:rI") || !strings.Contains(got, "program:xI") {
		t.Errorf("%v: %s", err, got)
	}
	if count(l.Dropped, trace.OtherRoot) == 0 {
		t.Errorf("dropped %v", l.Dropped)
	}
}

// Programs with 32-bit numbers are seen as well.
func TestOldProgram(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("the program is for i386")
	}
	dir := folder(t)
	write(t, dir+"/in", "x")
	program := write(t, dir+"/old", string(oldProgram(dir+"/in")))
	os.Chmod(program, 0o755)
	if err := exec.Command(program).Run(); err != nil {
		t.Skipf("this kernel runs no 32-bit programs: %v", err)
	}
	if got := says(observe(t, exec.Command(program)), dir); got != "in:rI old:xI" {
		t.Errorf("got %s", got)
	}
}

// oldProgram is an ELF file for i386 that opens a file and exits, with 0 if it could.
func oldProgram(path string) []byte {
	const base, head = 0x08048000, 52 + 32
	code := []byte{
		0xb8, 5, 0, 0, 0, // mov eax, 5 (open)
		0xbb, 0, 0, 0, 0, // mov ebx, path
		0x31, 0xc9, // xor ecx, ecx
		0xcd, 0x80, // int 0x80
		0xc1, 0xe8, 31, // shr eax, 31: the sign
		0x89, 0xc3, // mov ebx, eax
		0xb8, 1, 0, 0, 0, // mov eax, 1 (exit)
		0xcd, 0x80,
	}
	binary.LittleEndian.PutUint32(code[6:], uint32(base+head+len(code)))
	size := uint32(head + len(code) + len(path) + 1)
	var b bytes.Buffer
	b.Write([]byte{0x7f, 'E', 'L', 'F', 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	for _, v := range []any{
		uint16(2), uint16(3), uint32(1), uint32(base + head), uint32(52), uint32(0), uint32(0),
		uint16(52), uint16(32), uint16(1), uint16(0), uint16(0), uint16(0),
		uint32(1), uint32(0), uint32(base), uint32(base), size, size, uint32(5), uint32(4096),
	} {
		binary.Write(&b, binary.LittleEndian, v)
	}
	b.Write(code)
	b.WriteString(path + "\x00")
	return b.Bytes()
}

// Orphans fall to this process, which has to bury them, but not to steal the exit
// status of its other children.
func TestOrphansAreBuried(t *testing.T) {
	t.Parallel()
	other := exec.Command("/bin/sh", "-c", "sleep 0.5; exit 9")
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	// The other child is a zombie, too, until it is waited for.
	script := `zombies() {
			grep -l "^State:.Z" /proc/[0-9]*/status 2>/dev/null | while read f; do grep -q "^PPid:.$PPID$" $f && grep -H ^Name: $f; done 2>/dev/null
		}
		i=0; while [ $i -lt 20 ]; do i=$((i + 1)); sh -c "cat </dev/null & exit"; done
		i=0; while [ $i -lt 30 -a $(zombies | wc -l) -gt 1 ]; do i=$((i + 1)); sleep 0.2; done; zombies; true`
	var out bytes.Buffer
	cmd := exec.Command("/bin/sh", "-c", script)
	cmd.Stdout = &out
	observe(t, cmd)
	other.Wait()
	if got := other.ProcessState.ExitCode(); got != 9 {
		t.Errorf("another child's exit code is %d", got)
	}
	if n := strings.Count(out.String(), "\n"); n > 1 {
		t.Errorf("%d zombies:\n%s", n, &out)
	}
}
