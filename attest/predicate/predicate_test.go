package predicate_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/attest/predicate/commit"
	"github.com/carnet-project/carnet/attest/predicate/custom"
	"github.com/carnet-project/carnet/attest/predicate/sarif"
	"github.com/carnet-project/carnet/attest/predicate/scai"
	"github.com/carnet-project/carnet/attest/predicate/svr"
)

func TestResolve(t *testing.T) {
	// What cosign 3.1.3's options.PredicateTypeMap holds.
	cosign := map[string]string{
		"custom":           "https://cosign.sigstore.dev/attestation/v1",
		"slsaprovenance":   "https://slsa.dev/provenance/v0.2",
		"slsaprovenance02": "https://slsa.dev/provenance/v0.2",
		"slsaprovenance1":  "https://slsa.dev/provenance/v1",
		"spdx":             "https://spdx.dev/Document",
		"spdxjson":         "https://spdx.dev/Document",
		"cyclonedx":        "https://cyclonedx.org/bom",
		"link":             "https://in-toto.io/Link/v1",
		"vuln":             "https://cosign.sigstore.dev/attestation/vuln/v1",
		"openvex":          "https://openvex.dev/ns",
	}
	if len(predicate.Aliases()) != len(cosign) {
		t.Errorf("%d aliases, cosign has %d", len(predicate.Aliases()), len(cosign))
	}
	for alias, want := range cosign {
		if got, err := predicate.Resolve(alias); err != nil || got != want {
			t.Errorf("%s is %q, %v; want %q", alias, got, err, want)
		}
	}
	for _, uri := range []string{"https://example.com/v1", "urn:example:thing", "https://slsa.dev/provenance/v9"} {
		if got, err := predicate.Resolve(uri); err != nil || got != uri {
			t.Errorf("%s: %q, %v", uri, got, err)
		}
	}
	for _, bad := range []string{"", "slsaprovenance3", "SPDX", "/predicate", "https://", "https:", "1http://x", "a b:c", "https://x y", "https://x\n"} {
		got, err := predicate.Resolve(bad)
		var e *attest.Error
		if !errors.As(err, &e) || got != "" {
			t.Errorf("%q resolves to %q, %v", bad, got, err)
		}
	}
}

func TestClassOf(t *testing.T) {
	for uri, want := range map[string]predicate.Class{
		predicate.SignV1:                                  predicate.Signature,
		"https://slsa.dev/provenance/v1":                  predicate.Provenance,
		"https://slsa.dev/provenance/v1.0":                predicate.Provenance,
		"https://slsa.dev/provenance/v0.1":                predicate.Provenance,
		"https://slsa.dev/provenance/v9":                  predicate.Provenance,
		"https://slsa.dev/verification_summary/v1":        predicate.Summary,
		"https://spdx.dev/Document":                       predicate.SBOM,
		"https://spdx.dev/Document/v2.3":                  predicate.SBOM,
		"https://cyclonedx.org/bom/v1.6":                  predicate.SBOM,
		"https://cosign.sigstore.dev/attestation/vuln/v1": predicate.Vulnerabilities,
		"https://in-toto.io/attestation/vulns/v0.2":       predicate.Vulnerabilities,
		"https://openvex.dev/ns/v0.2.0":                   predicate.VEX,
		"https://in-toto.io/Link/v1":                      predicate.Link,
		"https://in-toto.io/attestation/link/v0.3":        predicate.Link,
		"https://in-toto.io/attestation/test-result/v0.1": predicate.TestResult,
		sarif.V1:                                predicate.SARIF,
		sarif.Witness:                           predicate.SARIF,
		scai.V03:                                predicate.SCAI,
		scai.V02:                                predicate.SCAI,
		svr.V02:                                 predicate.VerificationResult,
		commit.V1:                               predicate.Commit,
		"https://in-toto.io/attestation/svr/v9": predicate.VerificationResult,
		"https://in-toto.io/attestation/scai/other":  predicate.Other,
		"https://cosign.sigstore.dev/attestation/v1": predicate.Other,
		"https://example.com/v1":                     predicate.Other,
		// What only begins like a type is none of it.
		"https://slsa.dev/provenance/v1/more":      predicate.Other,
		"https://slsa.dev/provenancev1":            predicate.Other,
		"https://sigstore.dev/cosign/sign/virtual": predicate.Other,
		"http://slsa.dev/provenance/v1":            predicate.Other,
		"https://SLSA.dev/provenance/v1":           predicate.Other,
	} {
		if got := predicate.ClassOf(uri); got != want {
			t.Errorf("%s is of class %s, want %s", uri, got, want)
		}
	}
}

func TestValidPredicates(t *testing.T) {
	for uri, raw := range good {
		if err := predicate.Validate(uri, []byte(raw)); err != nil {
			t.Errorf("%s: %v", uri, err)
		}
		if uri == custom.Type {
			continue
		}
		if body, err := predicate.FromFile(uri, []byte(raw), time.Time{}); err != nil || string(body) != raw {
			t.Errorf("%s from a file: %q, %v", uri, body, err)
		}
	}
	if err := predicate.Validate(predicate.SignV1, nil); err != nil {
		t.Errorf("a signature needs a predicate: %v", err)
	}
}

// cosign signs {} for a predicate of the wrong type.
func TestEveryKnownTypeRefusesWhatIsNotIts(t *testing.T) {
	for uri := range good {
		if c := predicate.ClassOf(uri); uri != custom.Type && (c == predicate.Other || c == predicate.Signature) {
			continue // any object will do
		}
		for _, wrong := range []string{`{}`, `{"a":1}`} {
			err := predicate.Validate(uri, []byte(wrong))
			var e *attest.Error
			if !errors.As(err, &e) || e.Where == "" || e.Detail == "" {
				t.Errorf("%s accepts %s, or does not say why: %v", uri, wrong, err)
			}
		}
	}
	for uri := range good {
		if predicate.ClassOf(uri) == predicate.Other && uri != custom.Type {
			continue
		}
		for _, broken := range []string{`[]`, `"text"`, `{`, `{"a":1}x`, `{"a":1,"a":2}`, "{\"a\":\"\xff\"}"} {
			if predicate.Validate(uri, []byte(broken)) == nil {
				t.Errorf("%s accepts %s", uri, broken)
			}
		}
	}
}

// A member that a type requires is required, wherever it is.
func TestEveryRequiredMemberIsRequired(t *testing.T) {
	required := map[string][]string{
		"https://slsa.dev/provenance/v1":                  {"/buildDefinition", "/runDetails", "/buildDefinition/buildType", "/buildDefinition/externalParameters", "/runDetails/builder", "/runDetails/builder/id"},
		"https://slsa.dev/provenance/v0.2":                {"/builder", "/builder/id", "/buildType"},
		"https://slsa.dev/verification_summary/v1":        {"/verifier", "/verifier/id", "/resourceUri", "/policy", "/verificationResult", "/verifiedLevels"},
		"https://in-toto.io/attestation/test-result/v0.1": {"/result", "/configuration"},
		"https://spdx.dev/Document":                       {"/spdxVersion", "/SPDXID", "/name", "/dataLicense", "/documentNamespace", "/creationInfo", "/creationInfo/created", "/creationInfo/creators"},
		"https://spdx.dev/Document/v3":                    {"/@graph"},
		"https://cyclonedx.org/bom":                       {"/bomFormat", "/specVersion"},
		"https://cosign.sigstore.dev/attestation/vuln/v1": {"/scanner", "/scanner/result", "/metadata", "/metadata/scanStartedOn", "/metadata/scanFinishedOn"},
		"https://in-toto.io/attestation/vulns/v0.1":       {"/scanner/uri", "/scanner/db/lastUpdate", "/scanner/result/0/vulnerability/id", "/scanner/result/1/id", "/metadata"},
		"https://in-toto.io/attestation/vulns/v0.2":       {"/scanner/uri", "/scanner/db", "/scanner/db/lastUpdate", "/scanner/result", "/metadata/scanFinishedOn"},
		"https://openvex.dev/ns":                          {"/@context", "/@id", "/author", "/timestamp", "/version", "/statements", "/statements/0/vulnerability", "/statements/0/vulnerability/name", "/statements/0/status"},
		"https://in-toto.io/Link/v1":                      {"/_type", "/name", "/materials", "/products"},
		"https://in-toto.io/attestation/link/v0.3":        {"/name", "/materials/0/name", "/materials/0/digest"},
		sarif.V1: {"/log", "/log/version", "/log/runs", "/log/runs/0/tool", "/log/runs/0/tool/driver", "/log/runs/0/tool/driver/name",
			"/log/runs/0/tool/driver/rules/0/id", "/log/runs/0/invocations/0/executionSuccessful", "/log/runs/0/results/0/message", "/tool/name"},
		sarif.Witness: {"/report", "/report/version", "/report/runs"},
		scai.V03:      {"/attributes", "/attributes/0/attribute"},
		svr.V02:       {"/verifier", "/verifier/id", "/verifier/policies", "/timeCreated", "/properties"},
		svr.V01:       {"/verifier", "/verifier/id", "/timeCreated", "/properties"},
		commit.V1:     {"/commit", "/object"},
		custom.Type:   {"/Data", "/Timestamp"},
	}
	for uri, pointers := range required {
		for _, pointer := range pointers {
			for _, how := range []string{"absent", "null"} {
				raw := without(t, good[uri], pointer, how == "null")
				err := predicate.Validate(uri, raw)
				var e *attest.Error
				if !errors.As(err, &e) {
					t.Errorf("%s does without %s (%s)", uri, pointer, how)
				} else if e.Where != pointer && !strings.HasPrefix(pointer, e.Where+"/") {
					t.Errorf("%s without %s: the fault is at %q: %v", uri, pointer, e.Where, err)
				}
			}
		}
	}
}

// without removes the member at a JSON pointer, or makes it null.
func without(t *testing.T, document, pointer string, null bool) []byte {
	t.Helper()
	var root any
	if err := json.Unmarshal([]byte(document), &root); err != nil {
		t.Fatal(err)
	}
	path := strings.Split(pointer, "/")[1:]
	at := root
	for _, step := range path[:len(path)-1] {
		switch x := at.(type) {
		case map[string]any:
			at = x[step]
		case []any:
			at = x[step[0]-'0']
		}
	}
	last := at.(map[string]any)
	name := path[len(path)-1]
	if _, ok := last[name]; !ok {
		t.Fatalf("there is no %s", pointer)
	}
	delete(last, name)
	if null {
		last[name] = nil
	}
	raw, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestNewerVersionsAreUnsupportedNotUnknown(t *testing.T) {
	for _, uri := range []string{
		"https://slsa.dev/provenance/v9", "https://slsa.dev/provenance", "https://slsa.dev/verification_summary/v2",
		"https://spdx.dev/Document/v9", "https://cyclonedx.org/bom/v2.0", "https://cosign.sigstore.dev/attestation/vuln/v2",
		"https://cosign.sigstore.dev/attestation/v2", "https://in-toto.io/attestation/vulns/v0.3", "https://openvex.dev/ns/v1",
		"https://in-toto.io/attestation/svr/v0.3", "https://in-toto.io/attestation/scai/v1", "https://witness.dev/attestations/sarif/v0.2",
		"https://github.com/carnet-project/carnet/predicates/sarif/v2", "https://github.com/carnet-project/carnet/predicates/git-commit/v2",
		"https://in-toto.io/Link/v2", "https://in-toto.io/attestation/link/v1", "https://sigstore.dev/cosign/sign/v2",
	} {
		err := predicate.Validate(uri, []byte(`{"a":1}`))
		var e *attest.Error
		if !errors.As(err, &e) || e.Fault != attest.FaultUnsupported {
			t.Errorf("%s: %v", uri, err)
		}
	}
}

func TestFaults(t *testing.T) {
	for name, test := range map[string]struct {
		uri, old, new string
		fault         attest.Fault
		where, detail string
	}{
		"case":              {"https://slsa.dev/provenance/v1", `"buildType"`, `"buildtype"`, attest.FaultKeyCase, "/buildDefinition/buildtype", `"buildType"`},
		"duplicate":         {"https://slsa.dev/provenance/v1", `"builder":{`, `"builder":{"id":"urn:x:y",`, attest.FaultDuplicateKey, "/runDetails/builder/id", "twice"},
		"deep duplicate":    {"https://slsa.dev/provenance/v1", `"source":"x"`, `"source":{"a":1,"a":2}`, attest.FaultDuplicateKey, "/buildDefinition/externalParameters/source/a", "twice"},
		"not a URI":         {"https://slsa.dev/provenance/v1", `"https://example.com/builder"`, `"my builder"`, attest.FaultMalformed, "/runDetails/builder/id", `is "my builder", want an absolute URI`},
		"empty parameters":  {"https://slsa.dev/provenance/v1", `{"source":"x"}`, `{}`, attest.FaultMalformed, "/buildDefinition/externalParameters", "is empty"},
		"list of parameter": {"https://slsa.dev/provenance/v1", `{"source":"x"}`, `["x"]`, attest.FaultMalformed, "/buildDefinition/externalParameters", "is a JSON array, want an object"},
		"short digest":      {"https://slsa.dev/provenance/v1", `7fd1a60b01`, ``, attest.FaultDigestMalformed, "/buildDefinition/resolvedDependencies/0/digest/gitCommit", "40 or 64 characters"},
		"upper digest":      {"https://slsa.dev/provenance/v1", `7fd1a60b01`, `7FD1A60B01`, attest.FaultDigestMalformed, "/buildDefinition/resolvedDependencies/0/digest/gitCommit", "lower-case"},
		"nameless resource": {"https://slsa.dev/provenance/v1", `"resolvedDependencies":[{`, `"resolvedDependencies":[{"name":"n"},{`, attest.FaultMalformed, "/buildDefinition/resolvedDependencies/0", "none of uri, digest and content"},
		"SPDX license":      {"https://spdx.dev/Document", "CC0-1.0", "MIT", attest.FaultMalformed, "/dataLicense", `is "MIT", want "CC0-1.0"`},
		"SPDX version":      {"https://spdx.dev/Document", "SPDX-2.3", "SPDX-2.9", attest.FaultUnsupported, "/spdxVersion", "SPDX-2.9"},
		"SPDX packages":     {"https://spdx.dev/Document", `"packages":[]`, `"packages":{}`, attest.FaultMalformed, "/packages", "want an array"},
		"SPDX time":         {"https://spdx.dev/Document", "2024-01-02T", "2024-01-02 ", attest.FaultMalformed, "/creationInfo/created", "RFC 3339"},
		"SPDX 3 context":    {"https://spdx.dev/Document/v3", "rdf/3.0.1", "rdf/4.0", attest.FaultUnsupported, "/@context", "SPDX 3.0"},
		"other BOM":         {"https://cyclonedx.org/bom", `"CycloneDX"`, `"SPDX"`, attest.FaultMalformed, "/bomFormat", `want "CycloneDX"`},
		"BOM version":       {"https://cyclonedx.org/bom", `"1.6"`, `"2.0"`, attest.FaultUnsupported, "/specVersion", `"2.0"`},
		"VEX status":        {"https://openvex.dev/ns", `"not_affected"`, `"safe"`, attest.FaultMalformed, "/statements/0/status", `is "safe", want one of`},
		"VEX justification": {"https://openvex.dev/ns", `"component_not_present"`, `"because"`, attest.FaultMalformed, "/statements/0/justification", "component_not_present"},
		"VEX no reason":     {"https://openvex.dev/ns", `,"justification":"component_not_present"`, ``, attest.FaultMalformed, "/statements/0", "neither a justification"},
		"VEX no action":     {"https://openvex.dev/ns", `"not_affected"`, `"affected"`, attest.FaultMalformed, "/statements/0", "action_statement"},
		"VEX old form":      {"https://openvex.dev/ns", `{"name":"CVE-1"}`, `"CVE-1"`, attest.FaultMalformed, "/statements/0/vulnerability", "want an object"},
		"VEX version":       {"https://openvex.dev/ns", `"version":1`, `"version":1.5`, attest.FaultMalformed, "/version", "whole number"},
		"VEX context":       {"https://openvex.dev/ns", `ns/v0.2.0`, `ns/v9`, attest.FaultUnsupported, "/@context", "v9"},
		"link type":         {"https://in-toto.io/Link/v1", `"link"`, `"layout"`, attest.FaultMalformed, "/_type", `"layout"`},
		"link digest":       {"https://in-toto.io/Link/v1", hex64, "00", attest.FaultDigestMalformed, "/materials/a/sha256", "64 characters"},
		"link names":        {"https://in-toto.io/attestation/link/v0.3", `"materials":[`, `"materials":[{"name":"a","digest":{"sha256":"` + hex64 + `"}},`, attest.FaultMalformed, "/materials/1/name", "unique"},
		"too many":          {"https://openvex.dev/ns", `"statements":[`, `"statements":[` + strings.Repeat(`{"vulnerability":{"name":"CVE-1"},"status":"fixed"},`, 100_000), attest.FaultTooLarge, "/statements", "more than 100000"},
		"commit id":         {commit.V1, `7fd1a60b01`, `7FD1A60B01`, attest.FaultMalformed, "/commit", "lower-case hex"},
		"commit object":     {commit.V1, `dHJlZQ==`, `dHJlZR==`, attest.FaultMalformed, "/object", "base64"},
		"SARIF version":     {sarif.V1, `"2.1.0"`, `"2.0.0"`, attest.FaultUnsupported, "/log/version", "2.0.0"},
		"SARIF tool":        {sarif.V1, `{"name":"semgrep","version":"1.2"},"log"`, `{"name":"other"},"log"`, attest.FaultMalformed, "/tool/name", "no run of the log"},
		"SARIF level":       {sarif.V1, `"ruleId":"r1",`, `"ruleId":"r1","level":"fatal",`, attest.FaultMalformed, "/log/runs/0/results/0/level", "one of"},
		"SARIF index":       {sarif.V1, `"ruleId":"r1",`, `"ruleIndex":1,`, attest.FaultMalformed, "/log/runs/0", "a rule that the tool does not have"},
		"SCAI digest":       {scai.V03, hex64, "00", attest.FaultDigestMalformed, "/attributes/0/evidence/digest/sha256", "64 characters"},
		"SVR time":          {svr.V02, "1985-04-12T23", "yesterday", attest.FaultMalformed, "/timeCreated", "RFC 3339"},
		"summary result":    {"https://slsa.dev/verification_summary/v1", `"PASSED"`, `"passed"`, attest.FaultMalformed, "/verificationResult", "PASSED, FAILED"},
		"summary levels":    {"https://slsa.dev/verification_summary/v1", `:3`, `:-3`, attest.FaultMalformed, "/dependencyLevels/SLSA_BUILD_LEVEL_1", "whole number"},
		"time":              {custom.Type, "2021-08-11T14:51:09Z", "yesterday", attest.FaultMalformed, "/Timestamp", `"yesterday"`},
		"trailing":          {custom.Type, `Z"}`, `Z"}{}`, attest.FaultTrailingData, "", "follows"},
	} {
		t.Run(name, func(t *testing.T) {
			raw := strings.Replace(good[test.uri], test.old, test.new, 1)
			if raw == good[test.uri] {
				t.Fatal("nothing was changed")
			}
			err := predicate.Validate(test.uri, []byte(raw))
			var e *attest.Error
			if !errors.As(err, &e) {
				t.Fatalf("error %v", err)
			}
			if e.Fault != test.fault || e.Where != test.where || !strings.Contains(e.Detail, test.detail) {
				t.Errorf("%s at %q: %s; want %s at %q saying %q", e.Fault, e.Where, e.Detail, test.fault, test.where, test.detail)
			}
		})
	}
}

func TestVersionedURIsKeepTheirPromise(t *testing.T) {
	for _, test := range []struct {
		uri, document string
		ok            bool
	}{
		{"https://spdx.dev/Document/v2.3", "https://spdx.dev/Document", true},
		{"https://spdx.dev/Document/v2", "https://spdx.dev/Document", true},
		{"https://spdx.dev/Document/v2.2", "https://spdx.dev/Document", false},
		{"https://spdx.dev/Document/v3", "https://spdx.dev/Document", false},
		{"https://spdx.dev/Document/v2.3", "https://spdx.dev/Document/v3", false},
		{"https://spdx.dev/Document", "https://spdx.dev/Document/v3", true},
		{"https://cyclonedx.org/bom/v1.6", "https://cyclonedx.org/bom", true},
		{"https://cyclonedx.org/bom/v1.5", "https://cyclonedx.org/bom", false},
		{"https://openvex.dev/ns/v0.2.0", "https://openvex.dev/ns", true},
		{"https://openvex.dev/ns/v0.0.1", "https://openvex.dev/ns", false},
		{"https://slsa.dev/provenance/v1.0", "https://slsa.dev/provenance/v1", true},
		{"https://slsa.dev/provenance/v0.2", "https://slsa.dev/provenance/v1", false},
		{"https://slsa.dev/provenance/v1", "https://slsa.dev/provenance/v0.2", false},
	} {
		if err := predicate.Validate(test.uri, []byte(good[test.document])); (err == nil) != test.ok {
			t.Errorf("%s with a document of %s: %v", test.uri, test.document, err)
		}
	}
}

func TestFromFile(t *testing.T) {
	at := time.Date(2021, 8, 11, 16, 51, 9, 5, time.FixedZone("", 7200))
	body, err := predicate.FromFile(custom.Type, []byte("foo\n\"<&>\""), at)
	if err != nil || string(body) != `{"Data":"foo\n\"<&>\"","Timestamp":"2021-08-11T14:51:09Z"}` {
		t.Errorf("%s, %v", body, err)
	}
	if err := predicate.Validate(custom.Type, body); err != nil {
		t.Error(err)
	}
	if _, err := predicate.FromFile(custom.Type, []byte{0xff}, at); err == nil {
		t.Error("wraps what is not text")
	}
	for what, content := range map[string]string{
		"a whole in-toto statement": `{"_type":"https://in-toto.io/Statement/v1","subject":[],"predicateType":"https://slsa.dev/provenance/v1","predicate":{}}`,
		"a signed DSSE envelope":    `{"payloadType":"application/vnd.in-toto+json","payload":"","signatures":[]}`,
		"a Sigstore bundle":         `{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json"}`,
		"looks like XML":            "<?xml version=\"1.0\"?><bom/>",
		"looks like SPDX tag-value": "SPDXVersion: SPDX-2.3\n",
		"line 2, column 3":          "{\"a\":\n  x}",
	} {
		for _, uri := range []string{"https://slsa.dev/provenance/v1", "https://example.com/unheard-of/v1"} {
			_, err := predicate.FromFile(uri, []byte(content), at)
			if err == nil || !strings.Contains(err.Error(), what) {
				t.Errorf("%s for %s: %v", what, uri, err)
			}
		}
	}
}
