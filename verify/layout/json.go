package layout

import (
	stdjson "encoding/json"
	"time"

	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/policy"
)

// Schema names the JSON that [Verdict.JSON] gives. Fields may be added under this name;
// none is removed and none changes its meaning.
const Schema = "https://github.com/carnet-project/carnet/schema/layout/v1"

type documentJSON struct {
	Schema    string         `json:"schema"`
	Allowed   bool           `json:"allowed"`
	Outcome   policy.Outcome `json:"outcome"`
	At        string         `json:"at"`
	Layout    layoutJSON     `json:"layout"`
	Steps     []stepJSON     `json:"steps"`
	ProductOf string         `json:"productOf,omitempty"`
	Products  []productJSON  `json:"products"`
	Findings  []findingJSON  `json:"findings"`
	Aside     []asideJSON    `json:"aside"`
	Notes     []string       `json:"notes"`
}

type layoutJSON struct {
	Digest  string       `json:"digest"`
	Expires string       `json:"expires,omitempty"`
	Owners  []signerJSON `json:"owners"`
}

type signerJSON struct {
	Name  string `json:"name,omitempty"`
	KeyID string `json:"keyid"`
	Key   string `json:"key"`
}

type stepJSON struct {
	Name      string        `json:"name"`
	Threshold int           `json:"threshold"`
	Links     []countedJSON `json:"links"`
	Materials int           `json:"materials"`
	Products  int           `json:"products"`
	Rules     []appliedJSON `json:"rules"`
}

type countedJSON struct {
	File   string     `json:"file"`
	Signer signerJSON `json:"signer"`
}

type appliedJSON struct {
	List   string `json:"list"`
	Rule   string `json:"rule"`
	Took   int    `json:"took"`
	Failed bool   `json:"failed"`
}

type productJSON struct {
	Name    string   `json:"name,omitempty"`
	Digests []string `json:"digests"`
	As      []string `json:"as"`
}

type findingJSON struct {
	Rule     Rule   `json:"rule"`
	Step     string `json:"step,omitempty"`
	Expected string `json:"expected"`
	Found    string `json:"found"`
	Fix      string `json:"fix"`
}

type asideJSON struct {
	File   string        `json:"file"`
	Reason verify.Reason `json:"reason"`
	Why    string        `json:"why"`
}

// JSON is the verdict as one document of the type [Schema].
func (v Verdict) JSON() ([]byte, error) {
	d := documentJSON{
		Schema: Schema, Allowed: v.Allowed(), Outcome: v.Outcome(), At: stamp(v.At), ProductOf: v.ProductOf,
		Layout: layoutJSON{Digest: v.Layout.String(), Owners: []signerJSON{}},
		Steps:  []stepJSON{}, Products: []productJSON{}, Findings: []findingJSON{}, Aside: []asideJSON{}, Notes: append([]string{}, v.Notes...),
	}
	if !v.Expires.IsZero() {
		d.Layout.Expires = v.Expires.Format(time.RFC3339)
	}
	for _, o := range v.Owners {
		d.Layout.Owners = append(d.Layout.Owners, toJSON(o))
	}
	for _, s := range v.Steps {
		d.Steps = append(d.Steps, s.json())
	}
	for _, p := range v.Products {
		product := productJSON{Name: p.Name, Digests: []string{}, As: append([]string{}, p.As...)}
		for _, sum := range p.Digests {
			product.Digests = append(product.Digests, sum.String())
		}
		d.Products = append(d.Products, product)
	}
	for _, f := range v.Findings {
		d.Findings = append(d.Findings, findingJSON(f))
	}
	for _, a := range v.Aside {
		d.Aside = append(d.Aside, asideJSON(a))
	}
	raw, err := stdjson.MarshalIndent(d, "", "  ")
	return append(raw, '\n'), err
}

func (s Step) json() stepJSON {
	told := stepJSON{Name: s.Name, Threshold: s.Threshold, Links: []countedJSON{}, Materials: s.Materials, Products: s.Products, Rules: []appliedJSON{}}
	for _, l := range s.Links {
		told.Links = append(told.Links, countedJSON{l.File, toJSON(l.By)})
	}
	for _, r := range s.Rules {
		told.Rules = append(told.Rules, appliedJSON(r))
	}
	return told
}

func toJSON(s Signer) signerJSON { return signerJSON{s.Name, s.KeyID, s.Key.String()} }
