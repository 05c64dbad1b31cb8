package services

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"time"

	trustrootpb "github.com/sigstore/protobuf-specs/gen/pb-go/trustroot/v1"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/sign"
)

// maxBytes bounds a configuration. The public one has two thousand bytes.
const maxBytes = 1 << 20

// maxServices bounds how many services of one kind a configuration names.
const maxServices = 64

// A Service is where something is asked.
type Service struct {
	// URL is the base URL; that of a timestamp authority is the full one.
	URL string
	// Version is the major version of its API.
	Version int
	// Operator is who runs it, as the configuration says.
	Operator string
}

// Services are those that a signature needs, in the order of the configuration.
type Services struct {
	// Issuers are those of identity tokens, and Authorities those of certificates: at
	// most one of each, the newest, because one is enough.
	Issuers, Authorities []Service
	// Logs and Timestamps are to be asked all of them: as many as the configuration's
	// selector says, and at most one of an operator. They are nil only if the
	// configuration names none.
	Logs, Timestamps []Service
}

// Parse reads a signing configuration of version 0.2 and selects from it by its own
// rules (protobuf-specs, sigstore_trustroot.proto, ServiceSelector): of the services
// that are valid at now and have a version that is known here, those of the highest
// version; of ANY and EXACT by chance.
//
// A configuration that names services of a kind none of which can be used is an error,
// as is a URL that is not https, but for http on a loopback address.
func Parse(raw []byte, now time.Time) (Services, error) {
	if len(raw) > maxBytes {
		return Services{}, fmt.Errorf("the signing configuration is over %d bytes", maxBytes)
	}
	pb, err := root.NewSigningConfigProtobuf(raw)
	if err != nil {
		return Services{}, fmt.Errorf("reading the signing configuration: %w", err)
	}
	config, err := root.NewSigningConfigFromProtobuf(pb)
	if err != nil {
		return Services{}, fmt.Errorf("the signing configuration has the media type %q, want %q", pb.GetMediaType(), root.SigningConfigMediaType02)
	}
	var s Services
	var errs [4]error
	s.Issuers, errs[0] = newest("OIDC issuer", config.OIDCProviderURLs(), []uint32{1}, now)
	s.Authorities, errs[1] = newest("certificate authority", config.FulcioCertificateAuthorityURLs(), sign.FulcioAPIVersions, now)
	s.Logs, errs[2] = several("transparency log", config.RekorLogURLs(), pb.GetRekorTlogConfig(), sign.RekorAPIVersions, now)
	s.Timestamps, errs[3] = several("timestamp authority", config.TimestampAuthorityURLs(), pb.GetTsaConfig(), sign.TimestampAuthorityAPIVersions, now)
	if err := errors.Join(errs[:]...); err != nil {
		return Services{}, fmt.Errorf("the signing configuration: %w", err)
	}
	return s, nil
}

// newest selects one.
func newest(kind string, all []root.Service, versions []uint32, now time.Time) ([]Service, error) {
	if len(all) == 0 {
		return nil, nil
	}
	if err := check(kind, all); err != nil {
		return nil, err
	}
	one, err := root.SelectService(all, versions, now)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", kind, err)
	}
	return []Service{service(one)}, nil
}

// several selects as many as the selector says.
func several(kind string, all []root.Service, how *trustrootpb.ServiceConfiguration, versions []uint32, now time.Time) ([]Service, error) {
	if len(all) == 0 {
		return nil, nil
	}
	if err := check(kind, all); err != nil {
		return nil, err
	}
	selected, err := root.SelectServices(all, root.ServiceConfiguration{Selector: how.GetSelector(), Count: how.GetCount()}, versions, now)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", kind, err)
	}
	var given []Service
	for _, s := range all {
		// One that is listed twice is asked once.
		if i := slices.Index(selected, s); i >= 0 {
			selected = slices.Delete(selected, i, i+1)
			given = append(given, service(s))
		}
	}
	return given, nil
}

func service(s root.Service) Service {
	return Service{URL: s.URL, Version: int(s.MajorAPIVersion), Operator: s.Operator}
}

// check refuses where a token or a signature must not be sent.
func check(kind string, all []root.Service) error {
	if len(all) > maxServices {
		return fmt.Errorf("%s: %d of them, want at most %d", kind, len(all), maxServices)
	}
	for _, s := range all {
		if err := CheckURL(s.URL); err != nil {
			return fmt.Errorf("%s: %w", kind, err)
		}
	}
	return nil
}

// CheckURL refuses a service's URL that is not https, but for http on a loopback
// address, or holds more than a host and a path. The error has no user's password.
func CheckURL(raw string) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return errors.New("a service's URL has a scheme and a host")
	case u.User != nil:
		return fmt.Errorf("the URL of %s holds a user name", u.Host)
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return fmt.Errorf("the URL of %s has more than a path", u.Host)
	case u.Scheme == "https", u.Scheme == "http" && loopback(u.Hostname()):
		return nil
	}
	return fmt.Errorf("%q: want https, or http on a loopback address", raw)
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
