package refresh

import (
	"errors"
	"fmt"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// A Fault is what is wrong with a TUF repository.
type Fault string

// The faults; the first four are the attacks that TUF guards against by versions,
// dates and digests.
const (
	// Rollback: metadata is older than what was seen before.
	Rollback Fault = "rollback"
	// Freeze: the newest that the repository shows has run out, as if time stood still.
	Freeze Fault = "freeze"
	// Expired: metadata other than the timestamp has run out.
	Expired Fault = "expired"
	// Mixed: parts are not of one state of the repository.
	Mixed Fault = "mixed metadata"
	// Unsigned: too few of the keys that must sign metadata did.
	Unsigned Fault = "unsigned"
	// Malformed: a file is not what its name says, or is over its bound.
	Malformed Fault = "malformed"
	// Incomplete: the repository has no trusted root.
	Incomplete Fault = "incomplete"
)

// An Error is a repository that can't be believed. Nothing of it may be used.
type Error struct {
	Fault Fault
	// File is the name of the file in the repository.
	File string
	Err  error
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %s: %v", e.Fault, e.File, e.Err) }
func (e *Error) Unwrap() error { return e.Err }

// An UnavailableError is a repository that did not answer, or not with the file;
// trying again may help.
type UnavailableError struct {
	URL string
	Err error
}

func (e *UnavailableError) Error() string { return fmt.Sprintf("fetching %s: %v", e.URL, e.Err) }
func (e *UnavailableError) Unwrap() error { return e.Err }

// judged names what go-tuf found wrong with a file. What a version out of order means
// depends on the file, so the caller says.
func judged(file string, err error, misversioned Fault) error {
	var (
		version   *metadata.ErrBadVersionNumber
		expired   *metadata.ErrExpiredMetadata
		different *metadata.ErrLengthOrHashMismatch
		unsigned  *metadata.ErrUnsignedMetadata
	)
	fault := Malformed
	switch {
	case errors.As(err, &version):
		fault = misversioned
	case errors.As(err, &expired):
		fault = Expired
	case errors.As(err, &different):
		fault = Mixed
	case errors.As(err, &unsigned):
		fault = Unsigned
	}
	return &Error{fault, file, err}
}
