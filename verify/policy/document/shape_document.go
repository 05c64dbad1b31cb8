package document

import (
	"fmt"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/carnet-project/carnet/verify/internal/glob"
	"github.com/carnet-project/carnet/verify/internal/strictyaml"
	"github.com/carnet-project/carnet/verify/policy"
)

// Bounds of what one document lists.
const (
	maxNames, maxScopes, maxExceptions, maxItems = 200, 200, 500, 100
	neverAlias                                   = "never-except"
)

// documentShape describes a whole document. Every function here whose name ends in Shape
// is a table of fields: what each is called, what it means, how it is read, and where it
// is kept.
func documentShape() codec[policy.Document] {
	type d = policy.Document
	return object(nil,
		constant[d]("apiVersion", "The format's version.", APIVersion),
		constant[d]("kind", "What the document is.", Kind),
		metadataShape().needed(),
		field("mode", "What becomes of a verdict: enforce denies, warn and audit only tell. Without it: enforce.",
			word(policy.ModeEnforce, policy.ModeWarn, policy.ModeAudit), func(d *d) *policy.Mode { return &d.Mode }),
		field("trust", "Which Sigstore instances, logs and timestamp authorities count.", trustShape(), func(d *d) *policy.Trust { return &d.Trust }),
		field("identities", "Who may sign, by name.", named(maxNames, "the identity", identityShape(), func(i *policy.Identity) *string { return &i.Name }), func(d *d) *[]policy.Identity { return &d.Identities }),
		field("builders", "Who may say how something was built, by name.", named(maxNames, "the builder", builderShape(), func(b *policy.Builder) *string { return &b.Name }), func(d *d) *[]policy.Builder { return &d.Builders }),
		field("baseline", "What every image needs, beside what its scope asks.", requireSection(), func(d *d) **policy.Require { return &d.Baseline }),
		field("scopes", "Which images need what. The first that names an image applies; an image that none names is denied.", list(maxScopes, scopeShape().called("a scope")), func(d *d) *[]policy.Scope { return &d.Scopes }).needed(),
		field("exceptions", "Rules that may be broken for a while.", list(maxExceptions, exceptionShape().called("an exception")), func(d *d) *[]policy.Exception { return &d.Exceptions }),
		field("neverExcept", "Rules to which no exception applies: ids, or SECTION.*.", texts(maxItems, ruleID()), func(d *d) *[]string { return &d.NeverExcept }),
		neverExceptAlias(),
		field("summaries", "Verification summaries in place of the whole check.", section(nil, summaryMembers()...), func(d *d) **policy.Summaries { return &d.Summaries }),
		field("controls", "Which rules serve a control of some framework, for reports.", dictionary(maxExceptions, sentence(), texts(maxItems, ruleID())), func(d *d) *map[string][]string { return &d.Controls }),
	)
}

// neverExceptAlias is neverExcept as the design of the format spells it.
func neverExceptAlias() member[policy.Document] {
	list := texts(maxItems, ruleID())
	return member[policy.Document]{
		name: neverAlias, about: "The same as neverExcept.",
		read: func(d *policy.Document, n *yaml.Node, line int) (err error) {
			if d.NeverExcept != nil {
				return strictyaml.At(n, "%s is neverExcept, which is there already", neverAlias)
			}
			d.NeverExcept, err = list.read(n, place{neverAlias, line})
			return err
		},
		write:  func(*policy.Document) *yaml.Node { return nil },
		schema: list.schema,
	}
}

// constant is a field that must have one value.
func constant[S any](called, about, want string) member[S] {
	c := word(want)
	return member[S]{
		name: called, about: about, must: true,
		read: func(_ *S, n *yaml.Node, line int) error {
			_, err := c.read(n, place{called, line})
			return err
		},
		write:  func(*S) *yaml.Node { return scalar(want) },
		schema: func() schema { return schema{"const": want} },
	}
}

// ruleID is the id of a rule, or those of a section.
func ruleID() codec[string] {
	return text(120).that(func(s string) error {
		if !rulePattern().MatchString(s) {
			return fmt.Errorf("%q is not the id of a rule, as in vulnerabilities.severity", s)
		}
		return nil
	})
}

func metadataShape() member[policy.Document] {
	type d = policy.Document
	return group("metadata", "What the policy is called, and whose it is.",
		field("name", "The policy's name.", name(), func(d *d) *string { return &d.Name }).needed(),
		field("version", "A number that only grows: gates refuse to go back to a lower one.", whole(1, 1_000_000_000), func(d *d) *int { return &d.Version }).needed(),
		field("owner", "Who answers for the policy.", sentence(), func(d *d) *string { return &d.Owner }).needed(),
		field("contact", "Where the owner is found.", sentence(), func(d *d) *string { return &d.Contact }),
		field("expires", "When the policy stops to allow anything.", date(), func(d *d) *time.Time { return &d.Expires }),
	)
}

func trustShape() codec[policy.Trust] {
	type t = policy.Trust
	return object(nil,
		field("sigstore", "The trusted Sigstore instances, one or a list. Without it: public.", instances(), func(t *t) *[]policy.Instance { return &t.Sigstore }),
		field("timestampAuthorities", "Which timestamp authorities of the trusted roots count, by URI. Without it: all.", texts(maxItems, pattern()), func(t *t) *[]string { return &t.TimestampAuthorities }),
		field("transparencyLogs", "Which transparency logs of the trusted roots count, by URI. Without it: all.", texts(maxItems, pattern()), func(t *t) *[]string { return &t.TransparencyLogs }),
		field("clock", "Whether the times that signers claim count where nobody trusted says one. Without it: trusted.", either("trusted", "claimed"), func(t *t) *bool { return &t.Claimed }),
	)
}

// instances are public, or a mapping, or a list of these.
func instances() codec[[]policy.Instance] {
	one := instance()
	many := list(20, one)
	return codec[[]policy.Instance]{
		read: func(n *yaml.Node, at place) ([]policy.Instance, error) {
			if n.Kind == yaml.SequenceNode {
				return many.read(n, at)
			}
			i, err := one.read(n, at)
			return []policy.Instance{i}, err
		},
		write: func(all []policy.Instance) *yaml.Node {
			if len(all) == 1 {
				return one.write(all[0])
			}
			return many.write(all)
		},
		schema: func() schema { return schema{"oneOf": []schema{one.schema(), many.schema()}} },
	}
}

func instance() codec[policy.Instance] {
	type i = policy.Instance
	public := word("public")
	own := object(func(i *i) *int { return &i.Line },
		field("name", "What the instance is called.", name(), func(i *i) *string { return &i.Name }),
		field("trustedRoot", "The path of a trusted_root.json, beside the policy.", text(glob.MaxBytes), func(i *i) *string { return &i.TrustedRoot }),
		group("tuf", "A TUF repository that was stored with carnet trust.",
			field("mirror", "Its URL.", uri(), func(i *i) *string { return &i.Mirror }).needed(),
			field("root", "The path of its first root.json.", text(glob.MaxBytes), func(i *i) *string { return &i.Root }),
		),
	).that(func(i i) error {
		if (i.TrustedRoot == "") == (i.Mirror == "") {
			return fmt.Errorf("must have a trustedRoot or a tuf, and one of the two")
		}
		return nil
	})
	return codec[i]{
		read: func(n *yaml.Node, at place) (i, error) {
			if n.Kind == yaml.MappingNode {
				return own.read(n, at)
			}
			_, err := public.read(n, at)
			return i{Public: true, Line: at.line}, err
		},
		write: func(i i) *yaml.Node {
			if i.Public {
				return scalar("public")
			}
			return own.write(i)
		},
		schema: func() schema {
			s := own.schema()
			s["oneOf"] = needOne("trustedRoot", "tuf")
			delete(s, "minProperties")
			return schema{"oneOf": []schema{public.schema(), s}}
		},
	}
}

// needOne says in a schema that exactly one of the fields is there.
func needOne(fields ...string) []schema {
	var all []schema
	for _, f := range fields {
		all = append(all, schema{"required": []string{f}})
	}
	return all
}

func exceptionShape() codec[policy.Exception] {
	type e = policy.Exception
	return object(func(e *e) *int { return &e.Line },
		field("id", "What the exception is called.", name(), func(e *e) *string { return &e.ID }).needed(),
		field("rule", "The id of the rule that may be broken.", ruleID(), func(e *e) *string { return &e.Rule }).needed(),
		field("images", "Patterns for the images that may break it.", texts(maxItems, exactImages()), func(e *e) *[]string { return &e.Images }).needed(),
		group("match", "What of the rule is meant.",
			field("vulnerability", "One vulnerability, by its id.", sentence(), func(e *e) *string { return &e.Vulnerability }),
			field("package", "Packages, as a package URL; without a version it is any.", text(glob.MaxBytes), func(e *e) *string { return &e.Package }),
			field("check", "One check, by its name.", name(), func(e *e) *string { return &e.Check }),
		),
		field("reason", "Why.", sentence(), func(e *e) *string { return &e.Reason }).needed(),
		field("ticket", "Where it is followed up.", sentence(), func(e *e) *string { return &e.Ticket }).needed(),
		field("owner", "Who answers for it.", sentence(), func(e *e) *string { return &e.Owner }).needed(),
		field("approvedBy", "Who agreed.", texts(maxItems, sentence()), func(e *e) *[]string { return &e.ApprovedBy }),
		field("created", "Since when.", date(), func(e *e) *time.Time { return &e.Created }).needed(),
		field("expires", "Until when: at most 90 days after created.", date(), func(e *e) *time.Time { return &e.Expires }).needed(),
	)
}

func summaryMembers() []member[policy.Summaries] {
	type a = policy.AcceptSummary
	return []member[policy.Summaries]{
		field("accept", "Whose summaries stand for the whole check.", section(func(a *a) *int { return &a.Line },
			field("from", "The identities that sign them.", names(), func(a *a) *[]string { return &a.From }).needed(),
			field("maxAge", "How old one may be. Without it: 24h.", duration(), func(a *a) *time.Duration { return &a.MaxAge }),
			field("levels", "What must all have been verified, such as SLSA_BUILD_LEVEL_3.", texts(maxItems, name()), func(a *a) *[]string { return &a.Levels }),
		), func(s *policy.Summaries) **a { return &s.Accept }),
		group("issue", "Who signs summaries that are made under this policy.",
			field("signer", "The identity's name.", name(), func(s *policy.Summaries) *string { return &s.Issuer }).needed(),
		),
	}
}

// names are names of identities or builders.
func names() codec[[]string] { return texts(maxItems, name()) }
