package sbom_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/carnet-project/carnet/sbom"
)

// However a document arrives, it is the same.
func TestParseFrom(t *testing.T) {
	names, err := filepath.Glob("testdata/*.json")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		want, err := sbom.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		for how, from := range map[string]io.Reader{
			"at once": bytes.NewReader(raw), "by bytes": iotest.OneByteReader(bytes.NewReader(raw)), "with its end": iotest.DataErrReader(bytes.NewReader(raw)),
		} {
			if got, err := sbom.ParseFrom(from); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s %s: %v", name, how, err)
			}
		}
	}
}

// A document whose end is not good is none, be its JSON whole: what reads it says at its end
// whether it is the document that was meant.
func TestParseFromHoldsTheEnd(t *testing.T) {
	raw := golden(t, "syft-spdx-json-2.3.json")
	broken := errors.New("these are other bytes")
	for _, n := range []int{0, 1, len(raw) / 2, len(raw)} {
		from := io.MultiReader(bytes.NewReader(raw[:n]), iotest.ErrReader(broken))
		if doc, err := sbom.ParseFrom(from); doc != nil || !errors.Is(err, broken) {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
}

// A value that would have to be held whole is refused before it is.
func TestParseFromBoundsValues(t *testing.T) {
	endless := io.MultiReader(strings.NewReader(`{"spdxVersion":"SPDX-2.3","comment":"`), io.LimitReader(zeros{}, 1<<30))
	count := &counter{from: endless}
	if _, err := sbom.ParseFrom(count); err == nil || !strings.Contains(err.Error(), "more than 16777216 bytes") || count.n > 64<<20 {
		t.Errorf("read %d bytes: %v", count.n, err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '0'
	}
	return len(p), nil
}

type counter struct {
	from io.Reader
	n    int
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.n += n
	return n, err
}
