package lockfile_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/attest/run/lockfile"
)

// FuzzParse holds each reader to what holds for all locks, and to one answer.
func FuzzParse(f *testing.F) {
	for _, s := range samples() {
		f.Add(s.name, []byte(fill(s.raw)))
	}
	f.Fuzz(func(t *testing.T, name string, raw []byte) {
		l, err := lockfile.Parse(name, raw)
		again, err2 := lockfile.Parse(name, raw)
		if fmt.Sprint(err) != fmt.Sprint(err2) || !reflect.DeepEqual(l, again) {
			t.Fatalf("two answers: %v, %v; %v, %v", l, err, again, err2)
		}
		if err != nil {
			if l != nil {
				t.Fatal("a lock and an error")
			}
			return
		}
		good(t, l)
	})
}

// The two largest formats in use, of 20,000 packages each.
func BenchmarkParse(b *testing.B) {
	var sum, npm strings.Builder
	npm.WriteString(`{"lockfileVersion":3,"packages":{"":{}`)
	for i := range 20_000 {
		fmt.Fprintf(&sum, "example.com/organisation/module%d v1.%d.0 %s\n", i, i, ah1)
		fmt.Fprintf(&npm, `,"node_modules/@scope/package%d":{"version":"1.%d.0","resolved":"https://registry.npmjs.org/@scope/package%d/-/package%d-1.0.0.tgz","integrity":%q,"dev":true,"license":"MIT","engines":{"node":">=10"}}`, i, i, i, i, a64)
	}
	npm.WriteString("}}")
	for name, raw := range map[string]string{"go.sum": sum.String(), "package-lock.json": npm.String()} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			for b.Loop() {
				if l, err := lockfile.Parse(name, []byte(raw)); err != nil || len(l.Dependencies) != 20_000 {
					b.Fatal(err)
				}
			}
		})
	}
}
