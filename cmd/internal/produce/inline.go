package produce

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"

	urfave "github.com/urfave/cli/v2"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/attest/predicate/reference"
	"github.com/carnet-project/carnet/cmd/internal/cli"
)

// What goes into a statement if nobody says: a log gets the whole statement, and public ones
// take little; for a registry the bound is GitHub's on attestations.
const (
	inlineInLog   = 1 << 20
	inlineElsehow = 16 << 20
)

func inlineFlag() urfave.Flag {
	return &urfave.StringFlag{Name: "inline-limit", Usage: "put predicates of at most `SIZE`, such as 512KiB or 16MiB, into the statement; larger ones are stored beside the image, and the statement refers to them (default: 1MiB where a transparency log gets it, else 16MiB)"}
}

// inlineLimit is up to how many bytes a predicate goes into its statement.
func inlineLimit(c *cli.Call, p plan) (int64, error) {
	text := c.String("inline-limit")
	if text == "" {
		for _, w := range p.Witnesses {
			if w.Kind == placeLog {
				return inlineInLog, nil
			}
		}
		return inlineElsehow, nil
	}
	n, err := parseSize(text)
	if err != nil {
		return 0, cli.Usagef("--inline-limit %v", err)
	}
	if n > maxPredicateBytes {
		return 0, cli.Usagef("--inline-limit %s: no more than %d MiB fit into a bundle", text, maxPredicateBytes>>20)
	}
	return n, nil
}

// parseSize reads a number of bytes: 1000, 512KiB, 16MiB, 1GiB, 10MB.
func parseSize(text string) (int64, error) {
	digits := strings.TrimRight(text, "BKMGTikmgtb")
	unit, known := map[string]int64{"": 1, "b": 1, "k": 1 << 10, "kib": 1 << 10, "m": 1 << 20, "mib": 1 << 20, "g": 1 << 30, "gib": 1 << 30, "kb": 1e3, "mb": 1e6, "gb": 1e9}[strings.ToLower(text[len(digits):])]
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || !known || n < 0 || n > (1<<62)/unit {
		return 0, fmt.Errorf("%q is not a size: want a number of bytes, or one with KiB, MiB or GiB", text)
	}
	return n * unit, nil
}

// delivered says whether the statement or its bundle goes to a file. Then there is no place
// for a document beside it.
func delivered(c *cli.Call) bool { return c.String("statement") != "" || c.String("bundle") != "" }

// byReference stores the predicates that are over the limit as documents beside the nodes that
// they are about, and gives claims whose statements refer to them. It must come before the
// signing: who finds the evidence finds the document, too. Stored again it is the same
// document.
func byReference(ctx context.Context, c *cli.Call, s *subject, signing *signing, claims []claim) ([]claim, error) {
	limit, err := inlineLimit(c, signing.plan)
	if err != nil {
		return nil, err
	}
	next := make([]claim, len(claims))
	for i, one := range claims {
		next[i] = one
		if st := one.statement; int64(len(st.Predicate())) > limit && referable(st.PredicateType()) {
			if next[i].statement, err = referTo(ctx, s, one); err != nil {
				return nil, err
			}
		}
	}
	return next, nil
}

// referable says whether predicates of a type may be documents beside the statement.
func referable(uri string) bool {
	class := predicate.ClassOf(uri)
	return class != predicate.Signature && class != predicate.Reference
}

// referTo stores the predicate of a claim, and states that it is there.
func referTo(ctx context.Context, s *subject, one claim) (*attest.Statement, error) {
	d, err := packDocument(bytes.NewReader(one.statement.Predicate()), one.statement.PredicateType())
	if err != nil {
		return nil, err
	}
	defer d.remove()
	if err := d.store(ctx, s, one.node); err != nil {
		return nil, err
	}
	return d.statement(s, one.node, one.statement.Subjects()...)
}

// referred are the documents that a statement refers to, for who is told what was made.
func referred(st *attest.Statement) []reference.Document {
	if st.PredicateType() != reference.V01 {
		return nil
	}
	r, err := reference.Parse(st.PredicateType(), st.Predicate())
	if err != nil {
		return nil
	}
	return r.Documents
}
