package vsa_test

import (
	"errors"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/attest/predicate/resource"
	"github.com/carnet-project/carnet/attest/predicate/vsa"
)

const hex64 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

// shapes are summaries as the tools of others write them, reduced to what differs.
var shapes = map[string]string{
	// What slsa-verifier's tests and the GKE images have.
	"google": `{"timeVerified":"2024-06-12T07:24:34.351608Z","verifier":{"id":"https://bcid.corp.google.com/verifier/bcid_package_enforcer/v0.1"},
		"verificationResult":"PASSED","verifiedLevels":["BCID_L1","SLSA_BUILD_LEVEL_2"],
		"resourceUri":"gce_image://gke-node-images:gke-12615","policy":{"uri":"googlefile:/google_src/files/1/vm_images.sw_policy.textproto"}}`,
	// Ampel names its policy by digest alone, and a file by its path.
	"ampel": `{"dependencyLevels":{"SLSA_BUILD_LEVEL_0":"7"},"inputAttestations":[{"digest":{"sha256":"` + hex64 + `"},"uri":"jsonl:.attestations/a.jsonl#3"}],
		"policy":{"digest":{"sha256":"` + hex64 + `"}},"resourceUri":"bin/fritoto-linux-amd64","slsaVersion":"1.1","timeVerified":"2025-10-03T05:25:08.324338730Z",
		"verificationResult":"PASSED","verifiedLevels":["SLSA_BUILD_LEVEL_3"],"verifier":{"id":"https://carabiner.dev/ampel@v1"}}`,
	// slsa-framework/source-tool without a policy of its own.
	"source-tool": `{"verifier":{"id":"https://github.com/slsa-framework/source-actions"},"timeVerified":"2026-01-02T03:04:05Z",
		"resourceUri":"git+https://github.com/acme/shop","policy":{"uri":"DEFAULT"},"verificationResult":"PASSED",
		"verifiedLevels":["SLSA_SOURCE_LEVEL_3","ORG_SOURCE_TESTED","REVIEW_ENFORCED"]}`,
	// protobuf leaves an empty list out.
	"failed": `{"verifier":{"id":"https://example.com/v"},"resourceUri":"pkg:oci/a","policy":{"uri":"https://example.com/p"},"verificationResult":"FAILED"}`,
}

func TestForeignShapesAreRead(t *testing.T) {
	for name, raw := range shapes {
		s, err := vsa.Parse(vsa.V1, []byte(raw))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if s.VerifierID == "" || s.ResourceURI == "" || (s.Result == vsa.Passed) == (name == "failed") {
			t.Errorf("%s: %+v", name, s)
		}
		if err := predicate.Validate(vsa.V1, []byte(raw)); err != nil {
			t.Errorf("%s is no evidence: %v", name, err)
		}
	}
	ampel, _ := vsa.Parse(vsa.V1, []byte(shapes["ampel"]))
	if ampel.Level(vsa.Build) != 3 || ampel.DependencyLevels["SLSA_BUILD_LEVEL_0"] != 7 || ampel.InputAttestations[0].Digest["sha256"] != hex64 ||
		ampel.TimeVerified.UTC() != time.Date(2025, 10, 3, 5, 25, 8, 324338730, time.UTC) {
		t.Errorf("ampel: %+v", ampel)
	}
}

// Older versions, and Conforma's own type, are known and not read.
func TestOtherTypes(t *testing.T) {
	for _, uri := range []string{vsa.V01, vsa.V02, "https://slsa.dev/verification_summary/v2", "https://conforma.dev/verification_summary/v1"} {
		_, err := vsa.Parse(uri, []byte(shapes["google"]))
		var e *attest.Error
		if !errors.As(err, &e) || e.Fault != attest.FaultUnsupported {
			t.Errorf("%s: %v", uri, err)
		}
	}
	if c := predicate.ClassOf("https://conforma.dev/verification_summary/v1"); c != predicate.Other {
		t.Errorf("Conforma's type is of class %s", c)
	}
	if err := predicate.Validate("https://conforma.dev/verification_summary/v1", []byte(`{"status":"passed"}`)); err != nil {
		t.Error(err)
	}
}

func TestLevels(t *testing.T) {
	for level, want := range map[string]struct {
		track string
		n     int
		ok    bool
	}{
		"SLSA_BUILD_LEVEL_3": {"BUILD", 3, true}, "SLSA_SOURCE_LEVEL_UNEVALUATED": {"SOURCE", vsa.Unevaluated, true},
		"SLSA_BUILD_LEVEL_": {}, "SLSA_BUILD_LEVEL_03": {}, "SLSA_BUILD_LEVEL_-1": {}, "SLSA_BUILD_LEVEL_33": {}, "SLSA_LEVEL_3": {}, "SLSA__LEVEL_3": {},
		"SLSA_SOURCE_TWO_PARTY_REVIEWED": {}, "BCID_L1": {}, "slsa_build_level_3": {},
	} {
		track, n, ok := vsa.Track(level)
		if ok != want.ok || ok && (track != want.track || n != want.n) {
			t.Errorf("%s is %q %d %v", level, track, n, ok)
		}
	}
	s := vsa.Summary{Levels: []string{"SLSA_BUILD_LEVEL_2", "SLSA_SOURCE_LEVEL_UNEVALUATED", "CARNET_X"}}
	for level, want := range map[string]bool{
		"SLSA_BUILD_LEVEL_0": true, "SLSA_BUILD_LEVEL_2": true, "SLSA_BUILD_LEVEL_3": false, "SLSA_SOURCE_LEVEL_0": false, "SLSA_SOURCE_LEVEL_UNEVALUATED": true,
		"SLSA_OTHER_LEVEL_0": false, "CARNET_X": true, "CARNET_Y": false,
	} {
		if s.Has(level) != want {
			t.Errorf("%s: %v", level, !want)
		}
	}
}

func TestTwoLevelsOfATrackAreRefused(t *testing.T) {
	raw := strings.Replace(shapes["google"], `"BCID_L1"`, `"SLSA_BUILD_LEVEL_3"`, 1)
	_, err := vsa.Parse(vsa.V1, []byte(raw))
	var e *attest.Error
	if !errors.As(err, &e) || e.Where != "/verifiedLevels/1" {
		t.Errorf("%v", err)
	}
}

func summary() vsa.Summary {
	return vsa.Summary{
		VerifierID: "https://example.com/carnet", VerifierVersion: map[string]string{"carnet": "1.0.0"}, TimeVerified: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC),
		ResourceURI: "pkg:oci/shop", Policy: resource.Descriptor{URI: "https://example.com/p", Digest: map[string]string{"sha256": hex64}},
		InputAttestations: []resource.Descriptor{{URI: "b:x", Digest: map[string]string{"sha256": hex64}}, {URI: "a:x", Digest: map[string]string{"sha256": hex64}}},
		Result:            vsa.Passed, Levels: []string{"SLSA_SOURCE_LEVEL_2", "CARNET_SBOM", "SLSA_BUILD_LEVEL_3"}, SLSAVersion: "1.2",
	}
}

// What is written is read as it was, and the same however it was ordered.
func TestPredicate(t *testing.T) {
	s := summary()
	raw, err := s.Predicate()
	if err != nil {
		t.Fatal(err)
	}
	back, err := vsa.Parse(vsa.V1, raw)
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(s.InputAttestations)
	slices.Sort(s.Levels)
	if !reflect.DeepEqual(*back, s) {
		t.Errorf("read back as %+v", back)
	}
	slices.Reverse(s.Levels)
	if again, err := s.Predicate(); err != nil || string(again) != string(raw) {
		t.Errorf("in another order: %s, %v", again, err)
	}
}

// The file is what carnet writes to the byte; slsa-verifier and cosign are given it too.
func TestTheFileThatOthersRead(t *testing.T) {
	want, err := os.ReadFile("testdata/carnet.json")
	if err != nil {
		t.Fatal(err)
	}
	s, err := vsa.Parse(vsa.V1, want)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.Predicate(); err != nil || string(got) != string(want) {
		t.Errorf("%s, %v", got, err)
	}
}

func TestUnsoundSummariesAreNotWritten(t *testing.T) {
	for where, change := range map[string]func(*vsa.Summary){
		"/policy/uri":                 func(s *vsa.Summary) { s.Policy.URI = "DEFAULT" },
		"/resourceUri":                func(s *vsa.Summary) { s.ResourceURI = "shop" },
		"/verifier/id":                func(s *vsa.Summary) { s.VerifierID = "" },
		"/verificationResult":         func(s *vsa.Summary) { s.Result = "" },
		"/verifiedLevels/0":           func(s *vsa.Summary) { s.Levels = []string{"SLSA_CARNET"} },
		"/verifiedLevels/1":           func(s *vsa.Summary) { s.Levels = []string{"SLSA_BUILD_LEVEL_1", "SLSA_BUILD_LEVEL_2"} },
		"/inputAttestations/0/digest": func(s *vsa.Summary) { s.InputAttestations[0].Digest = nil },
		"/dependencyLevels/BAD":       func(s *vsa.Summary) { s.DependencyLevels = map[string]uint64{"BAD": 1} },
	} {
		s := summary()
		change(&s)
		raw, err := s.Predicate()
		var e *attest.Error
		if !errors.As(err, &e) || e.Where != where {
			t.Errorf("%s: %s, %v", where, raw, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, raw := range shapes {
		f.Add([]byte(raw))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := vsa.Parse(vsa.V1, raw)
		if err != nil {
			return
		}
		if s.Result != vsa.Passed && s.Result != vsa.Failed || s.VerifierID == "" || s.ResourceURI == "" {
			t.Errorf("%+v", s)
		}
	})
}
