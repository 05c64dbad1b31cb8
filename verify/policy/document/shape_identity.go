package document

import (
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/verify/identity"
	"github.com/carnet-project/carnet/verify/internal/glob"
	"github.com/carnet-project/carnet/verify/policy"
)

// kinds are what an identity may be, and kindsOf those that it is.
func kinds() []string {
	return []string{"github", "gitlab", "oidc", "key", "x509", "people", "kubernetes", "git"}
}

func kindsOf(i policy.Identity) []string {
	var all []string
	for at, is := range []bool{i.GitHub != nil, i.GitLab != nil, i.OIDC != nil, i.Key != nil, i.X509 != nil, i.People != nil, i.Kubernetes != nil, i.Git != nil} {
		if is {
			all = append(all, kinds()[at])
		}
	}
	return all
}

func identityShape() codec[policy.Identity] {
	type i = policy.Identity
	return object(func(i *i) *int { return &i.Line },
		field("github", "A repository's or an owner's workflows.", githubShape(), func(i *i) **policy.GitHub { return &i.GitHub }),
		field("gitlab", "A project's pipelines.", gitlabShape(), func(i *i) **policy.GitLab { return &i.GitLab }),
		field("oidc", "Any identity that Fulcio certifies.", oidcShape(), func(i *i) **policy.OIDC { return &i.OIDC }),
		field("key", "A public key.", keyShape(), func(i *i) **policy.Key { return &i.Key }),
		field("x509", "Holders of certificates of one's own authority.", x509Shape(), func(i *i) **policy.X509 { return &i.X509 }),
		field("people", "Persons, each of whom counts once.", peopleShape(), func(i *i) **policy.People { return &i.People }),
		field("kubernetes", "A service account of one cluster.", kubernetesShape(), func(i *i) **policy.Kubernetes { return &i.Kubernetes }),
		field("git", "Who may sign commits.", gitShape(), func(i *i) **policy.Git { return &i.Git }),
		field("revokedAt", "When it stopped to be its owner's alone: what was signed later, or without a trusted time, is untrusted.", date(), func(i *i) *time.Time { return &i.RevokedAt }),
		field("reason", "Why it was revoked.", sentence(), func(i *i) *string { return &i.Reason }),
	).that(func(i i) error {
		switch has := kindsOf(i); {
		case len(has) == 0:
			return fmt.Errorf("has no kind: it must be one of %s", strings.Join(kinds(), ", "))
		case len(has) > 1:
			return fmt.Errorf("is both %s: an identity is of one kind", strings.Join(has, " and "))
		case i.Reason != "" && i.RevokedAt.IsZero():
			return errors.New("has a reason, and is not revoked: revokedAt is missing")
		}
		return nil
	}).described(schema{"oneOf": needOne(kinds()...)})
}

func oidcShape() codec[*policy.OIDC] {
	type o = policy.OIDC
	claims := slices.Sorted(maps.Keys(attest.Claims()))
	return section(nil,
		field("issuer", "The OIDC issuer that vouches for the identity.", filled(), func(o *o) *string { return &o.Issuer }).needed(),
		field("subject", "A pattern for the certificate's subject alternative name.", filled(), func(o *o) *string { return &o.Subject }).needed(),
		field("claims", "Patterns for the certificate's extensions, by their names.", dictionary(maxItems, word(claims...), filled()), func(o *o) *map[attest.Claim]string { return &o.Claims }),
	).that(func(o *o) error {
		spec := identity.Spec{Issuer: sample(o.Issuer), Subject: sample(o.Subject), Claims: map[attest.Claim]string{}}
		for claim, value := range o.Claims {
			spec.Claims[claim] = sample(value)
		}
		if _, err := identity.New(spec); err != nil {
			return fmt.Errorf("is wrong: %w", err)
		}
		return nil
	})
}

func keyShape() codec[*policy.Key] {
	type k = policy.Key
	return section(nil,
		field("file", "The path of the public key, beside the policy.", text(glob.MaxBytes), func(k *k) *string { return &k.File }),
		pemField(),
		field("kms", "The URI of the key in a key service.", uri(), func(k *k) *string { return &k.KMS }),
		field("validFrom", "From when signatures by it count, by trusted time.", date(), func(k *k) *time.Time { return &k.ValidFrom }),
		field("validUntil", "Until when signatures by it count, by trusted time.", date(), func(k *k) *time.Time { return &k.ValidUntil }),
	).that(func(k *k) error {
		named := 0
		for _, s := range []string{k.File, k.PEM, k.KMS} {
			if s != "" {
				named++
			}
		}
		switch {
		case named != 1:
			return errors.New("must have a file, a pem or a kms, and one of the three")
		case !k.ValidFrom.IsZero() && !k.ValidUntil.IsZero() && !k.ValidFrom.Before(k.ValidUntil):
			return errors.New("is never valid: validUntil is not after validFrom")
		case k.PEM != "":
			return onePublicKey(k.PEM)
		}
		return nil
	}).described(schema{"oneOf": needOne("file", "pem", "kms")})
}

// pemField leaves out a key that was read from where the document says.
func pemField() member[policy.Key] {
	m := field("pem", "The public key itself, in PEM.", text(16<<10), func(k *policy.Key) *string { return &k.PEM })
	write := m.write
	m.write = func(k *policy.Key) *yaml.Node {
		if k.File != "" || k.KMS != "" {
			return nil
		}
		return write(k)
	}
	return m
}

func onePublicKey(text string) error {
	block, rest := pem.Decode([]byte(text))
	switch {
	case block == nil:
		return errors.New("has a pem that is none: it begins with -----BEGIN PUBLIC KEY-----")
	case block.Type != "PUBLIC KEY":
		return fmt.Errorf("has a pem that is a %q, and not a PUBLIC KEY", block.Type)
	case strings.TrimSpace(string(rest)) != "":
		return errors.New("has a pem with more than one key: give each an identity of its own")
	}
	return nil
}

func x509Shape() codec[*policy.X509] {
	type x = policy.X509
	return section(nil,
		field("roots", "The paths of the authority's certificates in PEM, beside the policy.", texts(maxItems, text(glob.MaxBytes)), func(x *x) *[]string { return &x.Roots }).needed(),
		field("subjects", "Patterns for the certificate's subject alternative name.", texts(maxItems, filled()), func(x *x) *[]string { return &x.Subjects }).needed(),
		field("revocation", "Whether proof is wanted that no certificate was revoked. Only best-effort is supported.", either("best-effort", "required"), func(x *x) *bool { return &x.Required }),
	).that(func(x *x) error {
		if x.Required {
			return errors.New("has revocation: required, which is not supported: no revocation list is fetched; use best-effort, and revokedAt on the identity")
		}
		return nil
	})
}

func peopleShape() codec[*policy.People] {
	type p = policy.People
	return section(nil,
		field("issuer", "The OIDC issuer that vouches for them.", filled(), func(p *p) *string { return &p.Issuer }).needed(),
		field("emails", "Their addresses, or patterns for them.", texts(maxNames, filled()), func(p *p) *[]string { return &p.Emails }).needed(),
		field("accounts", "Their accounts, as HOST/LOGIN, by e-mail address: approvals tell them by these from who started a build or wrote a commit.", accounts(), func(p *p) *map[string][]string { return &p.Accounts }),
	).that(func(p *p) error {
		for _, email := range p.Emails {
			if !strings.Contains(email, "@") {
				return fmt.Errorf("has %q, which is no e-mail address", email)
			}
			if _, err := identity.New(identity.Spec{Issuer: sample(p.Issuer), Subject: sample(email)}); err != nil {
				return fmt.Errorf("is wrong: %w", err)
			}
		}
		return accountsOf(p)
	})
}

const accountPattern = `^[a-z0-9.-]+(:[0-9]{1,5})?/[A-Za-z0-9][A-Za-z0-9._-]{0,254}$`

var accountText = lazy(accountPattern)

// accounts are several accounts of each address.
func accounts() codec[map[string][]string] {
	return dictionary(maxNames, pattern(), texts(maxItems, text(glob.MaxBytes).that(func(s string) error {
		if !accountText().MatchString(s) {
			return fmt.Errorf("has %q, which is not HOST/LOGIN, as in github.com/ana", s)
		}
		return nil
	}).described(schema{"pattern": accountPattern})))
}

// accountsOf refuses accounts of nobody who is meant, and of two.
func accountsOf(p *policy.People) error {
	owners := map[string]string{}
	for _, email := range slices.Sorted(maps.Keys(p.Accounts)) {
		if strings.Contains(email, "*") {
			return fmt.Errorf("has accounts of %s: an account is one address's", email)
		}
		if !slices.ContainsFunc(p.Emails, func(pattern string) bool {
			g, err := glob.CompileCapturing(once(pattern))
			return err == nil && g.Match(email)
		}) {
			return fmt.Errorf("has accounts of %s, which is not among its emails", email)
		}
		for _, account := range p.Accounts[email] {
			account = strings.ToLower(account)
			if owner := owners[account]; owner != "" {
				return fmt.Errorf("has the account %s of both %s and %s", account, owner, email)
			}
			owners[account] = email
		}
	}
	return nil
}

func kubernetesShape() codec[*policy.Kubernetes] {
	type k = policy.Kubernetes
	return section(nil,
		field("issuer", "The cluster's OIDC issuer.", filled(), func(k *k) *string { return &k.Issuer }).needed(),
		field("namespace", "The namespace.", filled(), func(k *k) *string { return &k.Namespace }).needed(),
		field("serviceAccount", "The service account.", filled(), func(k *k) *string { return &k.ServiceAccount }).needed(),
	)
}

func gitShape() codec[*policy.Git] {
	type g = policy.Git
	return section(nil,
		field("allowedSigners", "The path of an SSH allowed_signers file, beside the policy.", text(glob.MaxBytes), func(g *g) *string { return &g.AllowedSigners }),
		field("keyring", "The path of an OpenPGP keyring, beside the policy.", text(glob.MaxBytes), func(g *g) *string { return &g.Keyring }),
	).that(func(g *g) error {
		if (g.AllowedSigners == "") == (g.Keyring == "") {
			return errors.New("must have allowedSigners or a keyring, and one of the two")
		}
		return nil
	}).described(schema{"oneOf": needOne("allowedSigners", "keyring")})
}
