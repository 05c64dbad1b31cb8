package document

import (
	"errors"
	"time"

	"github.com/carnet-project/carnet/verify/policy"
)

var (
	versionText = lazy(`^v?[0-9]{1,9}(\.[0-9]{1,9}){0,2}(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$`)
	formatText  = lazy(`^(spdx|cyclonedx)(>=[0-9]+(\.[0-9]+){0,2})?$`)
)

func scopeShape() codec[policy.Scope] {
	type s = policy.Scope
	return object(func(s *s) *int { return &s.Line },
		field("name", "The scope's name.", name(), func(s *s) *string { return &s.Name }).needed(),
		field("images", "Patterns for full names of repositories; {name} captures a segment, to be filled in elsewhere.", texts(maxItems, image()), func(s *s) *[]string { return &s.Images }).needed(),
		field("mode", "What becomes of a verdict, where that is stricter than the policy's mode.", word(policy.ModeEnforce, policy.ModeWarn, policy.ModeAudit), func(s *s) *policy.Mode { return &s.Mode }),
		field("require", "What the images need, beside the baseline.", requireShape(), func(s *s) *policy.Require { return &s.Require }),
	)
}

// requireSection is requireShape where it may be absent.
func requireSection() codec[*policy.Require] {
	c := section(func(r *policy.Require) *int { return &r.Line }, requireMembers()...)
	c.schema = requireReference
	return c
}

// requireReference stands in the schema for the requirements, which are in two places of it.
func requireReference() schema { return schema{"$ref": "#/$defs/require"} }

func requireShape() codec[policy.Require] {
	c := object(func(r *policy.Require) *int { return &r.Line }, requireMembers()...)
	c.schema = requireReference
	return c
}

func requireMembers() []member[policy.Require] {
	type r = policy.Require
	return []member[r]{
		field("image", "About the image itself.", imageShape(), func(r *r) **policy.ImageClause { return &r.Image }),
		field("signatures", "Signatures of the digest.", signaturesShape(), func(r *r) **policy.SignaturesClause { return &r.Signatures }),
		field("provenance", "SLSA provenance by an accepted pair of signer and builder.", provenanceShape(), func(r *r) **policy.ProvenanceClause { return &r.Provenance }),
		field("source", "About the commit that was built.", sourceShape(), func(r *r) **policy.SourceClause { return &r.Source }),
		field("base", "About the images that the image is built on.", baseShape(), func(r *r) **policy.BaseClause { return &r.Base }),
		field("sbom", "A list of what is inside.", sbomShape(), func(r *r) **policy.SBOMClause { return &r.SBOM }),
		field("vulnerabilities", "Recent scans without grave findings.", vulnerabilitiesShape(), func(r *r) **policy.VulnerabilitiesClause { return &r.Vulnerabilities }),
		field("checks", "Results of tests and of scans of the code.", list(maxItems, checkShape().called("a check")), func(r *r) *[]policy.CheckClause { return &r.Checks }),
		field("approvals", "People who approved the digest.", list(maxItems, approvalShape().called("an approval")), func(r *r) *[]policy.ApprovalClause { return &r.Approvals }),
		field("agree", "On what all evidence must agree. Without it: repository and commit; an empty list asks for no agreement.", distinct(openList(4, word("repository", "commit", "run", "builder"))), func(r *r) *[]string { return &r.Agree }),
		field("rules", "Requirements in CEL.", list(maxItems, ruleShape().called("a rule")), func(r *r) *[]policy.RuleClause { return &r.Rules }),
	}
}

// clause adds the field that every part has which can be met or not.
func clause[S any](to func(*S) *policy.Clause, members ...member[S]) []member[S] {
	return append(members, field("enforceFrom", "When it begins to deny; before, it warns. Without it: from the start.", date(), func(s *S) *time.Time { return &to(s).EnforceFrom }))
}

func imageShape() codec[*policy.ImageClause] {
	type i = policy.ImageClause
	all, some := word("all"), texts(maxItems, platform())
	return section(func(i *i) *int { return &i.Line }, clause(func(i *i) *policy.Clause { return &i.Clause },
		field("platforms", "The platforms that are deployed, os/arch or os/arch/variant. Without it: all.", orWord(all, some), func(i *i) *[]string { return &i.Platforms }),
		field("maxAge", "How long ago it may have been built.", duration(), func(i *i) *time.Duration { return &i.MaxAge }),
		field("minVersion", "The lowest version that may be deployed.", version(), func(i *i) *string { return &i.MinVersion }),
	)...)
}

func version() codec[string] {
	return text(100).that(func(s string) error {
		if !versionText().MatchString(s) {
			return errors.New("must be a version as in 1.4.0, and in quotes where it would be a number")
		}
		return nil
	})
}

func signaturesShape() codec[*policy.SignaturesClause] {
	type s = policy.SignaturesClause
	return section(func(s *s) *int { return &s.Line }, clause(func(s *s) *policy.Clause { return &s.Clause },
		field("from", "The identities that count.", names(), func(s *s) *[]string { return &s.From }).needed(),
		field("threshold", "How many distinct signers are wanted. Without it: 1.", whole(1, 100), func(s *s) *int { return &s.Threshold }),
		field("log", "Whether a transparency log must have the signature.", required(), func(s *s) *bool { return &s.Log }),
		field("timestamp", "Whether a timestamp authority must vouch for its time.", required(), func(s *s) *bool { return &s.Timestamp }),
	)...)
}

func provenanceShape() codec[*policy.ProvenanceClause] {
	type p = policy.ProvenanceClause
	return section(func(p *p) *int { return &p.Line }, clause(func(p *p) *policy.Clause { return &p.Clause },
		field("builders", "The builders that count.", names(), func(p *p) *[]string { return &p.Builders }).needed(),
		field("minLevel", "The lowest SLSA build level.", whole(0, 3), func(p *p) *int { return &p.MinLevel }),
		group("source", "What was built.",
			field("repositories", "Patterns for the repository's URL.", texts(maxItems, repository()), func(p *p) *[]string { return &p.Repositories }).needed(),
			field("refs", "Patterns for the branch or tag in full. Without it: any.", texts(maxItems, ref(filled())), func(p *p) *[]string { return &p.Refs }),
			field("trust", "Whether the signer's certificate must say the same (certificate), or the statement alone counts (predicate). Without it: the certificate where it says anything.", word("certificate", "predicate"), func(p *p) *string { return &p.SourceTrust }),
		),
		group("parameters", "What a build may be given.",
			field("allow", "Patterns for the dotted names of the parameters that a build may have. Without it: any.", distinct(openList(maxItems, pattern())), func(p *p) *[]string { return &p.Allow }),
			field("values", "Patterns for the values of some of them.", dictionary(maxItems, pattern(), filled()), func(p *p) *map[string]string { return &p.Values }),
		),
		group("materials", "What was used.",
			field("digests", "Whether every material must have a digest.", required(), func(p *p) *bool { return &p.Digests }),
		),
		field("hermetic", "Whether the build must have run without a network.", required(), func(p *p) *bool { return &p.Hermetic }),
	)...)
}

func sourceShape() codec[*policy.SourceClause] {
	type s = policy.SourceClause
	return section(func(s *s) *int { return &s.Line }, clause(func(s *s) *policy.Clause { return &s.Clause },
		field("from", "The identities whose source summaries count.", names(), func(s *s) *[]string { return &s.From }),
		field("minLevel", "The lowest SLSA source level.", whole(0, 4), func(s *s) *int { return &s.MinLevel }),
		field("properties", "What must have been verified, such as SLSA_SOURCE_TWO_PARTY_REVIEWED.", texts(maxItems, name()), func(s *s) *[]string { return &s.Properties }),
		group("commits", "Signatures of the commit.",
			field("signedBy", "The git identities of which one must have signed.", names(), func(s *s) *[]string { return &s.CommitsSignedBy }).needed(),
		),
	)...).that(func(s *s) error {
		switch {
		case s.From == nil && (s.MinLevel > 0 || s.Properties != nil):
			return errors.New("asks for a level or properties and has no from: who verifies the source?")
		case s.From == nil && s.CommitsSignedBy == nil:
			return errors.New("asks for nothing: it has neither from nor commits")
		}
		return nil
	})
}

func baseShape() codec[*policy.BaseClause] {
	type b = policy.BaseClause
	return section(func(b *b) *int { return &b.Line }, clause(func(b *b) *policy.Clause { return &b.Clause },
		field("allow", "Patterns for the names of base images; scratch is none at all. Without it: any.", texts(maxItems, baseImage()), func(b *b) *[]string { return &b.Allow }),
		field("evidence", "What a base image must have of its own. Without it: to be listed in allow.", word(policy.BaseListed, policy.BaseSignature, policy.BaseProvenance, policy.BaseSummary, policy.BaseSummaryOrProvenance), func(b *b) *policy.BaseEvidence { return &b.Evidence }),
		field("from", "The identities that sign that evidence. Without it: any of the policy's.", names(), func(b *b) *[]string { return &b.From }),
		field("maxAge", "How old a base image may be.", duration(), func(b *b) *time.Duration { return &b.MaxAge }),
		field("depth", "How far to follow bases of bases. Without it: 1.", whole(1, 10), func(b *b) *int { return &b.Depth }),
	)...).that(func(b *b) error {
		if b.Allow == nil && (b.Evidence == "" || b.Evidence == policy.BaseListed) {
			return errors.New("accepts any base image: it needs allow, or evidence that is more than listed")
		}
		return nil
	})
}

func sbomShape() codec[*policy.SBOMClause] {
	type s = policy.SBOMClause
	return section(func(s *s) *int { return &s.Line }, clause(func(s *s) *policy.Clause { return &s.Clause },
		field("from", "The identities whose SBOMs count.", names(), func(s *s) *[]string { return &s.From }).needed(),
		field("evidence", "Whether it must be signed, or may lie unsigned in an index that from signed.", either("signed", "covered-by-index-signature"), func(s *s) *bool { return &s.Covered }),
		field("formats", "spdx or cyclonedx, with the lowest version as in cyclonedx>=1.6. Without it: any.", texts(maxItems, format()), func(s *s) *[]string { return &s.Formats }),
		field("minimum", "Which minimum elements it must have. Without it: none.", word("none", "ntia", "cisa-2026", "bsi-2.1"), func(s *s) *string { return &s.Minimum }),
		field("dependencies", "Which dependencies it must list. Without it: any.", word("any", "direct", "transitive"), func(s *s) *string { return &s.Dependencies }),
		group("licenses", "Licences of what is inside.",
			field("deny", "Patterns for SPDX ids that are not let in.", texts(maxNames, pattern().that(policy.CheckDeniedLicense)), func(s *s) *[]string { return &s.DenyLicenses }).needed(),
		),
		group("packages", "What is inside.",
			field("deny", "Patterns for package URLs that are not let in.", texts(maxNames, pattern().that(policy.CheckDeniedPackage)), func(s *s) *[]string { return &s.DenyPackages }).needed(),
		),
	)...)
}

func format() codec[string] {
	return text(100).that(func(s string) error {
		if !formatText().MatchString(s) {
			return errors.New("must be spdx or cyclonedx, with the lowest version as in cyclonedx>=1.6 or without")
		}
		return nil
	})
}

func ruleShape() codec[policy.RuleClause] {
	type r = policy.RuleClause
	return object(func(r *r) *int { return &r.Line }, clause(func(r *r) *policy.Clause { return &r.Clause },
		field("id", "The rule's id, which is rule.ID in findings.", name(), func(r *r) *string { return &r.ID }).needed(),
		field("require", "An expression in CEL that must be true.", expression(), func(r *r) *string { return &r.Require }).needed(),
		field("message", "What is told where it is not met.", sentence(), func(r *r) *string { return &r.Message }).needed(),
		field("fix", "What to do then.", sentence(), func(r *r) *string { return &r.Fix }),
		field("controls", "The controls of a framework that it serves.", texts(maxItems, sentence()), func(r *r) *[]string { return &r.Controls }),
	)...)
}
