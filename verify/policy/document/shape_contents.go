package document

import (
	"errors"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/carnet-project/carnet/verify/policy"
)

func vulnerabilitiesShape() codec[*policy.VulnerabilitiesClause] {
	type v = policy.VulnerabilitiesClause
	return section(func(v *v) *int { return &v.Line }, clause(func(v *v) *policy.Clause { return &v.Clause },
		field("from", "The identities whose scans count.", names(), func(v *v) *[]string { return &v.From }).needed(),
		field("scanners", "The scanners that must all have looked. Without it: one of any kind.", texts(maxItems, name()), func(v *v) *[]string { return &v.Scanners }),
		field("maxScanAge", "How old a scan may be: a registry can keep back a newer one.", duration(), func(v *v) *time.Duration { return &v.MaxScanAge }).needed(),
		field("maxDatabaseAge", "How old the scanner's database may be.", duration(), func(v *v) *time.Duration { return &v.MaxDatabaseAge }),
		field("deny", "Findings that are not let in: those of which one item is wholly true.", list(maxItems, denyShape().called("an item of deny")), func(v *v) *[]policy.DenyVulnerability { return &v.Deny }),
		group("vex", "Who may say that a finding does not matter.",
			field("from", "The identities whose VEX counts.", names(), func(v *v) *[]string { return &v.VEXFrom }).needed(),
			field("maxAge", "How old it may be.", duration(), func(v *v) *time.Duration { return &v.VEXMaxAge }),
		),
	)...)
}

func denyShape() codec[policy.DenyVulnerability] {
	type d = policy.DenyVulnerability
	return object(func(d *d) *int { return &d.Line },
		field("severity", "The lowest severity that is meant.", word("critical", "high", "medium", "low", "negligible"), func(d *d) *string { return &d.Severity }),
		field("fixed", "Whether a fixed version is known. Without it: either.", boolean(), func(d *d) **bool { return &d.Fixed }),
		field("exploited", "Whether it is known to be exploited. Without it: either.", boolean(), func(d *d) **bool { return &d.Exploited }),
		field("epss", "The lowest probability of exploitation that is meant.", fraction(), func(d *d) *float64 { return &d.EPSS }),
		field("grace", "How long after the fix became known it may stay.", duration(), func(d *d) *time.Duration { return &d.Grace }),
		field("knownFor", "How long after it became known it may stay.", duration(), func(d *d) *time.Duration { return &d.KnownFor }),
	).that(func(d d) error {
		switch {
		case d.Severity == "" && d.Fixed == nil && d.Exploited == nil && d.EPSS == 0 && d.KnownFor == 0:
			return errors.New("says when, and not what: it needs a severity, fixed, exploited, epss or knownFor")
		case d.Grace > 0 && d.Fixed != nil && !*d.Fixed:
			return errors.New("gives grace after a fix to what has none")
		}
		return nil
	})
}

func checkShape() codec[policy.CheckClause] {
	type c = policy.CheckClause
	return object(func(c *c) *int { return &c.Line }, clause(func(c *c) *policy.Clause { return &c.Clause },
		field("name", "The check's name.", name(), func(c *c) *string { return &c.Name }).needed(),
		field("type", "Which kind of result it is.", word("test-result", "sarif", "scai", "predicate"), func(c *c) *string { return &c.Type }).needed(),
		field("predicate", "The predicate's URI, for the type predicate.", uri(), func(c *c) *string { return &c.Predicate }),
		field("from", "The identities whose results count.", names(), func(c *c) *[]string { return &c.From }).needed(),
		field("on", "Whether it is about the commit that was built or about the image. Without it: commit.", either("commit", "image"), func(c *c) *bool { return &c.OnImage }),
		field("denyLevel", "The lowest level of a SARIF result that is not let in. Without it: error.", word("error", "warning", "note"), func(c *c) *string { return &c.DenyLevel }),
		field("maxAge", "How old the result may be.", duration(), func(c *c) *time.Duration { return &c.MaxAge }),
	)...).that(func(c c) error {
		switch {
		case (c.Type == "predicate") != (c.Predicate != ""):
			return errors.New("must have a predicate with the type predicate, and with no other")
		case c.Type == "predicate" && !asksSomething(c.Predicate):
			return errors.New("is met by the presence alone of a result that may say FAILED: take a type that reads it, or a rule")
		case c.DenyLevel != "" && c.Type != "sarif":
			return errors.New("has a denyLevel, which only results of the type sarif have")
		}
		return nil
	})
}

// asksSomething says whether it means something that a statement of the type is there.
func asksSomething(predicateType string) bool {
	_, err := policy.ParseRequirement(predicateType)
	return err == nil
}

func approvalShape() codec[policy.ApprovalClause] {
	type a = policy.ApprovalClause
	return object(func(a *a) *int { return &a.Line }, clause(func(a *a) *policy.Clause { return &a.Clause },
		field("name", "The approval's name.", name(), func(a *a) *string { return &a.Name }).needed(),
		field("from", "The identities that may approve.", names(), func(a *a) *[]string { return &a.From }).needed(),
		field("count", "How many distinct people are wanted. Without it: 1.", whole(1, 100), func(a *a) *int { return &a.Count }),
		field("property", "What their verification result (SVR) must state. Without it: a signature of the image is an approval.", name(), func(a *a) *string { return &a.Property }),
		field("environment", "The environment that they approve it for.", sentence(), func(a *a) *string { return &a.Environment }),
		notField(),
		field("maxAge", "How old an approval may be.", duration(), func(a *a) *time.Duration { return &a.MaxAge }),
	)...)
}

// notField is two fields of the clause in one list of the file.
func notField() member[policy.ApprovalClause] {
	const author, trigger = "commit-author", "build-trigger"
	words := distinct(list(2, word(author, trigger)))
	return member[policy.ApprovalClause]{
		name: "not", about: "Who does not count: who wrote the commit, who started the build.",
		read: func(a *policy.ApprovalClause, n *yaml.Node, line int) error {
			all, err := words.read(n, place{"not", line})
			for _, w := range all {
				a.NotAuthor, a.NotTrigger = a.NotAuthor || w == author, a.NotTrigger || w == trigger
			}
			return err
		},
		write: func(a *policy.ApprovalClause) *yaml.Node {
			var all []string
			if a.NotAuthor {
				all = append(all, author)
			}
			if a.NotTrigger {
				all = append(all, trigger)
			}
			return words.write(all)
		},
		schema: words.schema,
	}
}

// orWord is a list, or a word for there being none.
func orWord(none codec[string], some codec[[]string]) codec[[]string] {
	return codec[[]string]{
		read: func(n *yaml.Node, at place) ([]string, error) {
			if n.Kind != yaml.ScalarNode {
				return some.read(n, at)
			}
			_, err := none.read(n, at)
			return nil, err
		},
		write: func(all []string) *yaml.Node {
			if len(all) == 0 {
				return scalar("all")
			}
			return some.write(all)
		},
		schema: func() schema { return schema{"oneOf": []schema{none.schema(), some.schema()}} },
	}
}
