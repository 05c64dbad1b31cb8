package ingest

import (
	"errors"
	"fmt"
	"strings"

	"github.com/carnet-project/carnet/attest"
)

// refused is an error of one of the readers below attest/predicate or of a table of strict, whose details are
// of the form "is X, want Y".
func refused(f Format, err error) *Error {
	var own *Error
	if errors.As(err, &own) {
		return own
	}
	var fault *attest.Error
	if !errors.As(err, &fault) {
		return &Error{Format: f, Expected: "a report that can be read", Found: err.Error()}
	}
	e := &Error{Format: f, Where: fault.Where, Expected: "a well-formed report", Found: "one that " + fault.Detail}
	found, want, told := strings.Cut(fault.Detail, ", want ")
	switch {
	case told:
		e.Expected, e.Found = want, strings.TrimPrefix(found, "is ")
	case strings.HasPrefix(fault.Detail, "is missing"):
		e.Expected, e.Found = "a value", "nothing"
	case fault.Fault == attest.FaultDuplicateKey:
		e.Expected, e.Found = "every name once", "one that "+fault.Detail
	case fault.Fault == attest.FaultKeyCase:
		e.Expected, e.Found = "names as the format spells them", "one that "+fault.Detail
	case strings.HasPrefix(fault.Detail, "JSON ends early"):
		e.Expected, e.Found = "a whole JSON document", fault.Detail
	}
	return e
}

// unlike refuses a report for what one place says.
func unlike(f Format, where, expected, found string, args ...any) *Error {
	return &Error{Format: f, Where: where, Expected: expected, Found: fmt.Sprintf(found, args...)}
}
