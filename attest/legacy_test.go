package attest_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/fixtures/vectors"
)

const payload = `{"critical":{"identity":{"docker-reference":"example.com/shop"},"image":{"docker-manifest-digest":"sha256:` + hex64 + `"},"type":"cosign container image signature"},"optional":{"a":1}}`

func TestLegacySignature(t *testing.T) {
	b, err := attest.LegacySignature([]byte(payload), map[string]string{attest.LegacySignatureAnnotation: "c2ln"})
	if err != nil {
		t.Fatal(err)
	}
	whole(t, b, []byte(payload))
	if string(b.Signature()) != "sig" || b.Form() != attest.FormSimpleSigning || b.KeyHint() != "" {
		t.Errorf("%q, %s", b.Signature(), b.Form())
	}
	if d, err := attest.SimpleSigningDigest(b.UnverifiedPayload()); err != nil || d.Hex() != hex64 {
		t.Errorf("%v, %v", d, err)
	}
	if _, err := b.UnverifiedStatement(); faultOf(t, err) != attest.FaultPayloadType {
		t.Errorf("a simple signing payload is no statement: %v", err)
	}
	for encoded, want := range map[string]attest.Fault{"": attest.FaultNoSignature, "=": attest.FaultMalformed, "c2ln!": attest.FaultMalformed} {
		if b, err := attest.LegacySignature([]byte(payload), map[string]string{attest.LegacySignatureAnnotation: encoded}); faultOf(t, err) != want || b != nil {
			t.Errorf("annotation %q: %v", encoded, err)
		}
	}
}

// Podman and skopeo write another type for the same.
func TestSimpleSigningDigestOfPodman(t *testing.T) {
	raw := `{"critical":{"type":"atomic container signature","image":{"docker-manifest-digest":"sha256:` + hex64 + `"},"identity":{"docker-reference":"x"}},"optional":{"creator":"x","timestamp":1}}`
	if d, err := attest.SimpleSigningDigest([]byte(raw)); err != nil || d.Hex() != hex64 {
		t.Errorf("%v, %v", d, err)
	}
}

func TestSimpleSigningDigestRefuses(t *testing.T) {
	for raw, want := range map[string]attest.Fault{
		``:                  attest.FaultMalformed,
		`[]`:                attest.FaultMalformed,
		`{}`:                attest.FaultStatementType,
		`{"critical":[]}`:   attest.FaultMalformed,
		`{"critical":null}`: attest.FaultMalformed,
		`{"critical":{"type":"cosign container image signature"}}`:                                             attest.FaultDigestMalformed,
		`{"critical":{"type":"cosign container image signature","image":{"docker-manifest-digest":7}}}`:        attest.FaultMalformed,
		`{"critical":{"type":"cosign container image signature","image":{"docker-manifest-digest":"md5:00"}}}`: attest.FaultDigestWeak,
		`{"critical":{"type":"x","Type":"cosign container image signature"}}`:                                  attest.FaultKeyCase,
		`{"Critical":{},"critical":{}}`: attest.FaultKeyCase,
		`{"critical":{"type":"cosign container image signature"},"critical":{"type":"cosign container image signature"}}`: attest.FaultDuplicateKey,
		payload + `x`: attest.FaultTrailingData,
	} {
		if d, err := attest.SimpleSigningDigest([]byte(raw)); faultOf(t, err) != want || !d.IsZero() {
			t.Errorf("%s: %v, want %s", raw, err, want)
		}
	}
}

func FuzzSimpleSigningDigest(f *testing.F) {
	for _, raw := range contents(f, vectors.LayoutSimpleSigning) {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, err := attest.SimpleSigningDigest(slices.Clone(raw))
		if faultOf(t, err) != "" {
			return
		}
		var other struct {
			Critical struct {
				Image struct {
					Digest string `json:"docker-manifest-digest"`
				} `json:"image"`
			} `json:"critical"`
		}
		if err := json.Unmarshal(raw, &other); err != nil || other.Critical.Image.Digest != d.String() {
			t.Errorf("encoding/json reads %+v, %v", other, err)
		}
	})
}

func FuzzLegacyAttestation(f *testing.F) {
	for _, raw := range contents(f, vectors.LayoutEnvelope) {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		b, err := attest.LegacyAttestation(slices.Clone(raw), nil)
		if faultOf(t, err) != "" {
			if b != nil {
				t.Error("a bundle beside an error")
			}
			return
		}
		whole(t, b, raw)
		var other struct {
			Payload    []byte                 `json:"payload"`
			Signatures []struct{ Sig []byte } `json:"signatures"`
		}
		// Only the standard alphabet of base64 is common to both readers.
		if json.Unmarshal(raw, &other) == nil && (string(other.Payload) != string(b.UnverifiedPayload()) || string(other.Signatures[0].Sig) != string(b.Signature())) {
			t.Errorf("encoding/json reads %+v", other)
		}
	})
}
