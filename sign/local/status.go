//go:build unix

package local

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/carnet-project/carnet/sign/local/internal/disk"
)

// A Status is where the services of a Sigstore are.
type Status struct {
	// Name tells instances apart.
	Name string `json:"name"`
	URL  string `json:"url"`
	// Issuer is the built-in issuer, or "" if the Sigstore is not on loopback alone.
	Issuer     string   `json:"issuer,omitempty"`
	Fulcio     string   `json:"fulcio"`
	Rekor      string   `json:"rekor"`
	CTLog      string   `json:"ctLog"`
	Timestamps string   `json:"timestamps"`
	TUF        string   `json:"tuf"`
	Issuers    []Issuer `json:"issuers,omitempty"`
}

func newStatus(name string, u *url.URL, loopback bool) Status {
	at := strings.TrimSuffix(u.String(), "/")
	s := Status{
		Name: name, URL: at, Fulcio: at + "/fulcio", Rekor: at + "/rekor", CTLog: at + "/ct",
		Timestamps: at + "/tsa/api/v1/timestamp", TUF: at + "/tuf",
	}
	host := u.Hostname()
	if ip := net.ParseIP(host); loopback && (ip != nil && ip.IsLoopback() || host == "localhost" || strings.HasSuffix(host, ".localhost")) {
		s.Issuer = at + "/issuer"
	}
	return s
}

// ReadStatus is where the services of the folder's Sigstore were when it was last open,
// whether it is open or not. The error is [fs.ErrNotExist] if there has been none.
func ReadStatus(dir string) (Status, error) {
	s, err := readState(dir)
	if err == nil && s.Status.Name == "" {
		return Status{}, fmt.Errorf("it has never been open: %w", fs.ErrNotExist)
	}
	return s.Status, err
}

// health is the answer of /healthz.
type health struct {
	Name    string `json:"name"`
	Entries uint64 `json:"entries"`
}

// Ask asks whether the Sigstore answers, and returns how many entries its log has. An
// answer of another instance is an error.
func (s Status) Ask(ctx context.Context, client *http.Client) (entries uint64, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/healthz", nil)
	if err != nil {
		return 0, err
	}
	answer, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	var h health
	if err := json.NewDecoder(io.LimitReader(answer.Body, maxState)).Decode(&h); err != nil || answer.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("%s answers with status %d, and not as a Sigstore", s.URL, answer.StatusCode)
	}
	if h.Name != s.Name {
		return 0, fmt.Errorf("%s is the Sigstore %q, and %q is asked for", s.URL, h.Name, s.Name)
	}
	return h.Entries, nil
}

// An Export is what clients of a Sigstore need.
type Export struct {
	TrustedRoot, SigningConfig []byte
	// TUFRoot is the first root of the TUF repository.
	TUFRoot []byte
}

// ReadExport reads what clients need from the folder, whether the Sigstore is open or
// not. The error is [fs.ErrNotExist] if there has been none.
func ReadExport(dir string) (Export, error) {
	if _, err := readState(dir); err != nil {
		return Export{}, err
	}
	var e Export
	for name, into := range map[string]*[]byte{rootFile: &e.TrustedRoot, configFile: &e.SigningConfig, filepath.Join(tufFolder, "1.root.json"): &e.TUFRoot} {
		content, err := disk.Read(filepath.Join(dir, name), 1<<20)
		if err != nil {
			return Export{}, err
		}
		*into = content
	}
	return e, nil
}
