package attest_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"strings"
	"testing"

	intoto "github.com/in-toto/attestation/go/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/carnet-project/carnet/attest"
)

const exampleType = "https://example.com/p/v1"

func newStatement(t testing.TB, predicate string, subjects ...attest.Subject) *attest.Statement {
	t.Helper()
	st, err := attest.NewStatement(exampleType, []byte(predicate), subjects...)
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// What is written is read back, byte for byte where bytes count.
func TestNewStatementIsRead(t *testing.T) {
	d := attest.SHA256([]byte("a"))
	names := []string{"", "shop", `quote " backslash \ slash /`, "line\nfeed", "umlaut ü, emoji 🎉", "\u2028\u0000", strings.Repeat("n", 10_000)}
	for _, name := range names {
		for _, predicate := range []string{`{}`, `{ "a" : [1.50, 1e3, -0] }`, "{\n\t\"b\":\"\\u0041\"}"} {
			st := newStatement(t, predicate, attest.NewSubject(name, d), attest.NewGitSubject("git", strings.Repeat("0", 40)))
			again, err := attest.ParseStatement(st.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			if string(again.Predicate()) != predicate || again.PredicateType() != exampleType || !bytes.Equal(again.Bytes(), st.Bytes()) {
				t.Errorf("%q, %q: reads as %s", name, predicate, again.Bytes())
			}
			if got := again.Subjects(); len(got) != 2 || got[0].Name() != name || !got[0].Is(d) || !got[1].Digest().IsZero() {
				t.Errorf("%q: subjects %+v", name, got)
			}
			if !again.About(d) || again.About(attest.SHA256(nil)) || !again.Binds() {
				t.Errorf("%q: is about something else", name)
			}
		}
	}
}

// in-toto's own types and rules accept what is written.
func TestInTotoAcceptsWhatIsWritten(t *testing.T) {
	d := attest.SHA256([]byte("a"))
	for _, st := range []*attest.Statement{
		newStatement(t, `{"a":1}`, attest.NewSubject("shop", d)),
		newStatement(t, `{"a":{"b":[]}}`, attest.NewSubject("", d), attest.NewGitSubject("git", strings.Repeat("0", 40))),
	} {
		pb := &intoto.Statement{}
		if err := protojson.Unmarshal(st.Bytes(), pb); err != nil {
			t.Fatal(err)
		}
		if err := pb.Validate(); err != nil {
			t.Errorf("%s: %v", st.Bytes(), err)
		}
	}
}

// A predicate goes in whole and alone: it cannot add members to the statement.
func TestNewStatementRefuses(t *testing.T) {
	subject := attest.NewSubject("a", attest.SHA256(nil))
	for _, predicate := range []string{
		``, ` `, `null`, `[]`, `"x"`, `{`, `{}{}`, `{},"other":{}`, `{},"subject":[]`, `{"a":1,"a":2}`, `{}}`, "{}\x00", "{\"a\":\"\xff\"}",
	} {
		if st, err := attest.NewStatement(exampleType, []byte(predicate), subject); faultOf(t, err) == "" || st != nil {
			t.Errorf("predicate %q was taken", predicate)
		}
	}
	if _, err := attest.NewStatement("", []byte(`{}`), subject); faultOf(t, err) != attest.FaultMalformed {
		t.Errorf("no predicate type: %v", err)
	}
	if _, err := attest.NewStatement(exampleType, []byte(`{}`)); faultOf(t, err) != attest.FaultNoSubject {
		t.Errorf("no subject: %v", err)
	}
}

// Errors say where.
func TestStatementErrorsSayWhere(t *testing.T) {
	for raw, want := range map[string]string{
		`{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"` + hex64 + `"}},{"digest":{"sha256":"AB"}}],"predicateType":"p"}`: "/subject/1/digest/sha256",
		`{"_type":"https://in-toto.io/Statement/v1","predicate":{"a":[{},{"b":1,"b":2}]}}`:                                                             "/predicate/a/1/b",
		"{\n  \"_type\": tru\n}": "line 2",
		`{"_type":7}`:            "/_type",
		`{"Subject":[]}`:         "/Subject",
	} {
		_, err := attest.ParseStatement([]byte(raw))
		if faultOf(t, err) == "" || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q in it", raw, err, want)
		}
	}
}

// A statement may be about many things, within a bound.
func TestSubjectsAreBounded(t *testing.T) {
	statement := func(n int) []byte {
		one := `{"digest":{"sha256":"` + hex64 + `"}}`
		return []byte(`{"_type":"` + attest.StatementV1 + `","predicateType":"p","subject":[` + strings.Repeat(one+",", n-1) + one + `]}`)
	}
	if st, err := attest.ParseStatement(statement(10_000)); err != nil || len(st.Subjects()) != 10_000 {
		t.Errorf("10,000 subjects: %v", err)
	}
	if _, err := attest.ParseStatement(statement(10_001)); faultOf(t, err) != attest.FaultTooLarge {
		t.Errorf("10,001 subjects: %v", err)
	}
}

// Handing out what a statement holds lets nobody change it.
func TestStatementsAreImmutable(t *testing.T) {
	st := newStatement(t, `{}`, attest.NewSubject("a", attest.SHA256(nil)))
	st.Subjects()[0] = attest.NewSubject("b", attest.SHA256([]byte("b")))
	st.Subjects()[0].Digests()["sha256"] = hex64
	if !st.About(attest.SHA256(nil)) || st.Subjects()[0].Name() != "a" {
		t.Error("the statement was changed")
	}
}

// plain is what a reader that knows no strictness makes of a statement.
type plain struct {
	Type    string `json:"_type"`
	Subject []struct {
		Name   string            `json:"name"`
		Digest map[string]string `json:"digest"`
	} `json:"subject"`
	PredicateType string          `json:"predicateType"`
	Predicate     json.RawMessage `json:"predicate"`
}

// What is accepted, other readers of JSON read the same way; what is read can be
// written and read again.
func FuzzParseStatement(f *testing.F) {
	for _, raw := range payloads(f) {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		st, err := attest.ParseStatement(bytes.Clone(raw))
		if faultOf(t, err) != "" {
			if st != nil {
				t.Error("a statement beside an error")
			}
			return
		}
		var other plain
		if err := json.Unmarshal(raw, &other); err != nil {
			t.Fatalf("encoding/json refuses what was accepted: %v", err)
		}
		agree(t, st, other)
		pb := &intoto.Statement{}
		if protojson.Unmarshal(raw, pb) == nil && (pb.PredicateType != st.PredicateType() || len(pb.Subject) != len(st.Subjects())) {
			t.Errorf("protojson reads %v", pb)
		}
		if st.Predicate() == nil {
			return
		}
		again, err := attest.NewStatement(st.PredicateType(), st.Predicate(), oneDigest(st)...)
		if err != nil || !bytes.Equal(again.Predicate(), st.Predicate()) || again.PredicateType() != st.PredicateType() {
			t.Errorf("written again it is %v, %v", again, err)
		}
	})
}

func agree(t *testing.T, st *attest.Statement, other plain) {
	t.Helper()
	if st.PredicateType() != other.PredicateType || len(st.Subjects()) != len(other.Subject) || string(st.Predicate()) != string(other.Predicate) {
		t.Fatalf("encoding/json reads %+v", other)
	}
	for i, s := range st.Subjects() {
		if s.Name() != other.Subject[i].Name || !maps.Equal(s.Digests(), other.Subject[i].Digest) {
			t.Errorf("encoding/json reads subject %d as %+v", i, other.Subject[i])
		}
	}
}

// oneDigest keeps of each subject the strongest digest, which is all that a writer
// states.
func oneDigest(st *attest.Statement) []attest.Subject {
	var subjects []attest.Subject
	for _, s := range st.Subjects() {
		subjects = append(subjects, attest.NewSubject(s.Name(), s.Digest()))
	}
	return subjects
}
