package ingest

import (
	"slices"
	"strings"

	packageurl "github.com/package-url/packageurl-go"

	"github.com/carnet-project/carnet/attest/predicate/cyclonedx"
	"github.com/carnet-project/carnet/attest/predicate/openvex"
	"github.com/carnet-project/carnet/attest/predicate/vuln"
)

// cycloneDX is a CycloneDX document with vulnerabilities. One that analyses any of them is VEX.
func cycloneDX() format {
	return format{CycloneDX, func(raw []byte) bool { return has(raw, "bomFormat") }, readCycloneDX}
}

func readCycloneDX(raw []byte) (*Report, error) {
	found, err := cyclonedx.Disclose(cyclonedx.Type, raw)
	if err != nil {
		return nil, refused(CycloneDX, err)
	}
	if found.VEX == nil {
		return scanned(CycloneDX, raw, func([]byte) (*vuln.Scan, error) { return &found.Scan, nil })
	}
	d := *found.VEX
	r := &Report{}
	d.Statements = nil
	for _, s := range found.VEX.Statements {
		if said, why := spoken(s); why == "" {
			d.Statements = append(d.Statements, said)
		} else {
			r.note("The analysis of %s is left out: %s.", s.Vulnerability, why)
		}
	}
	if len(d.Statements) == 0 {
		return nil, unlike(CycloneDX, "/vulnerabilities", "an analysis of a vulnerability that says what and why", "none")
	}
	if found.Open > 0 {
		r.note("%d of the vulnerabilities are not analysed and are left out: the document is read as VEX, and not as a scan.", found.Open)
	}
	notes := r.Notes
	r = vexed(CycloneDX, &d)
	r.Notes = append(notes, r.Notes...)
	r.Tool = Tool{Name: found.Scan.Scanner.Name, Version: found.Scan.Scanner.Version, URI: found.Scan.Scanner.URI}
	r.About.Name = found.Scan.Target
	r.digests(found.Scan.Digests)
	return r, nil
}

// spoken is a statement of CycloneDX in the words of OpenVEX, or why it cannot be said in them.
func spoken(s openvex.Statement) (openvex.Statement, string) {
	label, words := justification(s.Justification), s.Justification
	s.Justification = label
	if label == "" && words != "" {
		// What OpenVEX has no label for is still why.
		s.Impact = strings.TrimSuffix(words+": "+s.Impact, ": ")
	}
	switch {
	case s.Status == openvex.NotAffected && !s.Explained():
		return s, "it says not affected, and nothing why"
	case s.Status == openvex.Affected && s.Action == "":
		s.Action = unsaidAction
	}
	named := slices.DeleteFunc(slices.Clone(s.Products), func(p openvex.Product) bool {
		_, err := packageurl.FromString(p.IDs[0])
		return err != nil
	})
	if len(named) == 0 && len(s.Products) > 0 {
		// A statement without products would be about everything.
		return s, "it names only what the document has no package URL for"
	}
	s.Products = named
	return s, ""
}

// unsaidAction stands where OpenVEX asks what to do and the author did not say.
const unsaidAction = "The author states no action."

// justification is the label of OpenVEX for one of CycloneDX 1.4 and later (analysis.justification), or nothing
// where OpenVEX has none.
func justification(s string) string {
	switch s {
	case "code_not_present":
		return "vulnerable_code_not_present"
	case "code_not_reachable":
		return "vulnerable_code_not_in_execute_path"
	case "protected_by_compiler", "protected_at_runtime", "protected_at_perimeter", "protected_by_mitigating_control":
		return "inline_mitigations_already_exist"
	}
	return ""
}

// images are the digests of a component that is an image: in a package URL of type oci or docker, or as a hash.
func images(c openvex.Component) []string {
	var digests []string
	for _, id := range c.IDs {
		if p, err := packageurl.FromString(id); err == nil && (p.Type == packageurl.TypeOCI || p.Type == packageurl.TypeDocker) && strings.HasPrefix(p.Version, "sha256:") {
			digests = append(digests, p.Version)
		}
	}
	if hash := c.Hashes["sha-256"]; hash != "" {
		digests = append(digests, "sha256:"+strings.ToLower(hash))
	}
	return digests
}
