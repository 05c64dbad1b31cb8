package verify_test

import (
	"bytes"
	"flag"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"testing"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/fixtures/vectors"
)

// everyByte makes the test of certificates, logs and times as thorough as that of keys;
// it then takes minutes.
var everyByte = flag.Bool("every-byte", false, "spoil each byte of the keyless samples")

// proven are good pieces with certificates, log entries and timestamps, in each layout.
func proven(t testing.TB) []sample {
	return append(samples(t, "sigstore-v0.1", "sigstore-v0.2", "sigstore-v0.3", "sigstore-intoto", "sigstore-v2", "sigstore-both-logs",
		"sigstore-timestamp-only", "sigstore-timestamp-with-certificates", "sigstore-file-v1", "sigstore-file-v2", "sigstore-user-name",
		"sigstore-legacy-signature", "key-logged", "key-logged-v2", "key-in-time"), annotations(t, "sigstore-legacy-signature-timestamp", "sigstore-legacy-attestation-dsse")...)
}

// annotations are good pieces in the older layout, of which an annotation is spoilt.
func annotations(t testing.TB, names ...string) []sample {
	t.Helper()
	all, err := vectors.All()
	if err != nil {
		t.Fatal(err)
	}
	var found []sample
	for _, s := range samples(t, names...) {
		i := slices.IndexFunc(all, func(v vectors.Vector) bool { return v.Name == s.name })
		e := all[i].Stored[0]
		for _, annotation := range slices.Sorted(maps.Keys(e.Annotations)) {
			one := s
			one.name, one.raw = s.name+" "+annotation, []byte(e.Annotations[annotation])
			one.parse = func(raw []byte) (*attest.Bundle, error) {
				spoilt := maps.Clone(e.Annotations)
				spoilt[annotation] = string(raw)
				return parse(e.Layout, []byte(e.Content), spoilt)
			}
			found = append(found, one)
		}
	}
	return found
}

// Flip a byte of what proves a signature, cut it anywhere, or double or drop a byte: it is
// refused, or it proves the same. Every byte of a number and of a short word is tried, and
// of the long rest some, others each time a sample changes.
func TestEveryByteOfProofs(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, s := range proven(t) {
		t.Run(s.name, func(t *testing.T) {
			places := random.Perm(len(s.raw))
			if !*everyByte {
				places = places[:min(40, len(places))]
			}
			for _, i := range shortWords(s.raw) {
				s.check(t, flip(s.raw, i, 1))
			}
			for _, i := range places {
				s.check(t, flip(s.raw, i, 1<<random.IntN(8)))
				s.check(t, slices.Delete(bytes.Clone(s.raw), i, i+1))
			}
			for _, i := range places[:len(places)/10] {
				s.check(t, s.raw[:i])
				s.check(t, slices.Insert(bytes.Clone(s.raw), i, s.raw[i]))
			}
		})
	}
}

// shortWords are the places of all bytes in strings of at most 20 bytes.
func shortWords(raw []byte) []int {
	var places []int
	for _, at := range regexp.MustCompile(`"[^"]{1,20}"`).FindAllIndex(raw, -1) {
		for i := at[0] + 1; i < at[1]-1; i++ {
			places = append(places, i)
		}
	}
	return places
}

func flip(raw []byte, at int, mask byte) []byte {
	flipped := bytes.Clone(raw)
	flipped[at] ^= mask
	return flipped
}

// No proof makes evidence about another digest.
func TestProofsOfNoOtherSubject(t *testing.T) {
	for _, s := range proven(t) {
		s.subject = attest.SHA256([]byte("something else"))
		if e, err := s.verify(s.raw); err == nil || e != nil {
			t.Errorf("%s: %v", s.name, e)
		}
	}
}

func FuzzProofs(f *testing.F) {
	all := proven(f)
	for i, s := range all {
		f.Add(uint8(i), s.raw)
	}
	f.Fuzz(func(t *testing.T, which uint8, raw []byte) {
		all[int(which)%len(all)].check(t, raw)
	})
}

// What is flipped is one byte at a place of the fuzzer's choice, which comes further than
// bytes of its own: most of those are no JSON.
func FuzzFlip(f *testing.F) {
	all := append(proven(f), layouts(f)...)
	for i := range all {
		f.Add(uint8(i), uint16(1000), uint8(1))
	}
	f.Fuzz(func(t *testing.T, which uint8, place uint16, mask uint8) {
		s := all[int(which)%len(all)]
		s.check(t, flip(s.raw, int(place)%len(s.raw), mask))
	})
}
