//go:build unix

package local

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/carnet-project/carnet/sign/local/internal/disk"
)

// The layout of a Sigstore's folder. The state is written when the keys are, and before
// anything is signed with them: while it is not there, they are made anew.
const (
	stateFile  = "state.json"
	rootFile   = "trusted_root.json"
	configFile = "signing_config.json"
	keysFolder = "keys"
	logFolder  = "rekor"
	ctFolder   = "ct"
	tufFolder  = "tuf"
	maxState   = 64 << 10
	version    = 1
)

// state is what a Sigstore knows of itself beside its keys and logs.
type state struct {
	Version int `json:"version"`
	// Name tells instances apart; it is in the names of authorities and logs.
	Name    string    `json:"name"`
	Created time.Time `json:"created"`
	// Listen is the address with its port, which stays, so that URLs do.
	Listen string `json:"listen"`
	Status Status `json:"status"`
}

func readState(dir string) (state, error) {
	raw, err := disk.Read(filepath.Join(dir, stateFile), maxState)
	if err != nil {
		return state{}, err
	}
	var s state
	if err := json.Unmarshal(raw, &s); err != nil {
		return state{}, fmt.Errorf("%s: %w", stateFile, err)
	}
	if s.Version != version || s.Name == "" {
		return state{}, fmt.Errorf("%s is of version %d, and version %d is known", stateFile, s.Version, version)
	}
	return s, nil
}

func (s state) write(dir string) error {
	raw, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return disk.Write(filepath.Join(dir, stateFile), append(raw, '\n'))
}

// load reads the state and keys, or makes them in a new folder.
func load(dir string, now time.Time) (state, keys, error) {
	s, err := readState(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		name := make([]byte, 4)
		_, _ = rand.Read(name) // never fails
		s = state{Version: version, Name: hex.EncodeToString(name), Created: now.UTC().Truncate(time.Second)}
		for _, folder := range []string{keysFolder, tufFolder} {
			if err := disk.Folder(filepath.Join(dir, folder)); err != nil {
				return state{}, keys{}, err
			}
		}
		if err := makeKeys(filepath.Join(dir, keysFolder), s.Name, s.Created); err != nil {
			return state{}, keys{}, err
		}
		if err := s.write(dir); err != nil {
			return state{}, keys{}, err
		}
	case err != nil:
		return state{}, keys{}, err
	}
	k, err := loadKeys(filepath.Join(dir, keysFolder))
	return s, k, err
}

// host is the origin of a log: a name of its own, which stays when the address changes.
// It ends in localhost (RFC 6761, section 6.3), so that it is nobody else's.
func (s state) host(log string) string { return log + "-" + s.Name + ".localhost" }
