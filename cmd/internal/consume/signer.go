package consume

import (
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/digitorus/timestamp"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/certificate"
	"github.com/carnet-project/carnet/verify"
)

// maxProofs bounds the log entries and timestamps of one bundle that are shown.
const maxProofs = 20

// certificateJSON is what a bundle's certificate says of its holder. Nobody has checked it.
type certificateJSON struct {
	Subject     string                  `json:"subject,omitempty"`
	SubjectType string                  `json:"subjectType,omitempty"`
	Issuer      string                  `json:"issuer,omitempty"`
	Authority   string                  `json:"authority,omitempty"`
	NotBefore   string                  `json:"notBefore,omitempty"`
	NotAfter    string                  `json:"notAfter,omitempty"`
	Claims      map[attest.Claim]string `json:"claims,omitempty"`
	Fault       string                  `json:"fault,omitempty"`
}

// entryJSON is an entry in a transparency log.
type entryJSON struct {
	LogID   string `json:"logID"`
	Index   int64  `json:"index"`
	Kind    string `json:"kind"`
	Version string `json:"version"`
	// Time is when the log took it in; Rekor v2 does not say.
	Time string `json:"time,omitempty"`
}

// stampJSON is an RFC 3161 timestamp.
type stampJSON struct {
	Time  string `json:"time,omitempty"`
	Fault string `json:"fault,omitempty"`
}

// signerJSON is all that a bundle says of who signed it and when.
type signerJSON struct {
	KeyHint     string           `json:"keyHint,omitempty"`
	Certificate *certificateJSON `json:"certificate,omitempty"`
	LogEntries  []entryJSON      `json:"logEntries,omitempty"`
	Timestamps  []stampJSON      `json:"timestamps,omitempty"`
}

// signerOf reads what b says of its signer, believing none of it.
func signerOf(b *attest.Bundle) signerJSON {
	out := signerJSON{KeyHint: b.KeyHint()}
	if chain := b.Certificates(); len(chain) > 0 {
		out.Certificate = readCertificate(chain[0])
	}
	for _, e := range b.LogEntries()[:min(len(b.LogEntries()), maxProofs)] {
		entry := entryJSON{
			LogID: hex.EncodeToString(e.GetLogId().GetKeyId()), Index: e.GetLogIndex(),
			Kind: e.GetKindVersion().GetKind(), Version: e.GetKindVersion().GetVersion(),
		}
		if at := e.GetIntegratedTime(); at > 0 {
			entry.Time = moment(time.Unix(at, 0))
		}
		out.LogEntries = append(out.LogEntries, entry)
	}
	for _, raw := range b.Timestamps()[:min(len(b.Timestamps()), maxProofs)] {
		stamp, err := timestamp.ParseResponse(raw)
		if err != nil {
			out.Timestamps = append(out.Timestamps, stampJSON{Fault: err.Error()})
			continue
		}
		out.Timestamps = append(out.Timestamps, stampJSON{Time: moment(stamp.Time)})
	}
	return out
}

func readCertificate(der []byte) *certificateJSON {
	c, err := certificate.Parse(der)
	if err != nil {
		return &certificateJSON{Fault: err.Error()}
	}
	return &certificateJSON{
		Subject: c.Subject, SubjectType: string(c.SubjectType), Issuer: c.Issuer, Authority: c.Authority,
		NotBefore: moment(c.NotBefore), NotAfter: moment(c.NotAfter), Claims: c.Claims,
	}
}

func moment(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// String is the signer in a line, or "" for one that is not named.
func (s signerJSON) String() string {
	var parts []string
	switch c := s.Certificate; {
	case c != nil && c.Fault != "":
		parts = append(parts, "a certificate that can't be read")
	case c != nil:
		parts = append(parts, verify.Identity{Certificate: &attest.Certificate{Subject: c.Subject, Issuer: c.Issuer, Authority: c.Authority}}.String())
	case s.KeyHint != "":
		parts = append(parts, "key "+s.KeyHint)
	}
	if n := len(s.LogEntries); n > 0 {
		parts = append(parts, count(n, "log entry", "log entries"))
	}
	if n := len(s.Timestamps); n > 0 {
		parts = append(parts, count(n, "timestamp", "timestamps"))
	}
	return strings.Join(parts, ", ")
}

// sortedClaims are the names in the order of the extensions' numbers.
func sortedClaims(claims map[attest.Claim]string) []attest.Claim {
	numbers := attest.Claims()
	return slices.SortedFunc(maps.Keys(claims), func(a, b attest.Claim) int { return numbers[a] - numbers[b] })
}

// rows are the lines of text about the signer, each a name and a value.
func (s signerJSON) rows() [][2]string {
	rows := [][2]string{{"key hint", s.KeyHint}}
	if c := s.Certificate; c != nil {
		rows = append(rows, [2]string{"identity", c.Subject}, [2]string{"issuer", c.Issuer}, [2]string{"certified by", c.Authority}, [2]string{"fault", c.Fault})
		if c.Fault == "" {
			rows = append(rows, [2]string{"valid", c.NotBefore + " to " + c.NotAfter})
		}
		for _, name := range sortedClaims(c.Claims) {
			rows = append(rows, [2]string{"certified", string(name) + " " + c.Claims[name]})
		}
	}
	for _, e := range s.LogEntries {
		value := fmt.Sprintf("%d of log %s, %s %s", e.Index, e.LogID, e.Kind, e.Version)
		if e.Time != "" {
			value += ", at " + e.Time
		}
		rows = append(rows, [2]string{"log entry", value})
	}
	for _, t := range s.Timestamps {
		rows = append(rows, [2]string{"timestamp", t.Time + t.Fault})
	}
	return rows
}
