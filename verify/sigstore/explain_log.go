package sigstore

import (
	"encoding/hex"
	"fmt"
	"net/url"

	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/tlog"
	sgverify "github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/signature"

	"github.com/carnet-project/carnet/verify"
)

// logs asks each known log for its entry, and gives the times that they vouch for.
func (q *inquiry) logs(e *entity) ([]verify.Time, error) {
	if len(e.entries) == 0 {
		return nil, refuse(verify.ReasonLogMissing, fmt.Sprintf("entries in %d transparency logs", q.need.Logs), "none")
	}
	if err := duplicate(e.entries); err != nil {
		return nil, err
	}
	var stranger *verify.Error
	var times []verify.Time
	logs := map[string]bool{}
	for _, entry := range e.entries {
		if err := q.entry(e, entry); err != nil {
			if err.Reason != verify.ReasonLogUnknown && err.Reason != verify.ReasonInstanceMismatch {
				return nil, err
			}
			stranger = err
			continue
		}
		logs[entry.LogKeyID()] = true
		if entry.HasInclusionPromise() {
			log := q.material.trusted.RekorLogs()[hex.EncodeToString([]byte(entry.LogKeyID()))]
			times = append(times, verify.Time{At: entry.IntegratedTime(), Source: verify.TimeLog, URI: log.BaseURL})
		}
	}
	switch {
	case len(logs) >= q.need.Logs:
		return times, nil
	case stranger != nil:
		return nil, stranger
	}
	return nil, refuse(verify.ReasonLogMissing, fmt.Sprintf("entries in %d transparency logs", q.need.Logs), fmt.Sprintf("entries in %d", len(logs)))
}

func duplicate(entries []*tlog.Entry) error {
	for i, a := range entries {
		for _, b := range entries[:i] {
			if a.LogKeyID() == b.LogKeyID() && a.LogIndex() == b.LogIndex() {
				return refuse(verify.ReasonLogDuplicate, "log entries that differ", fmt.Sprintf("entry %d of one log twice", a.LogIndex()))
			}
		}
	}
	return nil
}

// entry asks whether one entry is its log's, and about this signature.
func (q *inquiry) entry(e *entity, entry *tlog.Entry) *verify.Error {
	id := hex.EncodeToString([]byte(entry.LogKeyID()))
	log, ok := q.material.trusted.RekorLogs()[id]
	if !ok {
		if err := q.material.foreign(instanceOfLog(id)); err != nil {
			return err
		}
		return refuse(verify.ReasonLogUnknown, "an entry in a transparency log of "+q.material.name, "an entry in the log with the ID "+id)
	}
	if err := tlog.ValidateEntry(entry); err != nil {
		return refuse(verify.ReasonLogMismatch, "an entry whose body is complete", err.Error())
	}
	if err := q.included(entry, log); err != nil {
		return err
	}
	if _, err := sgverify.VerifyTlogEntry(e.only(entry), q.material.trusted, 1, true); err != nil {
		leaf := e.content.Certificate()
		if t := entry.IntegratedTime(); leaf != nil && !t.IsZero() && !during(t, leaf.NotBefore, leaf.NotAfter) {
			return expired(leaf, t, "the time of the log entry")
		}
		return refuse(verify.ReasonLogMismatch, "an entry about this signature, its content and its signer", err.Error())
	}
	return nil
}

// included asks whether the log took the entry in.
func (q *inquiry) included(entry *tlog.Entry, log *root.TransparencyLog) *verify.Error {
	if !entry.HasInclusionProof() && (entry.IsRekorV2() || !entry.HasInclusionPromise()) {
		return refuse(verify.ReasonLogProof, "a proof of inclusion in "+log.BaseURL, "none")
	}
	if entry.HasInclusionPromise() {
		if t := entry.IntegratedTime(); !during(t, log.ValidityPeriodStart, log.ValidityPeriodEnd) {
			return refuse(verify.ReasonLogUnknown, "an entry in a log whose key was in use at "+stamp(t),
				"an entry in "+log.BaseURL+", whose key is trusted "+window(log.ValidityPeriodStart, log.ValidityPeriodEnd))
		}
		if err := tlog.VerifySET(entry, q.material.trusted.RekorLogs()); err != nil {
			return refuse(verify.ReasonLogPromise, "a promise of inclusion (SET) by "+log.BaseURL+" over this entry", err.Error())
		}
	}
	if !entry.HasInclusionProof() {
		return nil
	}
	if err := proven(entry, log); err != nil {
		return refuse(verify.ReasonLogProof, "a proof of inclusion in "+log.BaseURL+" under its checkpoint", err.Error())
	}
	return nil
}

// proven checks an entry's inclusion as its log's version has it.
func proven(entry *tlog.Entry, log *root.TransparencyLog) error {
	verifier, err := signature.LoadVerifier(log.PublicKey, log.SignatureHashFunc)
	if err != nil {
		return err
	}
	if !entry.IsRekorV2() {
		return tlog.VerifyInclusion(entry, verifier)
	}
	u, err := url.Parse(log.BaseURL)
	if err != nil {
		return err
	}
	return tlog.VerifyCheckpointAndInclusion(entry, verifier, u.Hostname())
}
