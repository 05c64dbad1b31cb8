package document

import (
	"strings"
	"time"

	"github.com/carnet-project/carnet/verify/policy"
)

// maxException is how long an exception may last.
const maxException = 90 * 24 * time.Hour

// never are the rules to which no exception applies, whatever a document says: those of
// the policy and of the verification itself, and what is judged at all; and whatever tells of
// broken evidence, "signature.invalid" and the like.
func never() []string {
	return []string{"policy.*", "verify.*", "image.digest"}
}

func (c *checker) exceptions() error {
	seen := map[string]int{}
	for i, e := range c.doc.Exceptions {
		at := path{"exceptions", i}
		if line, twice := seen[e.ID]; twice {
			return c.at(at.to("id"), "the exception %s is there twice: it is in line %d already", e.ID, line)
		}
		seen[e.ID] = e.Line
		if err := c.exception(e, at); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) exception(e policy.Exception, at path) error {
	if strings.HasSuffix(e.Rule, "*") {
		return c.at(at.to("rule"), "the exception %s is for %s: it must be for one rule", e.ID, e.Rule)
	}
	if covering(e.Rule, never()) != "" || strings.HasSuffix(e.Rule, ".invalid") {
		return c.at(at.to("rule"), "the exception %s is for %s, which may never be excepted", e.ID, e.Rule)
	}
	if p := covering(e.Rule, c.doc.NeverExcept); p != "" {
		return c.at(at.to("rule"), "the exception %s is for %s, which neverExcept forbids by %s", e.ID, e.Rule, p)
	}
	if err := c.rule(e.Rule); err != nil {
		return c.at(at.to("rule"), "the exception %s: %v", e.ID, err)
	}
	switch length := e.Expires.Sub(e.Created); {
	case length <= 0:
		return c.at(at.to("expires"), "the exception %s expires before it was created", e.ID)
	case length > maxException:
		return c.at(at.to("expires"), "the exception %s lasts %d days, and may last 90 at most", e.ID, int(length.Hours()/24))
	}
	return nil
}

// covering is the pattern, an id or "section.*", that covers the rule; "" if none does.
func covering(rule string, patterns []string) string {
	for _, p := range patterns {
		section, whole := strings.CutSuffix(p, "*")
		if p == rule || whole && strings.HasPrefix(rule, section) {
			return p
		}
	}
	return ""
}
