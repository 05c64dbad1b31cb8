package witness_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/attest/predicate/sarif"
	"github.com/carnet-project/carnet/attest/predicate/witness"
)

const commit = "1111111111111111111111111111111111111111"

// collection is what witness run writes with the attestors that CI uses, shortened.
const collection = `{"name":"build","attestations":[
{"type":"https://witness.dev/attestations/git/v0.1","attestation":{"commithash":"` + commit + `","author":"Ann","commitdate":"2026-08-01 10:00:00 +0200 CEST",
 "status":{"dirty.txt":{"worktree":"untracked"}},"commitdigest":{"sha1":"` + commit + `"},"treehash":"2222222222222222222222222222222222222222","refs":["refs/heads/main"],"remotes":["https://git.example.com/acme/app"],"tags":null},
 "starttime":"2026-08-01T10:00:00.1+02:00","endtime":"2026-08-01T10:00:01+02:00"},
{"type":"https://witness.dev/attestations/material/v0.1","attestation":{"main.go":{"sha256":"` + zeros + `","gitoid:sha1":"gitoid:blob:sha1:e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"}}},
{"type":"https://witness.dev/attestations/command-run/v0.1","attestation":{"cmd":["make","all"],"stdout":"ok","exitcode":2,"processes":[]}},
{"type":"https://witness.dev/attestations/product/v0.1","attestation":{"app":{"mime_type":"application/x-executable","digest":{"sha256":"` + zeros + `"}},"dist":{"mime_type":"text/directory","digest":{"dirHash":"h1:Khu2En+0gcYPZ2kuIihfswbzxv/mIHXgzPZ018Oty48="}}}},
{"type":"https://witness.dev/attestations/github/v0.1","attestation":{"jwt":{"claims":{"sub":"repo:acme/app:ref:refs/heads/main"},"verifiedBy":{}},"pipelineurl":"https://github.com/acme/app/actions/runs/1","projecturl":"https://github.com/acme/app"}},
{"type":"https://witness.dev/attestations/sarif/v0.1","attestation":{"report":{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"gosec"}},"results":[{"level":"error","message":{"text":"x"}}]}]},"reportFileName":"gosec.sarif","reportDigestSet":{"sha256":"` + zeros + `"}}},
{"type":"https://slsa.dev/provenance/v1.0","attestation":{"buildDefinition":{"buildType":"https://witness.dev/slsa-build@v0.1","externalParameters":{"command":"make all"}},"runDetails":{"builder":{"id":"https://witness.dev/witness-default-builder@v0.1"}}}},
{"type":"https://example.com/ours/v9","attestation":{}}]}`

const zeros = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

func TestParts(t *testing.T) {
	for _, uri := range witness.Types() {
		if err := predicate.Validate(uri, []byte(collection)); err != nil || predicate.ClassOf(uri) != predicate.Collection {
			t.Errorf("%s: %v, %s", uri, err, predicate.ClassOf(uri))
		}
	}
	c, err := witness.Parse(witness.Type, []byte(collection))
	if err != nil || c.Name != "build" || len(c.Attestations) != 8 {
		t.Fatal(err, c)
	}
	var kinds []string
	for _, a := range c.Attestations {
		kinds = append(kinds, a.Kind())
	}
	if want := []string{"git", "material", "command-run", "product", "github", "sarif", "", ""}; !reflect.DeepEqual(kinds, want) {
		t.Errorf("kinds are %q, want %q", kinds, want)
	}
	at := c.Attestations
	if got := at[0].Ended.UTC().Format("15:04:05"); got != "08:00:01" || !at[1].Started.IsZero() {
		t.Errorf("ended %s", got)
	}
	for i, test := range []struct {
		read func() (any, error)
		want any
	}{
		{func() (any, error) { return at[0].Git() }, &witness.Git{Commit: commit, Tree: strings.Repeat("2", 40), Refs: []string{"refs/heads/main"}, Remotes: []string{"https://git.example.com/acme/app"}, Changed: []string{"dirty.txt"}}},
		{func() (any, error) { return at[1].Files() }, []witness.File{{Path: "main.go", Digests: map[string]string{"sha256": zeros, "gitoid:sha1": "gitoid:blob:sha1:e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"}}}},
		{func() (any, error) { return at[2].CommandRun() }, &witness.CommandRun{Command: []string{"make", "all"}, ExitCode: 2}},
		{func() (any, error) { return at[3].Files() }, []witness.File{{Path: "app", MediaType: "application/x-executable", Digests: map[string]string{"sha256": zeros}}, {Path: "dist", MediaType: "text/directory", Digests: map[string]string{"dirHash": "h1:Khu2En+0gcYPZ2kuIihfswbzxv/mIHXgzPZ018Oty48="}}}},
		{func() (any, error) { return at[4].CI() }, &witness.CI{System: "github", Pipeline: "https://github.com/acme/app/actions/runs/1", Project: "https://github.com/acme/app", Claims: []byte(`{"sub":"repo:acme/app:ref:refs/heads/main"}`)}},
	} {
		if got, err := test.read(); err != nil || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%d: %+v, %v; want %+v", i, got, err, test.want)
		}
	}
	p, err := at[6].Provenance()
	if err != nil || p.BuilderID != "https://witness.dev/witness-default-builder@v0.1" {
		t.Errorf("%v, %v", p, err)
	}
	if _, err := at[0].CommandRun(); err == nil {
		t.Error("git is read as a command")
	}
}

// SARIF in a collection is read as a report of the step, of the commit that was checked out.
func TestSARIF(t *testing.T) {
	r, err := sarif.Parse(witness.Type, []byte(collection))
	if err != nil || r.Name != "build" || r.Commit != commit || len(r.Runs) != 1 || r.Runs[0].Tool != "gosec" || r.Runs[0].Counts.Errors != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	without := strings.ReplaceAll(collection, "attestations/sarif/v0.1", "attestations/secretscan/v0.1")
	if r, err := sarif.Parse(witness.Type, []byte(without)); !errors.Is(err, sarif.ErrNone) {
		t.Errorf("%+v, %v", r, err)
	}
	other := strings.Replace(collection, `{"type":"https://example.com/ours/v9","attestation":{}}`, `{"type":"https://witness.dev/attestations/git/v0.1","attestation":{"commithash":"`+strings.Repeat("3", 40)+`"}}`, 1)
	if r, err := sarif.Parse(witness.Type, []byte(other)); err == nil {
		t.Errorf("two commits: %+v", r)
	}
	newer := strings.Replace(collection, "sarif/v0.1", "sarif/v0.9", 1)
	if r, err := sarif.Parse(witness.Type, []byte(newer)); err == nil || errors.Is(err, sarif.ErrNone) {
		t.Errorf("a report of a version to come: %+v, %v", r, err)
	}
	broken := strings.Replace(collection, `"version":"2.1.0"`, `"version":"9"`, 1)
	var wrong *attest.Error
	if r, err := sarif.Parse(witness.Type, []byte(broken)); !errors.As(err, &wrong) || !strings.HasPrefix(wrong.Where, "/attestations/5/attestation/report") {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestRefused(t *testing.T) {
	for title, test := range map[string]struct{ old, new, want string }{
		"no name":             {`"name":"build",`, ``, "/name"},
		"no attestations":     {`"attestations"`, `"others"`, "/attestations"},
		"an object twice":     {`{"name":"build"`, `{"name":"build","name":"test"`, "/name"},
		"a type that is none": {"https://example.com/ours/v9", "ours", "/attestations/7/type"},
		"no attestation":      {`"attestation":{}`, `"x":{}`, "/attestations/7/attestation"},
		"a time":              {"2026-08-01T10:00:00.1+02:00", "yesterday", "/attestations/0/starttime"},
		"a commit":            {`"commithash":"` + commit, `"commithash":"main`, "/attestations/0/attestation/commithash"},
		"a digest":            {`"sha256":"` + zeros + `","gitoid`, `"sha256":1,"gitoid`, "/attestations/1/attestation/main.go/sha256"},
		"provenance":          {`"buildType":"https://witness.dev/slsa-build@v0.1",`, ``, "/attestations/6/attestation/buildDefinition/buildType"},
	} {
		err := witness.Validate(witness.Type, []byte(strings.Replace(collection, test.old, test.new, 1)))
		var wrong *attest.Error
		if !errors.As(err, &wrong) || wrong.Where != test.want {
			t.Errorf("%s: %v, want %s", title, err, test.want)
		}
	}
	newer := strings.Replace(collection, "command-run/v0.1", "command-run/v7", 1)
	if err := witness.Validate(witness.Type, []byte(newer)); err != nil {
		t.Errorf("a part of a version to come: %v", err)
	}
	if _, err := witness.Parse("https://witness.dev/attestation-collection/v9", []byte(collection)); err == nil {
		t.Error("an unknown type is read")
	}
}

func FuzzValidate(f *testing.F) {
	f.Add([]byte(collection))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if witness.Validate(witness.Type, raw) != nil {
			return
		}
		c, err := witness.Parse(witness.Type, raw)
		if err != nil || c.Name == "" {
			t.Error(err)
		}
	})
}
