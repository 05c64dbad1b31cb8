package produce

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"time"

	urfave "github.com/urfave/cli/v2"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/oci"
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/attest/predicate/resource"
	"github.com/carnet-project/carnet/attest/predicate/slsa"
	"github.com/carnet-project/carnet/attest/predicate/svr"
	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/verify/policy"
	"github.com/carnet-project/carnet/verify/policy/document"
)

// approvalByHand is what an approval is made by where no policy is named: a person's word.
const approvalByHand = "https://github.com/carnet-project/carnet/blob/main/docs/predicates.md#approvals"

// approved is the property that is stated where nobody names one.
const approved = "CARNET_APPROVED"

func attestApprove() cli.Command {
	return cli.Command{
		Name: "approve", Usage: "approve an image, by its digest", Args: "TARGET",
		About: `Signs a simple verification result (SVR) that states a property of TARGET, and stores
it there: an approval of this digest as policies count them. It says first what is
being approved, with what the image's provenance says of its source, which is not
verified here. With --policy the property is the one that the policy asks for.`,
		Arguments: [][2]string{{"TARGET", "REGISTRY/REPO[:TAG][@DIGEST] or oci:DIR[:TAG][@DIGEST]; an index with all its platforms"}},
		Flags: append(append([]urfave.Flag{
			&urfave.StringFlag{Name: "property", Usage: "what is stated: `PROPERTY`, such as ACME_APPROVED; default: the one that --policy asks for, or " + approved},
			&urfave.StringFlag{Name: "policy", Usage: "the policy in `FILE` whose approval this is, which is named by its digest"},
			&urfave.StringFlag{Name: "environment", Usage: "approve it for `ENVIRONMENT` alone"},
			&urfave.StringFlag{Name: "approver", Usage: "who approves: `URI`; default: the identity that signs"},
			&urfave.StringFlag{Name: "note", Usage: "why, in `TEXT`; everybody can read it"},
		}, wholeFlags()...), cli.RegistryFlags()...),
		Exits: cli.MakeExits,
		Examples: [][2]string{
			{"as oneself, as a policy asks for it", "carnet attest approve --policy policy.yaml ghcr.io/acme/app:1.4"},
			{"for one environment, with a key", "carnet attest approve --key ann.key --approver mailto:ann@acme.example --property ACME_APPROVED --environment production ghcr.io/acme/app:1.4"},
		},
		Run: runAttestApprove,
	}
}

func runAttestApprove(c *cli.Call) error {
	arg, err := c.One("TARGET")
	if err != nil {
		return err
	}
	result := svr.Result{Note: c.String("note"), Policies: []resource.Descriptor{{URI: approvalByHand}}}
	var asked *policy.Document
	if path := c.String("policy"); path != "" {
		raw, err := cli.ReadFile(path, document.MaxBytes)
		if err != nil {
			return err
		}
		// Its expressions are not judged here.
		if asked, err = document.Parse(path, raw, func(string) error { return nil }); err != nil {
			return cli.Usagef("%v", err)
		}
		result.Policies = []resource.Descriptor{{Name: filepath.Base(path), Digest: digestSet(asked.Digest)}}
	}
	property, err := approvalProperty(c, asked)
	if err != nil {
		return err
	}
	result.Properties = []string{property}
	at, err := c.Moment()
	if err != nil {
		return err
	}
	result.TimeCreated = at
	return statePersonally(c, arg, func(s *subject, n artifact.Artifact, by *attest.Certificate) (*attest.Statement, error) {
		if result.VerifierID, err = approver(c, by); err != nil {
			return nil, err
		}
		sayApproved(c.Ctx(), c, s, property)
		raw, err := result.Predicate()
		if err != nil {
			return nil, cli.Usagef("the approval: %v", err)
		}
		return attest.NewStatement(svr.V02, raw, attest.NewSubject(s.name(), n.Digest))
	})
}

// approver is the URI of who approves.
func approver(c *cli.Call, by *attest.Certificate) (string, error) {
	if uri := c.String("approver"); uri != "" {
		return uri, nil
	}
	switch {
	case by == nil:
		return "", c.Missing("--approver URI, such as mailto:ann@acme.example: a key does not say whose it is")
	case by.SubjectType == attest.SubjectEmail:
		return "mailto:" + by.Subject, nil
	case by.SubjectType == attest.SubjectURI:
		return by.Subject, nil
	}
	return "", c.Missing("--approver URI: the identity " + clean(by.Subject) + " is none")
}

// approvalProperty is what --property says, or the one that the policy asks for, with the
// environment that it is for.
func approvalProperty(c *cli.Call, asked *policy.Document) (string, error) {
	environment, path := c.String("environment"), c.String("policy")
	if p := c.String("property"); p != "" {
		return withEnvironment(p, environment), nil
	}
	if asked == nil {
		return withEnvironment(approved, environment), nil
	}
	wanted := propertiesOf(asked, environment)
	if environment != "" {
		path += " asks for no approval for " + environment
	} else {
		path += " asks for no approval"
	}
	switch len(wanted) {
	case 0:
		return "", &cli.UsageError{Message: path + " that states a property", Hint: "name one with --property; where it asks for signatures by people, approve with carnet sign"}
	case 1:
		return wanted[0], nil
	}
	return "", &cli.UsageError{Message: c.String("policy") + " asks for the properties " + strings.Join(wanted, ", "), Hint: "choose one with --property, or with --environment"}
}

// propertiesOf are those that a policy wants stated in approvals: all, or for an environment.
func propertiesOf(asked *policy.Document, environment string) []string {
	var requires []policy.Require
	if asked.Baseline != nil {
		requires = append(requires, *asked.Baseline)
	}
	for _, s := range asked.Scopes {
		requires = append(requires, s.Require)
	}
	var wanted []string
	for _, r := range requires {
		for _, a := range r.Approvals {
			if a.Property == "" || environment != "" && a.Environment != environment {
				continue
			}
			if p := withEnvironment(a.Property, a.Environment); !slices.Contains(wanted, p) {
				wanted = append(wanted, p)
			}
		}
	}
	return wanted
}

// withEnvironment is a property that is stated for one environment, as policies read it
// (docs/decisions/approvals.md): after a colon, unless its last word is the environment.
func withEnvironment(property, environment string) string {
	word := strings.ToUpper(strings.NewReplacer("-", "_", ".", "_", "/", "_").Replace(environment))
	if environment == "" || strings.HasSuffix(property, "_"+word) || strings.HasSuffix(property, ":"+environment) {
		return property
	}
	return property + ":" + environment
}

// sayApproved says what is being approved.
func sayApproved(ctx context.Context, c *cli.Call, s *subject, property string) {
	what := string(s.artifact.Kind)
	runnable := s.artifact.Runnable()
	if s.artifact.Kind == artifact.KindIndex {
		what += " of " + clean(platformNames(runnable))
	}
	if len(runnable) > 0 {
		if config, err := s.store.Config(ctx, runnable[0].Digest); err == nil && config.Created.Year() > 1980 {
			what += ", made " + config.Created.UTC().Format(time.RFC3339)
		}
	}
	c.Sayf("approving %s (%s) as %s", s.reference(), what, clean(property))
	for _, source := range statedSources(ctx, s) {
		c.Sayf("  its provenance says, which is not verified here: %s", clean(source))
	}
}

// statedSources are the commits that the provenance beside an image names, at most five. What
// can't be read says nothing.
func statedSources(ctx context.Context, s *subject) []string {
	stored, err := s.store.Discover(ctx, s.artifact.Digest, oci.Near)
	if err != nil {
		return nil
	}
	var all []string
	for _, f := range stored {
		if f.Ignored != "" || f.Open == nil || predicate.ClassOf(f.PredicateType) != predicate.Provenance {
			continue
		}
		bundles, err := f.Open(ctx)
		if err != nil {
			continue
		}
		for _, b := range bundles {
			for _, source := range sourcesOf(b) {
				if !slices.Contains(all, source) && len(all) < 5 {
					all = append(all, source)
				}
			}
		}
	}
	return all
}

func sourcesOf(b *attest.Bundle) []string {
	st, err := b.UnverifiedStatement()
	if err != nil {
		return nil
	}
	p, err := slsa.ParseUnnamed(st.PredicateType(), st.Predicate())
	if err != nil {
		return nil
	}
	var all []string
	for _, d := range p.Dependencies {
		commit := d.Digest["gitCommit"]
		if commit == "" && strings.HasPrefix(d.URI, "git") {
			commit = d.Digest["sha1"]
		}
		if commit != "" {
			all = append(all, strings.TrimSpace(d.URI+" at commit "+commit))
		}
	}
	return all
}
