package slsa_test

import (
	"errors"
	"testing"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/predicate/resource"
	"github.com/carnet-project/carnet/attest/predicate/slsa"
)

// Dependencies that are written early give the same bytes as those that are not.
func TestPrepare(t *testing.T) {
	digest := map[string]string{"sha256": sha256}
	all := []resource.Descriptor{
		{Name: "src/b \"<&>\"\n\u2028é", Digest: digest}, {Name: "a", Digest: digest}, {Name: "a", Digest: digest},
		{Name: "two", Digest: map[string]string{"sha1": commit, "sha256": sha256}}, {Name: "typed", Digest: digest, MediaType: "text/plain"},
		material(t, "https://example.com/b.tar.gz@sha256:"+sha256), material(t, "https://example.com/a.tar.gz@sha256:"+sha256),
		{Name: "said", Digest: digest, Annotations: map[string]any{"z": 1, "a": true}},
	}
	late, early := build(t), build(t)
	late.Materials = append(late.Materials, all...)
	var err error
	if early.Prepared, err = slsa.Prepare(all); err != nil {
		t.Fatal(err)
	}
	want, err := late.Predicate()
	if err != nil {
		t.Fatal(err)
	}
	got, err := early.Predicate()
	if err != nil || string(got) != string(want) {
		t.Errorf("%v\ngot  %s\nwant %s", err, got, want)
	}
	holds(t, got)
	for name, bad := range map[string]resource.Descriptor{
		"short":     {Name: "a", Digest: map[string]string{"sha256": sha256[1:]}},
		"upper":     {Name: "a", Digest: map[string]string{"sha256": "A" + sha256[1:]}},
		"nothing":   {Name: "a"},
		"not UTF-8": {Name: "a\xff", Digest: digest},
		"no scheme": {URI: "golang", Digest: digest},
	} {
		var e *attest.Error
		if _, err := slsa.Prepare([]resource.Descriptor{all[0], bad}); !errors.As(err, &e) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
