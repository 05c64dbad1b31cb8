package sigstore

import (
	"crypto/x509"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/sigstore/sigstore-go/pkg/root"

	"github.com/carnet-project/carnet/verify"
)

// An instance is a Sigstore that many use, and how to tell that a bundle may be from it.
// Anybody can write these marks into a bundle: they make a message better, and nothing
// is decided by them.
type instance struct {
	name string
	// authorities are the key identifiers of certificates of authorities, in lower-case
	// hex, and issuers the names of those that change their keys often.
	authorities, issuers []string
	// logs are the IDs of its transparency logs, in lower-case hex.
	logs []string
}

// instances are taken from the trusted roots that each publishes.
func instances() []instance {
	return []instance{
		{
			// sigstore/root-signing, targets/trusted_root.json: the root and the intermediate of
			// 2021 and 2022; rekor.sigstore.dev and log2025-1.rekor.sigstore.dev.
			name: "the public instance (sigstore.dev)",
			authorities: []string{
				"c8c51d00419a2429325124eb0dae4aed4a06d3ec", "dfd3e9cf56241196f9a8d8e92855a2c62e18643f", "58c01e5f9145a566a97acc90a19322d02ac5c5fa",
			},
			logs: []string{
				"c0d23d6ad406973f9559f3ba2d1ca01f84147d8ffc5b8445c224f98b9591801d", "cf1199155bddd051268d1f16ac5c0c75c009f6fb5a63f4177f8e18d7051e3fa0",
			},
		},
		{
			// sigstore/root-signing-staging, targets/trusted_root.json: rekor.sigstage.dev, and
			// log2025-alpha3.rekor.sigstage.dev, whose ID is the hash of its name and key.
			name:        "staging (sigstage.dev)",
			authorities: []string{"ff4232ba687dab3a70afdc0cd41ae23e878f6665", "718630a6147c626ff9f7d6f4051a7f5fffeb6fac"},
			logs: []string{
				"d32f30a3c32d639c2b762205a21c7bb07788e68283a4ae6f42118723a1bea496", "d3d3a70ca130eff8696626153e84d1cd16e0947934b3296c528bde8274549496",
			},
		},
		{
			// What `gh attestation trusted-root` prints. It renews its intermediates each year and
			// keeps their names; it has no log.
			name:        "GitHub's own instance (fulcio.githubapp.com)",
			authorities: []string{"c0e1b852a44b4f3ede7a381106cf498ea1459b33", "3226fdcf865805c40035356f5426b72a84c66c15"},
			issuers:     []string{`CN=Fulcio Intermediate l1,O=GitHub\, Inc.`, `CN=Fulcio Intermediate l2,O=GitHub\, Inc.`},
		},
	}
}

// instanceOfAuthority is the instance of an authority with that key or that name, or "".
func instanceOfAuthority(key []byte, authority string) string {
	for _, i := range instances() {
		if slices.Contains(i.authorities, hex.EncodeToString(key)) || slices.Contains(i.issuers, authority) {
			return i.name
		}
	}
	return ""
}

// instanceOfLog is the instance of a log with that ID, or "".
func instanceOfLog(id string) string {
	for _, i := range instances() {
		if slices.Contains(i.logs, id) {
			return i.name
		}
	}
	return ""
}

// instances are the names of the known instances in the material.
func (m *Material) instances() []string {
	var names []string
	add := func(name string) {
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, a := range m.trusted.FulcioCertificateAuthorities() {
		ca, ok := a.(*root.FulcioCertificateAuthority)
		if !ok {
			continue
		}
		for _, c := range append([]*x509.Certificate{ca.Root}, ca.Intermediates...) {
			add(instanceOfAuthority(c.SubjectKeyId, c.Subject.String()))
		}
	}
	for id := range m.trusted.RekorLogs() {
		add(instanceOfLog(id))
	}
	slices.Sort(names)
	return names
}

// foreign is the refusal of what is from a known instance that is not this one, or nil.
func (m *Material) foreign(name string) *verify.Error {
	here := m.instances()
	if name == "" || slices.Contains(here, name) {
		return nil
	}
	this := m.name
	if len(here) > 0 {
		this += ", which is " + strings.Join(here, " and ")
	}
	return refuse(verify.ReasonInstanceMismatch, "a signature made in "+this, "one made in "+name)
}
