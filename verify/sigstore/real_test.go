package sigstore_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/sigstore"
)

func read(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func bundleOf(t testing.TB, name string) *attest.Bundle {
	t.Helper()
	b, err := attest.ParseBundle(read(t, name+".sigstore.json"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func material(t testing.TB, name string) *sigstore.Material {
	t.Helper()
	m, err := sigstore.ParseMaterial(name, read(t, name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// anybody accepts every holder, so that a test can look at the rest.
func anybody(attest.Certificate) error { return nil }

// reasonOf is why a root refused, and whether it leaves the bundle to others.
func reasonOf(t testing.TB, r verify.Root, b *attest.Bundle) (verify.Reason, bool) {
	t.Helper()
	opened, err := r.Open(b)
	if err == nil {
		return "", false
	}
	var refused *verify.Error
	if !errors.As(err, &refused) || opened.Payload != nil || opened.Times != nil || opened.By != (verify.Identity{}) {
		t.Fatalf("%+v beside %#v", opened, err)
	}
	if refused.Expected == "" || refused.Found == "" {
		t.Errorf("%q says too little", refused)
	}
	return refused.Reason, errors.Is(err, verify.ErrUnknownSigner)
}

// The bundles of the public instance in sigstore-go's own test data, of three versions.
func TestRealBundles(t *testing.T) {
	const github = "https://token.actions.githubusercontent.com"
	for name, c := range map[string]struct {
		root, subject, issuer string
		at, uri               string
	}{
		"dsse":                         {"public-good", "brian@dehamer.com", "https://github.com/login/oauth", "2022-11-09T23:00:36Z", "https://rekor.sigstore.dev"},
		"npm-provenance":               {"public-good", "https://github.com/sigstore/sigstore-js/.github/workflows/release.yml@refs/heads/main", github, "2023-04-18T17:45:12Z", "https://rekor.sigstore.dev"},
		"sigstore-js-2.0.0-provenance": {"public-good", "https://github.com/sigstore/sigstore-js/.github/workflows/release.yml@refs/heads/main", github, "2023-08-18T16:05:35Z", "https://rekor.sigstore.dev"},
		"othername":                    {"scaffolding", "foo!oidc.local", "http://oidc.local:8080", "2024-07-12T19:06:29Z", "http://rekor.rekor-system.172.18.255.1.sslip.io"},
	} {
		t.Run(name, func(t *testing.T) {
			m, b := material(t, c.root), bundleOf(t, name)
			opened, err := sigstore.NewRoot(m, m.Need(), anybody).Open(b)
			if err != nil {
				t.Fatal(err)
			}
			if string(opened.Payload) != string(b.UnverifiedPayload()) || opened.By.Certificate.Subject != c.subject || opened.By.Certificate.Issuer != c.issuer {
				t.Errorf("%+v", opened.By.Certificate)
			}
			if len(opened.Times) != 1 || opened.Times[0].At.Format(time.RFC3339) != c.at || opened.Times[0].Source != verify.TimeLog || opened.Times[0].URI != c.uri {
				t.Errorf("%+v", opened.Times)
			}
		})
	}
}
