package public_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/sign"
	"github.com/theupdateframework/go-tuf/v2/metadata/trustedmetadata"

	"github.com/carnet-project/carnet/verify/sigstore/public"
)

// The digests are those of version 14 of the repository's targets, which its root's
// keys sign.
func TestFilesAreThoseOfTheRepository(t *testing.T) {
	for name, file := range map[string]struct {
		content []byte
		digest  string
	}{
		"trusted_root.json":        {public.TrustedRoot(), "6494e21ea73fa7ee769f85f57d5a3e6a08725eae1e38c755fc3517c9e6bc0b66"},
		"signing_config.v0.2.json": {public.SigningConfig(), "9711a6d5375706957a4859af31c5866a4474f81f0544f9f4b76c9c4f4c8a539c"},
	} {
		if got := sha256.Sum256(file.content); hex.EncodeToString(got[:]) != file.digest {
			t.Errorf("%s has the digest %x, and the repository lists %s", name, got, file.digest)
		}
	}
}

func TestTrustedRootIsReadable(t *testing.T) {
	trusted, err := root.NewTrustedRootFromJSON(public.TrustedRoot())
	if err != nil {
		t.Fatal(err)
	}
	at := public.Taken()
	for _, host := range []string{"rekor.sigstore.dev", "log2025-1.rekor.sigstore.dev"} {
		found := false
		for _, log := range trusted.RekorLogs() {
			u, err := url.Parse(log.BaseURL)
			if err != nil {
				t.Fatal(err)
			}
			found = found || u.Host == host && !at.Before(log.ValidityPeriodStart) && (log.ValidityPeriodEnd.IsZero() || at.Before(log.ValidityPeriodEnd))
		}
		if !found {
			t.Errorf("the log %s is not trusted on %s", host, at)
		}
	}
	if len(trusted.FulcioCertificateAuthorities()) == 0 || len(trusted.CTLogs()) == 0 || len(trusted.TimestampingAuthorities()) == 0 {
		t.Error("there is no certificate authority, no CT log or no timestamp authority")
	}
}

func TestSigningConfigNamesServices(t *testing.T) {
	config, err := root.NewSigningConfigFromJSON(public.SigningConfig())
	if err != nil {
		t.Fatal(err)
	}
	at := public.Taken()
	ca, err := root.SelectService(config.FulcioCertificateAuthorityURLs(), sign.FulcioAPIVersions, at)
	if err != nil || ca.URL != "https://fulcio.sigstore.dev" {
		t.Errorf("the certificate authority is %q, %v", ca.URL, err)
	}
	logs, err := root.SelectServices(config.RekorLogURLs(), config.RekorLogURLsConfig(), []uint32{1, 2}, at)
	if err != nil || len(logs) != 1 || logs[0].URL != "https://rekor.sigstore.dev" || logs[0].MajorAPIVersion != 1 {
		t.Errorf("the logs are %+v, %v", logs, err)
	}
	if _, err := root.SelectServices(config.TimestampAuthorityURLs(), config.TimestampAuthorityURLsConfig(), sign.TimestampAuthorityAPIVersions, at); err != nil {
		t.Error(err)
	}
}

// A root that its own keys do not sign, or that had expired when it was taken, is no
// place to start from.
func TestTUFRootStartsAnUpdate(t *testing.T) {
	trusted, err := trustedmetadata.New(public.TUFRoot())
	if err != nil {
		t.Fatal(err)
	}
	signed := trusted.Root.Signed
	if signed.Version != public.RootVersion || signed.IsExpired(public.Taken()) {
		t.Errorf("root version %d expires at %s, and was taken on %s", signed.Version, signed.Expires, public.Taken())
	}
	if _, err := trustedmetadata.New([]byte(strings.Replace(string(public.TUFRoot()), "2027-04-22", "2037-04-22", 1))); err == nil {
		t.Error("a root that nobody signed is taken")
	}
}

// The date is what warns of a stale snapshot; it can't lie in the future of its files.
func TestTaken(t *testing.T) {
	at := public.Taken()
	if at.IsZero() || at != at.Truncate(24*time.Hour) || at.After(time.Now()) {
		t.Errorf("the snapshot was taken at %s", at)
	}
}
