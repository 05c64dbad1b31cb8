package policy

import "time"

// ImageClause is about the image itself.
type ImageClause struct {
	Clause
	// Platforms are os/arch[/variant]; none means all.
	Platforms  []string
	MaxAge     time.Duration
	MinVersion string
}

// SignaturesClause asks for signatures of the digest.
type SignaturesClause struct {
	Clause
	From []string
	// Threshold is how many distinct signers are wanted; 0 means 1.
	Threshold int
	// Log and Timestamp ask that a transparency log or a timestamp authority vouches for
	// each signature that counts.
	Log, Timestamp bool
}

// ProvenanceClause asks for SLSA provenance by an accepted pair of signer and builder.
type ProvenanceClause struct {
	Clause
	// Builders are names of builders. None means anybody whom the roots believe.
	Builders []string
	MinLevel int
	// Repositories and Refs are anchored globs with captures; SourceTrust is "certificate"
	// or "predicate": whether the signer's certificate must say the same. Empty is
	// certificate where it says anything.
	Repositories, Refs []string
	SourceTrust        string
	// Allow lists the parameters that a build may have, as dotted names with globs, and
	// Values what some of them must be. Nil allows all.
	Allow  []string
	Values map[string]string
	// Digests asks that every material has one.
	Digests  bool
	Hermetic bool
}

// SourceClause is about the commit that was built.
type SourceClause struct {
	Clause
	From       []string
	MinLevel   int
	Properties []string
	// CommitsSignedBy are git identities, of which one must have signed the commit.
	CommitsSignedBy []string
}

// BaseClause is about the images that the image is built on.
type BaseClause struct {
	Clause
	// Allow are anchored globs for the names of base images.
	Allow []string
	// Evidence is what a base image must have of its own.
	Evidence BaseEvidence
	From     []string
	MaxAge   time.Duration
	// Depth is how far to follow bases of bases; 0 means 1.
	Depth int
}

// BaseEvidence is what a base image must have of its own.
type BaseEvidence string

// The kinds of evidence of a base image.
const (
	BaseListed              BaseEvidence = "listed"
	BaseSignature           BaseEvidence = "signature"
	BaseProvenance          BaseEvidence = "provenance"
	BaseSummary             BaseEvidence = "summary"
	BaseSummaryOrProvenance BaseEvidence = "summary-or-provenance"
)

// SBOMClause asks for a list of what is inside.
type SBOMClause struct {
	Clause
	From []string
	// Formats are such as "spdx", "cyclonedx>=1.6"; none means any.
	Formats []string
	// Minimum is "none", "ntia", "cisa-2026" or "bsi-2.1".
	Minimum string
	// Dependencies is "any", "direct" or "transitive".
	Dependencies string
	// DenyLicenses are SPDX ids with globs, DenyPackages package URLs with globs.
	DenyLicenses, DenyPackages []string
	// Covered accepts also an unsigned SBOM in an index that one of From signed.
	Covered bool
	// present says that one is enough whatever it lists: what a person asks with a flag.
	present bool
}

// VulnerabilitiesClause asks for recent scans without grave findings.
type VulnerabilitiesClause struct {
	Clause
	From []string
	// Scanners must all be there; none means that one of any kind is enough.
	Scanners                   []string
	MaxScanAge, MaxDatabaseAge time.Duration
	Deny                       []DenyVulnerability
	VEXFrom                    []string
	VEXMaxAge                  time.Duration
}

// DenyVulnerability describes findings that are not let in. All that is set must hold.
type DenyVulnerability struct {
	// Severity is the lowest that is meant: critical, high, medium, low, negligible.
	Severity string
	// Fixed means that a fixed version is known, or is not; Exploited that the vulnerability is
	// known to be exploited. Nil is either.
	Fixed, Exploited *bool
	// EPSS is the lowest probability of exploitation, 0 to 1, that is meant; 0 is any.
	EPSS float64
	// Grace is how long after the fix became known it may stay, KnownFor how long after
	// the vulnerability did.
	Grace, KnownFor time.Duration
	Line            int
}

// CheckClause asks for the result of a test or a scan of the code.
type CheckClause struct {
	Clause
	Name string
	// Type is "test-result", "sarif", "scai" or "predicate", whose URI is Predicate.
	Type, Predicate string
	From            []string
	// OnImage asks for it about the image; else it is about the commit that was built.
	OnImage bool
	// DenyLevel is the lowest level of a SARIF result that is not let in: error, warning,
	// note; empty means error.
	DenyLevel string
	MaxAge    time.Duration
}

// ApprovalClause asks that people approved the digest.
type ApprovalClause struct {
	Clause
	Name string
	From []string
	// Count is how many distinct people; 0 means 1.
	Count int
	// Property is what a verification result (SVR) must state; empty takes a signature of
	// the image for an approval.
	Property, Environment string
	// NotAuthor and NotTrigger keep out who wrote the commit and who started the build.
	NotAuthor, NotTrigger bool
	MaxAge                time.Duration
}

// RuleClause is a requirement in CEL: it can only deny.
type RuleClause struct {
	Clause
	ID, Require, Message, Fix string
	Controls                  []string
}
