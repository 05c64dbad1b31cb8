package predicate_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/attest/predicate/cyclonedx"
	"github.com/carnet-project/carnet/attest/predicate/spdx"
)

// What is read as it comes is held to the same as what is in memory.
func FuzzValidateFrom(f *testing.F) {
	uris := []string{spdx.Type, spdx.TypeV23, spdx.TypeV3, cyclonedx.Type, cyclonedx.Type + "/v1.6", "https://cyclonedx.org/bom/v9"}
	for i, uri := range uris {
		for _, of := range []string{spdx.Type, spdx.TypeV3, cyclonedx.Type} {
			f.Add(uint8(i), []byte(good[of]))
		}
		if !predicate.Streams(uri) {
			f.Errorf("%s is not read as it comes", uri)
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, raw []byte) {
		uri := uris[int(which)%len(uris)]
		want, got := predicate.Validate(uri, raw), predicate.ValidateFrom(uri, iotest.HalfReader(bytes.NewReader(raw)))
		var a, b *attest.Error
		if (want == nil) != (got == nil) || want != nil && (!errors.As(want, &a) || !errors.As(got, &b) || a.Fault != b.Fault || a.Where != b.Where) {
			t.Fatalf("in memory %v, as it comes %v", want, got)
		}
	})
}

func TestValidateFromHoldsTheEnd(t *testing.T) {
	broken := errors.New("these are other bytes")
	for _, uri := range []string{spdx.Type, cyclonedx.Type} {
		from := io.MultiReader(strings.NewReader(good[uri]), iotest.ErrReader(broken))
		if err := predicate.ValidateFrom(uri, from); !errors.Is(err, broken) {
			t.Errorf("%s: %v", uri, err)
		}
		if err := predicate.ValidateFrom(uri, strings.NewReader(good[uri])); err != nil {
			t.Errorf("%s: %v", uri, err)
		}
	}
	if err := predicate.ValidateFrom("https://slsa.dev/provenance/v1", strings.NewReader("{}")); err == nil {
		t.Error("provenance is read as it comes")
	}
}
