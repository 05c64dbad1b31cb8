package strict

import (
	"strconv"

	"github.com/carnet-project/carnet/attest"
)

// Size is a whole number from 1 to 2⁵³, up to which every reader of JSON agrees on it.
func Size(into *int64) Check {
	return func(r *Reader) (bool, error) {
		if r.Kind() != '0' {
			return false, r.unlike("a number")
		}
		token, err := r.token()
		if err != nil {
			return false, err
		}
		n, err := strconv.ParseInt(token.String(), 10, 64)
		if err != nil || n < 1 || n > 1<<53 {
			return false, Fault(attest.FaultMalformed, r.Where(), "is %s, want a whole number from 1 to 2⁵³", Clip(token.String()))
		}
		if into != nil {
			*into = n
		}
		return true, nil
	}
}
