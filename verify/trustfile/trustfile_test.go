package trustfile_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/fixtures/sigstore"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/key"
	"github.com/carnet-project/carnet/verify/trustfile"
)

const head = "apiVersion: carnet.dev/v1\nkind: Trust\n"

const whole = head + `key:
  - name: release-2026
    file: release-2026.pub   # beside this file
    validFrom: 2026-01-01T00:00:00Z
    validUntil: "2026-12-31T23:59:59+01:00"
  - name: release-2025
    pem: |
      -----BEGIN PUBLIC KEY-----
    revokedAt: 2025-11-03T09:00:00Z
    reason: the laptop was stolen
root:
  - public
  - file: trusted_root.json
`

func TestParse(t *testing.T) {
	got, err := trustfile.Parse([]byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	want := &trustfile.File{
		Keys: []trustfile.Key{
			{Name: "release-2026", File: "release-2026.pub", Line: 4, Validity: key.Validity{
				From: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Until: time.Date(2026, 12, 31, 22, 59, 59, 0, time.UTC)}},
			{Name: "release-2025", PEM: "-----BEGIN PUBLIC KEY-----\n", Line: 8, Validity: key.Validity{
				RevokedAt: time.Date(2025, 11, 3, 9, 0, 0, 0, time.UTC), Reason: "the laptop was stolen"}},
		},
		Roots: []trustfile.Root{{Public: true, Line: 14}, {File: "trusted_root.json", Line: 15}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("it says\n%+v, want\n%+v", got, want)
	}
	for _, small := range []string{head + "root: [public]\n", head + "key: [{name: a, file: b}]\n", `{"apiVersion": "carnet.dev/v1", "kind": "Trust", "root": [{"file": "a"}]}`} {
		if _, err := trustfile.Parse([]byte(small)); err != nil {
			t.Errorf("%q: %v", small, err)
		}
	}
}

// Whatever could be meant in two ways is refused, with its place.
func TestParseRefuses(t *testing.T) {
	one := func(fields string) string { return head + "key:\n  - name: a\n    file: a.pub\n" + fields }
	for name, test := range map[string]struct {
		file, where, says string
	}{
		"nothing":                 {"", "", "is empty"},
		"a comment":               {"# nothing\n", "", "is empty"},
		"text":                    {"trust", "1:1", "must be a mapping"},
		"a list":                  {"- a\n", "1:1", "must be a mapping"},
		"no YAML":                 {"a: [", "", "is not YAML"},
		"UTF-16":                  {"\xff\xfea\x00", "", "UTF-8"},
		"a byte order mark":       {"\ufeff" + whole, "", "UTF-8"},
		"too long":                {whole + strings.Repeat("#", 256<<10), "", "over 262144 bytes"},
		"another version":         {strings.Replace(whole, "dev/v1", "dev/v2", 1), "1:13", `"carnet.dev/v2"`},
		"another kind":            {strings.Replace(whole, "Trust", "Policy", 1), "2:7", `"Policy"`},
		"no version":              {"kind: Trust\nroot: [public]\n", "1:1", "has no apiVersion"},
		"no kind":                 {"apiVersion: carnet.dev/v1\nroot: [public]\n", "1:1", "has no kind"},
		"nobody":                  {head, "1:1", "trusts nobody"},
		"an empty list":           {head + "key: []\n", "1:1", "trusts nobody"},
		"an unknown section":      {whole + "keys: []\n", "16:1", `no field "keys"`},
		"another case":            {one("    ValidFrom: 2026-01-01T00:00:00Z\n"), "6:5", `no field "ValidFrom"`},
		"a section twice":         {whole + "key: []\n", "16:1", "key is there twice"},
		"a field twice":           {one("    file: b.pub\n"), "6:5", "file is there twice"},
		"a second document":       {whole + "---\n" + whole, "16:1", "second document"},
		"a second empty document": {whole + "---\n", "", "second document"},
		"an anchor":               {one("    reason: &x text\n"), "6:13", "an anchor"},
		"an anchor on a mapping":  {head + "key:\n  - &k\n    name: a\n    file: b\n", "4:5", "an anchor"},
		"an alias":                {head + "key: *x\n", "", "unknown anchor"},
		"an alias of an anchor":   {"apiVersion: &v carnet.dev/v1\nkind: *v\n", "1:13", "an anchor"},
		"a merge":                 {one("    <<: {reason: x}\n"), "6:5", `no field "<<"`},
		"a tag":                   {head + "root: [!!str public]\n", "3:8", "a tag"},
		"a tag of one's own":      {head + "root: !roots [public]\n", "3:7", "a tag"},
		"a key that is a list":    {head + "? [a]\n: b\n", "3:3", "no field"},
		"a date":                  {one("    validFrom: 2026-01-01\n"), "6:16", "with its zone"},
		"a time without zone":     {one("    validFrom: 2026-01-01T00:00:00\n"), "6:16", "with its zone"},
		"a time with a space":     {one("    validFrom: 2026-01-01 00:00:00Z\n"), "6:16", "with its zone"},
		"a number":                {one("    validFrom: 1767225600\n"), "6:16", "with its zone"},
		"no time":                 {one("    revokedAt:\n"), "6:15", "and is nothing"},
		"the year 1":              {one("    revokedAt: 0001-01-01T00:00:00Z\n"), "6:16", "must be a time"},
		"never valid":             {one("    validFrom: 2026-01-01T00:00:00Z\n    validUntil: 2025-01-01T00:00:00Z\n"), "4:5", "never valid"},
		"a reason alone":          {one("    reason: gone\n"), "4:5", "revokedAt is missing"},
		"a name that is a number": {head + "key:\n  - {name: 010, file: a}\n", "4:12", "put it in quotes"},
		"a name that is true":     {head + "key:\n  - {name: true, file: a}\n", "4:12", "put it in quotes"},
		"a name that is a date":   {head + "key:\n  - {name: 2026-01-01, file: a}\n", "4:12", "put it in quotes"},
		"an empty name":           {head + "key:\n  - {name: '', file: a}\n", "4:12", "is empty"},
		"a name of two lines":     {head + "key:\n  - {name: \"a\\nb\", file: a}\n", "4:12", "one line"},
		"a name with an escape":   {head + "key:\n  - {name: \"a\\e[31m\", file: a}\n", "4:12", "one line"},
		"no name":                 {head + "key:\n  - {file: a}\n", "4:5", "has no name"},
		"a name twice":            {head + "key:\n  - {name: a, file: a}\n  - {name: a, file: b}\n", "5:5", "in line 4"},
		"neither file nor pem":    {head + "key:\n  - {name: a}\n", "4:5", "a file or a pem"},
		"both file and pem":       {one("    pem: x\n"), "4:5", "a file or a pem"},
		"a key that is text":      {head + "key: [a]\n", "3:7", "a key must be a mapping"},
		"keys that are no list":   {head + "key: {name: a, file: b}\n", "3:6", "must be a list"},
		"too many keys":           {head + "key:\n" + strings.Repeat("  - {}\n", 101), "104:5", "over 100"},
		"another root":            {head + "root: [staging]\n", "3:8", "a root is public"},
		"a root without its file": {head + "root: [{}]\n", "3:8", "has no file"},
		"a root with too much":    {head + "root: [{file: a, tuf: b}]\n", "3:18", `no field "tuf"`},
		"nesting":                 {head + "root: " + strings.Repeat("[", 20000), "", "is not YAML"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := trustfile.Parse([]byte(test.file))
			var wrong *trustfile.Error
			if got != nil || !errors.As(err, &wrong) {
				t.Fatalf("it says %+v; the error is %v", got, err)
			}
			if !strings.Contains(err.Error(), test.says) || !strings.HasPrefix(err.Error(), test.where) {
				t.Errorf("the error is %q; want %q at %s", err, test.says, test.where)
			}
		})
	}
}

// The validity of a key in a file is that of the root that is made of it.
func TestKeyRoot(t *testing.T) {
	signer := sigstore.NewKey("release")
	content := `{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"` + strings.Repeat("a", 64) + `"}}],"predicateType":"https://example.com/p","predicate":{}}`
	b, err := attest.ParseBundle([]byte(sigstore.Encode(signer.Envelope(content))))
	if err != nil {
		t.Fatal(err)
	}
	for fields, want := range map[string]verify.Reason{
		"":                                   "",
		", validFrom: 2026-01-01T00:00:00Z":  verify.ReasonTimeMissing,
		", validUntil: 2026-01-01T00:00:00Z": verify.ReasonTimeMissing,
		", revokedAt: 2026-01-01T00:00:00Z, reason: stolen": verify.ReasonKeyRevoked,
	} {
		f, err := trustfile.Parse([]byte(head + "key: [{name: release, file: release.pub" + fields + "}]\n"))
		if err != nil {
			t.Fatal(err)
		}
		root, err := f.Keys[0].Root(signer.PEM())
		if err != nil {
			t.Fatal(err)
		}
		opened, err := root.Open(b)
		var refused *verify.Error
		if want == "" && (err != nil || opened.By.Name != "release") || want != "" && (!errors.As(err, &refused) || refused.Reason != want) {
			t.Errorf("%q: %v, %v", fields, opened.By, err)
		}
	}
	inline := trustfile.Key{Name: "inline", PEM: string(signer.PEM())}
	if _, err := inline.Root(nil); err != nil {
		t.Error(err)
	}
	if _, err := inline.Root([]byte("ignored")); err != nil {
		t.Error(err)
	}
	two := trustfile.Key{Name: "two", File: "two.pub"}
	if _, err := two.Root(append(signer.PEM(), sigstore.NewKey("other").PEM()...)); err == nil || !strings.Contains(err.Error(), "has 2 keys") {
		t.Errorf("two keys in one entry: %v", err)
	}
	if _, err := two.Root(nil); err == nil {
		t.Error("nothing is a key")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(whole))
	f.Add([]byte(head + "root: [public]\n"))
	f.Add([]byte(head + "key: [&a {name: x, file: y}, *a]\n---\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := trustfile.Parse(raw)
		if err != nil {
			var wrong *trustfile.Error
			if got != nil || !errors.As(err, &wrong) {
				t.Fatalf("%+v, %v", got, err)
			}
			return
		}
		if len(got.Keys)+len(got.Roots) == 0 || len(raw) > trustfile.MaxBytes {
			t.Fatalf("%d bytes trust nobody", len(raw))
		}
		seen := map[string]bool{}
		for _, k := range got.Keys {
			if k.Name == "" || seen[k.Name] || (k.File == "") == (k.PEM == "") || k.Validity.Reason != "" && k.Validity.RevokedAt.IsZero() {
				t.Fatalf("%+v", k)
			}
			seen[k.Name] = true
		}
	})
}
