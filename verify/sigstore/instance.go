package sigstore

import (
	"crypto/x509"
	"encoding/hex"
	"github.com/sigstore/sigstore-go/pkg/root"
	"slices"
	"strings"

	"github.com/carnet-project/carnet/verify"
)

// An instance is a Sigstore that many use, and how to tell that a bundle is from it.
type instance struct {
	name string
	// authorities are the key identifiers of the certificates that issue to signers, and
	// logs the IDs of its transparency logs, all in lower-case hex.
	authorities, logs []string
}

// instances are taken from the trusted roots that each publishes.
func instances() []instance {
	return []instance{
		{
			// sigstore/root-signing, targets/trusted_root.json
			name:        "the public instance (sigstore.dev)",
			authorities: []string{"58c01e5f9145a5666a97acc90a1932d02ed9e2ac", "dfd3e9cf5624c79c5e1d9e0e1c3dfb1b7d6d4d86"},
			logs:        []string{"c0d23d6ad406973f9559f3ba2d1ca01f84147d8ffc5b8445c224f98b9591801d"},
		},
	}
}

func instanceOfAuthority(key string) string {
	for _, i := range instances() {
		if slices.Contains(i.authorities, key) {
			return i.name
		}
	}
	return ""
}

func instanceOfLog(id string) string {
	for _, i := range instances() {
		if slices.Contains(i.logs, id) {
			return i.name
		}
	}
	return ""
}

// is says whether the material is that instance's, by its logs and authorities.
func (m *Material) is(name string) bool {
	return slices.Contains(m.instances(), name)
}

func (q *inquiry) otherInstance(name string) *verify.Error {
	return refuse(verify.ReasonInstanceMismatch, "a signature made in "+q.material.describe(), "one made in "+name)
}

// instances are the names of the known instances in the material.
func (m *Material) instances() []string {
	var names []string
	for _, a := range m.trusted.FulcioCertificateAuthorities() {
		ca, ok := a.(*root.FulcioCertificateAuthority)
		if !ok {
			continue
		}
		for _, c := range append([]*x509.Certificate{ca.Root}, ca.Intermediates...) {
			if name := instanceOfAuthority(hex.EncodeToString(c.SubjectKeyId)); name != "" && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	for id := range m.trusted.RekorLogs() {
		if name := instanceOfLog(id); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// describe names the material, and the instances in it that are known.
func (m *Material) describe() string {
	names := m.instances()
	if len(names) == 0 {
		return m.name
	}
	slices.Sort(names)
	return m.name + ", which is " + strings.Join(names, " and ")
}
