package attest_test

import (
	"crypto/sha512"
	"errors"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/attest"
)

const hex64 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

// faultOf is the fault of an error, which must be an *attest.Error that says
// something.
func faultOf(t testing.TB, err error) attest.Fault {
	t.Helper()
	if err == nil {
		return ""
	}
	var e *attest.Error
	if !errors.As(err, &e) || e.Fault == "" || e.Detail == "" || e.Error() == "" {
		t.Fatalf("the error is %#v, want an *attest.Error", err)
	}
	return e.Fault
}

func TestParseDigest(t *testing.T) {
	for s, want := range map[string]attest.Fault{
		"sha256:" + hex64:                      "",
		"sha384:" + strings.Repeat("a", 96):    "",
		"sha512:" + hex64 + hex64:              "",
		"":                                     attest.FaultDigestMalformed,
		hex64:                                  attest.FaultDigestMalformed,
		"sha256:":                              attest.FaultDigestMalformed,
		"sha256:" + hex64[1:]:                  attest.FaultDigestMalformed,
		"sha256:" + hex64 + "0":                attest.FaultDigestMalformed,
		"sha256:" + strings.ToUpper(hex64):     attest.FaultDigestMalformed,
		"sha256:g" + hex64[1:]:                 attest.FaultDigestMalformed,
		"sha256: " + hex64[1:]:                 attest.FaultDigestMalformed,
		"sha256:sha256:" + hex64:               attest.FaultDigestMalformed,
		"sha256:" + hex64 + "\n":               attest.FaultDigestMalformed,
		"sha512:" + hex64:                      attest.FaultDigestMalformed,
		":" + hex64:                            attest.FaultDigestWeak,
		"SHA256:" + hex64:                      attest.FaultDigestWeak,
		"sha1:" + strings.Repeat("a", 40):      attest.FaultDigestWeak,
		"md5:" + strings.Repeat("a", 32):       attest.FaultDigestWeak,
		"sha224:" + strings.Repeat("a", 56):    attest.FaultDigestWeak,
		"gitCommit:" + strings.Repeat("a", 40): attest.FaultDigestWeak,
		strings.Repeat("x", 1<<20) + ":" + "a": attest.FaultDigestWeak,
	} {
		d, err := attest.ParseDigest(s)
		if got := faultOf(t, err); got != want {
			t.Errorf("%.80q: fault %q, want %q", s, got, want)
		}
		if err != nil && (!d.IsZero() || len(err.Error()) > 500) {
			t.Errorf("%.80q: %v with an error of %d bytes", s, d, len(err.Error()))
		}
		if err == nil && d.String() != s {
			t.Errorf("%q reads as %q", s, d)
		}
	}
}

func TestDigestOf(t *testing.T) {
	sum := sha512.Sum384([]byte("x"))
	d, err := attest.DigestOf("sha384", sum[:])
	if err != nil || d.Algorithm() != "sha384" || string(d.Bytes()) != string(sum[:]) {
		t.Errorf("%v, %v", d, err)
	}
	if _, err := attest.DigestOf("sha256", sum[:]); faultOf(t, err) != attest.FaultDigestMalformed {
		t.Errorf("a sum of another length: %v", err)
	}
	if d := attest.SHA256([]byte("test")); d.Hex() != hex64 {
		t.Errorf("the SHA-256 of test is %s", d)
	}
}

func TestTheZeroDigestNamesNothing(t *testing.T) {
	var zero attest.Digest
	if !zero.IsZero() || zero.String() != "" || zero == attest.SHA256(nil) {
		t.Error("the zero digest names something")
	}
	if attest.NewSubject("a", zero).Is(zero) {
		t.Error("a subject without a digest is the zero digest's")
	}
	st, err := attest.NewStatement("https://example.com/p/v1", []byte(`{}`), attest.NewSubject("a", zero))
	if err == nil && (st.Binds() || st.About(zero)) {
		t.Error("a statement about the zero digest binds something")
	}
}

func FuzzParseDigest(f *testing.F) {
	for _, s := range []string{"sha256:" + hex64, "sha1:aa", ":", "sha512:" + strings.ToUpper(hex64+hex64)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := attest.ParseDigest(s)
		if faultOf(t, err) != "" {
			return
		}
		again, err := attest.DigestOf(d.Algorithm(), d.Bytes())
		if err != nil || again != d || d.String() != s {
			t.Errorf("%q reads as %q and again as %q, %v", s, d, again, err)
		}
	})
}
