package convert

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/verify/policy"
)

// Flags makes a policy of the arguments of cosign verify or cosign verify-attestation, with
// or without the words before them.
func Flags(args []string, o Options) (Result, error) {
	b := &builder{doc: &policy.Document{Name: o.Name, Owner: o.Owner, Version: 1, Mode: policy.ModeEnforce}}
	f := readFlags(b, args)
	who := f.signers(b)
	var images []string
	for _, i := range f.images {
		images = append(images, imageGlob(i, false))
	}
	if len(images) == 0 || len(who) == 0 {
		return Result{}, fmt.Errorf("needs an image and a key or an identity with its issuer; %d images and %d signers were found%s", len(images), len(who), b.why())
	}
	if b.doc.Name == "" {
		b.doc.Name = "cosign"
	}
	if b.doc.Owner == "" {
		b.doc.Owner = "unknown"
	}
	from := who
	if f.predicateType != "" {
		from = nil
	}
	b.add(b.doc.Name, images, from, 0, func(r *policy.Require) {
		if f.predicateType != "" {
			b.attestation(r, f.predicateType, who)
		}
	})
	return Result{Kind: "cosign's flags", Document: b.doc, Gaps: b.gaps}, nil
}

func (b *builder) why() string {
	var all []string
	for _, g := range b.gaps {
		all = append(all, "; "+g.Where+" "+g.Why)
	}
	return strings.Join(all, "")
}

// cosignFlags are what the arguments say.
type cosignFlags struct {
	values        map[string]string
	images        []string
	predicateType string
}

// switches are the flags of cosign that take no value.
var switches = []string{
	"--insecure-ignore-tlog", "--insecure-ignore-sct", "--private-infrastructure", "--offline", "--check-claims",
	"--local-image", "--allow-insecure-registry", "--allow-http-registry", "--new-bundle-format", "--use-signed-timestamps", "--experimental-oci11",
}

func readFlags(b *builder, args []string) cosignFlags {
	f := cosignFlags{values: map[string]string{}}
	attestation := false
	for i := 0; i < len(args); i++ {
		name, value, has := strings.Cut(args[i], "=")
		switch {
		case !strings.HasPrefix(name, "-"):
			switch args[i] {
			case "cosign", "verify":
			case "verify-attestation":
				attestation = true
			default:
				f.images = append(f.images, args[i])
			}
			continue
		case isSwitch(name):
			b.gaps = append(b.gaps, Gap{Where: name, Why: "is not said in a policy: what must prove a signature is in trust and signatures"})
			continue
		case !has && i+1 < len(args):
			i++
			value = args[i]
		}
		f.values["--"+strings.TrimLeft(name, "-")] = value
	}
	if attestation {
		f.predicateType = "https://cosign.sigstore.dev/attestation/v1"
	}
	f.take(b)
	return f
}

func isSwitch(name string) bool {
	return slices.Contains(switches, name)
}

// take notes what a policy has no word for.
func (f *cosignFlags) take(b *builder) {
	if t, ok := f.values["--type"]; ok && f.predicateType != "" {
		uri, err := predicate.Resolve(t)
		if err != nil {
			b.gaps = append(b.gaps, Gap{Where: "--type", Why: err.Error()})
		} else {
			f.predicateType = uri
		}
		delete(f.values, "--type")
	}
	for _, name := range slices.Sorted(maps.Keys(f.values)) {
		switch name {
		case "--key", "--certificate-identity", "--certificate-identity-regexp", "--certificate-oidc-issuer", "--certificate-oidc-issuer-regexp":
		case "--policy":
			b.gaps = append(b.gaps, Gap{Where: name, Why: "CUE and Rego are not carried over: write it as a rule in CEL, or as a section", Looser: true})
		default:
			b.gaps = append(b.gaps, Gap{Where: name, Why: "is not carried over"})
		}
	}
}

func (f *cosignFlags) signers(b *builder) []string {
	if key := f.values["--key"]; key != "" {
		switch {
		case strings.HasPrefix(key, "k8s://"):
			b.gaps = append(b.gaps, Gap{Where: "--key", Why: "export the public key of the secret, and name it as a key's file"})
			return nil
		case strings.Contains(key, "://"):
			return []string{b.publicKey("key", policy.Key{KMS: key})}
		}
		return []string{b.publicKey("key", policy.Key{File: key})}
	}
	pick := func(name string) string {
		if v := f.values[name]; v != "" {
			return v
		}
		v := f.values[name+"-regexp"]
		if v == "" {
			return ""
		}
		glob, err := globOf(v)
		if err != nil {
			b.gaps = append(b.gaps, Gap{Where: name + "-regexp", Why: err.Error() + "; write the identity by hand"})
		}
		return glob
	}
	issuer, subject := pick("--certificate-oidc-issuer"), pick("--certificate-identity")
	if strings.Trim(issuer, "*") == "" || strings.Trim(subject, "*") == "" {
		return nil
	}
	return []string{b.identity("signer", policy.Identity{OIDC: &policy.OIDC{Issuer: issuer, Subject: subject}})}
}
