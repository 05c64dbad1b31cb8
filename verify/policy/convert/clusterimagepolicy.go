package convert

import (
	"strings"

	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/verify/policy"
)

// clusterImagePolicy reads sigstore's policy-controller (pkg/apis/policy/v1beta1,
// ClusterImagePolicySpec). Any one of its authorities is enough; those that list
// attestations ask for these and not for a signature.
func clusterImagePolicy(b *builder, doc *source) {
	b.named(doc)
	b.mode(doc.at("spec.mode").text(), "warn")
	var images []string
	for _, i := range doc.at("spec.images").items() {
		pattern := i.at("glob").text()
		if tagged(pattern) {
			b.gap(i, "carnet's patterns are for repositories: this one holds for every tag")
		}
		images = append(images, imageGlob(pattern, false))
	}
	if match := doc.at("spec.match"); match.exists() {
		b.gap(match, "what workloads a policy is for is said where it is installed: the policy holds for all")
	}
	if p := doc.at("spec.policy"); p.exists() {
		b.looser(p, "CUE and Rego are not carried over: write it as a rule in CEL, or as a section")
	}
	var signed, attested []authority
	for _, item := range doc.at("spec.authorities").items() {
		a := b.authority(item)
		switch {
		case len(a.who) == 0:
		case len(a.types) > 0:
			attested = append(attested, a)
		default:
			signed = append(signed, a)
		}
	}
	b.authorities(doc, images, signed, attested)
}

// An authority is signers, any of whom is enough, and the predicate types that one must
// have attested.
type authority struct {
	who   []string
	types []string
	where *source
}

func (b *builder) authorities(doc *source, images []string, signed, attested []authority) {
	switch {
	case len(images) == 0 || len(signed)+len(attested) == 0:
		return
	case len(signed) > 0 && len(attested) > 0 || len(attested) > 1 && !sameTypes(attested):
		// One of several ways would be enough; all of them together are asked instead.
		b.gaps = append(b.gaps, Gap{Where: "spec.authorities", Why: "one authority would be enough, each with needs of its own: the policy asks for what all of them need, by any of them"})
	}
	var from, who []string
	var types []string
	for _, a := range signed {
		from = append(from, a.who...)
	}
	for _, a := range attested {
		who = append(who, a.who...)
		types = append(types, a.types...)
	}
	b.add(b.doc.Name, images, from, 0, func(r *policy.Require) {
		for _, uri := range types {
			b.attestation(r, uri, who)
		}
	})
}

func sameTypes(all []authority) bool {
	for _, a := range all[1:] {
		if strings.Join(a.types, " ") != strings.Join(all[0].types, " ") {
			return false
		}
	}
	return true
}

func (b *builder) authority(item *source) authority {
	a := authority{where: item}
	name := item.at("name").text()
	if name == "" {
		name = "authority"
	}
	switch {
	case item.at("static").exists():
		b.gap(item.at("static"), "an authority that always says the same is left out: what no scope names is denied, and what one names must show evidence")
	case item.at("key").exists():
		a.who = b.controllerKey(name, item.at("key"))
	case item.at("keyless").exists():
		a.who = b.keyless(name, item.at("keyless"))
	}
	for _, place := range []string{"ctlog", "rfc3161timestamp"} {
		if item.at(place).exists() {
			b.gap(item.at(place), "logs and authorities are those of the trusted root: trust.sigstore names it")
		}
	}
	if s := item.at("source"); s.exists() {
		b.gap(s, "evidence is looked for beside the image")
	}
	item.at("signatureFormat").text()
	for _, at := range item.at("attestations").items() {
		at.at("name").text()
		if p := at.at("policy"); p.exists() {
			b.looser(p, "CUE and Rego are not carried over: write it as a rule in CEL, or as a section")
		}
		uri, err := predicate.Resolve(at.at("predicateType").text())
		if err != nil {
			b.gap(at.at("predicateType"), "%v", err)
			a.who = nil
			return a
		}
		a.types = append(a.types, uri)
	}
	return a
}

func (b *builder) controllerKey(name string, k *source) []string {
	k.at("hashAlgorithm").text()
	switch {
	case k.at("data").text() != "":
		return []string{b.publicKey(name, policy.Key{PEM: k.at("data").text()})}
	case k.at("kms").text() != "":
		return []string{b.publicKey(name, policy.Key{KMS: k.at("kms").text()})}
	case k.at("secretRef").exists():
		b.gap(k.at("secretRef"), "export the public key of the secret, and name it as a key's file: this signer is left out")
	}
	return nil
}

// keyless adds each of the identities.
func (b *builder) keyless(name string, k *source) []string {
	for _, place := range []string{"url", "trustRootRef", "ca-cert", "insecureIgnoreSCT"} {
		if p := k.at(place); p.exists() {
			b.gap(p, "the authority is that of the trusted root: trust.sigstore names it")
		}
	}
	if len(k.at("identities").items()) == 0 {
		b.gap(k, "an authority without identities accepts everybody: it is left out")
	}
	return b.identities(name, k.at("identities"))
}

// identities adds each item of a list that has issuers and subjects.
func (b *builder) identities(name string, list *source) []string {
	var all []string
	for _, i := range list.items() {
		if who := b.certified(name, i, i.at("issuer"), i.at("issuerRegExp"), i.at("subject"), i.at("subjectRegExp")); who != "" {
			all = append(all, who)
		}
	}
	return all
}

// attestation asks for one of a predicate type by one of who.
func (b *builder) attestation(r *policy.Require, uri string, who []string) {
	switch predicate.ClassOf(uri) {
	case predicate.SBOM:
		if r.SBOM == nil {
			r.SBOM = &policy.SBOMClause{From: who}
		}
	case predicate.Provenance:
		if r.Provenance == nil {
			r.Provenance = &policy.ProvenanceClause{Builders: []string{b.anyBuilder(who)}}
		}
	case predicate.Signature:
		r.Signatures = &policy.SignaturesClause{From: who}
	default:
		r.Checks = append(r.Checks, policy.CheckClause{Name: slug(uri[strings.LastIndex(strings.TrimRight(uri, "/"), "/")+1:]), Type: "predicate", Predicate: uri, From: who, OnImage: true})
	}
}

// anyBuilder is a builder whose id nobody limits: the sources don't.
func (b *builder) anyBuilder(who []string) string {
	b.gaps = append(b.gaps, Gap{Where: "builders", Why: "nothing in the source says which builder.id is accepted: any is, at level 0; name it in builders"})
	for _, x := range b.doc.Builders {
		if strings.Join(x.SignedBy, " ") == strings.Join(who, " ") {
			return x.Name
		}
	}
	name := slug("any " + strings.Join(who, " "))
	b.doc.Builders = append(b.doc.Builders, policy.Builder{Name: name, IDs: []string{"**"}, SignedBy: who})
	return name
}

// named takes a Kubernetes object's name, and says that its other metadata means nothing.
func (b *builder) named(doc *source) {
	if name := doc.at("metadata.name").text(); b.doc.Name == "" {
		b.doc.Name = slug(name)
	}
	doc.at("metadata").readAll()
}

// mode enforces unless the source says a soft word.
func (b *builder) mode(mode, soft string) {
	b.doc.Mode = policy.ModeEnforce
	if strings.EqualFold(mode, soft) {
		b.doc.Mode = policy.ModeWarn
	}
}
