package load

import (
	urfave "github.com/urfave/cli/v2"
)

const groupPolicy = "the policy"

// MediaType is the artifact type of a policy in a registry, and the media type of its one
// layer, which is the document's exact bytes.
const MediaType = "application/vnd.carnet.policy.v1+yaml"

// Flags are the flags of commands that judge by policies; see [All].
func Flags() []urfave.Flag {
	many := func(name, usage string) urfave.Flag {
		return &urfave.StringSliceFlag{Name: name, Usage: usage, Category: groupPolicy}
	}
	one := func(name, usage string) urfave.Flag {
		return &urfave.BoolFlag{Name: name, Usage: usage, Category: groupPolicy}
	}
	return []urfave.Flag{
		many("policy", "judge by the policy in `POLICY`: a file, REGISTRY/REPO:TAG[@DIGEST] or oci:DIR:TAG; may be given several times, and all must be met"),
		many("policy-key", "accept policies that the public key in `KEY` signed, and no others; may be given several times"),
		many("policy-certificate-identity", "accept policies that `WHO` signed, as --certificate-identity has it"),
		many("policy-certificate-oidc-issuer", "the issuer `URL` that must vouch for them: one for all, or one for each identity in turn"),
		one("unsafe-unsigned-policy", "take a policy from a registry by its tag although nobody is named who signs it: who can write there decides what is allowed"),
		one("allow-policy-rollback", "accept an older version of a policy than before, and count from there"),
	}
}
