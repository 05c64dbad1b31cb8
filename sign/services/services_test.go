package services_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/carnet-project/carnet/sign/services"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// service is one of a configuration, valid from 2025 unless a validity is given.
func service(url string, version int, operator string, valid ...string) string {
	if len(valid) == 0 {
		valid = []string{"2025-01-01T00:00:00Z"}
	}
	period := fmt.Sprintf(`"start":%q`, valid[0])
	if len(valid) > 1 {
		period += fmt.Sprintf(`,"end":%q`, valid[1])
	}
	return fmt.Sprintf(`{"url":%q,"majorApiVersion":%d,"validFor":{%s},"operator":%q}`, url, version, period, operator)
}

func config(members ...string) string {
	all := append([]string{`"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json"`}, members...)
	return "{" + strings.Join(all, ",") + "}"
}

func list(name string, all ...string) string {
	return fmt.Sprintf("%q:[%s]", name, strings.Join(all, ","))
}

func urls(all []services.Service) string {
	var found []string
	for _, s := range all {
		found = append(found, fmt.Sprintf("%s(%s,%d)", s.URL, s.Operator, s.Version))
	}
	return strings.Join(found, " ")
}

func TestSelection(t *testing.T) {
	a, b, c := "https://a.example", "https://b.example", "https://c.example"
	for name, tc := range map[string]struct {
		members []string
		want    services.Services
		logs    []string // any of these, joined in this order
	}{
		"ALL keeps the order": {
			members: []string{list("rekorTlogUrls", service(a, 2, "a"), service(b, 2, "b", "2025-06-01T00:00:00Z"), service(c, 2, "c")), `"rekorTlogConfig":{"selector":"ALL"}`},
			logs:    []string{a + "(a,2) " + b + "(b,2) " + c + "(c,2)"},
		},
		"the highest version only": {
			members: []string{list("rekorTlogUrls", service(a, 1, "a"), service(b, 2, "b"), service(c, 3, "c")), `"rekorTlogConfig":{"selector":"ALL"}`},
			logs:    []string{b + "(b,2)"},
		},
		"version 1 where 2 has ended": {
			members: []string{list("rekorTlogUrls", service(a, 1, "a"), service(b, 2, "b", "2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z")), `"rekorTlogConfig":{"selector":"ALL"}`},
			logs:    []string{a + "(a,1)"},
		},
		"one of an operator, the newest": {
			members: []string{list("rekorTlogUrls", service(a, 2, "o"), service(b, 2, "o", "2025-06-01T00:00:00Z"), service(c, 2, "o", "2027-01-01T00:00:00Z")), `"rekorTlogConfig":{"selector":"ALL"}`},
			logs:    []string{b + "(o,2)"},
		},
		"ANY": {
			members: []string{list("rekorTlogUrls", service(a, 2, "a"), service(b, 2, "b")), `"rekorTlogConfig":{"selector":"ANY"}`},
			logs:    []string{a + "(a,2)", b + "(b,2)"},
		},
		"EXACT": {
			members: []string{list("rekorTlogUrls", service(a, 2, "a"), service(b, 2, "b"), service(c, 2, "c")), `"rekorTlogConfig":{"selector":"EXACT","count":2}`},
			logs:    []string{a + "(a,2) " + b + "(b,2)", a + "(a,2) " + c + "(c,2)", b + "(b,2) " + c + "(c,2)"},
		},
		"one listed twice": {
			members: []string{list("rekorTlogUrls", service(a, 2, "a"), service(a, 2, "a")), `"rekorTlogConfig":{"selector":"ALL"}`},
			logs:    []string{a + "(a,2)"},
		},
	} {
		seen := map[string]bool{}
		for range 60 {
			s, err := services.Parse([]byte(config(tc.members...)), now)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if got := urls(s.Logs); !slices.Contains(tc.logs, got) {
				t.Fatalf("%s: %s", name, got)
			}
			seen[urls(s.Logs)] = true
		}
		if len(seen) != len(tc.logs) {
			t.Errorf("%s: in 60 times only %v", name, seen)
		}
	}
}

func TestOneIssuerAndOneAuthority(t *testing.T) {
	raw := config(
		list("caUrls", service("https://old.example", 1, "o", "2024-01-01T00:00:00Z"), service("https://new.example", 1, "o"), service("https://next.example", 1, "o", "2027-01-01T00:00:00Z")),
		list("oidcUrls", service("http://localhost:8080/auth", 1, "o")),
		list("tsaUrls", service("http://127.0.0.1:1/api/v1/timestamp", 1, "o"), service("http://[::1]:1/api/v1/timestamp", 1, "p")), `"tsaConfig":{"selector":"ALL"}`,
		list("rekorTlogUrls"), `"rekorTlogConfig":{}`)
	s, err := services.Parse([]byte(raw), now)
	if err != nil {
		t.Fatal(err)
	}
	if urls(s.Authorities) != "https://new.example(o,1)" || urls(s.Issuers) != "http://localhost:8080/auth(o,1)" ||
		urls(s.Timestamps) != "http://127.0.0.1:1/api/v1/timestamp(o,1) http://[::1]:1/api/v1/timestamp(p,1)" || s.Logs != nil {
		t.Errorf("%+v", s)
	}
}

// The ends of a service's validity belong to it.
func TestValidity(t *testing.T) {
	raw := []byte(config(list("caUrls", service("https://a.example", 1, "a", "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"))))
	for at, want := range map[string]bool{"2025-12-31T23:59:59Z": false, "2026-01-01T00:00:00Z": true, "2026-02-01T00:00:00Z": true, "2026-02-01T00:00:01Z": false} {
		when, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := services.Parse(raw, when); (err == nil) != want {
			t.Errorf("at %s: %v", at, err)
		}
	}
}

func TestRefused(t *testing.T) {
	logs := func(url string) string {
		return config(list("rekorTlogUrls", service(url, 2, "o")), `"rekorTlogConfig":{"selector":"ANY"}`)
	}
	many := make([]string, 65)
	for i := range many {
		many[i] = service(fmt.Sprintf("https://%d.example", i), 2, fmt.Sprint(i))
	}
	for name, tc := range map[string]struct{ raw, want string }{
		"nothing":             {"", "reading"},
		"no JSON":             {"<html>", "reading"},
		"an unknown member":   {config(`"logs":[]`), "reading"},
		"no media type":       {"{}", `media type ""`},
		"an older media type": {`{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.1+json"}`, "signingconfig.v0.2+json"},
		"a trusted root":      {`{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}`, "media type"},
		"no selector":         {config(list("rekorTlogUrls", service("https://a.example", 2, "a"))), "transparency log: invalid service selector"},
		"too few for EXACT":   {config(list("tsaUrls", service("https://a.example", 1, "a"), service("https://b.example", 1, "a")), `"tsaConfig":{"selector":"EXACT","count":2}`), "timestamp authority"},
		"a version unknown":   {config(list("caUrls", service("https://a.example", 2, "a"))), "certificate authority"},
		"none valid":          {config(list("caUrls", service("https://a.example", 1, "a", "2027-01-01T00:00:00Z"))), "certificate authority"},
		"plain http":          {logs("http://rekor.example"), `"http://rekor.example": want https`},
		"a loopback look":     {logs("http://127.0.0.1.example"), "want https"},
		"a file":              {logs("file:///etc/passwd"), "a scheme and a host"},
		"no host":             {logs("https:///x"), "a scheme and a host"},
		"a password":          {logs("https://u:geheim@a.example"), "holds a user name"},
		"a broken password":   {logs("https://u:geheim@a.example:x"), "a scheme and a host"},
		"a query":             {logs("https://a.example/?token=geheim"), "more than a path"},
		"too many":            {config(list("rekorTlogUrls", many...), `"rekorTlogConfig":{"selector":"ANY"}`), "at most 64"},
		"too large":           {strings.Repeat(" ", 1<<20) + config(), "over 1048576 bytes"},
	} {
		_, err := services.Parse([]byte(tc.raw), now)
		if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(config(list("caUrls", service("https://a.example", 1, "a")), list("rekorTlogUrls", service("https://a.example", 2, "a")), `"rekorTlogConfig":{"selector":"EXACT","count":1}`)))
	f.Add([]byte(config(list("tsaUrls", service("https://a.example", 1, "a")))))
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := services.Parse(raw, now)
		if err != nil {
			return
		}
		for _, all := range [][]services.Service{s.Issuers, s.Authorities, s.Logs, s.Timestamps} {
			for _, one := range all {
				if err := services.CheckURL(one.URL); err != nil || one.Version < 1 || one.Version > 2 {
					t.Errorf("selected %+v: %v", one, err)
				}
			}
		}
	})
}
