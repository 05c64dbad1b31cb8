package scan

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
	"unicode"

	"github.com/anchore/syft/syft"
	"github.com/anchore/syft/syft/sbom"
	"github.com/anchore/syft/syft/source"
	"github.com/anchore/syft/syft/source/directorysource"
	"github.com/anchore/syft/syft/source/filesource"

	_ "modernc.org/sqlite" // the driver with which syft reads RPM databases; it refuses to start without one
)

// A Tool is the program that an SBOM says made it.
type Tool struct {
	Name, Version string
}

// Options are the settings of a Scanner. The zero value works.
type Options struct {
	// Tool is named as the maker of the document. An empty Name is "carnet".
	Tool Tool
	// Created is the document's time of creation, in whole seconds. Callers pass SOURCE_DATE_EPOCH here.
	// When it is zero, the time is the image config's `created`, so that the same image gives the same
	// document on any day; a directory, a file, or an image without that time gets 1970-01-01T00:00:00Z.
	Created time.Time
	// TempDir is where layers are unpacked, in a directory of their own that is removed again. Empty means
	// the system's default. syft's own small temporary files always go to the default.
	TempDir string
	// Parallelism bounds how many layers and catalogers work at once; 0 is the number of CPUs.
	Parallelism int
	// MaxBytes and MaxEntries bound what an image or an archive may unpack to, over all of its layers.
	// Zero means DefaultMaxBytes and DefaultMaxEntries.
	MaxBytes, MaxEntries int64
}

// Bounds for a target that nobody vouches for. The entries cost about 2 KiB of memory each.
const (
	DefaultMaxBytes   = 32 << 30
	DefaultMaxEntries = 4_000_000
)

// ErrTooLarge is returned, wrapped, for a target that unpacks to more than Options allow.
var ErrTooLarge = errors.New("target is over the limit")

// A Scanner makes SBOMs. It may be used by several goroutines at once; the licence matcher, which is
// expensive to compile, is compiled at most once in a process, and only if a target has a licence text.
type Scanner struct {
	opts    Options
	matcher matcher
}

// New returns a Scanner.
func New(opts Options) *Scanner {
	if opts.Tool.Name == "" {
		opts.Tool.Name = "carnet"
	}
	if opts.Parallelism <= 0 {
		opts.Parallelism = runtime.NumCPU()
	}
	if opts.MaxBytes <= 0 {
		opts.MaxBytes = DefaultMaxBytes
	}
	if opts.MaxEntries <= 0 {
		opts.MaxEntries = DefaultMaxEntries
	}
	return &Scanner{opts: opts, matcher: matcher{ready: make(chan struct{})}}
}

// Dir scans the directory at path. The document bears the directory's base name; where the directory lies
// does not enter it.
func (s *Scanner) Dir(ctx context.Context, path string) (*Result, error) {
	name, err := baseName(path)
	if err != nil {
		return nil, fmt.Errorf("scan directory %q: %w", path, err)
	}
	src, err := directorysource.New(directorysource.Config{Path: path, Base: path, Alias: source.Alias{Name: name}})
	if err != nil {
		return nil, fmt.Errorf("scan directory %q: %w", path, plain(err))
	}
	defer src.Close()
	r, err := s.catalog(ctx, relocated{src, source.DirectoryMetadata{Path: name}}, time.Time{})
	if err != nil {
		return nil, fmt.Errorf("scan directory %q: %w", path, err)
	}
	return r, nil
}

// File scans the file at path; an archive is unpacked and its content scanned. The document bears the
// file's base name and SHA-256; where the file lies does not enter it.
func (s *Scanner) File(ctx context.Context, path string) (*Result, error) {
	r, err := s.file(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("scan file %q: %w", path, err)
	}
	return r, nil
}

func (s *Scanner) file(ctx context.Context, path string) (*Result, error) {
	name, err := baseName(path)
	if err != nil {
		return nil, err
	}
	if err := checkArchive(ctx, path, s.newBudget()); err != nil {
		return nil, err
	}
	src, err := filesource.New(filesource.Config{
		Path:             path,
		DigestAlgorithms: []crypto.Hash{crypto.SHA256},
		Alias:            source.Alias{Name: name},
	})
	if err != nil {
		return nil, plain(err)
	}
	defer src.Close()
	meta, ok := src.Describe().Metadata.(source.FileMetadata)
	if !ok {
		return nil, fmt.Errorf("syft described it as %T", src.Describe().Metadata)
	}
	meta.Path = name
	return s.catalog(ctx, relocated{src, meta}, time.Time{})
}

// catalog runs syft over src. fallback is the document's time if Options have none.
func (s *Scanner) catalog(ctx context.Context, src source.Source, fallback time.Time) (*Result, error) {
	ctx, err := withLicences(ctx)
	if err != nil {
		return nil, err
	}
	cfg := syft.DefaultCreateSBOMConfig().
		WithTool(s.opts.Tool.Name, s.opts.Tool.Version).
		WithParallelism(s.opts.Parallelism)
	// By default syft runs `go list` in a scanned directory: a program, in a place we do not trust, whose
	// answer depends on this machine and on the network.
	cfg.Packages.Golang = cfg.Packages.Golang.WithUsePackagesLib(false)
	bom, err := syft.CreateSBOM(ctx, src, cfg)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	forgetMachine(bom)
	created := s.opts.Created
	if created.IsZero() {
		created = fallback
	}
	if created.IsZero() {
		created = time.Unix(0, 0)
	}
	return &Result{bom: *bom, created: created.UTC().Truncate(time.Second)}, nil
}

// forgetMachine removes what a document would tell of the machine it was made on: syft's configuration has
// its paths and settings, and file metadata the absolute path, which is in an image the path inside of it.
func forgetMachine(bom *sbom.SBOM) {
	bom.Descriptor.Configuration = nil
	for place, meta := range bom.Artifacts.FileMetadata {
		if meta.Path != place.RealPath {
			meta.Path = place.RealPath
			bom.Artifacts.FileMetadata[place] = meta
		}
	}
}

// A relocated source describes itself without the place where it was found.
type relocated struct {
	source.Source
	metadata any
}

func (r relocated) Describe() source.Description {
	d := r.Source.Describe()
	d.Metadata = r.metadata
	return d
}

// baseName is the name under which a local target appears in its document.
func baseName(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	name := filepath.Base(abs)
	if name == string(filepath.Separator) {
		name = "root"
	}
	return name, checkName(name)
}

// checkName refuses what could break out of its line in a line-based format.
func checkName(name string) error {
	if name == "" || strings.ContainsFunc(name, unicode.IsControl) || strings.ToValidUTF8(name, "") != name {
		return fmt.Errorf("name %q is empty or has control characters, so no document can bear it", name)
	}
	return nil
}

// plain strips syft's repetition of the path from a file error.
func plain(err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}

// Result is what a scan found. It is immutable and can be encoded several times, also concurrently.
type Result struct {
	bom     sbom.SBOM
	created time.Time
}

// Packages counts the packages found, the target itself not included.
func (r *Result) Packages() int { return r.bom.Artifacts.Packages.PackageCount() }

// tempDir makes the directory that holds one image's layers.
func (s *Scanner) tempDir() (string, error) {
	return os.MkdirTemp(s.opts.TempDir, "carnet-scan-")
}
