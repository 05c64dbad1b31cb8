package cli

import (
	"strconv"
	"time"
)

// Moment is the time of this run: SOURCE_DATE_EPOCH where it is set
// (reproducible-builds.org/specs/source-date-epoch), else now.
func (c *Call) Moment() (time.Time, error) {
	epoch, err := c.SourceDate()
	if err != nil || !epoch.IsZero() {
		return epoch, err
	}
	return time.Now(), nil
}

// SourceDate is SOURCE_DATE_EPOCH, or the zero time where it is not set.
func (c *Call) SourceDate() (time.Time, error) {
	text := c.Env.Getenv("SOURCE_DATE_EPOCH")
	if text == "" {
		return time.Time{}, nil
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil || seconds < 0 {
		return time.Time{}, Usagef("SOURCE_DATE_EPOCH %q is not a number of seconds since 1970", text)
	}
	return time.Unix(seconds, 0).UTC(), nil
}
