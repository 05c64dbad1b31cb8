package produce

import (
	"context"

	urfave "github.com/urfave/cli/v2"

	"github.com/carnet-project/carnet/attest/oci"
	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/cmd/internal/policy/load"
	"github.com/carnet-project/carnet/verify/policy"
	"github.com/carnet-project/carnet/verify/policy/cel"
	"github.com/carnet-project/carnet/verify/policy/document"
)

// PolicySign signs a policy in a file.
func PolicySign() cli.Command {
	return cli.Command{
		Name: "sign", Usage: "sign a policy in a file", Args: "POLICY",
		About: `Reads POLICY as carnet verify would, refuses one that is not a policy, and writes the
signature over its exact bytes beside it: POLICY.sigstore.json. carnet verify asks for it
where --policy-key or --policy-certificate-identity name who signs policies. Without
--key it is keyless.`,
		Arguments: [][2]string{{"POLICY", "the policy's file"}},
		Flags: append(append(signerFlags(),
			&urfave.StringFlag{Name: "bundle", Usage: "write the bundle to `OUT` (- is stdout)"},
			cli.OutputFlag("text", "json"),
		), cli.RegistryFlags()...),
		Exits:    cli.MakeExits,
		Examples: [][2]string{{"for those who take the file", "carnet policy sign --key policy.key policy.yaml"}},
		Run: func(c *cli.Call) error {
			path, err := c.One("POLICY")
			if err != nil {
				return err
			}
			if _, err := readPolicy(path); err != nil {
				return err
			}
			return withSigning(c, func(ctx context.Context, r *receipt, s *signing) error {
				note, err := signFile(ctx, r, s, path)
				if note != nil {
					note()
				}
				return err
			})
		},
	}
}

// withSigning opens what the flags say to sign with, and prints what was made.
func withSigning(c *cli.Call, sign func(context.Context, *receipt, *signing) error) error {
	r, err := newReceipt(c)
	if err != nil {
		return err
	}
	ctx, cancel := withTimeout(c)
	defer cancel()
	s, err := openSigning(ctx, c)
	if err != nil {
		return err
	}
	if err := s.close(sign(ctx, r, s)); err != nil {
		return err
	}
	return r.print()
}

// A policyFile is a policy that is to be signed: its bytes and what they say.
type policyFile struct {
	raw      []byte
	document *policy.Document
}

// readPolicy reads a policy that is to be signed. What it names is not looked at: that may
// lie where the policy is used.
func readPolicy(path string) (policyFile, error) {
	raw, err := cli.ReadFile(path, document.MaxBytes)
	if err != nil {
		return policyFile{}, err
	}
	engine := cel.New()
	d, err := document.Parse(path, raw, func(expression string) error {
		_, err := engine(expression)
		return err
	})
	if err != nil {
		return policyFile{}, &cli.UsageError{Message: err.Error(), Hint: "docs/policy.md says what a policy may have"}
	}
	return policyFile{raw, d}, nil
}

// PolicyPush publishes a policy.
func PolicyPush() cli.Command {
	return cli.Command{
		Name: "push", Usage: "publish a signed policy in a registry", Args: "POLICY REGISTRY/REPO:TAG",
		About: `Stores POLICY as an OCI artifact of the type ` + load.MediaType + `,
whose one layer is the file's exact bytes, signs the artifact, and stores the signature
beside it. carnet verify --policy REGISTRY/REPO:TAG takes it from there. Keys must be
inline in it (pem), for no other file comes along. Where the same policy stands with an
equal signature nothing is added; after a failure, run it again. stdout gets name@digest,
which can be pinned.`,
		Arguments: [][2]string{{"POLICY", "the policy's file"}, {"REGISTRY/REPO:TAG", "where it is published"}},
		Flags:     append(append(signerFlags(), cli.OutputFlag("text", "json")), cli.RegistryFlags()...),
		Exits:     cli.MakeExits,
		Examples: [][2]string{
			{"a new version, in CI and without a key", "carnet policy push policy.yaml ghcr.io/acme/policies/images:v4"},
			{"with a key", "carnet policy push --key policy.key policy.yaml ghcr.io/acme/policies/images:v4"},
		},
		Run: runPolicyPush,
	}
}

func runPolicyPush(c *cli.Call) error {
	args := c.Arguments()
	if len(args) != 2 {
		return c.Missing("a POLICY and the REGISTRY/REPO:TAG to publish it at")
	}
	p, err := readPolicy(args[0])
	if err != nil {
		return err
	}
	if err := portable(p.document); err != nil {
		return err
	}
	t, err := cli.Target(args[1])
	if err != nil {
		return err
	}
	if t.Scheme != oci.SchemeRegistry || t.Tag == "" || !t.Digest.IsZero() {
		return &cli.UsageError{Message: args[1] + " is not REGISTRY/REPO:TAG", Hint: "a policy is published under a tag, such as ghcr.io/acme/policies/images:v4"}
	}
	return withSigning(c, func(ctx context.Context, r *receipt, s *signing) error {
		pinned, existed, err := pushPolicy(ctx, c, t, p)
		if err != nil {
			return err
		}
		verb := "stored"
		if existed {
			verb = "already there"
		}
		c.Sayf("%s: the policy %s, version %d, at %s", verb, p.document.Name, p.document.Version, t)
		s.targets = []string{pinned}
		return signTargets(ctx, r, s, s.targets)
	})
}

// pushPolicy stores the policy and gives it by its digest.
func pushPolicy(ctx context.Context, c *cli.Call, t oci.Target, p policyFile) (string, bool, error) {
	client, err := c.Registry()
	if err != nil {
		return "", false, err
	}
	store, err := client.Open(ctx, t)
	if err != nil {
		return "", false, cli.StoreError(err)
	}
	defer store.Close()
	f, existed, err := store.WriteFile(ctx, t, load.MediaType, p.raw)
	if err != nil {
		return "", false, cli.StoreError(err)
	}
	return t.Name() + "@" + f.Artifact.Digest.String(), existed, nil
}

// portable refuses a policy that names what does not come along with it.
func portable(d *policy.Document) error {
	for _, i := range d.Identities {
		var names string
		switch {
		case i.Key != nil && i.Key.File != "":
			names = "the key file " + i.Key.File
		case i.Key != nil && i.Key.KMS != "":
			names = "the key service " + i.Key.KMS
		case i.X509 != nil && len(i.X509.Roots) > 0:
			names = "the file " + i.X509.Roots[0]
		case i.Git != nil:
			names = "the file " + i.Git.AllowedSigners + i.Git.Keyring
		}
		if names != "" {
			return &cli.UsageError{Message: "the identity " + i.Name + " names " + names + ", which is not published with the policy", Hint: "put public keys into the policy: key: {pem: …}"}
		}
	}
	for _, i := range d.Trust.Sigstore {
		if i.TrustedRoot != "" {
			return &cli.UsageError{Message: "trust.sigstore names the file " + i.TrustedRoot + ", which is not published with the policy", Hint: "trust the public instance, or a tuf repository; who verifies may give another trusted root in place of the public one with --trusted-root"}
		}
	}
	return nil
}
