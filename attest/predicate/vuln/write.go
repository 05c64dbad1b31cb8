package vuln

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/internal/strict"
)

// predicate is the JSON of in-toto's vulns v0.2, its members in the specification's order.
type predicate struct {
	Scanner struct {
		URI      string `json:"uri"`
		Version  string `json:"version,omitempty"`
		Database struct {
			URI        string `json:"uri,omitempty"`
			Version    string `json:"version,omitempty"`
			LastUpdate string `json:"lastUpdate"`
		} `json:"db"`
		Result []result `json:"result"`
	} `json:"scanner"`
	Metadata struct {
		Started  string `json:"scanStartedOn"`
		Finished string `json:"scanFinishedOn"`
	} `json:"metadata"`
}

type result struct {
	ID          string        `json:"id"`
	Severity    []rating      `json:"severity"`
	Annotations []annotations `json:"annotations,omitempty"`
}

type rating struct {
	Method string `json:"method"`
	Score  string `json:"score"`
}

// annotations are those of docs/vulnerabilities.md.
type annotations struct {
	PURL      string   `json:"purl,omitempty"`
	Package   string   `json:"package,omitempty"`
	Version   string   `json:"version,omitempty"`
	FixedIn   string   `json:"fixedIn,omitempty"`
	FixedOn   string   `json:"fixedOn,omitempty"`
	Published string   `json:"published,omitempty"`
	EPSS      *float64 `json:"epss,omitempty"`
	Exploited *bool    `json:"kev,omitempty"`
	Aliases   string   `json:"aliases,omitempty"`
}

// Predicate is the report as a predicate of type [InToto02], from which [Parse] reads an equal report: but for
// times, which are in UTC, a package's name, which is its URL where it has none, and TellsExploited, which a
// report without findings cannot say. A severity is written as the scanner's own word for it. Equal reports
// give equal bytes.
//
// The specification asks for the scanner's URI, the database's date and when the scan started and ended, so that
// a report without them is refused; so is one whose findings could not be read, or that has more than
// [MaxFindings]. The error is an *[attest.Error] whose Where is a JSON pointer into the predicate.
func (r *Report) Predicate() ([]byte, error) {
	if r.Unreadable != "" {
		return nil, strict.Fault(attest.FaultMalformed, "/scanner/result", "cannot be written: the findings could not be read: %s", r.Unreadable)
	}
	if len(r.Findings) > MaxFindings {
		return nil, strict.Fault(attest.FaultTooLarge, "/scanner/result", "has %d findings, want at most %d", len(r.Findings), MaxFindings)
	}
	var p predicate
	p.Scanner.URI, p.Scanner.Version = r.Scanner.URI, r.Scanner.Version
	p.Scanner.Database.URI, p.Scanner.Database.Version = r.Database.URI, r.Database.Version
	for _, t := range []struct {
		into        *string
		where, what string
		at          time.Time
	}{
		{&p.Scanner.Database.LastUpdate, "/scanner/db/lastUpdate", "the date of the scanner's database", r.Database.Updated},
		{&p.Metadata.Started, "/metadata/scanStartedOn", "when the scan started", r.Started},
		{&p.Metadata.Finished, "/metadata/scanFinishedOn", "when the scan ended", r.Finished},
	} {
		if t.at.IsZero() {
			return nil, strict.Fault(attest.FaultMalformed, t.where, "is missing, want %s", t.what)
		}
		*t.into = moment(t.at)
	}
	p.Scanner.Result = make([]result, len(r.Findings))
	for i := range r.Findings {
		f, err := r.written(&r.Findings[i])
		if err != nil {
			err.Where = "/scanner/result/" + strconv.Itoa(i) + err.Where
			return nil, err
		}
		p.Scanner.Result[i] = f
	}
	raw, err := json.Marshal(p, json.Deterministic(true))
	if err != nil {
		return nil, strict.Fault(attest.FaultMalformed, "", "cannot be JSON: %v", err)
	}
	return raw, Validate(InToto02, raw)
}

// written is a finding as in-toto has it.
func (r *Report) written(f *Finding) (result, *attest.Error) {
	a := annotations{
		PURL: f.Package.PURL, Package: f.Package.Name, Version: f.Package.Version,
		FixedIn: f.FixedIn, FixedOn: moment(f.FixedOn), Published: moment(f.Published), Aliases: strings.Join(f.Aliases, ","),
	}
	switch {
	case f.EPSS >= 0 && f.EPSS <= 1:
		a.EPSS = &f.EPSS
	case f.EPSS != -1:
		return result{}, strict.Fault(attest.FaultMalformed, "/annotations/0/epss", "is %v, want a probability, or -1 for none", f.EPSS)
	}
	if r.TellsExploited || f.Exploited {
		a.Exploited = &f.Exploited
	}
	for _, alias := range f.Aliases {
		if alias == "" || strings.Contains(alias, ",") || strings.TrimSpace(alias) != alias {
			return result{}, strict.Fault(attest.FaultMalformed, "/annotations/0/aliases", "has %q, want ids without commas", strict.Clip(alias))
		}
	}
	if f.Severity.Rank() == 0 && f.Severity != Unknown {
		return result{}, strict.Fault(attest.FaultMalformed, "/severity/0/score", "is %q, want a severity", strict.Clip(string(f.Severity)))
	}
	out := result{ID: f.ID, Severity: []rating{{Method: cmp.Or(r.Scanner.Name, "scanner"), Score: string(f.Severity)}}}
	if a != (annotations{}) {
		out.Annotations = []annotations{a}
	}
	return out, nil
}

// moment is a time in UTC to the nanosecond, or nothing.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
