package ingest_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/ingest"
	"github.com/carnet-project/carnet/attest/predicate/openvex"
)

// stated is what VEX says, a line for each statement.
func stated(r *ingest.Report) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s by %s of %s, %s, tool %s %s, about %q\n", r.Format, r.VEX.Author, second(r.VEX.Issued.UTC()), r.VEX.ID, r.Tool.Name, r.Tool.Version, r.About.Name)
	for _, d := range r.About.Digests {
		fmt.Fprintf(&b, "digest %.14s\n", d)
	}
	for _, s := range r.VEX.Statements {
		fmt.Fprintf(&b, "%s %v %s %s %q %q of %s:", s.Vulnerability, s.Aliases, s.Status, s.Justification, s.Impact, s.Action, second(s.At.UTC()))
		for _, p := range s.Products {
			fmt.Fprintf(&b, " %s", component(p.Component))
			for _, c := range p.Subcomponents {
				fmt.Fprintf(&b, " [%s]", component(c))
			}
		}
		b.WriteString("\n")
	}
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "note: %s\n", n)
	}
	return b.String()
}

// component is a component with what of its digest can be told apart.
func component(c openvex.Component) string {
	var all []string
	for _, id := range c.IDs {
		all = append(all, fmt.Sprintf("%.60s", id))
	}
	if hash := c.Hashes["sha-256"]; hash != "" {
		all = append(all, "#"+hash[:7])
	}
	return strings.Join(all, "+")
}

func TestVEXIsRead(t *testing.T) {
	for name, want := range map[string]string{
		"openvex.json": `
openvex by Spring Builds <spring@example.com> of 2026-01-17T01:07:16Z, https://openvex.dev/docs/public/vex-2e67563e128250cbcb3e98930df948dd053e43271d70dc50cfa22d57e03fe96f, tool  , about ""
digest sha256:74ed0db
digest sha256:5f70bf1
CVE-2023-12345 [GHSA-99q7-4x7h] not_affected vulnerable_code_not_in_execute_path "" "" of 2026-01-17T01:07:16Z: pkg:oci/api@sha256%3A74ed0db5d3c4b1d6e6b7e0b1b4f9f4a8a3c9e1f [pkg:apk/wolfi/git@2.39.0-r1?arch=x86_64] https://example.com/api+#5f70bf1
`,
		"vex.cdx.json": `
cyclonedx by psirt@acme.example of 2026-03-03T00:00:00Z, urn:uuid:91be3ac5-9b1b-4f5a-9a6a-2cf2d5a8d0ee, tool dependency-track 4.13.2, about "api"
digest sha256:74ed0db
CVE-2021-44228 [] not_affected vulnerable_code_not_in_execute_path "JNDI lookups are off." "" of 2026-03-03T00:00:00Z: pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1
CVE-2021-45046 [] not_affected  "requires_configuration" "" of 2026-03-03T00:00:00Z:
CVE-2021-45105 [] affected  "" "Update to 2.17.0; update" of 2026-03-03T00:00:00Z: pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1
CVE-2021-44832 [] affected  "" "The author states no action." of 2026-03-03T00:00:00Z: pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1
note: The analysis of CVE-2026-1 is left out: it says not affected, and nothing why.
note: The analysis of CVE-2026-2 is left out: it names only what the document has no package URL for.
note: 1 of the vulnerabilities are not analysed and are left out: the document is read as VEX, and not as a scan.
`,
		"csaf.json": `
csaf by Example Company ProductCERT of 2026-03-03T11:00:00Z, https://psirt.example.com/2026-EVD-UC-03-MS-001, tool Secvisogram 2.5.0, about "Example VEX Document - Multiple statuses"
digest sha256:74ed0db
digest sha256:5f70bf1
CVE-2020-11896 [EX-1] not_affected component_not_present "" "" of 2026-03-03T11:00:00Z: pkg:oci/api@sha256:74ed0db5d3c4b1d6e6b7e0b1b4f9f4a8a3c9e1f2d [pkg:deb/debian/openssl@3.0.1]
CVE-2020-11896 [EX-1] not_affected  "IPv6 is not supported and code is not present." "" of 2026-03-03T11:00:00Z: pkg:oci/api@sha256:74ed0db5d3c4b1d6e6b7e0b1b4f9f4a8a3c9e1f2d
CVE-2020-11898 [] affected  "" "Update to 1.4.3." of 2026-03-03T11:00:00Z: pkg:oci/api@sha256:74ed0db5d3c4b1d6e6b7e0b1b4f9f4a8a3c9e1f2d
CVE-2020-11898 [] affected  "" "Update to 1.4.3.; Close the port." of 2026-03-03T11:00:00Z: cpe:2.3:a:example:api:1.4.1:*:*:*:*:*:*:*+#5f70bf1
CVE-2020-11898 [] fixed  "" "" of 2026-03-03T11:00:00Z: pkg:deb/debian/openssl@3.0.1
EX-2 [EX-3] under_investigation  "" "" of 2026-03-03T11:00:00Z: pkg:oci/api@sha256:74ed0db5d3c4b1d6e6b7e0b1b4f9f4a8a3c9e1f2d
note: CVE-2020-11896: products without a package URL, a CPE or a hash are left out (1).
note: CVE-2020-11896: products that are not affected and of which nothing says why are left out (1).
note: The advisory is interim: its publisher expects to change it.
`,
	} {
		t.Run(name, func(t *testing.T) {
			r, err := ingest.Read(sample(t, name))
			if err != nil {
				t.Fatal(err)
			}
			if got := stated(r); got != strings.TrimPrefix(want, "\n") {
				t.Errorf("got\n%s\nwant%s", got, want)
			}
			if r.Vulnerabilities != nil || r.Tests != nil || r.Analysis != nil {
				t.Errorf("%+v", r)
			}
			raw, err := r.VEX.Predicate()
			if err != nil {
				t.Fatal(err)
			}
			if r.VEX, err = openvex.Parse(openvex.TypeV2, raw); err != nil || stated(r) != strings.TrimPrefix(want, "\n") {
				t.Errorf("read again: %v\n%s", err, stated(r))
			}
		})
	}
}

// A statement about what cannot be named must not become one about everything.
func TestVEXOfNothing(t *testing.T) {
	for _, name := range []string{"vex.cdx.json", "csaf.json", "openvex.json"} {
		r, err := ingest.Read(sample(t, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range r.VEX.Statements {
			if len(s.Products) == 0 && s.Vulnerability != "CVE-2021-45046" {
				t.Errorf("%s: %s is about everything", name, s.Vulnerability)
			}
		}
	}
	var refused *ingest.Error
	// The examples of OASIS name products by words alone.
	words := strings.NewReplacer(`"purl"`, `"x_purl"`, `"cpe"`, `"x_cpe"`, `"hashes"`, `"x_hashes"`).Replace(string(sample(t, "csaf.json")))
	if r, err := ingest.Read([]byte(words)); !errors.As(err, &refused) || refused.Where != "/vulnerabilities" {
		t.Errorf("%+v, %v", r, err)
	}
}

// A product of several files is none of them.
func TestCSAFOfSeveralFiles(t *testing.T) {
	one := `{ "algorithm": "sha256", "value": "5F70BF18A086007016E948B04AED3B82103A36BEA41755B6CDDFAF10ACE3C6EF" }`
	raw := strings.Replace(string(sample(t, "csaf.json")), one, one+`, { "algorithm": "sha256", "value": "`+strings.Repeat("a", 64)+`" }`, 1)
	r, err := ingest.Read([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	if slices.ContainsFunc(r.About.Digests, func(d attest.Digest) bool {
		return strings.HasPrefix(d.Hex(), "5f70") || strings.HasPrefix(d.Hex(), "aa")
	}) {
		t.Errorf("%v", r.About.Digests)
	}
}
