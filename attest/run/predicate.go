package run

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/predicate/link"
	"github.com/carnet-project/carnet/attest/predicate/resource"
	"github.com/carnet-project/carnet/attest/predicate/slsa"
)

// BuildType is the build type of a step that was recorded. docs/buildtypes/run.md specifies
// its parameters.
const BuildType = "https://github.com/carnet-project/carnet/blob/main/docs/buildtypes/run.md"

// MaxProducts bounds the products that one statement is about.
const MaxProducts = 10_000

// Subjects are the products. Without any, or with more than [MaxProducts], there is an error.
func (r *Record) Subjects() ([]attest.Subject, error) {
	switch n := len(r.Products); {
	case n == 0:
		return nil, fmt.Errorf("there is no product")
	case n > MaxProducts:
		return nil, fmt.Errorf("there are %d products, and a statement has at most %d subjects", n, MaxProducts)
	}
	subjects := make([]attest.Subject, len(r.Products))
	for i, p := range r.Products {
		d, err := attest.ParseDigest("sha256:" + p.SHA256)
		if err != nil {
			return nil, &FileError{p.Path, err}
		}
		subjects[i] = attest.NewSubject(p.Path, d)
	}
	return subjects, nil
}

// Describe adds what is recorded to what else is known of a build. What b says already of
// its source and its times stays.
func (r *Record) Describe(b *slsa.Build) {
	b.BuildType = or(b.BuildType, BuildType)
	if b.ExternalParameters == nil {
		b.ExternalParameters = map[string]any{}
	}
	b.ExternalParameters["command"] = r.Command
	b.ExternalParameters["workingDirectory"] = r.Folder
	if b.InternalParameters == nil {
		b.InternalParameters = map[string]any{}
	}
	for name, value := range r.internal() {
		b.InternalParameters[name] = value
	}
	b.Prepared = r.prepared
	if r.prepared == nil {
		b.Materials = append(append(b.Materials, descriptors(r.Materials)...), r.Dependencies...)
	}
	b.Materials = append(b.Materials, r.Trace.descriptors()...)
	image := r.Image
	if named, said := b.InternalParameters["image"].(string); said && image == nil {
		image = newImage(named, "") // the continuous integration system's word, under its own name
	}
	if image != nil && !image.Digest.IsZero() {
		b.Materials = append(b.Materials, image.descriptor())
	}
	if b.StartedOn.IsZero() {
		b.StartedOn = r.Started
	}
	if b.FinishedOn.IsZero() {
		b.FinishedOn = r.Finished
	}
}

// internal are the parameters that the step did not choose, and what came of it.
func (r *Record) internal() map[string]any {
	all := map[string]any{"exitCode": r.ExitCode}
	set := func(name string, value any, there bool) {
		if there {
			all[name] = value
		}
	}
	set("signal", r.Signal, r.Signal != "")
	set("environment", r.Environment, len(r.Environment) > 0)
	set("commandRedacted", true, r.Redacted)
	set("checkout", r.checkouts(), r.Before != nil || r.After != nil)
	set("container", r.Image.parameters(), r.Image != nil)
	set("notRecorded", skippedParameters(r.Skipped), len(r.Skipped) > 0)
	set("trace", r.Trace.parameters(), r.Trace != nil)
	set("unchangedProducts", r.Unchanged, len(r.Unchanged) > 0)
	set("undigestedDependencies", r.Undigested, r.Undigested > 0)
	return all
}

func (r *Record) checkouts() map[string]any {
	all := map[string]any{}
	if r.Before != nil {
		all["before"] = map[string]any{"commit": r.Before.Commit, "dirty": r.Before.Dirty}
	}
	if r.After != nil {
		all["after"] = map[string]any{"commit": r.After.Commit, "dirty": r.After.Dirty}
	}
	return all
}

func skippedParameters(all []Skipped) map[string]string {
	named := map[string]string{}
	for _, s := range all {
		named[s.Path] = s.Why
	}
	return named
}

func descriptors(files []File) []resource.Descriptor {
	all := make([]resource.Descriptor, len(files))
	for i, f := range files {
		all[i] = resource.Descriptor{Name: f.Path, Digest: map[string]string{"sha256": f.SHA256}}
	}
	return all
}

// Link is the step as an in-toto link of a name, which is the step's in a layout.
func (r *Record) Link(name string) ([]byte, error) {
	environment := map[string]any{}
	for variable, value := range r.Environment {
		environment[variable] = value
	}
	return link.Link{
		Name: name, Command: r.Command, Materials: descriptors(r.Materials), Environment: environment,
		Byproducts: map[string]any{"return-value": r.ExitCode},
	}.Predicate()
}

func (i *Image) parameters() map[string]any {
	if i == nil {
		return nil
	}
	all := map[string]any{"source": i.From}
	if i.Name != "" {
		all["image"] = i.Name
	}
	if i.ID != "" {
		all["imageId"] = i.ID
	}
	return all
}

// descriptor is the image as a dependency, by its name without the digest.
func (i *Image) descriptor() resource.Descriptor {
	name, _, _ := strings.Cut(i.Name, "@")
	return resource.Descriptor{Name: name, Digest: map[string]string{i.Digest.Algorithm(): i.Digest.Hex()}, Annotations: map[string]any{"role": "container"}}
}

// fileURI is the address of a file of the machine (RFC 8089).
func fileURI(path string) string { return (&url.URL{Scheme: "file", Path: path}).String() }

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
