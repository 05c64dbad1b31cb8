package slsa_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/in-toto/in-toto-golang/in_toto/slsa_provenance/common"
	v02 "github.com/in-toto/in-toto-golang/in_toto/slsa_provenance/v0.2"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/predicate/slsa"
)

// BuildKit writes invocationID for invocationId, and nulls.
func TestBuildKitV1(t *testing.T) {
	p, err := slsa.Parse(slsa.V1, []byte(`{"buildDefinition":{
		"buildType":"https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md",
		"externalParameters":{"configSource":{"path":"Dockerfile"},"request":{"frontend":"dockerfile.v0"}},
		"internalParameters":{"builderPlatform":"linux/amd64"},
		"resolvedDependencies":[{"uri":"pkg:docker/alpine@3.20?platform=linux%2Famd64","digest":{"sha256":"`+sha256+`"}}]},
		"runDetails":{"builder":{"id":"https://example.com/run/1","version":null},"metadata":{"invocationID":"abc","startedOn":"2024-01-02T03:04:05.678Z",
		"buildkit_metadata":{"vcs":{}},"finishedOn":""},"byproducts":null}}`))
	if err != nil {
		t.Fatal(err)
	}
	if p.InvocationID != "abc" || p.StartedOn.IsZero() || !p.FinishedOn.IsZero() || len(p.Dependencies) != 1 {
		t.Errorf("%+v", p)
	}
}

func TestBothSpellingsAreRefused(t *testing.T) {
	for predicateType, raw := range map[string]string{
		slsa.V1: `{"buildDefinition":{"buildType":"urn:b:t","externalParameters":{"a":1}},"runDetails":{"builder":{"id":"urn:b:i"},
			"metadata":{"invocationId":"a","invocationID":"b"}}}`,
		slsa.V02: `{"builder":{"id":"urn:b:i"},"buildType":"urn:b:t","metadata":{"buildInvocationID":"b","buildInvocationId":"a"}}`,
	} {
		_, err := slsa.Parse(predicateType, []byte(raw))
		var e *attest.Error
		if !errors.As(err, &e) || e.Fault != attest.FaultKeyCase {
			t.Errorf("%s: %v", predicateType, err)
		}
	}
	_, err := slsa.Parse(slsa.V1, []byte(`{"runDetails":{"metadata":{"INVOCATIONID":"x"}}}`))
	var e *attest.Error
	if !errors.As(err, &e) || e.Fault != attest.FaultKeyCase || e.Where != "/runDetails/metadata/INVOCATIONID" {
		t.Errorf("a third spelling: %v", err)
	}
}

// What in-toto-golang writes for v0.2 is read, all of it.
func TestInTotoGolangV02(t *testing.T) {
	at := time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)
	raw, err := json.Marshal(v02.ProvenancePredicate{
		Builder:   common.ProvenanceBuilder{ID: "https://tekton.dev/chains/v2"},
		BuildType: "tekton.dev/v1beta1/TaskRun",
		Invocation: v02.ProvenanceInvocation{
			ConfigSource: v02.ConfigSource{URI: "git+https://example.com/r", Digest: common.DigestSet{"sha1": commit}, EntryPoint: "Makefile"},
			Parameters:   map[string]string{"target": "x"},
		},
		BuildConfig: []string{"steps"},
		Metadata:    &v02.ProvenanceMetadata{BuildInvocationID: "7", BuildStartedOn: &at, BuildFinishedOn: &at},
		Materials:   []common.ProvenanceMaterial{{URI: "pkg:docker/alpine@3", Digest: common.DigestSet{"sha256": sha256}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	p, err := slsa.Parse(slsa.V02, raw)
	if err != nil {
		t.Fatal(err)
	}
	if p.BuilderID != "https://tekton.dev/chains/v2" || p.BuildType != "tekton.dev/v1beta1/TaskRun" || p.InvocationID != "7" ||
		!p.StartedOn.Equal(at) || !p.FinishedOn.Equal(at) || string(p.ExternalParameters) != `{"target":"x"}` {
		t.Errorf("%+v", p)
	}
	if len(p.Dependencies) != 2 || p.Dependencies[0].Digest["sha1"] != commit || p.Dependencies[1].URI != "pkg:docker/alpine@3" {
		t.Errorf("dependencies %+v", p.Dependencies)
	}
}

func TestUnknownTypes(t *testing.T) {
	for _, predicateType := range []string{"", "https://slsa.dev/provenance/v0.1", "https://slsa.dev/provenance/v2"} {
		_, err := slsa.Parse(predicateType, []byte(`{}`))
		var e *attest.Error
		if !errors.As(err, &e) || e.Fault != attest.FaultUnsupported {
			t.Errorf("%s: %v", predicateType, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`{"buildDefinition":{"buildType":"urn:b:t","externalParameters":{"a":1}},"runDetails":{"builder":{"id":"urn:b:i"}}}`)
	f.Add(`{"builder":{"id":"urn:b:i"},"buildType":"urn:b:t","invocation":{"configSource":{"uri":"x:y"},"parameters": [1] },"metadata":{"buildInvocationID":"b"}}`)
	f.Fuzz(func(t *testing.T, raw string) {
		for _, predicateType := range []string{slsa.V1, slsa.V02} {
			p, err := slsa.Parse(predicateType, []byte(raw))
			var e *attest.Error
			if err != nil && !errors.As(err, &e) {
				t.Fatalf("%T: %v", err, err)
			}
			if err != nil {
				continue
			}
			if p.BuilderID == "" || p.BuildType == "" {
				t.Fatal("a provenance without its required members")
			}
			if p.ExternalParameters != nil && !json.Valid(p.ExternalParameters) {
				t.Fatalf("parameters %q are not one JSON value", p.ExternalParameters)
			}
		}
	})
}
