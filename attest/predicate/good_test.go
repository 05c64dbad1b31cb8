package predicate_test

import (
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/attest/predicate/commit"
	"github.com/carnet-project/carnet/attest/predicate/custom"
	"github.com/carnet-project/carnet/attest/predicate/sarif"
	"github.com/carnet-project/carnet/attest/predicate/scai"
	"github.com/carnet-project/carnet/attest/predicate/svr"
)

// good is one valid predicate of each type that is looked into.
var good = map[string]string{
	predicate.SignV1: `{}`,
	"https://slsa.dev/provenance/v1": `{"buildDefinition":{"buildType":"https://example.com/b","externalParameters":{"source":"x"},
		"resolvedDependencies":[{"uri":"git+https://example.com/r","digest":{"gitCommit":"7fd1a60b01f91b314f59955a4e4d4e80d8edf11d"}}]},
		"runDetails":{"builder":{"id":"https://example.com/builder"}}}`,
	"https://slsa.dev/provenance/v0.2": `{"builder":{"id":"https://example.com/builder"},"buildType":"https://example.com/b"}`,
	"https://slsa.dev/verification_summary/v1": `{"verifier":{"id":"https://example.com/v","version":{"carnet":"1"}},"timeVerified":"2024-01-02T03:04:05Z",
		"resourceUri":"pkg:oci/image","policy":{"uri":"https://example.com/p","digest":{"sha256":"` + hex64 + `"}},"inputAttestations":[{"digest":{"sha256":"` + hex64 + `"}}],
		"verificationResult":"PASSED","verifiedLevels":["SLSA_BUILD_LEVEL_3"],"dependencyLevels":{"SLSA_BUILD_LEVEL_1":3,"SLSA_BUILD_LEVEL_2":"4"},"slsaVersion":"1.2"}`,
	"https://in-toto.io/attestation/test-result/v0.1": `{"result":"PASSED","configuration":[{"name":"ci.yml","digest":{"sha1":"7fd1a60b01f91b314f59955a4e4d4e80d8edf11d"}}],
		"url":"https://example.com/run","passedTests":["a"]}`,
	sarif.V1: `{"name":"sast","commit":"7fd1a60b01f91b314f59955a4e4d4e80d8edf11d","tool":{"name":"semgrep","version":"1.2"},"log":{"version":"2.1.0",
		"runs":[{"tool":{"driver":{"name":"semgrep","version":"1.2","rules":[{"id":"r1"}]}},"invocations":[{"executionSuccessful":true}],"results":[{"ruleId":"r1","message":{"text":"m"}}]}]}}`,
	sarif.Witness: `{"report":{"version":"2.1.0","runs":[]},"reportFileName":"sarif.json","reportDigestSet":{"sha256":"x"}}`,
	scai.V03:      `{"attributes":[{"attribute":"WITH_STACK_PROTECTION","conditions":{"flags":"-fstack-protector*"},"evidence":{"name":"e","digest":{"sha256":"` + hex64 + `"}}}],"producer":{"uri":"file:///usr/bin/gcc"}}`,
	scai.V02:      `{"attributes":[{"attribute":"REPRODUCIBLE"}]}`,
	svr.V02:       `{"verifier":{"id":"https://example.com/v","policies":[{"name":"gate.yaml","digest":{"sha256":"` + hex64 + `"}}]},"timeCreated":"1985-04-12T23:20:50.52Z","properties":["COMPANY_RELEASE_APPROVED"]}`,
	svr.V01:       `{"verifier":{"id":"https://example.com/v"},"timeCreated":"1985-04-12T23:20:50.52Z","properties":["COMPANY_RELEASE_APPROVED"]}`,
	commit.V1:     `{"commit":"7fd1a60b01f91b314f59955a4e4d4e80d8edf11d","object":"dHJlZQ=="}`,
	"https://spdx.dev/Document": `{"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT","name":"n","dataLicense":"CC0-1.0",
		"documentNamespace":"https://example.com/n","creationInfo":{"created":"2024-01-02T03:04:05Z","creators":["Tool: t"]},"packages":[]}`,
	"https://spdx.dev/Document/v3": `{"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld","@graph":[{"type":"SpdxDocument"}]}`,
	"https://cyclonedx.org/bom":    `{"bomFormat":"CycloneDX","specVersion":"1.6","version":1,"metadata":{"timestamp":"2024-01-02T03:04:05Z"},"components":[{}]}`,
	"https://cosign.sigstore.dev/attestation/vuln/v1": `{"invocation":{"parameters":null,"uri":"","event_id":"","builder.id":""},
		"scanner":{"uri":"pkg:github/aquasecurity/trivy@1","version":"1","db":{"uri":"","version":""},"result":{}},
		"metadata":{"scanStartedOn":"2024-01-02T03:04:05.5Z","scanFinishedOn":"2024-01-02T03:04:06+01:00"}}`,
	"https://in-toto.io/attestation/vulns/v0.1": `{"scanner":{"uri":"pkg:x/y","db":{"lastUpdate":"2024-01-02T03:04:05Z"},
		"result":[{"vulnerability":{"id":"CVE-1","severity":[{"method":"nvd","score":"5"}]}},{"id":"CVE-2","severity":[{"method":"nvd","score":"5"}]}]},
		"metadata":{"scanStartedOn":"2024-01-02T03:04:05Z","scanFinishedOn":"2024-01-02T03:04:05Z"}}`,
	"https://in-toto.io/attestation/vulns/v0.2": `{"scanner":{"uri":"pkg:x/y","db":{"lastUpdate":"2024-01-02T03:04:05Z"},"result":[]},
		"metadata":{"scanStartedOn":"2024-01-02T03:04:05Z","scanFinishedOn":"2024-01-02T03:04:05Z"}}`,
	"https://openvex.dev/ns": `{"@context":"https://openvex.dev/ns/v0.2.0","@id":"https://example.com/vex","author":"a","timestamp":"2024-01-02T03:04:05Z","version":1,
		"statements":[{"vulnerability":{"name":"CVE-1"},"status":"not_affected","justification":"component_not_present"}]}`,
	"https://in-toto.io/Link/v1":               `{"_type":"link","name":"step","materials":{"a":{"sha256":"` + hex64 + `"}},"products":{},"command":["make"],"byproducts":{},"environment":{}}`,
	"https://in-toto.io/attestation/link/v0.3": `{"name":"step","materials":[{"name":"a","digest":{"sha256":"` + hex64 + `"}}]}`,
	custom.Type:                         `{"Data":"foo\n","Timestamp":"2021-08-11T14:51:09Z"}`,
	"https://example.com/unheard-of/v1": `{"anything":[1,2,{"at":"all"}]}`,
}

const hex64 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
