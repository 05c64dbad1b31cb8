package trustedroot

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	common "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	trustroot "github.com/sigstore/protobuf-specs/gen/pb-go/trustroot/v1"
	"github.com/sigstore/sigstore-go/pkg/root"
	"google.golang.org/protobuf/encoding/protojson"
)

// MaxBytes bounds both files.
const MaxBytes = 1 << 20

// Contents are whom a trusted root trusts.
type Contents struct {
	Authorities []Authority `json:"certificateAuthorities"`
	Logs        []Log       `json:"transparencyLogs"`
	CTLogs      []Log       `json:"ctLogs"`
	Timestamps  []Authority `json:"timestampAuthorities"`
}

// An Authority issues certificates or timestamps.
type Authority struct {
	URL      string `json:"url,omitempty"`
	Subject  string `json:"subject"`
	Operator string `json:"operator,omitempty"`
	Period
	// Root is the SHA-256 of the certificate at the end of the chain, in hex.
	Root string `json:"rootSha256"`
}

// A Log is a transparency log.
type Log struct {
	URL      string `json:"url,omitempty"`
	Operator string `json:"operator,omitempty"`
	Key      string `json:"key"`
	Period
	// ID is what signed entries call the log, in hex.
	ID string `json:"id"`
}

// A Period is when something is in use, both ends included; a zero time is no end.
type Period struct {
	From  time.Time `json:"from,omitzero"`
	Until time.Time `json:"until,omitzero"`
}

// Read says whom a trusted root trusts. What sigstore-go can't read is refused.
func Read(raw []byte) (*Contents, error) {
	if len(raw) > MaxBytes {
		return nil, fmt.Errorf("is over %d bytes: not a Sigstore trusted root", MaxBytes)
	}
	if _, err := root.NewTrustedRootFromJSON(raw); err != nil {
		return nil, fmt.Errorf("is not a Sigstore trusted root: %w", err)
	}
	var got trustroot.TrustedRoot
	if err := protojson.Unmarshal(raw, &got); err != nil {
		return nil, fmt.Errorf("is not a Sigstore trusted root: %w", err)
	}
	c := &Contents{Logs: logs(got.GetTlogs()), CTLogs: logs(got.GetCtlogs())}
	var err error
	if c.Authorities, err = authorities(got.GetCertificateAuthorities()); err != nil {
		return nil, err
	}
	if c.Timestamps, err = authorities(got.GetTimestampAuthorities()); err != nil {
		return nil, err
	}
	if len(c.Authorities)+len(c.Logs)+len(c.Timestamps) == 0 {
		return nil, errors.New("names no certificate authority, no transparency log and no timestamp authority")
	}
	return c, nil
}

func authorities(all []*trustroot.CertificateAuthority) ([]Authority, error) {
	found := []Authority{}
	for _, a := range all {
		chain := a.GetCertChain().GetCertificates()
		last, err := x509.ParseCertificate(chain[len(chain)-1].GetRawBytes())
		if err != nil {
			return nil, fmt.Errorf("a certificate of %q can't be read: %w", a.GetUri(), err)
		}
		digest := sha256.Sum256(last.Raw)
		found = append(found, Authority{
			URL: a.GetUri(), Subject: last.Subject.String(), Operator: a.GetOperator(),
			Period: period(a.GetValidFor()), Root: hex.EncodeToString(digest[:]),
		})
	}
	return found, nil
}

func logs(all []*trustroot.TransparencyLogInstance) []Log {
	found := []Log{}
	for _, l := range all {
		found = append(found, Log{
			URL: l.GetBaseUrl(), Operator: l.GetOperator(), Key: algorithm(l.GetPublicKey().GetKeyDetails()),
			Period: period(l.GetPublicKey().GetValidFor()), ID: hex.EncodeToString(l.GetLogId().GetKeyId()),
		})
	}
	return found
}

func period(r *common.TimeRange) Period {
	var p Period
	if r.GetStart() != nil {
		p.From = r.GetStart().AsTime()
	}
	if r.GetEnd() != nil {
		p.Until = r.GetEnd().AsTime()
	}
	return p
}

// algorithm is a key's algorithm without what is the same for all.
func algorithm(details common.PublicKeyDetails) string {
	return strings.ReplaceAll(strings.TrimPrefix(details.String(), "PKIX_"), "_", "-")
}

// Services are the services that a signing configuration names.
type Services struct {
	Authorities []Service `json:"certificateAuthorities"`
	Issuers     []Service `json:"tokenIssuers"`
	Logs        []Service `json:"transparencyLogs"`
	Timestamps  []Service `json:"timestampAuthorities"`
}

// A Service is one that is asked when something is signed.
type Service struct {
	URL      string `json:"url"`
	Version  uint32 `json:"version"`
	Operator string `json:"operator,omitempty"`
	Period
}

// ReadServices says which services a signing configuration names.
func ReadServices(raw []byte) (*Services, error) {
	if len(raw) > MaxBytes {
		return nil, fmt.Errorf("is over %d bytes: not a Sigstore signing configuration", MaxBytes)
	}
	config, err := root.NewSigningConfigFromJSON(raw)
	if err != nil {
		return nil, fmt.Errorf("is not a Sigstore signing configuration: %w", err)
	}
	return &Services{
		services(config.FulcioCertificateAuthorityURLs()), services(config.OIDCProviderURLs()),
		services(config.RekorLogURLs()), services(config.TimestampAuthorityURLs()),
	}, nil
}

func services(all []root.Service) []Service {
	found := []Service{}
	for _, s := range all {
		found = append(found, Service{s.URL, s.MajorAPIVersion, s.Operator, Period{s.ValidityPeriodStart, s.ValidityPeriodEnd}})
	}
	return found
}
