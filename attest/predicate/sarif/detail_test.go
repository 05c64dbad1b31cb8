package sarif_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/predicate/sarif"
)

const whole = `{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"Trivy","version":"0.69.0","informationUri":"https://github.com/aquasecurity/trivy",
 "rules":[{"id":"CVE-1","defaultConfiguration":{"level":"error"}},{"id":"CVE-2","defaultConfiguration":{"level":"note"}}]}},
 "versionControlProvenance":[{"repositoryUri":"https://git.example/a","revisionId":"7fd1a60b01f91b314f59955a4e4d4e80d8edf11d"},{"repositoryUri":"https://git.example/b"}],
 "properties":{"imageName":"app:1","imageID":"sha256:aa","repoDigests":["a/app@sha256:bb","b/app@sha256:bb",7],"other":[1]},
 "results":[
  {"ruleIndex":0,"message":{"text":"one"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"a.go"},"region":{"startLine":7}}},{"physicalLocation":{"artifactLocation":{"uri":"b.go"}}}]},
  {"ruleId":"CVE-2","message":{"id":"default"},"locations":[{}]},
  {"ruleId":"CVE-2","level":"none","message":{"text":"no level"}},
  {"ruleId":"CVE-1","suppressions":[{"kind":"inSource"}],"message":{"text":"hidden"}}]}]}`

func TestReadLog(t *testing.T) {
	l, err := sarif.ReadLog([]byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	if len(l.Runs) != 1 || l.Runs[0].Tool != "Trivy" || l.Runs[0].Counts != (sarif.Counts{Errors: 1, Notes: 1}) {
		t.Errorf("%+v", l.Runs)
	}
	l.Runs = nil
	want := &sarif.Log{
		Commits: []string{"7fd1a60b01f91b314f59955a4e4d4e80d8edf11d"}, ImageName: "app:1", ImageDigests: []string{"sha256:aa", "sha256:bb"},
		URI: "https://github.com/aquasecurity/trivy",
		Results: []sarif.Result{
			{Tool: "Trivy", Rule: "CVE-1", Level: "error", Message: "one", Place: "a.go", Line: 7},
			{Tool: "Trivy", Rule: "CVE-2", Level: "note", Message: "default"},
		},
	}
	if !reflect.DeepEqual(l, want) {
		t.Errorf("got  %+v\nwant %+v", l, want)
	}
}

// What is written is what is read, with the log as the tool wrote it.
func TestDocumentIsReadBack(t *testing.T) {
	d := sarif.Document{Name: "sast", Commit: "7fd1a60b01f91b314f59955a4e4d4e80d8edf11d", Tool: sarif.Tool{Name: "Trivy", Version: "1", URI: "https://example.com/t"}, Log: []byte(whole)}
	raw, err := d.Predicate()
	if err != nil {
		t.Fatal(err)
	}
	r, err := sarif.Parse(sarif.V1, raw)
	if err != nil || r.Name != d.Name || r.Commit != d.Commit || r.Runs[0].Counts.Errors != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	for name, change := range map[string]func(*sarif.Document){
		"tool":   func(d *sarif.Document) { d.Tool.Name = "semgrep" },
		"commit": func(d *sarif.Document) { d.Commit = "main" },
		"log":    func(d *sarif.Document) { d.Log = []byte(`{"version":"2.1.0"`) },
		"none":   func(d *sarif.Document) { d.Log = nil },
		"two":    func(d *sarif.Document) { d.Log = []byte(`{"version":"2.1.0","runs":[]},"log":{}`) },
	} {
		other := d
		change(&other)
		var e *attest.Error
		if _, err := other.Predicate(); !errors.As(err, &e) {
			t.Errorf("%s is written: %v", name, err)
		}
	}
}

func FuzzReadLog(f *testing.F) {
	f.Add([]byte(whole))
	f.Fuzz(func(t *testing.T, raw []byte) {
		l, err := sarif.ReadLog(raw)
		var e *attest.Error
		if err != nil && !errors.As(err, &e) {
			t.Fatalf("%T: %v", err, err)
		}
		if err != nil {
			return
		}
		d := sarif.Document{Log: raw}
		written, err := d.Predicate()
		if err != nil {
			t.Fatal(err)
		}
		r, err := sarif.Parse(sarif.V1, written)
		if err != nil || !reflect.DeepEqual(r.Runs, l.Runs) {
			t.Fatalf("%v: read back differently", err)
		}
		total := 0
		for _, run := range r.Runs {
			total += run.Counts.AtLeast("note")
		}
		if total != len(l.Results) {
			t.Fatalf("%d results, counted %d", len(l.Results), total)
		}
	})
}
