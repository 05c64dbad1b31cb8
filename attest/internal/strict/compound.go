package strict

import (
	"strings"

	"github.com/carnet-project/carnet/attest"
)

// maxElements bounds an array whose elements are looked at one by one, so that a
// document cannot make memory of many times its size.
const maxElements = 100_000

type need int

const (
	optional need = iota
	present
	required
)

// A Field is one member that a specification names.
type Field struct {
	name, alias string
	need        need
	check       Check
}

// Required must be there and hold something.
func Required(name string, check Check) Field { return Field{name: name, need: required, check: check} }

// Present must be there and may be empty, for where empty says something: a scan
// that found nothing.
func Present(name string, check Check) Field { return Field{name: name, need: present, check: check} }

// Optional may be absent, null or empty.
func Optional(name string, check Check) Field { return Field{name: name, check: check} }

// Or accepts the field under another spelling too, but not under both.
func (f Field) Or(alias string) Field { f.alias = alias; return f }

// Object is an object with these fields, and any others.
func Object(fields ...Field) Check {
	return func(r *Reader) (bool, error) {
		if r.Kind() != '{' {
			return false, r.unlike("an object")
		}
		if _, err := r.token(); err != nil {
			return false, err
		}
		filled := false
		seen := make([]need, len(fields))
		for r.Kind() != '}' {
			filled = true
			if err := member(r, fields, seen); err != nil {
				return false, err
			}
		}
		if _, err := r.token(); err != nil {
			return false, err
		}
		for i, f := range fields {
			if seen[i] < f.need {
				return false, absent(r.Where()+"/"+f.name, seen[i]) // the object was read last
			}
		}
		return filled, nil
	}
}

func absent(where string, seen need) error {
	if seen == present {
		return Fault(attest.FaultMalformed, where, "is empty, want a value: the type requires it")
	}
	return Missing(where)
}

// Missing is the error of a member that a rule requires and nobody gave.
func Missing(where string) *attest.Error {
	return Fault(attest.FaultMalformed, where, "is missing: the type requires it")
}

// member reads one name and its value, and notes in seen what was found.
func member(r *Reader, fields []Field, seen []need) error {
	token, err := r.token()
	if err != nil {
		return err
	}
	i, err := find(fields, token.String(), r)
	if err != nil {
		return err
	}
	if i < 0 {
		return r.skip()
	}
	if seen[i] != optional {
		return Fault(attest.FaultKeyCase, r.Where(), "is given as both %q and %q", fields[i].name, fields[i].alias)
	}
	if r.Kind() == 'n' {
		return r.skip()
	}
	filled, err := fields[i].check(r)
	seen[i] = present
	if filled {
		seen[i] = required
	}
	return err
}

// find gives the index of the field called name, or -1.
func find(fields []Field, name string, r *Reader) (int, error) {
	for i, f := range fields {
		if name == f.name || (name == f.alias && f.alias != "") {
			return i, nil
		}
	}
	for _, f := range fields {
		if strings.EqualFold(name, f.name) {
			return -1, Fault(attest.FaultKeyCase, r.Where(), "differs from %q only by case", f.name)
		}
	}
	return -1, nil
}

// Each is an array whose every element passes check and holds something.
func Each(check Check) Check {
	return func(r *Reader) (bool, error) {
		if r.Kind() != '[' {
			return false, r.unlike("an array")
		}
		if _, err := r.token(); err != nil {
			return false, err
		}
		where, n := r.Where(), 0
		for ; r.Kind() != ']'; n++ {
			if n == maxElements {
				return false, Fault(attest.FaultTooLarge, where, "has more than %d elements", maxElements)
			}
			filled, err := check(r)
			if err != nil {
				return false, err
			}
			if !filled {
				return false, Fault(attest.FaultMalformed, r.Where(), "is empty, want a value")
			}
		}
		_, err := r.token()
		return n > 0, err
	}
}

// Map is an object of any names whose every value passes check, which is told the
// name.
func Map(check func(name string) Check) Check {
	return func(r *Reader) (bool, error) {
		if r.Kind() != '{' {
			return false, r.unlike("an object")
		}
		if _, err := r.token(); err != nil {
			return false, err
		}
		where, n := r.Where(), 0
		for ; r.Kind() != '}'; n++ {
			if n == maxElements {
				return false, Fault(attest.FaultTooLarge, where, "has more than %d members", maxElements)
			}
			name, err := r.token()
			if err != nil {
				return false, err
			}
			if _, err := check(name.String())(r); err != nil {
				return false, err
			}
		}
		_, err := r.token()
		return n > 0, err
	}
}
