package run

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"

	"github.com/carnet-project/carnet/attest/predicate/resource"
	"github.com/carnet-project/carnet/attest/run/trace"
)

// A Trace is what a command was seen to use. Files below the working folder have paths
// relative to it, others absolute ones; git's own are left out.
type Trace struct {
	// Inputs are the files that it read before it wrote them itself, but for the materials,
	// sorted by path, as they were then.
	Inputs []File
	// Undeclared are the paths of all inputs below the working folder that are no materials.
	Undeclared []string
	// Unknown are the paths of inputs that were changed or are gone, so that nobody knows
	// what was read; a name that is not UTF-8 is quoted.
	Unknown []string
	// Connections are the addresses that it connected or sent to.
	Connections []trace.Connection
	// Dropped is why and how often something was not seen. The trace is whole if it is empty.
	Dropped []trace.Count
	// NoNewPrivileges says that programs such as sudo ran without the rights of their owner.
	NoNewPrivileges bool
}

// traced runs a command under a tracer, and meanwhile hands signals on to it.
func (s *Step) traced(ctx context.Context, cmd *exec.Cmd) (ended, *trace.Log, error) {
	stop := func() {}
	tracer := *s.Trace
	tracer.Started = func(p *os.Process) { stop = handOn(s.Signals, p) }
	log, err := tracer.Run(context.WithoutCancel(ctx), cmd)
	stop()
	if log == nil {
		if errors.Is(err, trace.ErrUnavailable) || errors.Is(err, trace.ErrUnsupported) {
			return ended{}, nil, err
		}
		return ended{}, nil, startError(err)
	}
	if cmd.ProcessState == nil {
		return ended{}, nil, err
	}
	return endOf(cmd.ProcessState), log, nil
}

// inputs hashes what the command was seen to read. An input is looked at again after it was
// read: the tracer knows whether it is still the one that the command opened.
func (o *observation) inputs(ctx context.Context, log *trace.Log) error {
	if log == nil {
		return nil
	}
	root, err := filepath.Abs(o.step.dir())
	if err != nil {
		return err
	}
	if root, err = filepath.EvalSymlinks(root); err != nil {
		return err
	}
	t := &Trace{Connections: log.Connections, Dropped: log.Dropped, NoNewPrivileges: log.NoNewPrivileges}
	o.record.Trace = t
	declared := map[string]bool{}
	for _, m := range o.record.Materials {
		declared[m.Path] = true
	}
	var wanted []trace.File
	var names []string
	for _, f := range log.Inputs() {
		name, below := strings.CutPrefix(f.Path, strings.TrimSuffix(root, "/")+"/")
		if !below {
			name = f.Path
		}
		if inGit(strings.TrimPrefix(name, "/")) || below && declared[name] {
			continue
		}
		if !utf8.ValidString(name) {
			t.Unknown = append(t.Unknown, strconv.QuoteToASCII(name))
			continue
		}
		if below {
			t.Undeclared = append(t.Undeclared, name)
		}
		wanted, names = append(wanted, f), append(names, name)
	}
	return t.hash(ctx, wanted, names)
}

func (t *Trace) hash(ctx context.Context, wanted []trace.File, names []string) error {
	found := make([]File, len(wanted))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(8)
	for i, f := range wanted {
		group.Go(func() error {
			found[i] = hashInput(f, names[i])
			return ctx.Err()
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, f := range found {
		if f.SHA256 == "" {
			t.Unknown = append(t.Unknown, f.Path)
		} else {
			t.Inputs = append(t.Inputs, f)
		}
	}
	slices.Sort(t.Unknown)
	return nil
}

// hashInput leaves the digest empty where the file is not what was opened.
func hashInput(f trace.File, name string) File {
	file, err := os.OpenFile(f.Path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return File{Path: name}
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return File{Path: name}
	}
	digest := sha256.New()
	size, err := io.Copy(digest, file)
	if err != nil || f.Unchanged(file) != nil {
		return File{Path: name}
	}
	return File{name, hex.EncodeToString(digest.Sum(nil)), size}
}

// descriptors are the inputs as dependencies: those below the working folder by name, others
// by their address on the machine, and all marked as seen.
func (t *Trace) descriptors() []resource.Descriptor {
	if t == nil {
		return nil
	}
	all := descriptors(t.Inputs)
	for i := range all {
		if strings.HasPrefix(all[i].Name, "/") {
			all[i].URI, all[i].Name = fileURI(all[i].Name), ""
		}
		all[i].Annotations = map[string]any{"observed": true}
	}
	return all
}

func (t *Trace) parameters() map[string]any {
	if t == nil {
		return nil
	}
	all := map[string]any{"undeclared": len(t.Undeclared)}
	if len(t.Unknown) > 0 {
		all["unknownInputs"] = t.Unknown
	}
	var addresses []string
	for _, c := range t.Connections {
		address := c.Network + " " + c.Address
		if c.Port != 0 {
			address += " " + strconv.Itoa(int(c.Port))
		}
		addresses = append(addresses, strings.ToValidUTF8(address, "\uFFFD"))
	}
	if len(addresses) > 0 {
		all["connections"] = addresses
	}
	dropped := map[string]any{}
	for _, d := range t.Dropped {
		dropped[string(d.Reason)] = d.Count
	}
	if len(dropped) > 0 {
		all["dropped"] = dropped
	}
	return all
}
