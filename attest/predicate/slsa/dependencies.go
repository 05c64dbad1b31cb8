package slsa

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/internal/strict"
	"github.com/carnet-project/carnet/attest/predicate/resource"
)

// Dependencies are some that are sorted, checked and written. Of twenty thousand that takes
// longer than all else about a predicate, and who knows them early can have it done early.
type Dependencies struct{ all []dependency }

// A dependency is a descriptor and its JSON, which is nil while it is not written.
type dependency struct {
	resource.Descriptor
	raw []byte
}

// Prepare sorts, checks and writes dependencies, leaving out what is there twice. The error
// is as of [Build.Predicate], with the place among these.
func Prepare(all []resource.Descriptor) (*Dependencies, error) {
	d := &Dependencies{}
	for _, one := range sorted(slices.Clone(all)) {
		d.all = append(d.all, dependency{Descriptor: one})
	}
	return d, write(d.all)
}

// dependencies are all of a build, sorted. Of the source and its equal it is the source that
// stays.
func (b Build) dependencies() []dependency {
	var own []resource.Descriptor
	if b.Source != nil {
		own = append(own, *b.Source)
	}
	var all []dependency
	for _, d := range sorted(append(own, b.Materials...)) {
		all = append(all, dependency{Descriptor: d})
	}
	if b.Prepared == nil {
		return all
	}
	compare := func(a, b dependency) int { return resource.Compare(a.Descriptor, b.Descriptor) }
	all = append(all, b.Prepared.all...)
	slices.SortStableFunc(all, compare)
	return slices.CompactFunc(all, func(a, b dependency) bool { return compare(a, b) == 0 })
}

// write writes those that are not written, and holds each to the specification.
func write(all []dependency) error {
	for i := range all {
		d := &all[i]
		if d.raw != nil {
			continue
		}
		if d.raw = plain(d.Descriptor); d.raw != nil {
			continue
		}
		where := fmt.Sprintf("/buildDefinition/resolvedDependencies/%d", i)
		raw, err := json.Marshal(d.Descriptor, json.Deterministic(true))
		if err != nil {
			return strict.Fault(attest.FaultMalformed, where, "cannot be JSON: %v", err)
		}
		err = strict.Read(slices.Concat([]byte{'['}, raw, []byte{']'}), resource.EachLoose(nil))
		var fault *attest.Error
		if errors.As(err, &fault) {
			fault.Where = where + strings.TrimPrefix(fault.Where, "/0")
		}
		if err != nil {
			return err
		}
		// What others write without a scheme is read and not written.
		if d.URI != "" && !strict.IsURI(d.URI) {
			return strict.Fault(attest.FaultMalformed, where+"/uri", "is %q, want an absolute URI", strict.Clip(d.URI))
		}
		d.raw = raw
	}
	return nil
}

// plain writes a file, which has a name and a SHA-256 and nothing else, as most of a long list
// do. It is nil for all others and for what is not well formed.
func plain(d resource.Descriptor) []byte {
	sum := d.Digest["sha256"]
	if d.Name == "" || len(d.Digest) != 1 || len(sum) != 64 || strings.Trim(sum, "0123456789abcdef") != "" ||
		d.URI+d.DownloadLocation+d.MediaType != "" || d.Content != nil || d.Annotations != nil {
		return nil
	}
	raw := make([]byte, 0, len(d.Name)+len(sum)+40)
	raw, err := jsontext.AppendQuote(append(raw, `{"name":`...), d.Name)
	if err != nil {
		return nil
	}
	raw = append(append(raw, `,"digest":{"sha256":"`...), sum...)
	return append(raw, `"}}`...)
}

// appendDependencies adds dependencies to a build definition, which has members already.
func appendDependencies(definition []byte, all []dependency) ([]byte, error) {
	if len(all) == 0 {
		return definition, nil
	}
	if err := write(all); err != nil {
		return nil, err
	}
	size := len(definition)
	for _, d := range all {
		size += len(d.raw) + 1
	}
	out := make([]byte, 0, size+len(`,"resolvedDependencies":[]`))
	out = append(append(out, definition[:len(definition)-1]...), `,"resolvedDependencies":[`...)
	for i, d := range all {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, d.raw...)
	}
	return append(out, "]}"...), nil
}
