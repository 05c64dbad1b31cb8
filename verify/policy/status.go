package policy

// A Status is how one rule ended for one cell of the matrix. Only StatusPass,
// StatusExcepted and StatusNotApplicable allow.
type Status string

// The statuses.
const (
	StatusPass          Status = "pass"
	StatusFail          Status = "fail"
	StatusMissing       Status = "missing"
	StatusUntrusted     Status = "untrusted"
	StatusInvalid       Status = "invalid"
	StatusStale         Status = "stale"
	StatusError         Status = "error"
	StatusExcepted      Status = "excepted"
	StatusNotApplicable Status = "not-applicable"
)

// Allows says whether a rule that ended so lets the artifact in.
func (s Status) Allows() bool {
	return s == StatusPass || s == StatusExcepted || s == StatusNotApplicable
}

// An Outcome is a verdict in one word.
type Outcome string

// The outcomes. The zero value is none of them and is never allowed.
const (
	Allowed Outcome = "allowed"
	// Denied: a rule is not met, and trying again does not help.
	Denied Outcome = "denied"
	// Undecided: evidence could not be fetched or was over a bound; trying again may help.
	Undecided Outcome = "undecided"
	// Invalid: denied, and evidence is broken or about something else: possible tampering.
	Invalid Outcome = "invalid"
)
