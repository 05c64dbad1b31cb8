package policy

import (
	"fmt"
	"strings"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/predicate/slsa/known"
)

// A sourceTrust is whose word the source of a statement is.
type sourceTrust int

const (
	// trustCertified: the certificate authority says it, too.
	trustCertified sourceTrust = iota
	// trustKey: a key has no certificate, and whoever holds it is trusted for all of it.
	trustKey
	// trustStated: the policy takes the provenance's word.
	trustStated
	// trustSilent: there is a certificate, and it does not say.
	trustSilent
)

func (x *candidate) trust(t *provenanceTest) sourceTrust {
	switch {
	case t.SourceTrust == "predicate":
		return trustStated
	case x.evidence.By().Certificate == nil:
		return trustKey
	case x.claim(attest.ClaimSourceRepositoryURI) == "":
		return trustSilent
	}
	return trustCertified
}

// certified holds the statement against the certificate: the workflow writes the one, the
// authority the other, from the token of the run. Where they differ somebody lies.
func (b *bench) certified(x *candidate, t *provenanceTest) {
	const rule = "provenance.certificate"
	if t.SourceTrust == "certificate" && x.claim(attest.ClaimSourceRepositoryURI) == "" {
		x.ended(rule, false, StatusFail, "a certificate that says which repository was built", "a signature by "+x.evidence.By().String()+", without one that does")
		return
	}
	agreed, differ := x.compare()
	switch {
	case len(differ) > 0:
		x.ended(rule, false, StatusFail, "the "+differ[0].what+" "+clipped(differ[0].certified)+", as the signer's certificate has it", differ.String())
	case len(agreed) > 0:
		x.ended(rule, true, StatusPass, "provenance that says what the signer's certificate says", "the same "+strings.Join(agreed, ", "))
	}
}

// A difference is something that the certificate and the provenance say differently.
type difference struct{ what, certified, stated string }

type differences []difference

func (d differences) String() string {
	var all []string
	for _, each := range d {
		text := "the " + each.what + " " + clipped(each.stated) + " in the provenance"
		if len(all) > 0 {
			text += ", " + clipped(each.certified) + " in the certificate"
		}
		all = append(all, text)
	}
	return strings.Join(all, "; ")
}

// compare is what is said by both: what is the same, and what is not.
func (x *candidate) compare() (agreed []string, differ differences) {
	v := x.view
	both := func(what, certified, stated string, same bool) {
		switch {
		case certified == "" || stated == "":
		case same:
			agreed = append(agreed, what)
		default:
			differ = append(differ, difference{what, certified, stated})
		}
	}
	repository := x.claim(attest.ClaimSourceRepositoryURI)
	both("repository", repository, v.Repository, sameRepository(repository, v.Repository))
	commit := x.claim(attest.ClaimSourceRepositoryDigest)
	both("commit", commit, v.Commit, commit == v.Commit)
	ref := x.claim(attest.ClaimSourceRepositoryRef)
	both("ref", ref, v.Ref, ref == v.Ref)
	run := x.claim(attest.ClaimRunInvocationURI)
	both("run", run, v.Run, sameRun(run, v.Run))
	signed := x.claim(attest.ClaimBuildSignerURI)
	if v.Workflow() != "" {
		both("builder", signed, v.BuilderID, signed == v.BuilderID)
	}
	config, _, _ := strings.Cut(x.claim(attest.ClaimBuildConfigURI), "@")
	if strings.Contains(config, "/.github/workflows/") && strings.HasPrefix(v.Config, ".github/workflows/") {
		both("workflow", config, v.Config, strings.HasSuffix(config, "/"+v.Config))
	}
	trigger := x.claim(attest.ClaimBuildTrigger)
	both("trigger", trigger, v.Trigger, trigger == v.Trigger)
	return agreed, differ
}

func sameRepository(certified, stated string) bool {
	if certified != "" && !strings.Contains(certified, ":") {
		certified = "https://" + certified // as CircleCI's tokens have it: github.com/acme/app
	}
	s, err := known.ParseSource(certified)
	return err == nil && known.Fold(s.Repository) == known.Fold(stated)
}

// sameRun takes a run without its attempt for any of its attempts, as BuildKit writes it.
func sameRun(certified, stated string) bool {
	run, _, _ := strings.Cut(certified, "/attempts/")
	return strings.EqualFold(certified, stated) || strings.EqualFold(run, stated)
}

// source asks for the repository and the ref that was built.
func (x *candidate) source(t *provenanceTest) {
	repository, ref := x.view.Repository, x.view.Ref
	if ref == "" && repository != "" && !x.view.Contradicts(known.FieldRef) && sameRepository(x.claim(attest.ClaimSourceRepositoryURI), repository) {
		ref = x.claim(attest.ClaimSourceRepositoryRef)
	}
	by := map[sourceTrust]string{
		trustCertified: "", trustKey: " (no certificate: the provenance alone says so)",
		trustStated: " (the provenance alone says so)", trustSilent: " (the provenance alone says so, the certificate does not)",
	}[x.trust(t)]
	for _, f := range []known.Field{known.FieldRepository, known.FieldCommit, known.FieldRef} {
		if x.view.Contradicts(f) {
			x.ended("provenance.source", false, StatusFail, "one "+string(f)+" that was built", x.view.Absent[f])
		}
	}
	if len(t.repositories) > 0 {
		x.ended("provenance.source", matchAny(t.repositories, known.Fold(repository)), StatusFail,
			"built from "+list(texts(t.repositories), 3), or(repository, "no repository: "+x.view.Absent[known.FieldRepository])+by)
	}
	if len(t.refs) > 0 {
		x.ended("provenance.ref", ref != "" && matchAny(t.refs, ref), StatusFail,
			"built from "+strings.Join(texts(t.refs), " or "), or(ref, "no ref: "+x.view.Absent[known.FieldRef])+by)
	}
}

func texts[T fmt.Stringer](all []T) []string {
	var texts []string
	for _, each := range all {
		texts = append(texts, each.String())
	}
	return texts
}

// clipped bounds somebody else's text in a finding.
func clipped(s string) string {
	const most = 200
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
