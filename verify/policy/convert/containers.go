package convert

import (
	"encoding/base64"
	"slices"
	"strings"

	"github.com/carnet-project/carnet/verify/policy"
)

// containersPolicy reads containers-policy.json (containers/image,
// docs/containers-policy.json.5.md). The most specific scope applies there and the first
// that matches here, so that scopes come in the order of their length.
func containersPolicy(b *builder, doc *source) {
	b.doc.Mode = policy.ModeEnforce
	b.containersDefault(doc.at("default"))
	transports := doc.at("transports")
	for _, t := range transports.names() {
		transport := transports.member(t)
		if t != "docker" {
			b.gap(transport, "images of the transport %s are not in a registry: they are left out, and denied", t)
			continue
		}
		scopes := transport.names()
		slices.SortStableFunc(scopes, func(a, b string) int { return len(b) - len(a) })
		for _, scope := range scopes {
			b.containersScope(scope, transport.member(scope))
		}
	}
}

func (b *builder) containersDefault(list *source) {
	for _, r := range list.items() {
		switch r.at("type").text() {
		case "reject": // what no scope names is denied anyway
		case "insecureAcceptAnything":
			b.gap(r, "what no scope names is denied: name the images that are meant")
		default:
			b.containersScope("", list)
			return
		}
	}
}

func (b *builder) containersScope(scope string, list *source) {
	if strings.Contains(scope, "@") || strings.LastIndex(scope, ":") > strings.LastIndex(scope, "/") && strings.Contains(scope, "/") {
		b.looser(list, "carnet's patterns are for repositories: a scope of one tag or digest is left out, and its image is in the scope of its repository, if there is one")
		return
	}
	from := b.containersSigners(scope, list)
	if len(from) == 0 && len(list.items()) > 0 {
		// A wider scope must not let in what this one keeps out.
		from = []string{b.nobody()}
		b.add("docker "+scope, containersImages(scope), from, 1, nil)
		return
	}
	// All of the requirements must be met there, each by a signer of its own.
	b.add("docker "+scope, containersImages(scope), from, len(list.items()), nil)
}

// containersSigners are one for each of a scope's requirements; none if any of these can't
// be carried over.
func (b *builder) containersSigners(scope string, list *source) []string {
	var from []string
	for _, r := range list.items() {
		switch kind := r.at("type").text(); kind {
		case "sigstoreSigned":
			who := b.sigstoreSigned(scope, r)
			if who == "" {
				return nil
			}
			from = append(from, who)
		case "reject":
			return nil
		case "insecureAcceptAnything":
			b.gap(r, "every scope needs evidence: these images are denied until the scope names what they need")
			return nil
		default:
			b.gap(r, "signatures of type %s are not read: sign the images with carnet or cosign, too; until then they are denied", kind)
			return nil
		}
	}
	return from
}

func containersImages(scope string) []string {
	switch {
	case scope == "":
		return []string{"**"}
	case strings.HasPrefix(scope, "*."), !strings.Contains(scope, "/"):
		return []string{scope + "/**"}
	}
	return []string{scope, scope + "/**"}
}

// sigstoreSigned is the one identity of a requirement, or "".
func (b *builder) sigstoreSigned(scope string, r *source) string {
	if id := r.at("signedIdentity"); id.exists() {
		b.gap(id, "evidence counts for the digest; what the image may be called is said by the scope")
	}
	for _, name := range r.names() {
		if strings.HasPrefix(name, "rekorPublicKey") {
			b.gap(r.member(name), "logs are those of the trusted root: trust.sigstore names it; signatures.log asks for an entry")
		}
	}
	name := "signer of " + scope
	f := r.at("fulcio")
	switch {
	case f.exists():
		for _, place := range []string{"caPath", "caData"} {
			if p := f.at(place); p.exists() {
				b.gap(p, "the authority is that of the trusted root: make one with carnet trust create, and name it in trust.sigstore")
			}
		}
		none := r.at("nothing")
		return b.certified(name, f, f.at("oidcIssuer"), none, f.at("subjectEmail"), none)
	case r.at("keyPath").text() != "":
		return b.publicKey(name, policy.Key{File: r.at("keyPath").text()})
	case r.at("keyData").text() != "":
		pem, err := base64.StdEncoding.DecodeString(r.at("keyData").text())
		if err != nil {
			b.gap(r.at("keyData"), "is not base64")
			return ""
		}
		return b.publicKey(name, policy.Key{PEM: string(pem)})
	default:
		b.gap(r, "several keys, and PKI, are not carried over: this scope is left out")
	}
	return ""
}

// notationPolicy reads Notation's trust policy (notaryproject/specifications,
// trust-store-trust-policy.md). Notary signatures are not read; who may sign what is
// carried over for the day when the images are signed again.
func notationPolicy(b *builder, doc *source) {
	doc.at("version").text()
	if b.doc.Name == "" {
		b.doc.Name = "notation"
	}
	b.doc.Mode = policy.ModeAudit
	for _, p := range doc.at("trustPolicies").items() {
		name := p.at("name").text()
		if level := p.at("signatureVerification.level").text(); level == "skip" {
			b.gap(p, "a policy that verifies nothing is left out: these images are denied")
			continue
		}
		if o := p.at("signatureVerification.override"); o.exists() {
			b.gap(o, "all checks have the effect of the mode")
		}
		p.at("signatureVerification").readAll()
		var images []string
		for _, s := range p.at("registryScopes").texts() {
			images = append(images, imageGlob(s, true))
		}
		who := b.notationSigner(name, p)
		if who == "" || len(images) == 0 {
			continue
		}
		b.add(name, images, []string{who}, 0, nil)
	}
	b.gaps = append(b.gaps, Gap{Where: "trustPolicies", Why: "Notary signatures are not read: sign the images with carnet under the same authority; the policy begins in audit mode"})
}

func (b *builder) notationSigner(name string, p *source) string {
	var roots []string
	for _, store := range p.at("trustStores").texts() {
		kind, trust, found := strings.Cut(store, ":")
		if !found || kind != "ca" {
			b.gap(p.at("trustStores"), "only stores of the kind ca are carried over, and not %s", store)
			continue
		}
		roots = append(roots, trust+".pem")
	}
	var subjects []string
	for _, i := range p.at("trustedIdentities").texts() {
		if dn, ok := strings.CutPrefix(i, "x509.subject:"); ok {
			subjects = append(subjects, strings.TrimSpace(dn))
		}
	}
	if len(roots) == 0 || len(subjects) == 0 {
		b.gap(p, "needs a trust store and named subjects: a policy for everybody of an authority is left out")
		return ""
	}
	b.gaps = append(b.gaps, Gap{Where: p.path, Why: "put the certificates of the trust stores beside the policy as " + strings.Join(roots, ", ") + "; carnet compares the subject alternative name, so that the subjects must be written so"})
	return b.identity(name, policy.Identity{X509: &policy.X509{Roots: roots, Subjects: subjects}})
}
