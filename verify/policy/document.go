package policy

import (
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/verify/identity"
)

// A Document is a policy as a person writes it: who may sign, who may build, which images,
// what they need, and what is excepted. Package verify/policy/document reads it from YAML
// and refuses what is not consistent; [Bind] makes a [Policy] of it for one image.
//
// Where a list `From` is empty, whoever the roots believe counts. Only documents made in
// Go may have that; a file must name its signers.
type Document struct {
	Name, Owner, Contact string
	// Version only ever grows; gates refuse to go back to a lower one.
	Version int
	// Expires is when the policy stops to allow anything; the zero time is never.
	Expires time.Time
	// Mode is what becomes of a verdict; the verdict is the same in each.
	Mode Mode
	// Digest is over the exact bytes that the document was read from, and URI where they
	// came from: a path or an OCI reference.
	Digest attest.Digest
	URI    string

	Trust      Trust
	Identities []Identity
	Builders   []Builder
	// Baseline holds for every scope beside the scope's own requirements.
	Baseline   *Require
	Scopes     []Scope
	Exceptions []Exception
	// NeverExcept are rules to which no exception applies: ids, or "section.*".
	NeverExcept []string
	Summaries   *Summaries
	// Controls maps a control of some framework to the rules that serve it, for reports.
	Controls map[string][]string
}

// A Mode is what becomes of a verdict.
type Mode string

// The modes. A mode softens the effect of a verdict and never the verdict.
const (
	ModeEnforce Mode = "enforce"
	ModeWarn    Mode = "warn"
	ModeAudit   Mode = "audit"
)

// strictness orders modes.
func (m Mode) strictness() int {
	switch m {
	case ModeAudit:
		return 0
	case ModeWarn:
		return 1
	}
	return 2
}

// Trust says which Sigstore instances, logs and authorities count.
type Trust struct {
	// Sigstore are the trusted instances; none means the public one.
	Sigstore []Instance
	// TimestampAuthorities and TransparencyLogs are anchored globs for the URIs, as the
	// trusted root has them, of those that count; none means all of the trusted roots.
	TimestampAuthorities, TransparencyLogs []string
	// Claimed accepts the times that signers claim where nobody trusted says one.
	Claimed bool
}

// An Instance is a Sigstore instance: one of Public, TrustedRoot and TUF is set.
type Instance struct {
	Name   string
	Public bool
	// TrustedRoot is the path of a trusted_root.json, beside the policy's file.
	TrustedRoot string
	// Mirror and Root are of a TUF repository, which has been stored with carnet trust.
	Mirror, Root string
	Line         int
}

// A Clause is what every part of a policy has that can be met or not.
type Clause struct {
	// Line is where the file has it, counted from 1; 0 for a document made in Go.
	Line int
	// EnforceFrom is when it begins to deny; before, it warns. Zero is from the start.
	EnforceFrom time.Time
}

// An Identity is somebody who may sign: exactly one kind is set.
type Identity struct {
	Name       string
	GitHub     *GitHub
	GitLab     *GitLab
	OIDC       *OIDC
	Key        *Key
	X509       *X509
	People     *People
	Kubernetes *Kubernetes
	Git        *Git
	// RevokedAt is when it stopped to be its owner's alone: evidence with a trusted time
	// after it, and evidence without one, is untrusted.
	RevokedAt time.Time
	Reason    string
	// Patterns stand for the kind where they are set: what a document in YAML has no words
	// for, such as regular expressions on a command line.
	Patterns []identity.Pattern
	Line     int
}

// A GitHub is a repository's or an owner's workflows. Fields are anchored globs, and lists
// of them are met by any; captures are filled in.
type GitHub struct {
	// Repository is OWNER/REPO; or Owner alone accepts all of its repositories.
	Repository, Owner string
	// RepositoryID and OwnerID are GitHub's numbers, which survive renames.
	RepositoryID, OwnerID string
	// Workflow is the file that was started, in the repository: .github/workflows/x.yml.
	Workflow string
	// Builder is the reusable workflow that signs, OWNER/REPO/PATH, at one of BuilderRefs.
	Builder     string
	BuilderRefs []string
	// Refs are the branches and tags that were built. None means any.
	Refs []string
	// Triggers are events; none means push, release, workflow_dispatch and create.
	Triggers    []string
	Environment string
	// Runner is "github-hosted" or "any"; empty means any.
	Runner string
	// Host is the server; empty means github.com.
	Host string
}

// A GitLab is a project's pipelines, in the terms of [GitHub].
type GitLab struct {
	Project, ProjectID string
	// Config is PROJECT/PATH of the pipeline's file, or a path in the project.
	Config      string
	Refs        []string
	Triggers    []string
	Runner      string
	Environment string
	Host        string
}

// OIDC is any identity that Fulcio certifies.
type OIDC struct {
	Issuer, Subject string
	Claims          map[attest.Claim]string
}

// A Key is a public key: one of File, PEM and KMS names it. Who reads a document puts
// the key of File or KMS in PEM before it is bound.
type Key struct {
	File, PEM, KMS        string
	ValidFrom, ValidUntil time.Time
}

// X509 is holders of certificates of one's own authority, which is not Fulcio.
type X509 struct {
	// Roots are files of certificates in PEM; RootsPEM is what they hold.
	Roots    []string
	RootsPEM []string
	Subjects []string
	// Required asks for proof that no certificate was revoked.
	Required bool
}

// People are persons, each of whom counts once.
type People struct {
	Issuer string
	Emails []string
	// Accounts are logins of theirs, as HOST/LOGIN, by e-mail address: by these an approver is
	// told from a build's trigger or a commit's author of whom only a login is known.
	Accounts map[string][]string
}

// A Kubernetes is a service account of one cluster.
type Kubernetes struct{ Issuer, Namespace, ServiceAccount string }

// Git is who may sign commits: an SSH allowed_signers file or an OpenPGP keyring.
type Git struct {
	AllowedSigners, Keyring string
	// Content is what the file holds.
	Content string
}

// A Builder is who may say how something was built: pairs of a signer and a builder.id.
type Builder struct {
	Name string
	// Known is an id of the catalogue of known builders (attest/predicate/slsa/known).
	Known string
	// IDs are anchored globs for builder.id, and BuildTypes for the build type; no
	// BuildTypes means any.
	IDs        []string
	BuildTypes []string
	// SignedBy are the identities of which one must have signed.
	SignedBy []string
	// Level is the highest SLSA build level that the pair may claim, 0 to 3.
	Level int
	// Covered accepts an unsigned statement in an index that SignedBy signed. The level is
	// then at most 1.
	Covered bool
	Line    int
}

// A Scope says what the images that it names need. The first that matches applies.
type Scope struct {
	Name string
	// Images are anchored globs with captures for the full name of the repository.
	Images []string
	// Mode may be stricter than the document's; empty is the document's.
	Mode    Mode
	Require Require
	Line    int
}

// A Require is what is needed. A section that is absent requires nothing.
type Require struct {
	Image           *ImageClause
	Signatures      *SignaturesClause
	Provenance      *ProvenanceClause
	Source          *SourceClause
	Base            *BaseClause
	SBOM            *SBOMClause
	Vulnerabilities *VulnerabilitiesClause
	Checks          []CheckClause
	Approvals       []ApprovalClause
	// Agree is on what all evidence must agree: repository, commit, run, builder. Nil means
	// repository and commit.
	Agree []string
	Rules []RuleClause
	// Bundles are bundles that must be good, named by digest: what a person asks who names
	// a file's bundle. Documents in YAML have none.
	Bundles []attest.Digest
	// bundleSigners is from how many distinct signers the bundles must come together.
	bundleSigners int
	// lineage is what is asked of the artifact as the base image of another.
	lineage *lineage
	Line    int
}

// Signers are the identities that the requirements name themselves, beside those of their
// builders. A name may be there more than once.
func (r *Require) Signers() []string {
	var all []string
	if r.Signatures != nil {
		all = append(all, r.Signatures.From...)
	}
	if r.Source != nil {
		all = append(append(all, r.Source.From...), r.Source.CommitsSignedBy...)
	}
	if r.Base != nil {
		all = append(all, r.Base.From...)
	}
	if r.SBOM != nil {
		all = append(all, r.SBOM.From...)
	}
	if r.Vulnerabilities != nil {
		all = append(append(all, r.Vulnerabilities.From...), r.Vulnerabilities.VEXFrom...)
	}
	for _, c := range r.Checks {
		all = append(all, c.From...)
	}
	for _, a := range r.Approvals {
		all = append(all, a.From...)
	}
	return all
}

// An Exception lets a rule be broken for a while.
type Exception struct {
	ID, Rule string
	Images   []string
	// Vulnerability, Package and Check narrow it; empty is any.
	Vulnerability, Package, Check string
	Reason, Ticket, Owner         string
	ApprovedBy                    []string
	// Created and Expires are at most 90 days apart.
	Created, Expires time.Time
	Line             int
}

// Summaries are verification summaries in place of the whole check, and who issues them.
type Summaries struct {
	Accept *AcceptSummary
	// Issuer is the name of the identity that signs summaries made under this policy.
	Issuer string
}

// AcceptSummary says which summaries stand for the whole check.
type AcceptSummary struct {
	From []string
	// MaxAge bounds the time since the verification; 0 means 24 hours.
	MaxAge time.Duration
	// Levels must all be among the levels that were verified.
	Levels []string
	Line   int
}
