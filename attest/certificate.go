package attest

import "time"

// A Certificate is what a signing certificate says of its holder. Whether it is true
// is for a root of trust to say. Package attest/certificate reads it from DER.
type Certificate struct {
	// Subject is the subject alternative name: an e-mail address, a URI, a user name.
	Subject string
	// SubjectType is the kind of name that Subject is.
	SubjectType SubjectType
	// Issuer is the OIDC issuer that vouched for the subject, or "" for the certificates
	// of an authority that is not Fulcio.
	Issuer string
	// Authority is the distinguished name of the authority that issued the certificate.
	Authority string
	// AuthorityKey is the certificate's authority key identifier in lower-case hex, or "".
	AuthorityKey string
	// NotBefore and NotAfter are the inclusive ends of its validity.
	NotBefore, NotAfter time.Time
	// Claims are Fulcio's extensions beside the issuer, by name; those that are absent
	// or empty are not in it.
	Claims map[Claim]string
}

// A SubjectType is a kind of subject alternative name.
type SubjectType string

// The kinds of subject alternative names that Fulcio issues
// (sigstore/fulcio, docs/certificate-specification.md).
const (
	SubjectEmail SubjectType = "email"
	SubjectURI   SubjectType = "uri"
	SubjectOther SubjectType = "other"
)

// A Claim names an extension of Fulcio's certificates, as sigstore-go spells it
// (sigstore/fulcio, docs/oid-info.md).
type Claim string

// The claims, each with the last number of its object identifier below
// 1.3.6.1.4.1.57264.1.
const (
	ClaimBuildSignerURI           Claim = "buildSignerURI"                      // 9
	ClaimBuildSignerDigest        Claim = "buildSignerDigest"                   // 10
	ClaimRunnerEnvironment        Claim = "runnerEnvironment"                   // 11
	ClaimSourceRepositoryURI      Claim = "sourceRepositoryURI"                 // 12
	ClaimSourceRepositoryDigest   Claim = "sourceRepositoryDigest"              // 13
	ClaimSourceRepositoryRef      Claim = "sourceRepositoryRef"                 // 14
	ClaimSourceRepositoryID       Claim = "sourceRepositoryIdentifier"          // 15
	ClaimSourceRepositoryOwnerURI Claim = "sourceRepositoryOwnerURI"            // 16
	ClaimSourceRepositoryOwnerID  Claim = "sourceRepositoryOwnerIdentifier"     // 17
	ClaimBuildConfigURI           Claim = "buildConfigURI"                      // 18
	ClaimBuildConfigDigest        Claim = "buildConfigDigest"                   // 19
	ClaimBuildTrigger             Claim = "buildTrigger"                        // 20
	ClaimRunInvocationURI         Claim = "runInvocationURI"                    // 21
	ClaimSourceRepositoryVisible  Claim = "sourceRepositoryVisibilityAtSigning" // 22
	ClaimDeploymentEnvironment    Claim = "deploymentEnvironment"               // 23
	ClaimTokenSubject             Claim = "tokenSubject"                        // 24

	// The deprecated ones, which certificates still carry.
	ClaimGitHubTrigger    Claim = "githubWorkflowTrigger"    // 2
	ClaimGitHubSHA        Claim = "githubWorkflowSHA"        // 3
	ClaimGitHubWorkflow   Claim = "githubWorkflowName"       // 4
	ClaimGitHubRepository Claim = "githubWorkflowRepository" // 5
	ClaimGitHubRef        Claim = "githubWorkflowRef"        // 6
)

// Claims lists every claim with the last number of its object identifier.
func Claims() map[Claim]int {
	return map[Claim]int{
		ClaimGitHubTrigger: 2, ClaimGitHubSHA: 3, ClaimGitHubWorkflow: 4, ClaimGitHubRepository: 5, ClaimGitHubRef: 6,
		ClaimBuildSignerURI: 9, ClaimBuildSignerDigest: 10, ClaimRunnerEnvironment: 11, ClaimSourceRepositoryURI: 12,
		ClaimSourceRepositoryDigest: 13, ClaimSourceRepositoryRef: 14, ClaimSourceRepositoryID: 15,
		ClaimSourceRepositoryOwnerURI: 16, ClaimSourceRepositoryOwnerID: 17, ClaimBuildConfigURI: 18,
		ClaimBuildConfigDigest: 19, ClaimBuildTrigger: 20, ClaimRunInvocationURI: 21, ClaimSourceRepositoryVisible: 22,
		ClaimDeploymentEnvironment: 23, ClaimTokenSubject: 24,
	}
}
