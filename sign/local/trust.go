//go:build unix

package local

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"net"
	"net/url"

	trust "github.com/sigstore/protobuf-specs/gen/pb-go/trustroot/v1"
	"github.com/sigstore/sigstore-go/pkg/root"

	"github.com/carnet-project/carnet/sign/local/internal/ctlog"
	"github.com/carnet-project/carnet/sign/local/internal/rekor"
)

// trustedRoot is what verifiers need (sigstore/protobuf-specs, sigstore_trustroot.proto).
func trustedRoot(s state, k keys) ([]byte, error) {
	ct, err := ctlog.ID(&k.ct.PublicKey)
	if err != nil {
		return nil, err
	}
	log, err := rekor.ID(s.host("rekor"), k.rekor.Public().(ed25519.PublicKey))
	if err != nil {
		return nil, err
	}
	known, err := root.NewTrustedRoot(root.TrustedRootMediaType01,
		[]root.CertificateAuthority{&root.FulcioCertificateAuthority{
			Root: k.authorityChain[1], Intermediates: k.authorityChain[:1], ValidityPeriodStart: s.Created, URI: s.Status.Fulcio,
		}},
		map[string]*root.TransparencyLog{hex.EncodeToString(ct[:]): {
			BaseURL: s.Status.CTLog, ID: ct[:], ValidityPeriodStart: s.Created, HashFunc: crypto.SHA256, PublicKey: k.ct.Public(), SignatureHashFunc: crypto.SHA256,
		}},
		[]root.TimestampingAuthority{&root.SigstoreTimestampingAuthority{
			Root: k.tsaChain[1], Leaf: k.tsaChain[0], ValidityPeriodStart: s.Created, URI: s.Status.Timestamps,
		}},
		map[string]*root.TransparencyLog{hex.EncodeToString(log): {
			BaseURL: s.logURL(), ID: log, ValidityPeriodStart: s.Created, HashFunc: crypto.SHA256, PublicKey: k.rekor.Public(), SignatureHashFunc: crypto.SHA512,
		}})
	if err != nil {
		return nil, err
	}
	return pretty(known)
}

// logURL is where the trusted root has the log. Verifiers take the origin of checkpoints
// from its host name, so that the name is the log's own and not the machine's.
func (s state) logURL() string {
	u, err := url.Parse(s.Status.Rekor)
	if err != nil {
		return s.Status.Rekor
	}
	port := u.Port()
	u.Host = s.host("rekor")
	if port != "" {
		u.Host = net.JoinHostPort(u.Host, port)
	}
	return u.String()
}

// signingConfig is what signers need (sigstore/protobuf-specs, sigstore_trustroot.proto).
func signingConfig(s state) ([]byte, error) {
	service := func(url string, version uint32) []root.Service {
		if url == "" {
			return nil
		}
		return []root.Service{{URL: url, MajorAPIVersion: version, ValidityPeriodStart: s.Created, Operator: "carnet local " + s.Name}}
	}
	config, err := root.NewSigningConfig(root.SigningConfigMediaType02,
		service(s.Status.Fulcio, 1), service(s.Status.Issuer, 1),
		service(s.Status.Rekor, 2), root.ServiceConfiguration{Selector: trust.ServiceSelector_ANY},
		service(s.Status.Timestamps, 1), root.ServiceConfiguration{Selector: trust.ServiceSelector_ANY})
	if err != nil {
		return nil, err
	}
	return pretty(config)
}

// pretty is the value in JSON. What protocol buffers write differs in its spaces from
// run to run, and these bytes are signed.
func pretty(value json.Marshaler) ([]byte, error) {
	raw, err := value.MarshalJSON()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, raw, "", "  "); err != nil {
		return nil, err
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}
