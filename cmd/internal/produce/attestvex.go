package produce

import (
	"slices"
	"strings"
	"time"

	urfave "github.com/urfave/cli/v2"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/oci"
	"github.com/carnet-project/carnet/attest/predicate/openvex"
	"github.com/carnet-project/carnet/cmd/internal/cli"
)

func attestVEX() cli.Command {
	return cli.Command{
		Name: "vex", Usage: "say which vulnerabilities touch an image", Args: "TARGET",
		About: `Writes an OpenVEX document of one statement for each --vulnerability about TARGET, signs
it and stores it there. The product is the image by its digest, and what --component
names the part of it that is meant. Whose word counts is for policies to say.`,
		Arguments: [][2]string{{"TARGET", "REGISTRY/REPO[:TAG][@DIGEST] or oci:DIR[:TAG][@DIGEST]"}},
		Flags:     append(append(vexFlags(), statementFlags()...), cli.RegistryFlags()...),
		Exits:     cli.MakeExits,
		Examples: [][2]string{
			{"code that is not there", "carnet attest vex --vulnerability CVE-2026-1001 --status not_affected --justification vulnerable_code_not_present --component pkg:apk/alpine/openssl@3.0.1-r0 ghcr.io/acme/app:1.4"},
			{"what to do until it is fixed", "carnet attest vex --vulnerability CVE-2026-1002 --status affected --action 'turn off the import' ghcr.io/acme/app:1.4"},
		},
		Run: runAttestVEX,
	}
}

func vexFlags() []urfave.Flag {
	return []urfave.Flag{
		&urfave.StringSliceFlag{Name: "vulnerability", Usage: "the `ID` of a vulnerability, such as CVE-2026-1001; may be given several times"},
		&urfave.StringFlag{Name: "status", Usage: "how it touches the image: `STATUS` is not_affected, affected, fixed or under_investigation"},
		&urfave.StringFlag{Name: "justification", Usage: "why it does not: `REASON` is " + strings.Join(justifications(), ", ")},
		&urfave.StringFlag{Name: "impact", Usage: "why it does not, in `TEXT`"},
		&urfave.StringFlag{Name: "action", Usage: "what to do where it does, in `TEXT`"},
		&urfave.StringSliceFlag{Name: "component", Usage: "the part of the image that is meant, by its package URL `PURL`; default: all of it; may be given several times"},
		&urfave.StringFlag{Name: "from", Usage: "take over the statements of the OpenVEX document in `FILE` that are not about the same"},
		&urfave.StringFlag{Name: "author", Usage: "who says it: `AUTHOR`; default: the identity that signs"},
	}
}

// justifications are OpenVEX's labels (OPENVEX-SPEC.md, "Status Justifications").
func justifications() []string {
	return []string{"component_not_present", "vulnerable_code_not_present", "vulnerable_code_not_in_execute_path",
		"vulnerable_code_cannot_be_controlled_by_adversary", "inline_mitigations_already_exist"}
}

func runAttestVEX(c *cli.Call) error {
	arg, err := c.One("TARGET")
	if err != nil {
		return err
	}
	if err := checkVEX(c); err != nil {
		return err
	}
	var before []openvex.Statement
	if path := c.String("from"); path != "" {
		raw, err := c.ReadInput(path, maxPredicateBytes)
		if err != nil {
			return err
		}
		d, err := openvex.Parse(openvex.Type, raw)
		if err != nil {
			return cli.Usagef("%s is no OpenVEX document: %v", path, err)
		}
		before = d.Statements
	}
	at, err := c.Moment()
	if err != nil {
		return err
	}
	return statePersonally(c, arg, func(s *subject, n artifact.Artifact, by *attest.Certificate) (*attest.Statement, error) {
		d := openvex.Document{Author: c.String("author"), Issued: at.UTC().Truncate(time.Second)}
		if d.Author == "" && by != nil {
			d.Author = by.Subject
		}
		if d.Author == "" {
			return nil, c.Missing("--author AUTHOR: a key does not say whose it is")
		}
		d.Statements = merged(before, vexStatements(c, s, n, d.Issued))
		raw, err := d.Predicate()
		if err != nil {
			return nil, cli.Usagef("the VEX document: %v", err)
		}
		return attest.NewStatement(openvex.TypeV2, raw, attest.NewSubject(s.name(), n.Digest))
	})
}

// checkVEX holds the flags to what the specification asks of statements.
func checkVEX(c *cli.Call) error {
	status, why := openvex.Status(c.String("status")), c.String("justification")
	switch {
	case len(c.StringSlice("vulnerability")) == 0:
		return c.Missing("--vulnerability ID")
	case status == "":
		return c.Missing("--status STATUS")
	case !slices.Contains([]openvex.Status{openvex.NotAffected, openvex.Affected, openvex.Fixed, openvex.UnderInvestigation}, status):
		return cli.Usagef("--status %q is not not_affected, affected, fixed or under_investigation", status)
	case why != "" && !slices.Contains(justifications(), why):
		return cli.Usagef("--justification %q is not one of %s", why, strings.Join(justifications(), ", "))
	case status == openvex.NotAffected && why == "" && c.String("impact") == "":
		return &cli.UsageError{Message: "--status not_affected needs a reason", Hint: "give --justification or --impact"}
	case status != openvex.NotAffected && (why != "" || c.String("impact") != ""):
		return cli.Usagef("--justification and --impact are reasons of --status not_affected, and it is %s", status)
	case status == openvex.Affected && c.String("action") == "":
		return &cli.UsageError{Message: "--status affected needs what to do about it", Hint: "give --action"}
	case status != openvex.Affected && c.String("action") != "":
		return cli.Usagef("--action says what to do where --status is affected, and it is %s", status)
	}
	return nil
}

// vexStatements are those that the flags make about a node.
func vexStatements(c *cli.Call, s *subject, n artifact.Artifact, at time.Time) []openvex.Statement {
	name := s.name()
	if s.target.Scheme != oci.SchemeRegistry {
		name = strings.ToLower(name)
	}
	product := openvex.Product{Component: openvex.Image(name, n.Digest)}
	for _, purl := range c.StringSlice("component") {
		product.Subcomponents = append(product.Subcomponents, openvex.Component{IDs: []string{purl}})
	}
	var all []openvex.Statement
	for _, id := range c.StringSlice("vulnerability") {
		all = append(all, openvex.Statement{
			Vulnerability: id, Products: []openvex.Product{product}, Status: openvex.Status(c.String("status")),
			Justification: c.String("justification"), Impact: c.String("impact"), Action: c.String("action"), At: at,
		})
	}
	return all
}

// merged is what was said before but for what is said anew: of a vulnerability, about the same
// parts of the same image.
func merged(before, now []openvex.Statement) []openvex.Statement {
	kept := slices.DeleteFunc(slices.Clone(before), func(b openvex.Statement) bool {
		return slices.ContainsFunc(now, func(n openvex.Statement) bool {
			return n.Names(b.Vulnerability) && sameProducts(b.Products, n.Products)
		})
	})
	return append(kept, now...)
}

func sameProducts(a, b []openvex.Product) bool {
	return slices.EqualFunc(a, b, func(a, b openvex.Product) bool {
		return slices.Equal(a.IDs, b.IDs) && slices.EqualFunc(a.Subcomponents, b.Subcomponents, func(a, b openvex.Component) bool { return slices.Equal(a.IDs, b.IDs) })
	})
}
