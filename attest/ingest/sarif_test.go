package ingest_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/attest/ingest"
	"github.com/carnet-project/carnet/attest/predicate/sarif"
)

func TestSARIFIsRead(t *testing.T) {
	r, err := ingest.Read(sample(t, "semgrep.sarif"))
	if err != nil {
		t.Fatal(err)
	}
	if r.Format != ingest.SARIF || r.Tool != (ingest.Tool{Name: "Semgrep OSS", Version: "1.101.0"}) || !slices.Equal(r.About.Commits, []string{"7fd1a60b01f91b314f59955a4e4d4e80d8edf11d"}) ||
		r.Log.Runs[0].Counts != (sarif.Counts{Errors: 1}) || len(r.Log.Results) != 1 || r.Log.Results[0].Place != "store/query.go" || r.Log.Results[0].Line != 41 || r.Notes != nil {
		t.Errorf("%+v, %+v", r, r.Log)
	}
	r, err = ingest.Read(append([]byte("\xef\xbb\xbf"), sample(t, "gitleaks.sarif")...))
	if err != nil || r.Tool.Name != "gitleaks" || r.Tool.URI != "https://github.com/gitleaks/gitleaks" || len(r.Log.Results) != 0 || len(r.About.Commits)+len(r.About.Digests) != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	// What a scanner of images says of the image.
	digest := "sha256:" + strings.Repeat("a", 64)
	r, err = ingest.Read([]byte(`{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"Trivy"}},"results":[],"properties":{"imageName":"app:1","imageID":"` + digest + `","repoDigests":["app@` + digest + `","app@md5:1"]},
		"versionControlProvenance":[{"repositoryUri":"https://git.example/a","revisionId":"main"}]}]}`))
	if err != nil || r.About.Name != "app:1" || len(r.About.Digests) != 1 || r.About.Digests[0].String() != digest || len(r.About.Commits) != 0 || len(r.Notes) != 2 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestSARIFIsRefused(t *testing.T) {
	const tool = `"tool":{"driver":{"name":"t"}}`
	for raw, want := range map[string][2]string{
		`{"version":"2.1.0","runs":[]}`:               {"/runs", "at least one run of a tool, found none"},
		`{"version":"2.1.0","runs":[{` + tool + `}]}`: {"/runs/0/results", "t did not come to look"},
		`{"version":"2.1.0","runs":[{` + tool + `,"results":[]},{` + tool + `,"results":[],"invocations":[{"executionSuccessful":false}]}]}`: {"/runs/1/invocations", "t failed"},
		`{"version":"2.0.0","runs":[{` + tool + `,"results":[]}]}`:                                                                           {"/version", `expected SARIF "2.1.0", found "2.0.0"`},
		`{"version":"2.1.0","runs":[{` + tool + `,"results":[]}]`:                                                                            {"", "ends early"},
		`{"version":"2.1.0","runs":[{"results":[]}]}`:                                                                                        {"/runs/0/tool", "found nothing"},
		`{"version":"2.1.0","runs":[{` + tool + `,"results":[],"results":[]}]}`:                                                              {"/runs/0/results", "every name once"},
		`{"version":"2.1.0","runs":[{` + tool + `,"results":[{"ruleId":"a"}]}]}`:                                                             {"/runs/0/results/0/message", "found nothing"},
		`{"version":"2.1.0","runs":[{` + tool + `,"results":[],"Results":[]}]}`:                                                              {"/runs/0/Results", "names as the format spells them"},
	} {
		refuses(t, ingest.SARIF, raw, want[0], want[1])
	}
}

// Each sample is of one format, and what is none is said to be none.
func TestFormatsAreTold(t *testing.T) {
	for _, raw := range []string{"", "hello", "{}", "[]", `{"version":"2.1.0"}`, "<html></html>", "<?xml", "\x00\x01", `{"a":`} {
		_, err := ingest.Read([]byte(raw))
		var e *ingest.Error
		if !errors.As(err, &e) || e.Format != "" || !strings.Contains(e.Expected, "junit") {
			t.Errorf("%q: %v", raw, err)
		}
	}
	if _, err := ingest.ReadAs("nunit", nil); err == nil || !strings.Contains(err.Error(), "go-test") {
		t.Errorf("%v", err)
	}
	if !slices.Contains(ingest.Formats(), "tap") {
		t.Errorf("%q", ingest.Formats())
	}
}
