package checkout_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/carnet-project/carnet/attest/checkout"
)

// Look says what Read says.
func TestLook(t *testing.T) {
	r := newRepository(t)
	if _, err := checkout.Look(context.Background(), r.dir, r.environ); !errors.Is(err, checkout.ErrNoCommit) {
		t.Errorf("without a commit: %v", err)
	}
	r.commit("a")
	look := func(want bool) {
		t.Helper()
		c, err := checkout.Look(context.Background(), r.dir, r.environ)
		if read := r.read(); err != nil || c.Root != read.Root || c.Commit != read.Commit || c.Dirty != read.Dirty || c.Dirty != want {
			t.Errorf("%+v, %v, want %+v", c, err, read)
		}
	}
	look(false)
	r.write("b", "untracked")
	look(true)
	if _, err := checkout.Look(context.Background(), filepath.Join(r.dir, ".git"), r.environ); !errors.Is(err, checkout.ErrNotCheckout) {
		t.Errorf("in git's folder: %v", err)
	}
	if _, err := checkout.Look(context.Background(), t.TempDir(), r.environ); !errors.Is(err, checkout.ErrNotCheckout) {
		t.Errorf("outside: %v", err)
	}
}
