package sigstore

import (
	"encoding/hex"
	"fmt"

	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/tlog"

	"github.com/carnet-project/carnet/verify"
)

// audit refuses what sigstore-go lets pass beside what it counted: an entry of a known
// log that does not hold, a log's key out of its time, a bad timestamp by a known
// authority, and too few authorities.
func (s *signers) audit(e *entity, times []verify.Time) error {
	stamped := 0
	for _, t := range times {
		if t.Source == verify.TimeTimestamp {
			stamped++
		}
	}
	if stamped < s.need.Timestamps {
		return timesMissing(s.need.Timestamps, stamped)
	}
	q := &inquiry{s.material, s.need, []*entity{e}}
	if timestamps := e.source.Timestamps(); len(timestamps) > stamped {
		for _, t := range timestamps {
			if err := q.timestamp(e, t); err != nil && err.Reason == verify.ReasonTimestampInvalid {
				return err
			}
		}
	}
	if s.need.Logs == 0 {
		return nil
	}
	for _, entry := range e.entries {
		log, known := s.material.trusted.RekorLogs()[hex.EncodeToString([]byte(entry.LogKeyID()))]
		if !known {
			continue
		}
		// A promise that does not hold is all that sigstore-go passes over where another
		// entry suffices.
		if entry.HasInclusionPromise() && len(e.entries) > 1 && tlog.VerifySET(entry, s.material.trusted.RekorLogs()) != nil {
			if err := q.included(entry, log); err != nil {
				return err
			}
		}
		// sigstore-go proves the body that an entry of Rekor v2 should have, and does not look
		// at the one that it has.
		if entry.IsRekorV2() {
			if err := q.included(entry, log); err != nil {
				return err
			}
		}
		if err := inUse(log, times); err != nil {
			return err
		}
	}
	return nil
}

// inUse asks that the log's key was in use at the times of the signature: sigstore-go
// asks so only where the log itself says the time.
func inUse(log *root.TransparencyLog, times []verify.Time) error {
	for _, t := range times {
		if !during(t.At, log.ValidityPeriodStart, log.ValidityPeriodEnd) {
			return refuse(verify.ReasonLogUnknown,
				"an entry in a log whose key was in use at "+stamp(t.At),
				fmt.Sprintf("an entry in %s, whose key is trusted %s", log.BaseURL, window(log.ValidityPeriodStart, log.ValidityPeriodEnd)))
		}
	}
	return nil
}

func timesMissing(want, have int) *verify.Error {
	return refuse(verify.ReasonTimeMissing,
		fmt.Sprintf("signed timestamps by %d trusted authorities", want), fmt.Sprintf("%d; several of one authority count once", have))
}

// only is the entity with one log entry and no other.
func (e *entity) only(entry *tlog.Entry) *entity {
	with := *e
	with.entries = []*tlog.Entry{entry}
	return &with
}

// stamped is an entity with one timestamp and no other.
type stamped struct {
	*entity
	timestamp []byte
}

// Timestamps implements sigstore-go's SignedTimestampProvider.
func (s stamped) Timestamps() ([][]byte, error) { return [][]byte{s.timestamp}, nil }
