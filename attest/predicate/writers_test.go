package predicate_test

import (
	"errors"
	"reflect"
	"testing"
	"time"

	scaipb "github.com/in-toto/attestation/go/predicates/scai/v0"
	svrpb "github.com/in-toto/attestation/go/predicates/svr/v01"
	testpb "github.com/in-toto/attestation/go/predicates/test_result/v0"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/predicate/resource"
	"github.com/carnet-project/carnet/attest/predicate/scai"
	"github.com/carnet-project/carnet/attest/predicate/svr"
	"github.com/carnet-project/carnet/attest/predicate/testresult"
)

// reads has in-toto's own types read what is written; members that they do not know are
// allowed to be there.
func reads(t *testing.T, raw []byte, into proto.Message) {
	t.Helper()
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(raw, into); err != nil {
		t.Errorf("%s: %v", raw, err)
	}
}

func written(t *testing.T, raw []byte, err error) []byte {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func refused(t *testing.T, what string, err error) {
	t.Helper()
	var e *attest.Error
	if !errors.As(err, &e) {
		t.Errorf("%s: %v", what, err)
	}
}

func TestTestResultIsReadBack(t *testing.T) {
	r := testresult.Result{
		Name: "unit", Result: testresult.Failed, URL: "https://ci.example/1",
		Configuration: []resource.Descriptor{{Name: "go test", URI: "git+https://git.example/a", Digest: map[string]string{"gitCommit": "7fd1a60b01f91b314f59955a4e4d4e80d8edf11d"}}},
		PassedTests:   []string{"b", "a", "<&>"}, WarnedTests: []string{"w"}, FailedTests: []string{"f"},
	}
	first, err := r.Predicate()
	raw := written(t, first, err)
	back, err := testresult.Parse(testresult.V01, raw)
	if err != nil || !reflect.DeepEqual(back, &r) {
		t.Errorf("got %+v, %v", back, err)
	}
	var pb testpb.TestResult
	if reads(t, raw, &pb); len(pb.GetPassedTests()) != 3 || pb.GetResult() != "FAILED" || pb.GetConfiguration()[0].Validate() != nil {
		t.Errorf("%v", &pb)
	}
	for name, change := range map[string]func(*testresult.Result){
		"passed with failures": func(r *testresult.Result) { r.Result = testresult.Passed },
		"warned with failures": func(r *testresult.Result) { r.Result = testresult.Warned },
		"passed with warnings": func(r *testresult.Result) { r.FailedTests, r.Result = nil, testresult.Passed },
		"no configuration":     func(r *testresult.Result) { r.Configuration = nil },
		"no result":            func(r *testresult.Result) { r.FailedTests, r.WarnedTests, r.Result = nil, nil, "" },
		"a nameless test":      func(r *testresult.Result) { r.PassedTests = []string{""} },
		"a URL that is none":   func(r *testresult.Result) { r.URL = "here" },
		"bytes":                func(r *testresult.Result) { r.Name = "\xff" },
	} {
		other := r
		change(&other)
		_, err := other.Predicate()
		refused(t, name, err)
	}
}

func TestVerificationResultIsReadBack(t *testing.T) {
	r := svr.Result{
		VerifierID: "mailto:ann@acme.example", TimeCreated: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC), Properties: []string{"ACME_APPROVED:production"}, Note: "looks good",
		Policies: []resource.Descriptor{{Name: "gate.yaml", Digest: map[string]string{"sha256": hex64}}},
	}
	first, err := r.Predicate()
	raw := written(t, first, err)
	back, err := svr.Parse(svr.V02, raw)
	if err != nil || !reflect.DeepEqual(back, &r) {
		t.Errorf("got %+v, %v", back, err)
	}
	var pb svrpb.SimpleVerificationResult
	if reads(t, raw, &pb); pb.GetVerifier().GetId() != r.VerifierID || pb.GetTimeCreated().AsTime() != r.TimeCreated {
		t.Errorf("%v", &pb)
	}
	for name, change := range map[string]func(*svr.Result){
		"no verifier": func(r *svr.Result) { r.VerifierID = "" },
		"a name":      func(r *svr.Result) { r.VerifierID = "ann" },
		"no policy":   func(r *svr.Result) { r.Policies = nil },
		"no property": func(r *svr.Result) { r.Properties = nil },
		"no time":     func(r *svr.Result) { r.TimeCreated = time.Time{} },
	} {
		other := r
		change(&other)
		_, err := other.Predicate()
		refused(t, name, err)
	}
	// A note of another form is somebody else's.
	if other, err := svr.Parse(svr.V01, []byte(`{"verifier":{"id":"urn:a:b"},"timeCreated":"2026-11-22T10:00:00Z","properties":["P"],"note":{"a":1}}`)); err != nil || other.Note != "" {
		t.Errorf("%+v, %v", other, err)
	}
}

func TestAttributesAreReadBack(t *testing.T) {
	r := scai.Report{
		Attributes: []scai.Attribute{
			{Name: "sast-clean", Conditions: []byte(`{"below":"error"}`), Evidence: resource.Descriptor{Name: "scan.sarif", Digest: map[string]string{"sha256": hex64}, MediaType: "application/sarif+json"}},
			{Name: "plain", Target: resource.Descriptor{URI: "git+https://git.example/a"}},
		},
		Producer: resource.Descriptor{Name: "semgrep", URI: "https://semgrep.dev"},
	}
	first, err := r.Predicate()
	raw := written(t, first, err)
	back, err := scai.Parse(scai.V03, raw)
	if err != nil || !reflect.DeepEqual(back, &r) {
		t.Errorf("got %+v, %v", back, err)
	}
	var pb scaipb.AttributeReport
	if reads(t, raw, &pb); pb.Validate() != nil || len(pb.GetAttributes()) != 2 {
		t.Errorf("%v", &pb)
	}
	for name, change := range map[string]func(*scai.Report){
		"nothing":       func(r *scai.Report) { r.Attributes = nil },
		"no name":       func(r *scai.Report) { r.Attributes = []scai.Attribute{{}} },
		"no conditions": func(r *scai.Report) { r.Attributes = []scai.Attribute{{Name: "a", Conditions: []byte(`[1]`)}} },
		"no resource":   func(r *scai.Report) { r.Producer = resource.Descriptor{Name: "semgrep"} },
	} {
		other := r
		change(&other)
		_, err := other.Predicate()
		refused(t, name, err)
	}
}
