package policy_test

import (
	"slices"
	"testing"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/predicate/vsa"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/policy"
)

var listed = policy.BaseClause{Allow: []string{"docker.io/library/*"}, Evidence: policy.BaseListed}

func TestBaseOfTheAllowList(t *testing.T) {
	v := newBased(t, listed).ends("", "")
	if f := v.Cells()[0].Findings; len(f) != 1 || f[0].Rule != "base.listed" || f[0].Status != policy.StatusPass || len(v.Evidence()) != 1 {
		t.Errorf("%+v", v.Cells())
	}
	for name, uri := range map[string]string{
		"oci":       "pkg:oci/alpine?repository_url=docker.io/library/alpine&tag=3.20",
		"reference": "docker-image://docker.io/library/alpine:3.20",
		"digest":    "docker-image://alpine@" + digest("alpine").String(),
		"scheme":    "oci://index.docker.io/library/alpine",
		"version":   "pkg:docker/library/alpine@" + digest("alpine").String(),
	} {
		b := newBased(t, listed)
		b.built(builtFrom(uri + " " + digest("alpine").String()))
		if v := b.ends("", ""); t.Failed() {
			t.Fatalf("%s: %+v", name, v.Findings())
		}
	}
	for _, uri := range []string{"pkg:docker/evil/alpine@3.20", "pkg:docker/ghcr.io/library/alpine", "docker-image://docker.io/library/alpine/x", "oci://docker.io.evil/library/alpine", "pkg:docker/alpine?repository_url=evil.example"} {
		b := newBased(t, listed)
		b.built(builtFrom(uri + " " + digest("alpine").String()))
		b.ends("base.listed", policy.StatusFail)
	}
	for _, bad := range []string{"pkg:docker/alpine@" + digest("x").String() + " " + digest("alpine").String(), "docker-image://alpine@sha256:12", "pkg:docker/ " + digest("alpine").String()} {
		b := newBased(t, listed)
		b.built(builtFrom(bad))
		b.ends("base.unknown", policy.StatusMissing)
	}
	b := newBased(t, policy.BaseClause{Allow: []string{"alpine"}, Evidence: policy.BaseListed})
	b.ends("", "")
	b = newBased(t, listed)
	b.built(builtFrom(slices.Repeat([]string{alpine + " " + digest("alpine").String()}, 1001)...))
	b.ends("base.unknown", policy.StatusMissing)
}

// A material without a digest may be anything.
func TestBaseWithoutDigest(t *testing.T) {
	b := newBased(t, listed)
	b.built(builtFrom("pkg:docker/alpine@3.20"))
	b.ends("base.unknown", policy.StatusMissing)
	b.built(builtFrom("pkg:docker/alpine@3.20", alpine+" "+digest("alpine").String()))
	b.ends("base.unknown", policy.StatusMissing)
}

// The images of earlier stages are not shipped, and are not asked about.
func TestBaseOfSeveralStages(t *testing.T) {
	build := func(t *testing.T) *based {
		b := newBased(t, listed)
		b.built(builtFrom("pkg:docker/evil/golang@1.26 "+digest("golang").String(), alpine+" "+digest("alpine").String()))
		b.addBase("docker.io/evil/golang", "golang", layers("golang"), daysAgo(10))
		return b
	}
	build(t).ends("", "")
	// Of one that can't be read nobody can tell, and where none is proven all count.
	b := build(t)
	delete(b.with.Bases, digest("golang"))
	b.ends("base.listed", policy.StatusFail)
	b = build(t)
	b.with.Images[b.image.Digest] = policy.Image{DiffIDs: layers("squashed"), Platform: "linux/amd64"}
	b.ends("base.listed", policy.StatusFail)
	b = build(t)
	b.addBase("docker.io/evil/golang", "golang", layers("alpine", "app", "more"), daysAgo(10))
	b.ends("", "")
	b = build(t)
	b.addBase("docker.io/evil/golang", "golang", layers("alpine", "app"), daysAgo(10))
	b.ends("base.listed", policy.StatusFail)
	// A base without layers is below any image.
	b = build(t)
	b.addBase("docker.io/library/alpine", "alpine", nil, daysAgo(10))
	b.ends("base.listed", policy.StatusFail)
}

// An annotation proves nothing, and a false one is found out.
func TestBaseOfTheAnnotations(t *testing.T) {
	b := newBased(t, listed)
	b.annotate("docker.io/library/debian:12", digest("debian").String())
	b.addBase("docker.io/library/debian", "debian", layers("debian"), daysAgo(10))
	b.ends("base.layers", policy.StatusFail)
	b.addBase("docker.io/library/debian", "debian", layers("alpine"), daysAgo(10))
	b.ends("", "")
	b = newBased(t, listed)
	b.annotate("docker.io/library/alpine:3.20", digest("alpine").String())
	b.ends("", "")
	b.addBase("docker.io/library/alpine", "alpine", layers("other"), daysAgo(10))
	b.ends("base.layers", policy.StatusFail)
	delete(b.with.Bases, digest("alpine"))
	b.ends("base.unread", policy.StatusError)

	// Without provenance the layers must prove it, and the name be where it was found.
	b = newBased(t, listed)
	b.with.Evidence = nil
	b.ends("base.unknown", policy.StatusMissing)
	b.annotate("docker.io/library/alpine:3.20", "")
	b.ends("base.unknown", policy.StatusMissing)
	b.annotate("alpine:3.20", digest("alpine").String())
	b.ends("", "")
	b.annotate("docker.io/library/debian", digest("alpine").String())
	b.ends("base.unread", policy.StatusError)
	b.annotate("", digest("alpine").String())
	b.ends("base.listed", policy.StatusFail)
	b.policy.Scopes[0].Require.Base.Allow = nil
	b.ends("base.unread", policy.StatusError)

	// An annotation does not make anybody ask a registry that the policy does not name.
	b = newBased(t, listed)
	b.annotate("evil.example/alpine", digest("evil").String())
	b.ends("base.listed", policy.StatusFail)
	if i := b.bind().Bases(b.with); len(i) != 0 {
		t.Errorf("wants %+v", i)
	}

	// Where a section asks for provenance, only what it accepts says anything.
	b = newBased(t, listed)
	b.annotate("alpine:3.20", digest("alpine").String())
	b.policy.Scopes[0].Require.Provenance = &policy.ProvenanceClause{}
	b.ends("", "")
	b.with.Evidence = nil
	v := b.ends("provenance.missing", policy.StatusMissing)
	if f := v.Findings(); len(f) != 2 || f[1].Rule != "base.unknown" || f[1].Follows != "provenance.missing" {
		t.Errorf("%+v", f)
	}
}

func TestBaseOfScratch(t *testing.T) {
	b := newBased(t, listed)
	b.built(builtFrom())
	b.ends("base.unknown", policy.StatusMissing)
	b = newBased(t, policy.BaseClause{Allow: []string{"scratch"}})
	b.ends("base.listed", policy.StatusFail)
	b.built(builtFrom())
	b.ends("", "")
	b.with.Evidence = nil
	b.ends("base.unknown", policy.StatusMissing)
}

// What others sign is no provenance, and one good piece of several is enough.
func TestBaseBySigners(t *testing.T) {
	b := newBased(t, listed)
	evil := "pkg:docker/evil/alpine " + digest("alpine").String()
	b.and(b.team.says(b.image.Digest, typeSLSA, builtFrom(evil), daysAgo(1)))
	b.ends("", "")
	b.built(builtFrom(evil))
	b.ends("base.listed", policy.StatusFail)
	b.and(newParty(t, "stranger").says(b.image.Digest, typeSLSA, builtFrom(alpine+" "+digest("alpine").String()), daysAgo(1)))
	b.ends("base.listed", policy.StatusFail)
}

func TestBaseEvidence(t *testing.T) {
	const repository = "docker.io/library/alpine"
	about := digest("alpine")
	clause := func(kind policy.BaseEvidence) policy.BaseClause {
		return policy.BaseClause{Allow: listed.Allow, Evidence: kind, From: []string{"publisher"}}
	}
	type piece struct {
		by         string
		of         attest.Digest
		kind, says string
		at         time.Time
	}
	passed, failed := summary(vsa.Passed, "docker.io/library/alpine:3.20"), summary(vsa.Failed, "pkg:docker/alpine@3.20")
	for _, c := range []struct {
		name   string
		kind   policy.BaseEvidence
		pieces []piece
		status policy.Status
	}{
		{"a signature", policy.BaseSignature, []piece{{"publisher", about, typeSign, `{}`, time.Time{}}}, ""},
		{"a signature of the platform", policy.BaseSignature, []piece{{"publisher", digest("alpinelinux/amd64"), typeSign, `{}`, time.Time{}}}, ""},
		{"of another platform", policy.BaseSignature, []piece{{"publisher", digest("alpinelinux/arm64"), typeSign, `{}`, time.Time{}}}, policy.StatusMissing},
		{"no signature", policy.BaseSignature, nil, policy.StatusMissing},
		{"another's signature", policy.BaseSignature, []piece{{"team", about, typeSign, `{}`, time.Time{}}}, policy.StatusUntrusted},
		{"provenance for a signature", policy.BaseSignature, []piece{{"publisher", about, typeSLSA, predicates[typeSLSA], time.Time{}}}, policy.StatusMissing},
		{"provenance", policy.BaseProvenance, []piece{{"publisher", about, typeSLSA, predicates[typeSLSA], time.Time{}}}, ""},
		{"another's provenance", policy.BaseProvenance, []piece{{"team", about, typeSLSA, predicates[typeSLSA], time.Time{}}}, policy.StatusUntrusted},
		{"a summary", policy.BaseSummary, []piece{{"publisher", about, vsa.V1, passed, daysAgo(3)}}, ""},
		{"a summary of failure", policy.BaseSummary, []piece{{"publisher", about, vsa.V1, failed, daysAgo(3)}}, policy.StatusFail},
		{"a newer failure", policy.BaseSummary, []piece{{"publisher", about, vsa.V1, passed, daysAgo(3)}, {"publisher", about, vsa.V1, failed, daysAgo(2)}}, policy.StatusFail},
		{"an older failure", policy.BaseSummary, []piece{{"publisher", about, vsa.V1, passed, daysAgo(1)}, {"publisher", about, vsa.V1, failed, daysAgo(2)}}, ""},
		{"a failure at the same time", policy.BaseSummary, []piece{{"publisher", about, vsa.V1, passed, daysAgo(2)}, {"publisher", about, vsa.V1, failed, daysAgo(2)}}, policy.StatusFail},
		{"a failure of unknown time", policy.BaseSummary, []piece{{"publisher", about, vsa.V1, passed, daysAgo(2)}, {"publisher", about, vsa.V1, failed, time.Time{}}}, policy.StatusFail},
		{"another's failure", policy.BaseSummary, []piece{{"publisher", about, vsa.V1, passed, daysAgo(2)}, {"team", about, vsa.V1, failed, daysAgo(1)}}, ""},
		{"a summary for another name", policy.BaseSummary, []piece{{"publisher", about, vsa.V1, summary(vsa.Passed, "docker.io/library/debian"), daysAgo(2)}}, policy.StatusMissing},
		{"provenance for a summary", policy.BaseSummary, []piece{{"publisher", about, typeSLSA, predicates[typeSLSA], time.Time{}}}, policy.StatusMissing},
		{"either: provenance", policy.BaseSummaryOrProvenance, []piece{{"publisher", about, typeSLSA, predicates[typeSLSA], time.Time{}}}, ""},
		{"either: a summary", policy.BaseSummaryOrProvenance, []piece{{"publisher", about, vsa.V1, passed, daysAgo(3)}}, ""},
		{"either: a failure", policy.BaseSummaryOrProvenance, []piece{{"publisher", about, typeSLSA, predicates[typeSLSA], time.Time{}}, {"publisher", about, vsa.V1, failed, daysAgo(3)}}, policy.StatusFail},
		{"either: neither", policy.BaseSummaryOrProvenance, nil, policy.StatusMissing},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBased(t, clause(c.kind))
			var evidence []*verify.Evidence
			for _, p := range c.pieces {
				by := b.publisher
				if p.by == "team" {
					by = b.team
				}
				evidence = append(evidence, by.says(p.of, p.kind, p.says, p.at))
			}
			b.addBase(repository, "alpine", layers("alpine"), daysAgo(10), evidence...)
			rule := "base.unverified"
			if c.status == "" {
				rule = ""
			}
			b.ends(rule, c.status)
			if c.status != "" || c.kind != policy.BaseSummary && c.kind != policy.BaseSummaryOrProvenance {
				return
			}
			base := b.with.Bases[about]
			base.Case.Unknown = []policy.Unknown{{Subject: about, Reason: verify.ReasonUnreadable, Detail: "no answer"}}
			b.with.Bases[about] = base
			b.ends("verify.incomplete", policy.StatusError)
		})
	}
	b := newBased(t, clause("signed"))
	b.ends("base.unsupported", policy.StatusError)
	b = newBased(t, clause(policy.BaseSignature))
	b.policy.Scopes[0].Require.Base.From = nil
	b.addBase(repository, "alpine", layers("alpine"), daysAgo(10), b.team.says(about, typeSign, `{}`, now))
	b.ends("", "")
}

func TestBaseAge(t *testing.T) {
	young := policy.BaseClause{Allow: listed.Allow, Evidence: policy.BaseListed, MaxAge: 30 * 24 * time.Hour}
	newBased(t, young).ends("", "")
	b := newBased(t, young)
	b.addBase("docker.io/library/alpine", "alpine", layers("alpine"), daysAgo(31))
	b.ends("base.age", policy.StatusStale)
	b.with.At = time.Time{}
	b.ends("base.time", policy.StatusError)
	b = newBased(t, young)
	b.addBase("docker.io/library/alpine", "alpine", layers("alpine"), time.Unix(0, 0))
	b.ends("base.age", policy.StatusStale)
	young.Evidence, young.From = policy.BaseSignature, []string{"publisher"}
	b = newBased(t, young)
	b.addBase("docker.io/library/alpine", "alpine", layers("alpine"), time.Unix(0, 0), b.publisher.says(digest("alpine"), typeSign, `{}`, daysAgo(29)))
	b.ends("", "")
	b.addBase("docker.io/library/alpine", "alpine", layers("alpine"), time.Unix(0, 0), b.publisher.says(digest("alpine"), typeSign, `{}`, time.Time{}))
	b.ends("base.age", policy.StatusStale)
}

// At depth 2 the base's own base is asked about, as its provenance says.
func TestBaseDepth(t *testing.T) {
	clause := policy.BaseClause{Allow: []string{"docker.io/library/*"}, Evidence: policy.BaseProvenance, From: []string{"publisher"}, Depth: 2}
	build := func(below string) *based {
		b := newBased(t, clause)
		b.addBase("docker.io/library/alpine", "alpine", layers("alpine"), daysAgo(10), b.publisher.says(digest("alpine"), typeSLSA, builtFrom(below+" "+digest("root").String()), now))
		base := b.with.Bases[digest("alpine")]
		b.with.Bases = map[attest.Digest]policy.Base{}
		b.addBase("docker.io/library/root", "root", layers("alpine"), daysAgo(10), b.publisher.says(digest("root"), typeSLSA, predicates[typeSLSA], now))
		base.Case.Bases = b.with.Bases
		b.with.Bases = map[attest.Digest]policy.Base{digest("alpine"): base}
		return b
	}
	build("pkg:docker/root").ends("", "")
	b := build("pkg:docker/evil/root")
	b.ends("base.listed", policy.StatusFail)
	b.policy.Scopes[0].Require.Base.Depth = 1
	b.ends("", "")
	b = build("pkg:docker/root")
	root := b.with.Bases[digest("alpine")].Case.Bases[digest("root")]
	root.Case.Evidence = nil
	b.with.Bases[digest("alpine")].Case.Bases[digest("root")] = root
	b.ends("base.unverified", policy.StatusMissing)
}

// Each platform has a base of its own, an image without a readable configuration none that is
// known, and what is no image neither.
func TestBaseOfWhat(t *testing.T) {
	b := newBased(t, listed)
	arm := artifact.Artifact{Kind: artifact.KindImage, Digest: digest("app arm"), Platform: "linux/arm64"}
	b.with.Artifact = artifact.Artifact{Kind: artifact.KindIndex, Digest: digest("app index"), Children: []artifact.Artifact{b.image, arm}}
	b.with.Images[arm.Digest] = policy.Image{DiffIDs: layers("alpine arm"), Platform: "linux/arm64"}
	b.ends("base.unknown", policy.StatusMissing)
	b.and(b.team.says(arm.Digest, typeSLSA, builtFrom(alpine+" "+digest("alpine").String()), now))
	v := b.ends("", "")
	if len(v.Cells()) != 2 {
		t.Errorf("%+v", v.Cells())
	}
	delete(b.with.Images, arm.Digest)
	b.with.Unread = map[attest.Digest]string{arm.Digest: "no answer"}
	if v := b.ends("image.config", policy.StatusError); v.Findings()[0].Found != "no answer" || v.Outcome() != policy.Undecided {
		t.Errorf("%+v", v.Findings())
	}
	b.with.Artifact = artifact.Artifact{Kind: artifact.KindOther, Digest: digest("chart")}
	b.ends("base.unknown", policy.StatusMissing)
	b.with.Artifact = artifact.Artifact{Kind: artifact.KindIndex, Digest: digest("empty")}
	b.ends("base.unknown", policy.StatusMissing)
}

// What has to be read is told, and no more than that.
func TestBasesThatAreWanted(t *testing.T) {
	wants := func(b *based, want ...string) {
		t.Helper()
		b.with.Bases = nil
		var got []string
		for _, i := range b.bind().Bases(b.with) {
			got = append(got, i.Name+" "+i.Platform)
		}
		if !slices.Equal(got, want) {
			t.Errorf("wants %q, not %q", got, want)
		}
	}
	wants(newBased(t, listed))
	b := newBased(t, listed)
	b.annotate("alpine", digest("alpine").String())
	wants(b, "docker.io/library/alpine linux/amd64")
	b = newBased(t, listed)
	b.built(builtFrom("docker-image://a.example/b "+digest("b").String(), alpine+" "+digest("alpine").String(), "pkg:docker/unpinned"))
	wants(b, "a.example/b linux/amd64", "docker.io/library/alpine linux/amd64")
	wants(newBased(t, policy.BaseClause{Evidence: policy.BaseSignature}), "docker.io/library/alpine linux/amd64")
	b = newBased(t, listed)
	b.policy.Scopes[0].Require = policy.Require{Signatures: &policy.SignaturesClause{}}
	wants(b)
}

// An unsigned statement says what an image is built on where the policy takes it, because
// the signed index covers it.
func TestBaseOfACoveredStatement(t *testing.T) {
	b := newBased(t, listed)
	attestation := artifact.Artifact{Kind: artifact.KindAttestation, Digest: digest("attestation")}
	b.with.Artifact = artifact.Artifact{Kind: artifact.KindIndex, Digest: digest("app index"), Children: []artifact.Artifact{b.image, attestation}}
	b.policy.Builders = []policy.Builder{{Name: "buildkit", IDs: []string{"https://example.com/builder"}, SignedBy: []string{"team"}, Covered: true}}
	b.policy.Scopes[0].Require.Provenance = &policy.ProvenanceClause{Builders: []string{"buildkit"}}
	covers := func(materials ...string) {
		st, err := attest.NewStatement(typeSLSA, []byte(builtFrom(materials...)), attest.NewSubject("", b.image.Digest))
		if err != nil {
			t.Fatal(err)
		}
		b.with.Covered = []policy.Covered{{Subject: b.image.Digest, Manifest: attestation.Digest, Statement: st}}
	}
	covers(alpine + " " + digest("alpine").String())
	b.with.Evidence = []*verify.Evidence{b.team.says(digest("app index"), typeSign, `{}`, daysAgo(1))}
	b.ends("", "")
	covers("pkg:docker/evil/alpine " + digest("alpine").String())
	b.ends("base.listed", policy.StatusFail)
	covers(alpine + " " + digest("alpine").String())
	b.with.Evidence = []*verify.Evidence{b.publisher.says(digest("app index"), typeSign, `{}`, daysAgo(1))}
	if v := b.bind().Judge(b.with); v.Allowed() || v.Findings()[len(v.Findings())-1].Rule != "base.unknown" {
		t.Errorf("%+v", v.Findings())
	}
}

// First the layers of all candidates are asked about, and then the evidence of those that
// they prove.
func TestBasesAreWantedInTwoSteps(t *testing.T) {
	b := newBased(t, policy.BaseClause{Evidence: policy.BaseSignature})
	b.built(builtFrom("pkg:docker/golang "+digest("golang").String(), alpine+" "+digest("alpine").String()))
	known := b.with.Bases
	b.with.Bases = nil
	if i := b.bind().Bases(b.with); len(i) != 2 || !i[0].Shallow || !i[1].Shallow {
		t.Errorf("%+v", i)
	}
	b.with.Bases = known
	b.addBase("docker.io/library/golang", "golang", layers("golang"), daysAgo(1))
	for _, d := range []attest.Digest{digest("golang"), digest("alpine")} {
		base := known[d]
		base.Shallow = true
		known[d] = base
	}
	b.ends("base.unread", policy.StatusError)
	if i := b.bind().Bases(b.with); len(i) != 1 || i[0].Shallow || i[0].Digest != digest("alpine") {
		t.Errorf("%+v", i)
	}
}

// Taking anything away from a case that is denied never allows it.
func TestBaseIsMonotone(t *testing.T) {
	b := newBased(t, policy.BaseClause{Allow: listed.Allow, Evidence: policy.BaseSignature, From: []string{"publisher"}, MaxAge: 30 * 24 * time.Hour})
	b.annotate("alpine", digest("alpine").String())
	b.addBase("docker.io/library/alpine", "alpine", layers("alpine"), time.Unix(0, 0), b.publisher.says(digest("alpine"), typeSign, `{}`, daysAgo(29)))
	b.policy.Scopes[0].Require.Provenance = &policy.ProvenanceClause{}
	b.ends("", "")
	whole := b.with
	base := whole.Bases[digest("alpine")]
	less := base
	less.Case.Evidence = nil
	unread := base
	unread.Case.Images = nil
	for name, take := range map[string]func(*policy.Case){
		"the provenance":               func(c *policy.Case) { c.Evidence = nil },
		"the base":                     func(c *policy.Case) { c.Bases = nil },
		"the base's signature":         func(c *policy.Case) { c.Bases = map[attest.Digest]policy.Base{digest("alpine"): less} },
		"the base's configuration":     func(c *policy.Case) { c.Bases = map[attest.Digest]policy.Base{digest("alpine"): unread} },
		"the image's configuration":    func(c *policy.Case) { c.Images = nil },
		"the time":                     func(c *policy.Case) { c.At = time.Time{} },
		"the base's place in the case": func(c *policy.Case) { c.Bases = map[attest.Digest]policy.Base{digest("other"): base} },
	} {
		b.with = whole
		take(&b.with)
		if v := b.bind().Judge(b.with); v.Allowed() {
			t.Errorf("allowed without %s", name)
		}
	}
}
