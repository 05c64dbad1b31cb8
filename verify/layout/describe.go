package layout

import (
	"slices"
	"strings"
	"time"

	"github.com/in-toto/in-toto-golang/in_toto"
	"go.yaml.in/yaml/v3"

	"github.com/carnet-project/carnet/verify/internal/strictyaml"
)

// Describe makes a layout of a description in YAML, in which people can read and write it:
// names in the place of key ids, and rules as lines. What publicKey gives for a file that
// the description names is a public key in PEM. Errors in the text have a line and a column.
func Describe(raw []byte, publicKey func(file string) ([]byte, error)) (in_toto.Layout, error) {
	doc, err := strictyaml.Document(raw, "a description of a layout")
	if err != nil {
		return in_toto.Layout{}, err
	}
	d := &description{layout: in_toto.Layout{Type: "layout", Keys: map[string]in_toto.Key{}, Inspect: []in_toto.Inspection{}}, ids: map[string]string{}, publicKey: publicKey}
	err = strictyaml.Mapping(doc, "a description of a layout",
		strictyaml.Required("expires", d.expires),
		strictyaml.Optional("readme", func(n *yaml.Node) (err error) {
			d.layout.Readme, err = strictyaml.Text(n, "readme")
			return err
		}),
		strictyaml.Required("keys", func(n *yaml.Node) error { return strictyaml.Entries(n, "keys", maxKeys, d.key) }),
		strictyaml.Required("steps", func(n *yaml.Node) error { return strictyaml.List(n, "steps", maxSteps, d.node) }),
	)
	if err != nil {
		return in_toto.Layout{}, err
	}
	// Keys may stand below the steps that name them.
	for _, n := range d.steps {
		if err := d.step(n); err != nil {
			return in_toto.Layout{}, err
		}
	}
	return d.layout, nil
}

// A description is a layout that is being read.
type description struct {
	layout    in_toto.Layout
	ids       map[string]string
	publicKey func(file string) ([]byte, error)
	steps     []*yaml.Node
}

func (d *description) expires(n *yaml.Node) error {
	at, err := strictyaml.Date(n, "expires")
	d.layout.Expires = at.UTC().Truncate(time.Second).Format(in_toto.ISO8601DateSchema)
	return err
}

func (d *description) key(name string, _, value *yaml.Node) error {
	file, err := strictyaml.Text(value, "a key's file")
	if err != nil {
		return err
	}
	raw, err := d.publicKey(file)
	if err != nil {
		return strictyaml.At(value, "%v", err)
	}
	k, err := NewKey(raw)
	if err != nil {
		return strictyaml.At(value, "%s: %v", file, err)
	}
	if _, twice := d.layout.Keys[k.KeyID]; twice {
		return strictyaml.At(value, "%s is the key of another name, too", file)
	}
	d.ids[name], d.layout.Keys[k.KeyID] = k.KeyID, k
	return nil
}

func (d *description) node(n *yaml.Node) error {
	d.steps = append(d.steps, n)
	return nil
}

func (d *description) step(n *yaml.Node) error {
	s := in_toto.Step{Type: "step", PubKeys: []string{}, ExpectedCommand: []string{}, Threshold: 1}
	s.ExpectedMaterials, s.ExpectedProducts = [][]string{}, [][]string{}
	err := strictyaml.Mapping(n, "a step",
		strictyaml.Required("name", func(n *yaml.Node) (err error) {
			s.Name, err = strictyaml.Label(n, "a step's name")
			return err
		}),
		strictyaml.Required("functionaries", func(n *yaml.Node) error {
			return strictyaml.List(n, "functionaries", maxKeys, func(n *yaml.Node) error { return d.functionary(n, &s) })
		}),
		strictyaml.Optional("threshold", func(n *yaml.Node) (err error) {
			s.Threshold, err = strictyaml.Whole(n, "threshold", 1, maxKeys)
			return err
		}),
		strictyaml.Optional("command", func(n *yaml.Node) error {
			return strictyaml.List(n, "command", maxRules, func(n *yaml.Node) error {
				word, err := strictyaml.Text(n, "a word of a command")
				s.ExpectedCommand = append(s.ExpectedCommand, word)
				return err
			})
		}),
		strictyaml.Optional("materials", rulesInto(&s.ExpectedMaterials)),
		strictyaml.Optional("products", rulesInto(&s.ExpectedProducts)),
	)
	d.layout.Steps = append(d.layout.Steps, s)
	return err
}

func (d *description) functionary(n *yaml.Node, s *in_toto.Step) error {
	name, err := strictyaml.Label(n, "a functionary")
	if err != nil {
		return err
	}
	id, known := d.ids[name]
	if !known {
		return strictyaml.At(n, "%q is no name of keys", name)
	}
	if slices.Contains(s.PubKeys, id) {
		return strictyaml.At(n, "%q is there twice", name)
	}
	s.PubKeys = append(s.PubKeys, id)
	return nil
}

// rulesInto reads artifact rules: a line, of which the words are those of the rule, or a
// list of words where one has a space in it.
func rulesInto(into *[][]string) func(*yaml.Node) error {
	return func(n *yaml.Node) error {
		return strictyaml.List(n, "rules", maxRules, func(n *yaml.Node) error {
			words, err := ruleWords(n)
			if err != nil {
				return err
			}
			if _, err := parseRule(words, func(text string) string { return text }); err != nil {
				return strictyaml.At(n, "%v", err)
			}
			*into = append(*into, words)
			return nil
		})
	}
}

func ruleWords(n *yaml.Node) ([]string, error) {
	if n.Kind != yaml.SequenceNode {
		line, err := strictyaml.Text(n, "a rule")
		if words := strings.Fields(line); err != nil || len(words) > 0 {
			return words, err
		}
		return nil, strictyaml.At(n, "a rule without a word")
	}
	var words []string
	err := strictyaml.List(n, "a rule", 10, func(n *yaml.Node) error {
		word, err := strictyaml.Text(n, "a word of a rule")
		words = append(words, word)
		return err
	})
	return words, err
}
