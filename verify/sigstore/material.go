package sigstore

import (
	"fmt"
	"slices"

	"github.com/sigstore/sigstore-go/pkg/root"

	"github.com/carnet-project/carnet/verify/internal/glob"
)

// maxMaterial bounds a trusted root; the public instance's has 7 KB.
const maxMaterial = 4 << 20

// Material is a Sigstore trusted root: the certificate authorities, transparency logs
// and timestamp authorities of one instance, with the times in which each was in use. It
// does not change, and several goroutines may use it at once.
type Material struct {
	name string
	// trusted is as sigstore-go has it, and quick the same with authorities that were
	// checked when they were read.
	trusted, quick root.TrustedMaterial
	// need is what the instance gives to each of its signatures.
	need Need
}

// ParseMaterial reads a trusted root of at most 4 MiB in the JSON of its protobuf
// (protobuf-specs, sigstore_trustroot.proto, media type version 0.1). The name is what
// findings call it.
func ParseMaterial(name string, trustedRootJSON []byte) (*Material, error) {
	if len(trustedRootJSON) > maxMaterial {
		return nil, fmt.Errorf("%s: is larger than 4 MiB: not a Sigstore trusted root", name)
	}
	trusted, err := root.NewTrustedRootFromJSON(trustedRootJSON)
	if err != nil {
		return nil, fmt.Errorf("%s: is not a Sigstore trusted root: %w", name, err)
	}
	if len(trusted.FulcioCertificateAuthorities())+len(trusted.RekorLogs())+len(trusted.TimestampingAuthorities()) == 0 {
		return nil, fmt.Errorf("%s: names no certificate authority, no transparency log and no timestamp authority", name)
	}
	return newMaterial(name, trusted), nil
}

func newMaterial(name string, trusted root.TrustedMaterial) *Material {
	return &Material{
		name: name, trusted: trusted, quick: quicken(trusted),
		need: Need{SCTs: min(1, len(trusted.CTLogs())), Logs: min(1, len(trusted.RekorLogs()))},
	}
}

// Name is what the material was called when it was read.
func (m *Material) Name() string { return m.name }

// Need says how much must prove a signature under a certificate beside the certificate.
// A trusted time is always needed. With a key, a Need says what must be there beside it.
type Need struct {
	// SCTs is how many certificate transparency logs must vouch for the certificate.
	SCTs int
	// Logs is how many transparency logs must have the signature. With 0, nothing in a log
	// is looked at, and none of its times is believed.
	Logs int
	// Timestamps is how many timestamp authorities must have stamped the signature. With 0,
	// the time of a log will do.
	Timestamps int
}

// Need is what the instance itself gives to each of its signatures: it has certificate
// transparency logs or not, transparency logs or not.
func (m *Material) Need() Need {
	return m.need
}

// Restricted is the material with no other transparency logs and timestamp authorities than
// those whose URL, as the trusted root has it, is matched by one of the globs, in which * is
// any part between slashes and ** is anything. Without globs all count. The others
// are strangers then. What the instance needs stays as it is: without a log that counts,
// nothing of an instance with logs can be proven.
func (m *Material) Restricted(logs, authorities []string) (*Material, error) {
	if len(logs)+len(authorities) == 0 {
		return m, nil
	}
	log, err := matcher(logs)
	if err != nil {
		return nil, fmt.Errorf("the transparency log %w", err)
	}
	authority, err := matcher(authorities)
	if err != nil {
		return nil, fmt.Errorf("the timestamp authority %w", err)
	}
	trusted := &restricted{TrustedMaterial: m.trusted, logs: map[string]*root.TransparencyLog{}}
	for id, l := range m.trusted.RekorLogs() {
		if log(l.BaseURL) {
			trusted.logs[id] = l
		}
	}
	for _, a := range m.trusted.TimestampingAuthorities() {
		known, ok := a.(*root.SigstoreTimestampingAuthority)
		if len(authorities) == 0 || ok && authority(known.URI) {
			trusted.authorities = append(trusted.authorities, a)
		}
	}
	fewer := newMaterial(m.name, trusted)
	fewer.need = m.need
	return fewer, nil
}

func matcher(globs []string) (func(url string) bool, error) {
	var all []glob.Glob
	for _, pattern := range globs {
		g, err := glob.Compile(pattern)
		if err != nil {
			return nil, err
		}
		all = append(all, g)
	}
	return func(url string) bool {
		return len(all) == 0 || slices.ContainsFunc(all, func(g glob.Glob) bool { return g.Match(url) })
	}, nil
}

// restricted is a trusted root with fewer logs and authorities.
type restricted struct {
	root.TrustedMaterial
	logs        map[string]*root.TransparencyLog
	authorities []root.TimestampingAuthority
}

// RekorLogs implements sigstore-go's TrustedMaterial.
func (r *restricted) RekorLogs() map[string]*root.TransparencyLog { return r.logs }

// TimestampingAuthorities implements sigstore-go's TrustedMaterial.
func (r *restricted) TimestampingAuthorities() []root.TimestampingAuthority { return r.authorities }
