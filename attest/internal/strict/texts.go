package strict

import (
	"strconv"
	"strings"

	"github.com/carnet-project/carnet/attest"
)

// Texts is an array of strings, appended to into unless that is nil.
func Texts(into *[]string) Check {
	return Each(func(r *Reader) (bool, error) {
		var s string
		filled, err := Text(&s)(r)
		if err == nil && filled && into != nil {
			*into = append(*into, s)
		}
		return filled, err
	})
}

// IsCommit says whether s has the form of a git commit's name: 40 or 64 characters of
// lower-case hex.
func IsCommit(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == ""
}

// Index is a whole number of at least -1, which stands for none as SARIF has it.
func Index(into *int64) Check {
	return func(r *Reader) (bool, error) {
		if r.Kind() != '0' {
			return false, r.unlike("a number")
		}
		token, err := r.token()
		if err != nil {
			return false, err
		}
		n, err := strconv.ParseInt(token.String(), 10, 64)
		if err != nil || n < -1 {
			return false, Fault(attest.FaultMalformed, r.Where(), "is %s, want a whole number of at least -1", Clip(token.String()))
		}
		if into != nil {
			*into = n
		}
		return true, nil
	}
}
