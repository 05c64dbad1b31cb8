package layout

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/in-toto/in-toto-golang/in_toto"
)

// artifacts are the materials or products of a link: digests by name.
type artifacts map[string]digests

// digests are lower-case hexadecimal values by algorithm.
type digests map[string]string

// strong are the algorithms by which artifacts are compared.
var strong = []string{"sha256", "sha384", "sha512"}

// same says whether two artifacts are one: they have a strong digest in common and none
// that differs.
func (d digests) same(o digests) bool {
	common := false
	for _, algorithm := range strong {
		a, b := d[algorithm], o[algorithm]
		if a == "" || b == "" {
			continue
		}
		if a != b {
			return false
		}
		common = true
	}
	return common
}

func (d digests) String() string {
	for _, algorithm := range strong {
		if v := d[algorithm]; v != "" {
			return algorithm + ":" + v
		}
	}
	if len(d) == 0 {
		return "no digest"
	}
	return "only a weak digest (" + strings.Join(slices.Sorted(maps.Keys(d)), ", ") + ")"
}

// A rule is an artifact rule of a step (in-toto specification 1.0, 4.3.3).
type rule struct {
	text string
	// verb is create, delete, modify, allow, disallow, require or match.
	verb string
	// name is the pattern, cleaned, and pattern what it is for all but require.
	name    string
	pattern *regexp.Regexp
	// from is the step on the other side of match, products which of its lists, and the
	// prefixes are what names lose on this side and get on the other.
	from, fromPrefix, inPrefix string
	products                   bool
}

// parseRule reads a rule. Parameters are substituted in patterns and prefixes only: what
// kind of rule it is, and of which step it speaks, is the layout's to say.
func parseRule(words []string, substitute func(string) string) (*rule, error) {
	if len(words) == 0 {
		return nil, fmt.Errorf("a rule without a word")
	}
	data, err := in_toto.UnpackRule(words)
	if err != nil {
		return nil, fmt.Errorf("%s is no rule of in-toto", quoteWords(words))
	}
	r := &rule{verb: data["type"], from: data["dstName"], products: data["dstType"] == "products"}
	if r.verb == "match" && !r.products && data["dstType"] != "materials" {
		return nil, fmt.Errorf("%s: a MATCH is WITH MATERIALS or WITH PRODUCTS", quoteWords(words))
	}
	pattern := substitute(data["pattern"])
	r.inPrefix, r.fromPrefix = prefix(substitute(data["srcPrefix"])), prefix(substitute(data["dstPrefix"]))
	r.text = quoteWords(substituted(words, substitute))
	r.name = path.Clean(pattern)
	if r.verb == "require" {
		if pattern == "" || strings.ContainsAny(pattern, `*?[\`) {
			return nil, fmt.Errorf("%s: REQUIRE takes the name of one file", quoteWords(words))
		}
		return r, nil
	}
	r.pattern, err = compile(pattern)
	return r, err
}

// substituted are a rule's words as they are meant.
func substituted(words []string, substitute func(string) string) []string {
	all := slices.Clone(words)
	for i := range all {
		if i == 1 || i > 1 && strings.EqualFold(words[i-1], "in") {
			all[i] = substitute(all[i])
		}
	}
	return all
}

func prefix(p string) string {
	if p = path.Clean(p); p == "." {
		return ""
	}
	return strings.TrimSuffix(p, "/") + "/"
}

func quoteWords(words []string) string {
	return fmt.Sprintf("%.300s", strings.Join(words, " "))
}

// A transit is what one step took in and gave out.
type transit struct{ materials, products artifacts }

// created, deleted and modified are names that are in only one of the lists, or in both
// and differ.
func (t transit) is(verb, name string) bool {
	m, isMaterial := t.materials[name]
	p, isProduct := t.products[name]
	switch verb {
	case "create":
		return isProduct && !isMaterial
	case "delete":
		return isMaterial && !isProduct
	case "modify":
		return isMaterial && isProduct && !m.same(p)
	}
	return false
}

// A queue is the artifacts of one list that no rule has taken yet, with why a MATCH left
// some of them.
type queue struct {
	of     transit
	source artifacts
	left   map[string]bool
	misses map[string]string
}

func newQueue(of transit, source artifacts) *queue {
	q := &queue{of: of, source: source, left: map[string]bool{}, misses: map[string]string{}}
	for name := range source {
		q.left[name] = true
	}
	return q
}

// apply takes from the queue what the rule allows and says how many that are. What breaks
// a DISALLOW or a REQUIRE is in broken.
func (q *queue) apply(r *rule, steps map[string]transit) (consumed int, broken []string) {
	if r.verb == "require" {
		if !q.left[r.name] {
			return 0, []string{r.name}
		}
		return 0, nil
	}
	for _, name := range slices.Sorted(maps.Keys(q.left)) {
		if !q.takes(r, name, steps) {
			continue
		}
		if r.verb == "disallow" {
			broken = append(broken, name)
			continue
		}
		delete(q.left, name)
		consumed++
	}
	return consumed, broken
}

func (q *queue) takes(r *rule, name string, steps map[string]transit) bool {
	if r.verb == "match" {
		return q.matches(r, name, steps)
	}
	if !r.pattern.MatchString(name) {
		return false
	}
	return r.verb == "allow" || r.verb == "disallow" || q.of.is(r.verb, name)
}

// matches says whether the other step of a MATCH has the same artifact, under the name
// with the one prefix replaced by the other.
func (q *queue) matches(r *rule, name string, steps map[string]transit) bool {
	base, inside := strings.CutPrefix(name, r.inPrefix)
	if !inside || !r.pattern.MatchString(base) {
		return false
	}
	there, list := steps[r.from].materials, "materials"
	if r.products {
		there, list = steps[r.from].products, "products"
	}
	other := path.Join(r.fromPrefix, base)
	found, ok := there[other]
	switch {
	case !ok:
		q.misses[name] = fmt.Sprintf("here it is %s, and there is no %.120q among the %s of step %q", q.source[name], other, list, r.from)
		return false
	case !q.source[name].same(found):
		q.misses[name] = fmt.Sprintf("here it is %s, and %.120q among the %s of step %q is %s", q.source[name], other, list, r.from, found)
		return false
	}
	return true
}
