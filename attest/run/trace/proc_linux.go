//go:build amd64 || arm64

package trace

import (
	"bytes"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// A process is what /proc/PID/stat says.
type process struct {
	parent int
	start  uint64
	zombie bool
}

func allProcesses() map[int]process {
	all := map[int]process{}
	folder, err := os.Open("/proc")
	if err != nil {
		return all
	}
	defer folder.Close()
	names, _ := folder.Readdirnames(-1)
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		if p, ok := statOf(name); ok {
			all[pid] = p
		}
	}
	return all
}

// statOf reads /proc/PID/stat, proc_pid_stat(5): the second field is a name in
// parentheses, which may hold anything.
func statOf(pid string) (p process, ok bool) {
	raw, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return p, false
	}
	fields := strings.Fields(string(raw[bytes.LastIndexByte(raw, ')')+1:]))
	if len(fields) < 20 {
		return p, false
	}
	p.zombie = fields[0] == "Z" || fields[0] == "X"
	p.parent, err = strconv.Atoi(fields[1])
	if err != nil {
		return p, false
	}
	p.start, err = strconv.ParseUint(fields[19], 10, 64)
	return p, err == nil
}

// statusOf is one value of /proc/PID/status.
func statusOf(pid, key string) string {
	raw, err := os.ReadFile("/proc/" + pid + "/status")
	if err != nil {
		return ""
	}
	_, rest, found := strings.Cut(string(raw), "\n"+key+":")
	if !found {
		return ""
	}
	value, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSpace(value)
}

// viewOf names a process's root folder and mount namespace. Both are empty where they
// may not be asked for, as of a process that has hidden itself.
func viewOf(pid string) (root, mount string) {
	var s unix.Stat_t
	if unix.Stat("/proc/"+pid+"/root/.", &s) == nil {
		root = strconv.FormatUint(s.Dev, 16) + ":" + strconv.FormatUint(s.Ino, 16)
	}
	mount, _ = os.Readlink("/proc/" + pid + "/ns/mnt")
	return root, mount
}

// leaderOf is the process that a thread belongs to.
func leaderOf(tid int) int {
	if leader, err := strconv.Atoi(statusOf(strconv.Itoa(tid), "Tgid")); err == nil {
		return leader
	}
	return tid
}
