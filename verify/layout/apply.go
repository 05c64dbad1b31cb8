package layout

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// apply holds the artifacts of each step against its rules. It is false if there is more
// than can be checked.
func (p *plan) apply(steps map[string]transit, verdict *Verdict) bool {
	work := 0
	for i, s := range p.steps {
		t := steps[s.name]
		work += len(s.materials)*len(t.materials) + len(s.products)*len(t.products)
		if work > maxWork {
			verdict.find(bound(fmt.Sprintf("at most %d artifacts times rules", maxWork), "more, up to the step "+s.name))
			return false
		}
		told := &verdict.Steps[i]
		s.applyList("materials", s.materials, t, t.materials, steps, verdict, told)
		s.applyList("products", s.products, t, t.products, steps, verdict, told)
	}
	return true
}

// applyList holds one list against its rules, in their order. Each artifact is taken by the
// first rule that can.
func (s *step) applyList(list string, rules []*rule, t transit, source artifacts, steps map[string]transit, verdict *Verdict, told *Step) {
	q := newQueue(t, source)
	for _, r := range rules {
		took, broken := q.apply(r, steps)
		told.Rules = append(told.Rules, Applied{List: list, Rule: r.text, Took: took, Failed: len(broken) > 0})
		if len(broken) > 0 {
			verdict.find(s.broken(list, r, q, broken))
		}
	}
}

func (s *step) broken(list string, r *rule, q *queue, names []string) Finding {
	f := Finding{Rule: RuleArtifact, Step: s.name}
	if r.verb == "require" {
		f.Expected = fmt.Sprintf("%q among the %s, as %s asks", r.name, list, r.text)
		f.Found = "it is not there, or a rule above took it"
		f.Fix = "find out why the step does not have it; in the layout, REQUIRE stands above the rule that takes the file"
		return f
	}
	f.Expected = fmt.Sprintf("no %s but those that the rules above allow, as %s asks", list, r.text)
	var parts []string
	for i, name := range names {
		if i == maxTold {
			parts = append(parts, fmt.Sprintf("and %d more", len(names)-maxTold))
			break
		}
		part := fmt.Sprintf("%.120q", name)
		if miss := q.misses[name]; miss != "" {
			part += " (" + miss + ")"
		}
		parts = append(parts, part)
	}
	f.Found = strings.Join(parts, ", ")
	f.Fix = "find out where these come from; if they belong there, the layout has to say so: its owners add a rule and sign it again"
	return f
}

// deliver finds each product among those of the step that delivers. Names are decoration
// here: a file may be called anything where it lies.
func (v Verification) deliver(p *plan, steps map[string]transit, verdict *Verdict, products []Product) {
	from := p.steps[len(p.steps)-1]
	if v.ProductOf != "" {
		from = p.byName[v.ProductOf]
	}
	if from == nil {
		verdict.find(Finding{Rule: RuleProduct, Expected: "a step of the layout that delivers", Found: fmt.Sprintf("%.80q, which is none; there are %s", v.ProductOf, quoted(slices.Collect(maps.Keys(p.byName)))), Fix: "name one of them: --product-of STEP"})
		return
	}
	verdict.ProductOf = from.name
	if len(products) == 0 {
		verdict.find(Finding{Rule: RuleProduct, Expected: "a product to judge", Found: "none", Fix: "name the files that were delivered"})
	}
	delivered := steps[from.name].products
	known := delivered != nil || len(verdict.Findings) == 0
	for i, product := range products {
		sums := digests{}
		for _, d := range product.Digests {
			sums[d.Algorithm()] = d.Hex()
		}
		judged := &verdict.Products[i]
		for _, name := range slices.Sorted(maps.Keys(delivered)) {
			if sums.same(delivered[name]) {
				judged.As = append(judged.As, name)
			}
		}
		if known && len(judged.As) == 0 {
			verdict.find(from.foreign(product, sums, delivered))
		}
	}
}

func (s *step) foreign(product Product, sums digests, delivered artifacts) Finding {
	f := Finding{Rule: RuleProduct, Step: s.name, Expected: fmt.Sprintf("%q among the %s of the step %q", product.Name, plural(len(delivered), "product"), s.name), Found: "none that is " + sums.String()}
	names := slices.Sorted(maps.Keys(delivered))
	if i := slices.IndexFunc(names, func(n string) bool { return n == product.Name || strings.HasSuffix(n, "/"+product.Name) }); i >= 0 {
		f.Found += fmt.Sprintf("; %q is %s", names[i], delivered[names[i]])
	}
	f.Fix = "do not use the file unless it is known where it is from; if another step delivers it, name that: --product-of STEP"
	return f
}
