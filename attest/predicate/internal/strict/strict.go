// Package strict gives the predicates the names of attest/internal/strict, which has what they
// mean. The reports of other tools are read by the same rules, outside of attest/predicate.
package strict

import (
	"io"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/internal/strict"
)

type (
	Check  = strict.Check
	Reader = strict.Reader
	Field  = strict.Field
)

func Read(raw []byte, check Check) error        { return strict.Read(raw, check) }
func ReadFrom(r io.Reader, check Check) error   { return strict.ReadFrom(r, check) }
func Clip(s string) string                      { return strict.Clip(s) }
func Missing(where string) *attest.Error        { return strict.Missing(where) }
func Required(name string, check Check) Field   { return strict.Required(name, check) }
func Present(name string, check Check) Field    { return strict.Present(name, check) }
func Optional(name string, check Check) Field   { return strict.Optional(name, check) }
func Object(fields ...Field) Check              { return strict.Object(fields...) }
func Each(check Check) Check                    { return strict.Each(check) }
func Map(check func(name string) Check) Check   { return strict.Map(check) }
func Text(into *string) Check                   { return strict.Text(into) }
func OneOf(into *string, words ...string) Check { return strict.OneOf(into, words...) }
func URI(into *string) Check                    { return strict.URI(into) }
func Time(into *time.Time) Check                { return strict.Time(into) }
func Count(least int64) Check                   { return strict.Count(least) }
func Bool(into *bool) Check                     { return strict.Bool(into) }
func Any() Check                                { return strict.Any() }
func AnyObject() Check                          { return strict.AnyObject() }
func AnyArray() Check                           { return strict.AnyArray() }
func Raw(into *[]byte, check Check) Check       { return strict.Raw(into, check) }
func IsURI(s string) bool                       { return strict.IsURI(s) }
func Texts(into *[]string) Check                { return strict.Texts(into) }
func IsCommit(s string) bool                    { return strict.IsCommit(s) }
func Index(into *int64) Check                   { return strict.Index(into) }

func Pattern(into *string, want string, holds func(string) bool) Check {
	return strict.Pattern(into, want, holds)
}

func Fault(f attest.Fault, where, format string, args ...any) *attest.Error {
	return strict.Fault(f, where, format, args...)
}
