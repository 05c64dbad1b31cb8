package gate

import (
	"context"
	"errors"
	"fmt"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/policy"
)

// ErrNoDocument says that a document that evidence refers to is not where the evidence lies.
var ErrNoDocument = errors.New("the document is not there")

// maxDocuments bounds how many documents are followed for one artifact. Each is one that an
// accepted signer refers to; an index of many platforms has one for each.
const maxDocuments = 256

// A referral is a document of a piece of evidence, by what is fetched.
type referral struct {
	of      *verify.Evidence
	stored  attest.Digest
	as      string
	content attest.Digest
}

func referralOf(r policy.Referral) referral {
	return referral{r.Evidence, r.Document.Stored.Digest, r.Document.PredicateType, r.Document.Digest()}
}

// refer follows the documents that could still change the verdict, and says whether there were
// any. The policy says whose references those are: nothing is fetched at the word of others.
// They are read one after the other, for each may be as large as the bound. Where one good
// piece is enough, the next of a cell is followed only if the last did not help.
func (in *inquiry) refer(ctx context.Context, v policy.Verdict) bool {
	followed := false
	for _, cell := range open(v) {
		for _, r := range cell.Referrals {
			if in.referred[referralOf(r)] {
				continue
			}
			in.referred[referralOf(r)] = true
			in.document(ctx, r)
			followed = true
			if !cell.Requirement.Exhaustive() {
				break
			}
		}
	}
	return followed
}

// document follows one document: then it is evidence, or known as what it is instead.
func (in *inquiry) document(ctx context.Context, r policy.Referral) {
	e, err := in.read(ctx, r)
	if err == nil {
		in.evidence = append(in.evidence, e)
		return
	}
	subject := r.Evidence.Subject()
	if subject.IsZero() {
		subject = in.artifact.Digest // it is about a commit, and lies with the image
	}
	refusal := verify.Refusal(err)
	if refusal.Reason == verify.ReasonUnreadable || refusal.Reason == verify.ReasonTooLarge {
		detail := fmt.Sprintf("the document %s, to which %s refers: %v", r.Document.Digest(), r.Evidence.Bundle(), err)
		in.unknown = append(in.unknown, policy.Unknown{Subject: subject, PredicateType: r.Document.PredicateType, Reason: refusal.Reason, Detail: detail})
		return
	}
	in.rejected = append(in.rejected, policy.Rejected{
		Subject: subject, Bundle: r.Evidence.Bundle(), PredicateType: r.Document.PredicateType, Form: r.Evidence.Form(), Refusal: refusal,
	})
}

func (in *inquiry) read(ctx context.Context, r policy.Referral) (*verify.Evidence, error) {
	d := r.Document
	following := verify.Following{MaxBytes: in.gate.MaxDocumentBytes, Contents: in.needs.Contents}
	switch {
	case len(in.referred) > maxDocuments:
		return nil, &verify.Error{Reason: verify.ReasonTooLarge, Expected: fmt.Sprintf("references to at most %d documents", maxDocuments), Found: "more"}
	case in.gate.Documents == nil:
		return nil, &verify.Error{Reason: verify.ReasonUnreadable, Expected: "a place in which documents lie", Found: "bundles alone: verify the image where its evidence is stored"}
	}
	if err := r.Evidence.Followable(d, following); err != nil {
		return nil, err // before anything is fetched
	}
	stored, err := in.gate.Documents(ctx, d.Stored.Digest, d.Stored.Size)
	if errors.Is(err, ErrNoDocument) {
		return nil, &verify.Error{Reason: verify.ReasonDocumentMissing, Expected: fmt.Sprintf("the document %s, stored as the blob %s", d.Digest(), d.Stored.Digest), Found: "no such blob beside the evidence"}
	}
	if err != nil {
		return nil, err
	}
	defer stored.Close()
	return r.Evidence.Follow(d, stored, following)
}
