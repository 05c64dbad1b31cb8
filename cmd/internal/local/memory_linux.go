package local

import (
	"bufio"
	"fmt"
	"os"
	"runtime/debug"
	"strings"

	"golang.org/x/sys/unix"
)

// slim gives back what the start took and running does not need: the parts of the
// program file that start-up read, of which most belongs to other commands, and the
// heap that is free. The kernel reads those of the file that are wanted after all from
// its cache again. What can't be given back stays; nothing depends on it.
func slim() {
	debug.FreeOSMemory()
	own, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		return
	}
	defer f.Close()
	var from, to uintptr
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line := lines.Text()
		var a, b uintptr
		if n, _ := fmt.Sscanf(line, "%x-%x ", &a, &b); n == 2 {
			from, to = 0, 0
			fields := strings.Fields(line)
			if len(fields) == 6 && fields[5] == own && !strings.Contains(fields[1], "w") {
				from, to = a, b
			}
			continue
		}
		// A part of which pages were written, and then protected, is no longer the file's.
		if from != 0 && strings.HasPrefix(line, "Anonymous:") && strings.HasSuffix(line, " 0 kB") {
			unmap(from, to)
		}
	}
}

func unmap(from, to uintptr) {
	for _, advice := range []uintptr{unix.MADV_NOHUGEPAGE, unix.MADV_DONTNEED} {
		_, _, _ = unix.Syscall(unix.SYS_MADVISE, from, to-from, advice)
	}
}
