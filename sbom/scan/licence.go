package scan

import (
	"context"
	"errors"
	"io"
	"reflect"
	"runtime"
	"sync"
	"sync/atomic"
	_ "unsafe" // for go:linkname

	"github.com/google/licensecheck"

	"github.com/anchore/syft/syft"
	"github.com/anchore/syft/syft/cataloging"
)

// syft compiles the matcher for some 700 licence texts before each scan: about 1.1 s of CPU and 340 MB of
// allocations, also when no licence text is ever met. Its catalogers take the matcher from the context, and
// syft has a constructor that accepts any matching function, but both lie in an internal package and no
// public call reaches them. They are linked by name here, so that the function can be licensecheck.Scan,
// which compiles the same licences at its first call, once in a process.
//
// A renamed function fails the build. A changed one is noticed by lazyLicences before it is used, and the
// scan then takes syft's own slow path.

// licenceConfig mirrors licenses.ScannerConfig. The spare words keep a field that a later version may add
// inside memory we own, where it reads as zero.
type licenceConfig struct {
	coverage float64
	scan     func([]byte) licensecheck.Coverage
	_        [8]uintptr
}

// licenceScanner stands for licenses.Scanner, whose method is never called from here.
type licenceScanner interface {
	FindEvidence(context.Context, io.Reader) ([]struct{}, []byte, error)
}

//go:linkname newLicenceScanner github.com/anchore/syft/internal/licenses.NewScanner
func newLicenceScanner(*licenceConfig) (licenceScanner, error)

//go:linkname withLicenceScanner github.com/anchore/syft/internal/licenses.SetContextLicenseScanner
func withLicenceScanner(context.Context, licenceScanner) context.Context

// withLicences puts syft's licence matcher into ctx: the lazy one, or syft's own if that cannot be trusted.
func withLicences(ctx context.Context) (context.Context, error) {
	cfg := cataloging.DefaultLicenseConfig()
	lazy, err := lazyLicences(cfg.Coverage)
	if err != nil {
		return syft.SetContextLicenseScanner(ctx, cfg)
	}
	return withLicenceScanner(ctx, lazy), nil
}

// lazyLicences builds a matcher that compiles at first use, and looks through reflection whether syft
// understood what it was given.
func lazyLicences(coverage float64) (licenceScanner, error) {
	cfg := &licenceConfig{coverage: coverage, scan: licensecheck.Scan}
	s, err := newLicenceScanner(cfg)
	if err != nil {
		return nil, err
	}
	v := reflect.ValueOf(s)
	if v.Type().String() != "*licenses.scanner" {
		return nil, errors.New("syft's licence scanner has another type")
	}
	threshold := v.Elem().FieldByName("coverageThreshold")
	scan := v.Elem().FieldByName("scanner")
	if !threshold.IsValid() || threshold.Kind() != reflect.Float64 || threshold.Float() != coverage {
		return nil, errors.New("syft's licence scanner lost the coverage threshold")
	}
	if !scan.IsValid() || scan.Kind() != reflect.Func || scan.Pointer() != reflect.ValueOf(cfg.scan).Pointer() {
		return nil, errors.New("syft's licence scanner lost the matching function")
	}
	return s, nil
}

// A matcher is the state of the process-wide matcher as far as a Scanner has asked for it in advance.
type matcher struct {
	start   sync.Once
	started atomic.Bool
	ready   chan struct{}
}

// warm begins to compile the matcher in the background. Catalogers that need it meanwhile share the work.
func (m *matcher) warm() {
	m.start.Do(func() {
		m.started.Store(true)
		go func() {
			defer close(m.ready)
			licensecheck.Scan(nil)
			// What the compiler leaves, a good 100 MB, is dropped before catalogers add to it: together
			// they would be the peak of the whole scan.
			runtime.GC()
		}()
	})
}

// await returns when nothing is being compiled.
func (m *matcher) await() {
	if m.started.Load() {
		<-m.ready
	}
}
