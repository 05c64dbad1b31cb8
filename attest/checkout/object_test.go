package checkout_test

import (
	"crypto/sha1"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/attest/checkout"
)

// The object is the bytes whose hash is the commit's name, however they end.
func TestObject(t *testing.T) {
	r := newRepository(t)
	first := r.commit("a")
	r.git("tag", "-a", "-m", "t", "v1")
	r.write("b", "b")
	r.git("add", "b")
	r.git("commit", "-q", "--cleanup=verbatim", "-m", "ends in lines\n\n\n")
	second := r.git("rev-parse", "HEAD")
	for revision, want := range map[string]string{"HEAD": second, "HEAD^": first, "v1": first, first[:12]: first, "main": second} {
		id, object, err := checkout.Object(t.Context(), r.dir, r.environ, revision)
		if err != nil || id != want {
			t.Errorf("%s is %s, %v, want %s", revision, id, err, want)
			continue
		}
		if sum := sha1.Sum(fmt.Appendf(nil, "commit %d\x00%s", len(object), object)); fmt.Sprintf("%x", sum) != id {
			t.Errorf("the object of %s hashes to %x: %q", id, sum, object)
		}
	}
	for _, revision := range []string{"nothing", "", "--all", "HEAD:a"} {
		if id, _, err := checkout.Object(t.Context(), r.dir, r.environ, revision); err == nil || id != "" {
			t.Errorf("%q is %s", revision, id)
		}
	}
	if _, _, err := checkout.Object(t.Context(), r.dir, r.environ, "nothing"); err == nil || !strings.Contains(err.Error(), `knows no commit "nothing"`) {
		t.Errorf("%v", err)
	}
	if _, _, err := checkout.Object(t.Context(), t.TempDir(), r.environ, "HEAD"); !errors.Is(err, checkout.ErrNotCheckout) {
		t.Errorf("%v", err)
	}
}
