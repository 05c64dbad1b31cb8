package attest_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/attest"
)

// several are two bundles and an envelope, one line each.
func several(t testing.TB) (one, two, envelope string) {
	t.Helper()
	made := func(predicate string) string {
		st := newStatement(t, predicate, attest.NewSubject("", attest.SHA256([]byte("test"))))
		b, err := attest.NewEnvelopeBundle(st, attest.Signature{Bytes: []byte("signature"), KeyHint: "hint"})
		if err != nil {
			t.Fatal(err)
		}
		return string(b.Bytes())
	}
	one, two = made(`{"a":1}`), made(`{"a":2}`)
	_, envelope, _ = strings.Cut(two, `"dsseEnvelope":`)
	return one, two, strings.TrimSuffix(envelope, "}")
}

func TestParseBundles(t *testing.T) {
	one, two, envelope := several(t)
	pretty := strings.ReplaceAll(one, ",", ",\n")
	for title, test := range map[string]struct {
		raw     string
		bundles []string
		alone   bool
		skipped []string
	}{
		"a bundle":                  {one, []string{one}, true, nil},
		"a bundle over many lines":  {pretty, []string{pretty}, true, nil},
		"a bundle and an empty end": {one + "\n\n", []string{one + "\n\n"}, true, nil},
		"an envelope":               {envelope, []string{envelope}, true, nil},
		"lines":                     {one + "\n" + envelope + "\r\n\n" + two + "\n", []string{one, envelope, two}, false, nil},
		"a line twice":              {one + "\n" + one + "\n", []string{one}, false, nil},
		"lines of others":           {"# comment\n" + one + "\n{\"x\":1}\n{\"x\":\n" + two, []string{one, two}, false, []string{"line 1", "line 3", "line 4"}},
		"GitHub's answer":           {`{"attestations":[{"bundle":` + one + `,"repository_id":1},{"bundle":null,"bundle_url":"https://x"},{"bundle":` + two + `}]}`, []string{one, two}, false, []string{"/attestations/1"}},
		"npm's answer":              {`{"attestations":[{"predicateType":"https://slsa.dev/provenance/v1","bundle":` + pretty + `},{"predicateType":"x","bundle":{"y":1}}]}`, []string{pretty}, false, []string{"/attestations/1/bundle"}},
	} {
		c, err := attest.ParseBundles([]byte(test.raw))
		if err != nil {
			t.Errorf("%s: %v", title, err)
			continue
		}
		var got, where []string
		for _, b := range c.Bundles {
			got = append(got, string(b.Bytes()))
		}
		for _, s := range c.Skipped {
			where = append(where, s.Where)
			if s.Why == nil {
				t.Errorf("%s: %s is skipped for no reason", title, s.Where)
			}
		}
		if fmt.Sprint(got, where, c.Alone) != fmt.Sprint(test.bundles, test.skipped, test.alone) {
			t.Errorf("%s: got %q, skipped %q, alone %v", title, got, where, c.Alone)
		}
	}
}

func TestParseBundlesRefuses(t *testing.T) {
	one, _, envelope := several(t)
	var many strings.Builder
	for i := range attest.MaxBundles + 1 {
		many.WriteString(strings.Replace(one, `"hint":"hint"`, fmt.Sprintf(`"hint":"%d"`, i), 1) + "\n")
	}
	for title, test := range map[string]struct {
		raw   string
		fault attest.Fault
		want  string
	}{
		"nothing":                     {"", attest.FaultMalformed, ""},
		"two bundles in one line":     {one + one, attest.FaultTrailingData, ""},
		"a bundle and something else": {one + " x", attest.FaultTrailingData, ""},
		"a list":                      {"[" + one + "]", attest.FaultMalformed, "array"},
		"no attestations":             {`{"attestations":[]}`, attest.FaultMalformed, "holds no attestation"},
		"none that can be read":       {`{"attestations":[{"bundle":null}]}`, attest.FaultMalformed, "bundle_url"},
		"attestations that are none":  {`{"attestations":{}}`, attest.FaultMalformed, "want an array"},
		"a bundle named twice":        {`{"attestations":[{"bundle":` + one + `,"bundle":` + one + `}]}`, attest.FaultDuplicateKey, ""},
		"attestations by case":        {`{"Attestations":[{"bundle":` + one + `}]}`, "", ""},
		"lines of others alone":       {"{\"x\":1}\n{\"y\":2}\n", attest.FaultMalformed, "no line is a Sigstore bundle"},
		"an unsigned envelope":        {strings.Replace(envelope, `"sig":"c2lnbmF0dXJl"`, `"sig":""`, 1), attest.FaultNoSignature, ""},
		"too many":                    {many.String(), attest.FaultTooLarge, "1000 bundles"},
		"too many of others":          {strings.Repeat("{}\n", attest.MaxBundles+1), attest.FaultTooLarge, "1000 parts"},
	} {
		c, err := attest.ParseBundles([]byte(test.raw))
		var wrong *attest.Error
		if !errors.As(err, &wrong) || c != nil || test.fault != "" && wrong.Fault != test.fault || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, %v", title, c, err)
		}
	}
}

func FuzzParseBundles(f *testing.F) {
	one, two, envelope := several(f)
	for _, raw := range []string{one, envelope, one + "\n" + two, `{"attestations":[{"bundle":` + one + `}]}`, "x\n" + one} {
		f.Add([]byte(raw))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := attest.ParseBundles(raw)
		if err != nil {
			return
		}
		if len(c.Bundles) == 0 || len(c.Bundles) > attest.MaxBundles || c.Alone && len(c.Bundles)+len(c.Skipped) != 1 {
			t.Errorf("%d bundles, %d skipped, alone %v", len(c.Bundles), len(c.Skipped), c.Alone)
		}
	})
}
