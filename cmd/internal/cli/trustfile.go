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

// TrustedKeys are the public keys that --key and the files of --trust name.
func (c *Call) TrustedKeys() ([]TrustedKey, error) {
	named, err := c.namedKeys()
	if err != nil {
		return nil, err
	}
	listed, err := c.trustFileKeys()
	if err != nil {
		return nil, err
	}
	return append(named, listed...), nil
}

// JoinKeys makes one root of keys; it is nil where there are none.
func JoinKeys(keys []TrustedKey) *verifykey.Root {
	var roots []*verifykey.Root
	for _, k := range keys {
		roots = append(roots, k.Root)
	}
	if len(roots) == 0 {
		return nil
	}
	return verifykey.Join(roots...)
}

// trustFileKeys are the keys in the files that --trust names.
func (c *Call) trustFileKeys() ([]TrustedKey, error) {
	var keys []TrustedKey
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
			if k.PEM != "" {
				pem = []byte(k.PEM)
			}
			keys = append(keys, TrustedKey{Name: k.Name, PEM: pem, Validity: k.Validity, Root: root})
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
