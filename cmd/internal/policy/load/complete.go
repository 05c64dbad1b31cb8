package load

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/verify/policy"
)

// maxFileBytes bounds a file that a policy names.
const maxFileBytes = 1 << 20

// complete reads what the document names: keys, authorities, files of git's, and the
// trusted roots of Sigstore instances.
func (p *Policy) complete(c *cli.Call) error {
	for i := range p.Document.Identities {
		id := &p.Document.Identities[i]
		if err := p.identity(c, id); err != nil {
			return p.wrong(id.Line, "the identity "+id.Name, err)
		}
	}
	p.public = sync.OnceValues(func() ([]cli.TrustedRoot, error) { return publicRoots(c) })
	trusted := p.Document.Trust.Sigstore
	if len(trusted) == 0 {
		trusted = []policy.Instance{{Public: true}}
	}
	for _, i := range trusted {
		root, err := p.instance(c, i)
		if err != nil {
			return p.wrong(i.Line, "trust.sigstore", err)
		}
		p.instances = append(p.instances, root)
	}
	return nil
}

// publicRoots are what --trusted-root names, if that is given: so a policy works unchanged
// where there is another instance, or no network to ask for news of the public one.
func publicRoots(c *cli.Call) ([]cli.TrustedRoot, error) {
	if refs := c.StringSlice("trusted-root"); len(refs) > 0 {
		return c.TrustedRootsOf(refs)
	}
	return c.TrustedRootsOf([]string{cli.PublicInstance})
}

// trusted are the instances with their trusted roots.
func (p *Policy) trusted() ([]cli.TrustedRoot, error) {
	var all []cli.TrustedRoot
	for _, i := range p.instances {
		if i.JSON != nil {
			all = append(all, i)
			continue
		}
		public, err := p.public()
		if err != nil {
			return nil, err
		}
		all = append(all, public...)
	}
	return all, nil
}

// wrong says where the document names something that can't be used.
func (p *Policy) wrong(line int, what string, err error) error {
	where := p.Document.URI
	if line > 0 {
		where = fmt.Sprintf("%s:%d", where, line)
	}
	text := fmt.Sprintf("%s: %s: %v", where, what, err)
	if unavailable := (*cli.UnavailableError)(nil); errors.As(err, &unavailable) {
		return &cli.UnavailableError{Err: errors.New(text)}
	}
	return cli.Usagef("%s", text)
}

func (p *Policy) identity(c *cli.Call, id *policy.Identity) (err error) {
	switch {
	case id.Key != nil:
		return p.key(c, id.Key)
	case id.X509 != nil:
		if id.X509.Required {
			return errors.New("revocation: required can't be kept: nothing here asks for revocation lists; best-effort says so")
		}
		for _, name := range id.X509.Roots {
			text, err := p.file(name)
			if err != nil {
				return err
			}
			id.X509.RootsPEM = append(id.X509.RootsPEM, text)
		}
	case id.Git != nil:
		id.Git.Content, err = p.file(id.Git.AllowedSigners + id.Git.Keyring) // one of them is set
	}
	return err
}

// file reads a file that the document names.
func (p *Policy) file(name string) (string, error) {
	path, err := p.files.path(name)
	if err != nil {
		return "", err
	}
	raw, err := cli.ReadFile(path, maxFileBytes)
	return string(raw), err
}

// key puts the public key into PEM, as evidence is compared with.
func (p *Policy) key(c *cli.Call, k *policy.Key) error {
	text := k.PEM
	switch {
	case k.File != "":
		var err error
		if text, err = p.file(k.File); err != nil {
			return err
		}
	case k.KMS != "" && p.files.fetched:
		return fmt.Errorf("names the key service %q: a policy that is fetched has its keys in pem", k.KMS)
	case k.KMS != "":
		if !isService(k.KMS) {
			return fmt.Errorf("kms %q is not the reference of a key in a service", k.KMS)
		}
		raw, err := c.ReadKey(k.KMS)
		if err != nil {
			return err
		}
		text = string(raw)
	}
	var err error
	k.PEM, err = PublicPEM(text)
	return err
}

// isService says whether a key reference names a service, and not a file, a variable or a
// web page.
func isService(ref string) bool {
	scheme, _, found := strings.Cut(ref, "://")
	return strings.HasPrefix(ref, "pkcs11:") || found && !slices.Contains([]string{"env", "file", "http", "https", "k8s"}, scheme)
}

// PublicPEM writes public keys in PEM as PKIX has them, one after the other, for that is
// how evidence names a key.
func PublicPEM(text string) (string, error) {
	var out strings.Builder
	for rest := []byte(strings.TrimSpace(text)); len(rest) > 0; rest = []byte(strings.TrimSpace(string(rest))) {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return "", errors.New("not a public key in PEM: expected -----BEGIN PUBLIC KEY-----")
		}
		var public any
		var err error
		switch block.Type {
		case "PUBLIC KEY":
			public, err = x509.ParsePKIXPublicKey(block.Bytes)
		case "RSA PUBLIC KEY":
			public, err = x509.ParsePKCS1PublicKey(block.Bytes)
		default:
			return "", fmt.Errorf("PEM block is %q, want PUBLIC KEY: to verify, give the public key", block.Type)
		}
		if err != nil {
			return "", fmt.Errorf("unreadable public key: %w", err)
		}
		der, err := x509.MarshalPKIXPublicKey(public)
		if err != nil {
			return "", fmt.Errorf("unreadable public key: %w", err)
		}
		out.Write(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	}
	if out.Len() == 0 {
		return "", errors.New("is empty: expected a public key in PEM")
	}
	return out.String(), nil
}

// instance is what is known of a Sigstore instance that the document trusts.
func (p *Policy) instance(c *cli.Call, i policy.Instance) (cli.TrustedRoot, error) {
	none := cli.TrustedRoot{}
	switch {
	case i.TrustedRoot != "":
		path, err := p.files.path(i.TrustedRoot)
		if err != nil {
			return none, err
		}
		raw, err := cli.ReadFile(path, cli.MaxTrustBytes)
		return cli.TrustedRoot{Name: i.TrustedRoot, JSON: raw}, err
	case i.Mirror != "":
		s, err := c.TrustStore()
		if err != nil {
			return none, err
		}
		stored, err := s.List()
		if err != nil {
			return none, err
		}
		for _, known := range stored {
			if strings.TrimSuffix(known.Mirror, "/") == strings.TrimSuffix(i.Mirror, "/") {
				return cli.TrustedRoot{Name: known.Name, JSON: known.TrustedRoot, Taken: known.Taken}, nil
			}
		}
		return none, fmt.Errorf("nothing is stored of the TUF repository %s: carnet trust init --mirror %s --root ROOT stores it", i.Mirror, i.Mirror)
	case len(c.StringSlice("trusted-root")) > 0:
		_, err := p.public()
		return cli.TrustedRoot{Name: cli.PublicInstance}, err
	}
	return cli.TrustedRoot{Name: cli.PublicInstance}, nil
}
