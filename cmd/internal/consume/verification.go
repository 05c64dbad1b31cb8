package consume

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"golang.org/x/sync/errgroup"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/oci"
	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/cmd/internal/policy/load"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/policy"
	"github.com/carnet-project/carnet/verify/policy/cel"
	"github.com/carnet-project/carnet/verify/report"
)

// verification is what a command line asks of every target.
type verification struct {
	call   *cli.Call
	client *oci.Client
	// flags is the policy that flags say, or nil; then it is in documents.
	flags     *flagPolicy
	documents []*policy.Document
	engine    policy.Engine
	trust     load.Trust
	bundles   []*attest.Bundle
	// among has the file of each bundle that was in a file with others.
	among map[*attest.Bundle]string
	// at is the time for which is judged, imageName what a layout or a file is called, and
	// policyURI where the one policy was fetched from.
	at        time.Time
	policyURI string
	imageName string
	deploy    policy.Deploy
}

// newVerification reads the flags, and the policies that they name.
func newVerification(ctx context.Context, c *cli.Call) (*verification, error) {
	if len(c.Arguments()) == 0 {
		return nil, c.Missing("a TARGET")
	}
	v := &verification{call: c}
	var err error
	if v.at, err = timeOf(c); err != nil {
		return nil, err
	}
	if v.deploy, err = deploy(c.StringSlice("deploy")); err != nil {
		return nil, err
	}
	if v.imageName, err = imageName(c.String("image-name")); err != nil {
		return nil, err
	}
	if v.bundles, err = v.read(c.StringSlice("bundle")); err != nil {
		return nil, err
	}
	if len(c.StringSlice("policy")) == 0 {
		if err := v.byFlags(); err != nil {
			return nil, err
		}
		v.client, err = c.Registry()
		return v, err
	}
	if v.client, err = c.Registry(); err != nil {
		return nil, err
	}
	return v, v.byPolicies(ctx)
}

// byFlags judges by the policy that the flags say.
func (v *verification) byFlags() error {
	for _, flag := range []string{"fail-on-audit", "image-name", "deploy", "policy-key", "policy-certificate-identity", "policy-certificate-oidc-issuer", "unsafe-unsigned-policy", "allow-policy-rollback"} {
		if v.call.IsSet(flag) {
			return cli.Usagef("--%s is about a policy, and --policy is missing", flag)
		}
	}
	var err error
	if v.flags, err = newFlagPolicy(v.call); err != nil {
		return err
	}
	v.trust = v.flags.trust
	_, err = v.flags.bind("", v.bundles)
	return err
}

// byPolicies judges by documents.
func (v *verification) byPolicies(ctx context.Context) error {
	c := v.call
	for flag := range flagsOfIdentity {
		if c.IsSet(flag) {
			return &cli.UsageError{Message: "--" + flag + " has no place beside --policy, which says who may sign and what is required", Hint: "write it into the policy; several are given by several --policy, and all must be met"}
		}
	}
	v.engine = cel.New()
	loaded, err := load.All(ctx, c, c.StringSlice("policy"), load.Options{Engine: v.engine, Client: v.client, Now: time.Now(), Forget: c.IsSet("at")})
	if err != nil {
		return err
	}
	for _, p := range loaded {
		v.documents = append(v.documents, p.Document)
	}
	if len(loaded) == 1 {
		v.policyURI = loaded[0].URI()
	}
	if v.trust, err = load.TrustOf(loaded...); err != nil {
		return err
	}
	// What is wrong with a policy is wrong for every target.
	_, _, err = v.judge("", nil)
	return err
}

// judge is the policy for what is called name, and the roots that open its evidence.
func (v *verification) judge(name string, bundles []*attest.Bundle) (*policy.Policy, []verify.Root, error) {
	var p *policy.Policy
	var err error
	if v.flags != nil {
		p, err = v.flags.bind(name, bundles)
	} else if p, err = policy.Bind(name, v.engine, v.documents...); err != nil {
		err = cli.Usagef("%v", err)
	}
	if err != nil {
		return nil, nil, err
	}
	roots, err := v.trust.Roots(p)
	return p, roots, err
}

// selects says whether the platform of an image matters.
func (v *verification) selects() bool {
	if v.flags != nil {
		return len(v.flags.platforms) > 0
	}
	return slices.ContainsFunc(v.documents, func(d *policy.Document) bool {
		return slices.ContainsFunc(d.Scopes, func(s policy.Scope) bool { return s.Require.Image != nil && len(s.Require.Image.Platforms) > 0 }) ||
			d.Baseline != nil && d.Baseline.Image != nil && len(d.Baseline.Image.Platforms) > 0
	})
}

// named asks that somebody says what a target that is in no registry is called in the scopes
// of a policy.
func (v *verification) named(target string) error {
	if v.flags == nil && v.imageName == "" {
		return &cli.UsageError{Message: target + ": the policy's scopes are about names in registries, and this has none", Hint: "say what it is called there: --image-name ghcr.io/acme/shop"}
	}
	return nil
}

// registryName is the full name of a repository as policies write it.
func registryName(n name.Repository) string {
	host := strings.ToLower(n.RegistryStr())
	if host == name.DefaultRegistry {
		host = "docker.io"
	}
	return host + "/" + n.RepositoryStr()
}

func imageName(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	n, err := name.NewRepository(text, name.StrictValidation)
	if err != nil {
		return "", &cli.UsageError{Message: "--image-name " + text + " is not the full name of a repository", Hint: "such as ghcr.io/acme/shop, without a tag"}
	}
	return registryName(n), nil
}

// timeOf is the time for which is judged: --at, or now.
func timeOf(c *cli.Call) (time.Time, error) {
	text := c.String("at")
	if !c.IsSet("at") {
		return time.Now().UTC(), nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC(), nil
		}
	}
	return time.Time{}, cli.Usagef("--at %q is not a time: want 2026-03-01T12:00:00Z or 2026-03-01", text)
}

// deploy reads --deploy.
func deploy(pairs []string) (policy.Deploy, error) {
	var d policy.Deploy
	fields := map[string]*string{"cluster": &d.Cluster, "namespace": &d.Namespace, "service-account": &d.ServiceAccount, "environment": &d.Environment}
	for _, pair := range pairs {
		key, value, found := strings.Cut(pair, "=")
		field := fields[key]
		if !found || field == nil || value == "" {
			return d, cli.Usagef("--deploy %q is not cluster=NAME, namespace=NAME, service-account=NAME or environment=NAME", pair)
		}
		if *field != "" {
			return d, cli.Usagef("--deploy %s is given twice", key)
		}
		*field = value
	}
	return d, nil
}

// all judges the targets, several at once.
func (v *verification) all(ctx context.Context, targets []string) []report.Result {
	results := make([][]report.Result, len(targets))
	var group errgroup.Group
	group.SetLimit(8)
	for i, t := range targets {
		group.Go(func() error {
			judged, err := v.one(ctx, t)
			if err != nil {
				judged = []report.Result{{Target: t, Err: err, Tampered: tampered(err)}}
			}
			results[i] = judged
			return nil
		})
	}
	_ = group.Wait() // the goroutines report through results
	var flat []report.Result
	for _, r := range results {
		flat = append(flat, r...)
	}
	return flat
}

func (v *verification) one(ctx context.Context, target string) ([]report.Result, error) {
	if d, err := attest.ParseDigest(target); err == nil {
		return v.digest(ctx, target, d)
	}
	t, err := cli.Target(target)
	if err != nil {
		return nil, err
	}
	switch t.Scheme {
	case oci.SchemeFile:
		return v.file(ctx, target, t.Path)
	case oci.SchemeDir, oci.SchemeDockerArchive:
		return nil, &cli.UsageError{Message: target + ": a " + string(t.Scheme) + " has no evidence beside it", Hint: "verify the image in its registry or OCI layout, or a file with its bundle"}
	}
	return v.image(ctx, target, t)
}

// tampered says whether err is content that is not what its digest says.
func tampered(err error) bool {
	var e *oci.Error
	return errors.As(err, &e) && e.Kind == oci.KindTampered
}
