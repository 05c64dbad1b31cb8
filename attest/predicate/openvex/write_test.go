package openvex_test

import (
	"errors"
	"fmt"
	"math/rand"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/predicate/openvex"
)

var image = attest.SHA256([]byte("image"))

func written() *openvex.Document {
	return &openvex.Document{ID: "https://example.com/vex/1", Author: "psirt@acme.example", Issued: day(2), Statements: []openvex.Statement{
		{Vulnerability: "CVE-2026-1", Aliases: []string{"GHSA-1"}, Status: openvex.NotAffected, Justification: "component_not_present", Impact: "it is not there", At: day(1),
			Products: []openvex.Product{{Component: openvex.Image("registry.example.com:5000/team/API", image), Subcomponents: []openvex.Component{
				{IDs: []string{"https://example.com/a", "cpe:/a:b", "cpe:2.3:a:b:c:*:*:*:*:*:*:*:*", "pkg:npm/a@1"}, Hashes: map[string]string{"sha-256": "aa", "md5": "bb"}}}}}},
		{Vulnerability: "CVE-2026-2", Status: openvex.Affected, Action: "update", At: day(2)},
	}}
}

// The bytes are golden: the order of members, the identifiers and the forms of times.
func TestPredicate(t *testing.T) {
	raw, err := written().Predicate()
	if err != nil {
		t.Fatal(err)
	}
	hex := image.Hex()
	want := `{"@context":"https://openvex.dev/ns/v0.2.0","@id":"https://example.com/vex/1","author":"psirt@acme.example","timestamp":"2026-01-02T00:00:00Z","version":1,"statements":[` +
		`{"vulnerability":{"name":"CVE-2026-1","aliases":["GHSA-1"]},"timestamp":"2026-01-01T00:00:00Z","products":[` +
		`{"@id":"pkg:oci/api@sha256:` + hex + `?repository_url=registry.example.com:5000%2Fteam%2FAPI","hashes":{"sha-256":"` + hex + `"},"subcomponents":[` +
		`{"@id":"https://example.com/a","identifiers":{"cpe22":"cpe:/a:b","cpe23":"cpe:2.3:a:b:c:*:*:*:*:*:*:*:*","purl":"pkg:npm/a@1"},"hashes":{"md5":"bb","sha-256":"aa"}}]}],` +
		`"status":"not_affected","justification":"component_not_present","impact_statement":"it is not there"},` +
		`{"vulnerability":{"name":"CVE-2026-2"},"status":"affected","action_statement":"update"}]}`
	if string(raw) != want {
		t.Errorf("got  %s\nwant %s", raw, want)
	}
	if got, err := openvex.Parse(openvex.TypeV2, raw); err != nil || !reflect.DeepEqual(got, written()) {
		t.Errorf("got  %+v, %v\nwant %+v", got, err, written())
	}
}

// Without an id of its own a document gets one of its content.
func TestPredicateID(t *testing.T) {
	id := func(change func(*openvex.Document)) string {
		d := written()
		d.ID = ""
		change(d)
		raw, err := d.Predicate()
		if err != nil {
			t.Fatal(err)
		}
		read, err := openvex.Parse(openvex.TypeV2, raw)
		if err != nil {
			t.Fatal(err)
		}
		return read.ID
	}
	same := id(func(*openvex.Document) {})
	if !strings.HasPrefix(same, "https://openvex.dev/docs/public/vex-") || len(same) != len("https://openvex.dev/docs/public/vex-")+64 {
		t.Errorf("the id is %q", same)
	}
	if id(func(*openvex.Document) {}) != same || id(func(d *openvex.Document) { d.ID = "no IRI" }) != same {
		t.Error("the same content has two ids")
	}
	if id(func(d *openvex.Document) { d.Statements[1].Vulnerability = "CVE-2026-3" }) == same || id(func(d *openvex.Document) { d.Author = "x" }) == same {
		t.Error("two contents have one id")
	}
}

func TestPredicateIsReadBack(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	for range 300 {
		d := randomDocument(random)
		raw, err := d.Predicate()
		if err != nil {
			t.Fatalf("%+v: %v", d, err)
		}
		got, err := openvex.Parse(openvex.TypeV2, raw)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, d) {
			t.Fatalf("got  %+v\nwant %+v\nin %s", got, d, raw)
		}
	}
}

func randomDocument(random *rand.Rand) *openvex.Document {
	yes := func() bool { return random.Intn(2) == 0 }
	when := func() time.Time { return time.Unix(random.Int63n(4e9), random.Int63n(1e9)).UTC() }
	component := func() openvex.Component {
		c := openvex.Component{IDs: []string{fmt.Sprintf("https://example.com/%d", random.Int())}}
		if yes() {
			c.IDs = append(c.IDs, fmt.Sprintf("pkg:npm/%d@1", random.Int()))
		}
		if yes() {
			c.Hashes = map[string]string{"sha-256": fmt.Sprintf("%064x", random.Int())}
			if yes() {
				c.IDs = nil
			}
		}
		return c
	}
	d := &openvex.Document{ID: fmt.Sprintf("urn:vex:%d", random.Int()), Author: "ä <a@b.example>", Issued: when()}
	for range 1 + random.Intn(4) {
		s := openvex.Statement{Vulnerability: fmt.Sprintf("CVE-%d", random.Int()), Status: openvex.Fixed, At: when()}
		switch random.Intn(3) {
		case 0:
			s.Status, s.Impact = openvex.NotAffected, "because \"<of>\" it"
		case 1:
			s.Status, s.Action = openvex.Affected, "update\nit"
		}
		for range random.Intn(3) {
			p := openvex.Product{Component: component()}
			for range random.Intn(3) {
				p.Subcomponents = append(p.Subcomponents, component())
			}
			s.Products = append(s.Products, p)
		}
		d.Statements = append(d.Statements, s)
	}
	return d
}

func TestPredicateRefuses(t *testing.T) {
	for where, spoil := range map[string]func(*openvex.Document){
		"/author":                          func(d *openvex.Document) { d.Author = "" },
		"/timestamp":                       func(d *openvex.Document) { d.Issued = time.Time{} },
		"/statements":                      func(d *openvex.Document) { d.Statements = nil },
		"/statements/0/vulnerability/name": func(d *openvex.Document) { d.Statements[0].Vulnerability = "" },
		"/statements/0":                    func(d *openvex.Document) { d.Statements[0].Justification, d.Statements[0].Impact = "", "" },
		"/statements/0/justification":      func(d *openvex.Document) { d.Statements[0].Justification = "code_not_present" },
		"/statements/1":                    func(d *openvex.Document) { d.Statements[1].Action = "" },
		"/statements/1/status":             func(d *openvex.Document) { d.Statements[1].Status = "lost" },
		// A product of no name would be read as every product.
		"/statements/0/products/0":     func(d *openvex.Document) { d.Statements[0].Products[0].Component = openvex.Component{} },
		"/statements/0/products/0/@id": func(d *openvex.Document) { d.Statements[0].Products[0].IDs = []string{"api"} },
		"/statements/0/products/0/subcomponents/0/identifiers": func(d *openvex.Document) {
			d.Statements[0].Products[0].Subcomponents[0].IDs = []string{"a:b", "pkg:npm/a", "pkg:npm/b"}
		},
	} {
		d := written()
		spoil(d)
		_, err := d.Predicate()
		var fault *attest.Error
		if !errors.As(err, &fault) || fault.Where != where {
			t.Errorf("%s: %v", where, err)
		}
	}
}
