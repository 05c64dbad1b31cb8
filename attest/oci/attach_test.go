package oci_test

import (
	"slices"
	"testing"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/oci"
	"github.com/carnet-project/carnet/fixtures/registry"
)

func TestAttachAndDiscover(t *testing.T) {
	both(t, func(t *testing.T, r *registry.Registry) {
		ref := r.Host + "/shop/app:v1"
		d := pushImage(t, ref)
		store := open(t, quick(t), ref)
		image := resolve(t, store, ref)
		if image.Digest != d {
			t.Fatalf("resolved to %s, want %s", image.Digest, d)
		}
		bundles := three(t, d, 100)
		for _, a := range attach(t, store, image, bundles...) {
			if a.Existed {
				t.Errorf("%s existed before it was attached", a.Manifest)
			}
		}
		found := discover(t, open(t, quick(t), ref), d, oci.Near)
		if got, want := opened(t, found), digestsOf(bundles...); !slices.Equal(got, want) {
			t.Errorf("found %v, want %v", got, want)
		}
		var types []string
		for _, f := range found {
			types = append(types, f.PredicateType)
			if f.Form != attest.FormEnvelope {
				t.Errorf("form %q, want %q", f.Form, attest.FormEnvelope)
			}
		}
		slices.Sort(types)
		if want := []string{typeSign, typeProvenance, typeSBOM}; !slices.Equal(types, want) {
			t.Errorf("predicate types %v, want %v", types, want)
		}
	})
}

func TestAttachAgainChangesNothing(t *testing.T) {
	both(t, func(t *testing.T, r *registry.Registry) {
		ref := r.Host + "/shop/app:v1"
		d := pushImage(t, ref)
		store := open(t, quick(t), ref)
		image := resolve(t, store, ref)
		bundles := three(t, d, 10)
		first := attach(t, store, image, bundles...)
		r.Reset()
		again := attach(t, open(t, quick(t), ref), image, bundles...)
		for i, a := range again {
			if !a.Existed || a.Manifest != first[i].Manifest {
				t.Errorf("attached again: %+v, first %+v", a, first[i])
			}
		}
		for _, q := range r.Requests() {
			if q.Method != "GET" && q.Method != "HEAD" {
				t.Errorf("attaching again wrote: %s %s", q.Method, q.Path)
			}
		}
	})
}
