package trustedroot

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"

	common "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	trustroot "github.com/sigstore/protobuf-specs/gen/pb-go/trustroot/v1"
	"github.com/sigstore/rekor-tiles/v2/pkg/note"
	"github.com/sigstore/sigstore-go/pkg/root"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// An Infrastructure is a Sigstore of one's own.
type Infrastructure struct {
	Authorities, Timestamps []AuthoritySpec
	Logs, CTLogs            []LogSpec
	Issuers                 []Service
}

// An AuthoritySpec is an authority and its certificates, as [ParseChain] returns them.
// The zero From is the first day of the certificate that issues.
type AuthoritySpec struct {
	URL, Operator string
	Chain         []*x509.Certificate
	Period
}

// A LogSpec is a log and its key.
type LogSpec struct {
	URL, Operator string
	Key           crypto.PublicKey
	// Version is that of the log's API: 1, or 2 for a log of tiles (Rekor v2, static CT).
	Version uint32
	// Origin is the name in the log's checkpoints, of version 2 only; "" is the host
	// name in the URL.
	Origin string
	Period
}

// Write writes the trusted root of an infrastructure, and a signing configuration that
// asks any one log and any one timestamp authority. Both are read back by sigstore-go
// before they are returned.
func Write(own Infrastructure) (trustedRoot, signingConfig []byte, err error) {
	tr := &trustroot.TrustedRoot{MediaType: root.TrustedRootMediaType01}
	if tr.CertificateAuthorities, err = authoritiesOf(own.Authorities, checkIssuer); err != nil {
		return nil, nil, err
	}
	if tr.TimestampAuthorities, err = authoritiesOf(own.Timestamps, checkTimestamps); err != nil {
		return nil, nil, err
	}
	if tr.Tlogs, err = logsOf(own.Logs); err != nil {
		return nil, nil, err
	}
	if tr.Ctlogs, err = logsOf(own.CTLogs); err != nil {
		return nil, nil, err
	}
	if trustedRoot, err = encode(tr); err != nil {
		return nil, nil, err
	}
	if _, err = Read(trustedRoot); err != nil {
		return nil, nil, fmt.Errorf("the trusted root %w", err)
	}
	if signingConfig, err = encode(configOf(own)); err != nil {
		return nil, nil, err
	}
	if _, err = ReadServices(signingConfig); err != nil {
		return nil, nil, fmt.Errorf("the signing configuration %w", err)
	}
	return trustedRoot, signingConfig, nil
}

func authoritiesOf(specs []AuthoritySpec, check func([]*x509.Certificate) error) ([]*trustroot.CertificateAuthority, error) {
	var all []*trustroot.CertificateAuthority
	for _, s := range specs {
		if len(s.Chain) == 0 {
			return nil, fmt.Errorf("%s has no certificate", s.URL)
		}
		if err := check(s.Chain); err != nil {
			return nil, fmt.Errorf("%s: %w", s.URL, err)
		}
		var chain []*common.X509Certificate
		for _, cert := range s.Chain {
			chain = append(chain, &common.X509Certificate{RawBytes: cert.Raw})
		}
		last := s.Chain[len(s.Chain)-1].Subject
		subject := &common.DistinguishedName{CommonName: last.CommonName}
		if len(last.Organization) > 0 {
			subject.Organization = last.Organization[0]
		}
		all = append(all, &trustroot.CertificateAuthority{
			Uri: s.URL, Subject: subject, Operator: s.Operator, ValidFor: rangeOf(s.begun()),
			CertChain: &common.X509CertificateChain{Certificates: chain},
		})
	}
	return all, nil
}

// begun is the spec's period, from the first day of its certificate if nothing is said.
func (s AuthoritySpec) begun() Period {
	if s.From.IsZero() {
		return Period{s.Chain[0].NotBefore, s.Until}
	}
	return s.Period
}

func logsOf(specs []LogSpec) ([]*trustroot.TransparencyLogInstance, error) {
	var all []*trustroot.TransparencyLogInstance
	seen := map[string]string{}
	for _, s := range specs {
		details, err := detailsOf(s.Key)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.URL, err)
		}
		der, err := x509.MarshalPKIXPublicKey(s.Key)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.URL, err)
		}
		base, id, err := s.identify(der)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.URL, err)
		}
		if before, twice := seen[string(id)]; twice {
			// Verifiers look logs up by their ID and would know only one of the two.
			return nil, fmt.Errorf("%s and %s have one log ID: they are one log, or have one key", before, s.URL)
		}
		seen[string(id)] = s.URL
		all = append(all, &trustroot.TransparencyLogInstance{
			BaseUrl: base, HashAlgorithm: common.HashAlgorithm_SHA2_256, Operator: s.Operator,
			PublicKey: &common.PublicKey{RawBytes: der, KeyDetails: details, ValidFor: rangeOf(s.Period)},
			LogId:     &common.LogId{KeyId: id},
		})
	}
	return all, nil
}

// identify is the base URL and the ID of a log. The ID of version 1 is the SHA-256 of
// the key (RFC 6962, section 3.2); that of version 2 is the key ID of its signed
// checkpoints, not cut short (C2SP signed-note), and covers the origin. Verifiers take the
// origin from the host name of the base URL; so that is what it is made of where the log
// is written to by another name.
func (s LogSpec) identify(der []byte) (base string, id []byte, err error) {
	if s.Version == 1 {
		if s.Origin != "" {
			return "", nil, errors.New("a log of version 1 has no origin")
		}
		sum := sha256.Sum256(der)
		return s.URL, sum[:], nil
	}
	u, err := url.Parse(s.URL)
	if err != nil || u.Hostname() == "" {
		return "", nil, errors.New("is not a URL with a host")
	}
	base = s.URL
	origin := u.Hostname()
	if s.Origin != "" && s.Origin != origin {
		origin, base = s.Origin, "https://"+s.Origin
		if named, err := url.Parse(base); err != nil || named.Hostname() != origin {
			return "", nil, fmt.Errorf("the origin %q is not a host name, and verifiers can't find it then", origin)
		}
	}
	_, id, err = note.KeyHash(origin, s.Key)
	return base, id, err
}

// detailsOf is how the trusted root calls a key's algorithm.
func detailsOf(key crypto.PublicKey) (common.PublicKeyDetails, error) {
	switch k := key.(type) {
	case ed25519.PublicKey:
		return common.PublicKeyDetails_PKIX_ED25519, nil
	case *ecdsa.PublicKey:
		switch k.Curve.Params().BitSize {
		case 256:
			return common.PublicKeyDetails_PKIX_ECDSA_P256_SHA_256, nil
		case 384:
			return common.PublicKeyDetails_PKIX_ECDSA_P384_SHA_384, nil
		case 521:
			return common.PublicKeyDetails_PKIX_ECDSA_P521_SHA_512, nil
		}
	case *rsa.PublicKey:
		switch k.N.BitLen() {
		case 2048:
			return common.PublicKeyDetails_PKIX_RSA_PKCS1V15_2048_SHA256, nil
		case 3072:
			return common.PublicKeyDetails_PKIX_RSA_PKCS1V15_3072_SHA256, nil
		case 4096:
			return common.PublicKeyDetails_PKIX_RSA_PKCS1V15_4096_SHA256, nil
		}
	}
	return 0, fmt.Errorf("the key is a %T of a size or kind that trusted roots do not name: it can be Ed25519, ECDSA P-256, P-384 or P-521, or RSA of 2048, 3072 or 4096 bits", key)
}

func configOf(own Infrastructure) *trustroot.SigningConfig {
	config := &trustroot.SigningConfig{MediaType: root.SigningConfigMediaType02}
	for _, a := range own.Authorities {
		config.CaUrls = append(config.CaUrls, serviceOf(Service{a.URL, 1, a.Operator, a.begun()}))
	}
	for _, i := range own.Issuers {
		config.OidcUrls = append(config.OidcUrls, serviceOf(i))
	}
	for _, l := range own.Logs {
		config.RekorTlogUrls = append(config.RekorTlogUrls, serviceOf(Service{l.URL, l.Version, l.Operator, l.Period}))
	}
	for _, a := range own.Timestamps {
		config.TsaUrls = append(config.TsaUrls, serviceOf(Service{a.URL, 1, a.Operator, a.begun()}))
	}
	anyone := func() *trustroot.ServiceConfiguration {
		return &trustroot.ServiceConfiguration{Selector: trustroot.ServiceSelector_ANY}
	}
	config.RekorTlogConfig, config.TsaConfig = anyone(), anyone()
	return config
}

func serviceOf(s Service) *trustroot.Service {
	return &trustroot.Service{Url: s.URL, MajorApiVersion: s.Version, Operator: s.Operator, ValidFor: rangeOf(s.Period)}
}

func rangeOf(p Period) *common.TimeRange {
	r := &common.TimeRange{}
	if !p.From.IsZero() {
		r.Start = timestamppb.New(p.From)
	}
	if !p.Until.IsZero() {
		r.End = timestamppb.New(p.Until)
	}
	return r
}

// encode is m in JSON with the same bytes every time, which protojson avoids on purpose.
func encode(m proto.Message) ([]byte, error) {
	raw, err := protojson.Marshal(m)
	if err != nil {
		return nil, err
	}
	var compact, indented bytes.Buffer
	if err := json.Compact(&compact, raw); err != nil {
		return nil, err
	}
	if err := json.Indent(&indented, compact.Bytes(), "", "  "); err != nil {
		return nil, err
	}
	indented.WriteByte('\n')
	return indented.Bytes(), nil
}
