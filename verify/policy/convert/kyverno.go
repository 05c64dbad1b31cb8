package convert

import (
	"strconv"
	"strings"

	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/verify/policy"
)

// kyvernoPolicy reads the verifyImages rules of a ClusterPolicy or a Policy (kyverno.io/v1
// and v2beta1).
func kyvernoPolicy(b *builder, doc *source) {
	b.named(doc)
	action := doc.at("spec.validationFailureAction").text()
	b.kyvernoMode(action)
	for _, rule := range doc.at("spec.rules").items() {
		name := rule.at("name").text()
		for _, place := range []string{"match", "exclude", "preconditions", "context", "webhookConfiguration"} {
			if p := rule.at(place); p.exists() {
				b.gap(p, "what workloads a policy is for is said where it is installed: the policy holds for all")
			}
		}
		for _, v := range rule.at("verifyImages").items() {
			b.verifyImages(name, v)
		}
	}
}

func (b *builder) kyvernoMode(action string) {
	b.doc.Mode = policy.ModeEnforce
	if strings.EqualFold(action, "audit") {
		b.doc.Mode = policy.ModeAudit
	}
}

func (b *builder) verifyImages(name string, v *source) {
	if t := v.at("type").text(); t != "" && !strings.EqualFold(t, "Cosign") && t != "SigstoreBundle" {
		b.gap(v, "signatures of type %s are not read: sign the images with carnet or cosign, too", t)
		return
	}
	for _, place := range []string{"required", "mutateDigest", "verifyDigest", "useCache"} {
		v.at(place).text() // carnet always requires and always pins
	}
	if s := v.at("skipImageReferences"); s.exists() {
		b.gap(s, "what a scope names needs evidence: nothing is skipped")
	}
	if a := v.at("failureAction").text(); a != "" {
		b.kyvernoMode(a)
	}
	images := b.references(v)
	from, threshold := b.attestors(name, v.at("attestors"))
	types := b.kyvernoAttestations(name, v.at("attestations"), from)
	if len(images) == 0 || len(from)+len(types) == 0 {
		return
	}
	b.add(name, images, from, threshold, func(r *policy.Require) {
		for _, t := range types {
			b.attestation(r, t.uri, t.who)
		}
	})
}

// references are the images; the stars of Kyverno cross slashes.
func (b *builder) references(v *source) []string {
	var images []string
	patterns := append(v.at("imageReferences").items(), v.at("image"))
	for _, p := range patterns {
		text := p.text()
		if text == "" {
			continue
		}
		if tagged(text) {
			b.gap(p, "carnet's patterns are for repositories: this one holds for every tag")
		}
		images = append(images, imageGlob(text, true))
	}
	return images
}

// attestors are lists, all of which must be met, of entries, of which as many as its count
// says must be. Distinct signers of all lists together are the same only where every list
// asks for each of its entries; else more is asked.
func (b *builder) attestors(name string, lists *source) ([]string, int) {
	var from []string
	threshold := 0
	for _, list := range lists.items() {
		entries := list.at("entries").items()
		var who []string
		for _, e := range entries {
			who = append(who, b.entry(name, e)...)
		}
		count, err := strconv.Atoi(list.at("count").text())
		if err != nil || count <= 0 {
			count = len(entries)
		}
		from = append(from, who...)
		threshold += count
		if count < len(entries) && len(lists.items()) > 1 {
			b.gap(list, "of several lists each must be met: the policy counts distinct signers over all of them; check the threshold")
		}
	}
	if threshold > 0 && len(from) < threshold {
		b.gap(lists, "signers were left out of these, so that the threshold of %d can't be met yet: add them", threshold)
	}
	return from, threshold
}

func (b *builder) entry(name string, e *source) []string {
	e.at("annotations").readAll()
	switch {
	case e.at("keys").exists():
		return b.kyvernoKeys(name, e.at("keys"))
	case e.at("keyless").exists():
		k := e.at("keyless")
		for _, place := range []string{"rekor", "ctlog", "roots", "additionalExtensions"} {
			if p := k.at(place); p.exists() {
				b.gap(p, "logs and authorities are those of the trusted root: trust.sigstore names it")
			}
		}
		if who := b.certified(name, k, k.at("issuer"), k.at("issuerRegExp"), k.at("subject"), k.at("subjectRegExp")); who != "" {
			return []string{who}
		}
		return nil
	}
	b.gap(e, "an attestor of this kind is not carried over: this signer is left out")
	return nil
}

func (b *builder) kyvernoKeys(name string, k *source) []string {
	for _, place := range []string{"rekor", "ctlog", "signatureAlgorithm"} {
		if p := k.at(place); p.exists() {
			b.gap(p, "logs are those of the trusted root; signatures.log asks for an entry")
		}
	}
	switch {
	case k.at("publicKeys").text() != "":
		keys := k.at("publicKeys").text()
		if strings.HasPrefix(keys, "k8s://") {
			b.gap(k.at("publicKeys"), "export the public key of the secret, and name it as a key's file: this signer is left out")
			return nil
		}
		if strings.Contains(keys, "://") {
			return []string{b.publicKey(name, policy.Key{KMS: strings.TrimSpace(keys)})}
		}
		return []string{b.publicKey(name, policy.Key{PEM: keys})}
	case k.at("kms").text() != "":
		return []string{b.publicKey(name, policy.Key{KMS: k.at("kms").text()})}
	}
	b.gap(k, "export the public key, and name it as a key's file: this signer is left out")
	return nil
}

// A wanted is a predicate type and who must have attested it.
type wanted struct {
	uri string
	who []string
}

func (b *builder) kyvernoAttestations(name string, list *source, signers []string) []wanted {
	var all []wanted
	for _, a := range list.items() {
		if c := a.at("conditions"); c.exists() {
			b.looser(c, "conditions are not carried over: write them as rules in CEL, or as a section")
		}
		a.at("name").text()
		uri := a.at("type").text()
		if uri == "" {
			uri = a.at("predicateType").text()
		}
		resolved, err := predicate.Resolve(uri)
		if err != nil {
			b.gap(a, "%v", err)
			continue
		}
		who, threshold := b.attestors(name, a.at("attestors"))
		if len(who) == 0 {
			who = signers
		}
		if threshold > 1 {
			b.gap(a.at("attestors"), "one accepted signer of an attestation is enough")
		}
		if len(who) == 0 {
			b.looser(a, "nobody is left who may attest it: it is left out, and the policy asks for less")
			continue
		}
		all = append(all, wanted{resolved, who})
	}
	return all
}

// imageValidatingPolicy reads policies.kyverno.io's ImageValidatingPolicy. What it asks is
// in CEL of its own; who signs is carried over, and that a signature is there is asked.
func imageValidatingPolicy(b *builder, doc *source) {
	b.named(doc)
	b.doc.Mode = policy.ModeAudit
	for _, a := range doc.at("spec.validationActions").texts() {
		if strings.EqualFold(a, "Deny") {
			b.doc.Mode = policy.ModeEnforce
		}
	}
	for _, place := range []string{"spec.matchConstraints", "spec.matchConditions", "spec.images", "spec.autogen", "spec.evaluation", "spec.webhookConfiguration"} {
		if p := doc.at(place); p.exists() {
			b.gap(p, "what workloads a policy is for is said where it is installed: the policy holds for all")
		}
	}
	doc.at("spec.validationConfigurations").readAll()
	doc.at("spec.failurePolicy").text()
	var images []string
	for _, m := range doc.at("spec.matchImageReferences").items() {
		if m.at("expression").exists() {
			b.gap(m.at("expression"), "images are named by patterns: name them in the scope")
			continue
		}
		images = append(images, imageGlob(m.at("glob").text(), true))
	}
	var from []string
	for _, a := range doc.at("spec.attestors").items() {
		from = append(from, b.validatingAttestor(a)...)
	}
	types := b.validatingTypes(doc.at("spec.attestations"))
	if v := doc.at("spec.validations"); v.exists() {
		b.looser(v, "its CEL calls Kyverno's functions: the policy asks for a signature by one of the attestors, and for each attestation by one of them; write the rest as sections or rules")
	}
	if len(images) == 0 || len(from) == 0 {
		return
	}
	b.add(b.doc.Name, images, from, 0, func(r *policy.Require) {
		for _, uri := range types {
			b.attestation(r, uri, from)
		}
	})
}

func (b *builder) validatingAttestor(a *source) []string {
	name := a.at("name").text()
	if a.at("notary").exists() {
		b.gap(a.at("notary"), "Notary signatures are not read: sign the images with carnet or cosign, too")
		return nil
	}
	c := a.at("cosign")
	for _, place := range []string{"ctlog", "tuf", "source", "annotations"} {
		if p := c.at(place); p.exists() {
			b.gap(p, "logs and authorities are those of the trusted root: trust.sigstore names it")
		}
	}
	switch {
	case c.at("key").exists():
		return b.controllerKey(name, c.at("key"))
	case c.at("keyless").exists():
		if roots := c.at("keyless.roots"); roots.exists() {
			b.gap(roots, "the authority is that of the trusted root: trust.sigstore names it")
		}
		return b.identities(name, c.at("keyless.identities"))
	}
	b.gap(a, "an attestor of this kind is not carried over: this signer is left out")
	return nil
}

func (b *builder) validatingTypes(list *source) []string {
	var all []string
	for _, a := range list.items() {
		a.at("name").text()
		t := a.at("intoto.type").text()
		if t == "" {
			b.gap(a, "only in-toto attestations are carried over")
			continue
		}
		uri, err := predicate.Resolve(t)
		if err != nil {
			b.gap(a, "%v", err)
			continue
		}
		all = append(all, uri)
	}
	return all
}
