package cli

import (
	"path/filepath"

	urfave "github.com/urfave/cli/v2"

	verifykey "github.com/carnet-project/carnet/verify/key"
	"github.com/carnet-project/carnet/verify/trustfile"
)

// TrustFileFlag is --trust of the commands that verify. [Call.TrustedKeys] has its keys,
// and [Call.TrustedRoots] its roots.
func TrustFileFlag() *urfave.StringSliceFlag {
	return &urfave.StringSliceFlag{Name: "trust", Usage: "trust the keys in the trust file `FILE`, each while it is valid and not revoked; may be given several times"}
}

// TrustedKeys are the public keys that --key and the files of --trust name; the root is
// nil where there are none.
func (c *Call) TrustedKeys() (*verifykey.Root, error) {
	named, err := c.VerifyKeys()
	if err != nil {
		return nil, err
	}
	keys, err := c.trustFileKeys()
	if err != nil {
		return nil, err
	}
	if named != nil {
		keys = append([]*verifykey.Root{named}, keys...)
	}
	if len(keys) == 0 {
		return nil, nil
	}
	return verifykey.Join(keys...), nil
}

// trustFileKeys are the keys in the files that --trust names.
func (c *Call) trustFileKeys() ([]*verifykey.Root, error) {
	var keys []*verifykey.Root
	err := c.trustFiles(func(path string, f *trustfile.File) error {
		for _, k := range f.Keys {
			var pem []byte
			if k.File != "" {
				var err error
				if pem, err = ReadFile(beside(path, k.File), maxKeyBytes); err != nil {
					return Usagef("%s:%d: the key %q: %v", path, k.Line, k.Name, err)
				}
			}
			root, err := k.Root(pem)
			if err != nil {
				return Usagef("%s:%d: %v", path, k.Line, err)
			}
			keys = append(keys, root)
		}
		return nil
	})
	return keys, err
}

// trustFileRoots are the roots in the files that --trust names, as --trusted-root would
// name them.
func (c *Call) trustFileRoots() ([]string, error) {
	var refs []string
	err := c.trustFiles(func(path string, f *trustfile.File) error {
		for _, r := range f.Roots {
			if r.Public {
				refs = append(refs, PublicInstance)
			} else {
				refs = append(refs, beside(path, r.File))
			}
		}
		return nil
	})
	return refs, err
}

func (c *Call) trustFiles(each func(path string, f *trustfile.File) error) error {
	for _, path := range c.StringSlice("trust") {
		raw, err := ReadFile(path, trustfile.MaxBytes)
		if err != nil {
			return Usagef("--trust %v", err)
		}
		f, err := trustfile.Parse(raw)
		if err != nil {
			return &UsageError{Message: "--trust " + path + ":" + err.Error(), Hint: "docs/trust.md says what a trust file may have"}
		}
		if err := each(path, f); err != nil {
			return err
		}
	}
	return nil
}

// beside is a path in a trust file: it is relative to the file, wherever carnet runs. Its
// folder is always in it, so that it is never taken for the name of an instance.
func beside(trustFile, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	dir := filepath.Dir(trustFile)
	return dir + string(filepath.Separator) + path
}
