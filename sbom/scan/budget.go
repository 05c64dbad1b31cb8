package scan

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"

	"github.com/mholt/archives"
)

// A budget is what one target may still unpack to. All of its layers draw on it at once.
type budget struct {
	bytes, entries       atomic.Int64
	maxBytes, maxEntries int64
}

func (s *Scanner) newBudget() *budget {
	b := &budget{maxBytes: s.opts.MaxBytes, maxEntries: s.opts.MaxEntries}
	b.bytes.Store(b.maxBytes)
	b.entries.Store(b.maxEntries)
	return b
}

func (b *budget) spendBytes(n int) error {
	if b.bytes.Add(-int64(n)) < 0 {
		return fmt.Errorf("%w: it unpacks to more than %d bytes (if it is meant to be so large, raise the limit)", ErrTooLarge, b.maxBytes)
	}
	return nil
}

func (b *budget) spendEntry() error {
	if b.entries.Add(-1) < 0 {
		return fmt.Errorf("%w: it unpacks to more than %d files (if it is meant to have so many, raise the limit)", ErrTooLarge, b.maxEntries)
	}
	return nil
}

// A meter writes to w what the budget allows.
type meter struct {
	w      io.Writer
	budget *budget
}

func (m meter) Write(p []byte) (int, error) {
	if err := m.budget.spendBytes(len(p)); err != nil {
		return 0, err
	}
	return m.w.Write(p)
}

// checkArchive unpacks the file at path into nothing, for syft unpacks an archive without a bound. Any file
// whose content is an archive is walked, whatever its name says; any other file passes.
func checkArchive(ctx context.Context, path string, b *budget) error {
	f, err := openRegular(path)
	if err != nil {
		return err
	}
	defer f.Close()
	format, _, err := archives.Identify(ctx, "", f)
	if errors.Is(err, archives.NoMatch) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("identify: %w", err)
	}
	extractor, ok := format.(archives.Extractor)
	if !ok {
		return nil
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if err := extractor.Extract(ctx, f, b.measure); err != nil {
		return fmt.Errorf("unpack: %w", err)
	}
	return nil
}

// measure spends what one entry of an archive unpacks to.
func (b *budget) measure(_ context.Context, entry archives.FileInfo) error {
	if err := b.spendEntry(); err != nil {
		return err
	}
	if !entry.Mode().IsRegular() {
		return nil
	}
	content, err := entry.Open()
	if err != nil {
		return err
	}
	defer content.Close()
	_, err = io.Copy(meter{io.Discard, b}, content)
	return err
}

// openRegular opens a regular file: a pipe or a device could block or never end.
func openRegular(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, plain(err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("it is not a regular file (%s)", info.Mode().Type())
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, plain(err)
	}
	return f, nil
}
