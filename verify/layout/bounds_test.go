package layout_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"testing"
	"time"

	"github.com/in-toto/in-toto-golang/in_toto"
	"github.com/secure-systems-lab/go-securesystemslib/cjson"

	"github.com/carnet-project/carnet/verify/layout"
	"github.com/carnet-project/carnet/verify/policy"
)

// idOf is the id of a key that in-toto-golang would compute.
func idOf(t testing.TB, k in_toto.Key) string {
	t.Helper()
	canonical, err := cjson.EncodeCanonical(map[string]any{"keytype": k.KeyType, "scheme": k.Scheme, "keyid_hash_algorithms": k.KeyIDHashAlgorithms, "keyval": map[string]string{"public": k.KeyVal.Public}})
	must(t, err)
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:])
}

// Ten thousand files that are no good links change nothing, and take no time.
func TestTenThousandLinks(t *testing.T) {
	s := newScene(t)
	junk := s.carol.metablock(t, linkOf("build", nil, files{"x": "y"}))
	for i := range 10_000 {
		s.links[fmt.Sprintf("build.%08d.link", i)] = junk
	}
	began := time.Now()
	if v := s.judge(t); !v.Allowed() || len(v.Aside) != 10_000 {
		t.Errorf("%d aside: %+v", len(v.Aside), v.Findings)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("took %s", took)
	}
	for i := range layout.MaxLinks {
		s.links[fmt.Sprint(i)] = nil
	}
	if v := s.judge(t); v.Outcome() != policy.Undecided {
		t.Errorf("over the bound: %s %+v", v.Outcome(), v.Findings)
	}
}

// Signatures without a name are tried with every key, and that has an end.
func TestChecksAreBounded(t *testing.T) {
	s := newScene(t)
	s.layout.Keys = map[string]in_toto.Key{s.bob.public.KeyID: s.bob.public, s.carol.public.KeyID: s.carol.public, s.dave.public.KeyID: s.dave.public}
	unnamed := []byte(`{"signed": {"_type": "link", "name": "build", "materials": {}, "products": {}}, "signatures": [`)
	for i := range 100 {
		if i > 0 {
			unnamed = append(unnamed, ',')
		}
		unnamed = append(unnamed, `{"keyid": "", "sig": "00"}`...)
	}
	unnamed = append(unnamed, `]}`...)
	for i := range 1000 {
		s.links[fmt.Sprint("a", i)] = unnamed
	}
	if v := s.judge(t); v.Outcome() != policy.Undecided {
		t.Errorf("%s %+v", v.Outcome(), v.Findings)
	}
}
