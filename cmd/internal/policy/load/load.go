package load

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/carnet-project/carnet/attest/oci"
	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/verify/policy"
	"github.com/carnet-project/carnet/verify/policy/document"
)

// A Policy is a policy document with what it names.
type Policy struct {
	Document *policy.Document
	// Raw is the document as it is written; nil for one that flags made.
	Raw []byte
	// files are where relative paths in the document begin.
	files folder
	// instances are the Sigstore instances that it trusts, in its order. One without a trusted
	// root is what it calls public: that is asked for when it is needed.
	instances []cli.TrustedRoot
	public    func() ([]cli.TrustedRoot, error)
}

// URI is where the policy was fetched from, or "" for one in a file: where that lies on a
// machine is nobody else's business.
func (p *Policy) URI() string {
	if !p.files.fetched {
		return ""
	}
	return "oci://" + p.Document.URI
}

// A folder is where a policy lies. One that was fetched has no files beside it.
type folder struct {
	dir     string
	fetched bool
}

// path is where a file that the document names lies.
func (f folder) path(name string) (string, error) {
	switch {
	case f.fetched:
		return "", fmt.Errorf("names the file %q, and what is fetched has no files beside it", name)
	case filepath.IsAbs(name):
		return name, nil
	}
	// The folder is always in it, so that it is never taken for the name of an instance.
	return f.dir + string(filepath.Separator) + name, nil
}

// File reads a policy from a file, or from stdin for "-", with the files, keys and roots
// that it names. It is not held against what was accepted before: [All] does that.
func File(c *cli.Call, path string, engine policy.Engine) (*Policy, error) {
	raw, err := c.ReadInput(path, document.MaxBytes)
	if err != nil {
		return nil, cli.Usagef("--policy %v", err)
	}
	return read(c, path, raw, folder{dir: filepath.Dir(path)}, engine)
}

// read parses a document and reads what it names.
func read(c *cli.Call, name string, raw []byte, files folder, engine policy.Engine) (*Policy, error) {
	d, err := document.Parse(name, raw, func(expression string) error {
		_, err := engine(expression)
		return err
	})
	if err != nil {
		return nil, &cli.UsageError{Message: err.Error(), Hint: "docs/policy.md says what a policy may have"}
	}
	p := &Policy{Document: d, Raw: raw, files: files}
	if err := p.complete(c); err != nil {
		return nil, err
	}
	return p, nil
}

// Options say how policies are read.
type Options struct {
	Engine policy.Engine
	// Client fetches policies from registries.
	Client *oci.Client
	// Now is when they are read.
	Now time.Time
	// Forget leaves what was accepted before as it was: for runs that only ask what if.
	Forget bool
}

// All reads the policies that refs name, each a file or an OCI reference, and holds them
// to what [Flags] ask of policies. A policy that is older than one of its name which was
// accepted before is refused.
func All(ctx context.Context, c *cli.Call, refs []string, o Options) ([]*Policy, error) {
	signer, err := signerOf(c)
	if err != nil {
		return nil, err
	}
	var all []*Policy
	var kept []func() error
	for _, ref := range refs {
		p, keep, err := one(ctx, c, ref, signer, o)
		if err != nil {
			return nil, err
		}
		for _, other := range all {
			if other.Document.Name == p.Document.Name {
				return nil, cli.Usagef("--policy %s and %s are both called %q: names tell policies apart", other.Document.URI, ref, p.Document.Name)
			}
		}
		all, kept = append(all, p), append(kept, keep)
	}
	if err := remember(c, all, o); err != nil {
		return nil, err
	}
	for _, keep := range kept {
		if err := keep(); err != nil {
			c.Sayf("warning: the policy is not kept for when its registry is away: %v", err)
		}
	}
	return all, nil
}

// one reads a policy. What it returns keeps it, once all have been accepted.
func one(ctx context.Context, c *cli.Call, ref string, signer *policySigner, o Options) (*Policy, func() error, error) {
	nothing := func() error { return nil }
	if ref == "" {
		return nil, nil, cli.Usagef("--policy is empty")
	}
	if isFile(ref) {
		p, err := File(c, ref, o.Engine)
		if err == nil && signer != nil {
			err = signer.file(ctx, c, p, ref)
		}
		return p, nothing, err
	}
	t, err := oci.ParseTarget(ref)
	switch {
	case err != nil:
		return nil, nil, &cli.UsageError{Message: fmt.Sprintf("--policy %s: %v", ref, err), Hint: "a policy is a path, REGISTRY/REPO:TAG, REGISTRY/REPO@DIGEST, or oci:DIR:TAG"}
	case t.Scheme != oci.SchemeRegistry && t.Scheme != oci.SchemeLayout:
		return nil, nil, &cli.UsageError{Message: fmt.Sprintf("--policy %s: there is a file of that name, and it reads as a reference to a registry", ref), Hint: "for the file, write ./" + ref}
	}
	return fetched(ctx, c, t, signer, o)
}

// isFile tells a path from a reference by how it is written, whatever exists: else a file
// in the folder where carnet runs could take the place of a policy that is signed. A
// reference begins with oci:, or with a registry's host and ends with a tag or a digest.
func isFile(ref string) bool {
	if strings.HasPrefix(ref, string(oci.SchemeLayout)+":") {
		return false
	}
	host, rest, found := strings.Cut(ref, "/")
	isHost := found && !strings.HasPrefix(host, ".") && (host == "localhost" || strings.ContainsAny(host, ".:"))
	return !isHost || !strings.ContainsAny(rest[strings.LastIndexByte(rest, '/')+1:], ":@")
}
