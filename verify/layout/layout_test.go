package layout_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/in-toto/in-toto-golang/in_toto"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/verify/layout"
	"github.com/carnet-project/carnet/verify/policy"
)

func TestZeroVerdictDenies(t *testing.T) {
	if (layout.Verdict{}).Allowed() || (layout.Verification{}).Judge().Allowed() {
		t.Error("nothing was judged, and it is allowed")
	}
}

// Every kind of key and both wrappings, for layouts and links, and attestations.
func TestAllFormsVerify(t *testing.T) {
	for _, kind := range []string{"ed25519", "p256", "p384", "rsa"} {
		for _, w := range []layout.Wrapping{layout.DSSE, layout.Metablock} {
			s := newScene(t)
			s.alice, s.dave = newPerson(t, kind), newPerson(t, kind)
			s.wrapping, s.owners = w, []layout.Owner{s.alice.owner(t, "alice.pub")}
			s.layout.Keys[s.dave.public.KeyID] = s.dave.public
			s.layout.Steps[1].PubKeys = []string{s.dave.public.KeyID}
			build := linkOf("build", source, built)
			for form, raw := range map[string][]byte{
				"metablock": s.dave.metablock(t, build), "dsse": s.dave.envelope(t, build),
				"bundle": s.dave.bundle(t, build), "statement": s.dave.plainStatement(t, build),
			} {
				s.links["build.link"] = raw
				if v := s.judge(t); !v.Allowed() {
					t.Errorf("%s, layout in %s, link as %s: %+v %+v", kind, w, form, v.Findings, v.Aside)
				}
			}
		}
	}
}

// in-toto-golang takes the layouts that carnet makes and signs.
func TestInTotoAcceptsOurs(t *testing.T) {
	for _, kind := range []string{"ed25519", "p256", "p384", "rsa"} {
		for _, w := range []layout.Wrapping{layout.DSSE, layout.Metablock} {
			s := newScene(t)
			s.layout.Expires = "2999-01-01T00:00:00Z" // it asks the machine's clock
			s.alice, s.wrapping = newPerson(t, kind), w
			dir := t.TempDir()
			must(t, os.WriteFile(dir+"/root.layout", s.signed(t), 0o600))
			must(t, os.WriteFile(fmt.Sprintf("%s/write.%.8s.link", dir, s.bob.private.KeyID), s.links["write.link"], 0o600))
			must(t, os.WriteFile(fmt.Sprintf("%s/build.%.8s.link", dir, s.dave.private.KeyID), s.links["build.link"], 0o600))
			m, err := in_toto.LoadMetadata(dir + "/root.layout")
			must(t, err)
			if _, err := in_toto.InTotoVerify(m, map[string]in_toto.Key{s.alice.public.KeyID: s.alice.public}, dir, "", nil, nil, false); err != nil {
				t.Errorf("%s, %s: %v", kind, w, err)
			}
		}
	}
}

// A case changes one thing of a supply chain that went well, and says what then denies.
type failing struct {
	name   string
	change func(t *testing.T, s *scene)
	rule   layout.Rule
	// says is in what was expected or found.
	says string
}

func TestWhatDenies(t *testing.T) {
	cases := slices.Concat(layoutCases(), linkCases(), ruleCases(), productCases())
	seen := map[layout.Rule]bool{layout.RuleUnreadable: true, layout.RuleSignatureInvalid: true, layout.RuleBound: true}
	base := newScene(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := base.clone()
			s.layout.Steps = slices.Clone(base.layout.Steps)
			c.change(t, s)
			v := s.judge(t)
			if v.Allowed() || v.Outcome() != c.rule.Outcome() {
				t.Fatalf("outcome %s: %+v", v.Outcome(), v.Findings)
			}
			i := slices.IndexFunc(v.Findings, func(f layout.Finding) bool { return f.Rule == c.rule })
			if i < 0 {
				t.Fatalf("want %s: %+v", c.rule, v.Findings)
			}
			f := v.Findings[i]
			if !strings.Contains(f.Expected+" / "+f.Found, c.says) || f.Fix == "" {
				t.Errorf("want %q: %+v", c.says, f)
			}
		})
		seen[c.rule] = true
	}
	for _, r := range layout.Rules() {
		if !seen[r] {
			t.Errorf("no case for %s", r)
		}
	}
}

func layoutCases() []failing {
	return []failing{
		{"expired", func(_ *testing.T, s *scene) { s.layout.Expires = "2026-11-21T23:59:59Z" }, layout.RuleExpired, "it ended at 2026-11-21"},
		{"no time", func(_ *testing.T, s *scene) { s.at = time.Time{} }, layout.RuleExpired, "a time for which is judged"},
		{"no owner trusted", func(_ *testing.T, s *scene) { s.owners = nil }, layout.RuleSignature, "none was named"},
		{"another owner", func(t *testing.T, s *scene) { s.owners = []layout.Owner{s.bob.owner(t, "bob.pub")} }, layout.RuleSignature, "not by key bob.pub"},
		{"a second owner did not sign", func(t *testing.T, s *scene) { s.owners = append(slices.Clone(s.owners), s.bob.owner(t, "bob.pub")) }, layout.RuleSignature, "by 2 of 2 owners"},
		{"one owner twice is one", func(t *testing.T, s *scene) {
			s.owners, s.threshold = append(slices.Clone(s.owners), s.alice.owner(t, "again.pub")), 2
		}, layout.RuleSignature, "by 2 of 1 owners"},
		{"inspections", func(_ *testing.T, s *scene) {
			i := in_toto.Inspection{Type: "inspection", Run: []string{"touch", "ran"}}
			i.Name = "look"
			s.layout.Inspect = []in_toto.Inspection{i}
		}, layout.RuleInspection, `"look"`},
		{"key under another's id", func(_ *testing.T, s *scene) {
			spoof := s.carol.public
			spoof.KeyID = s.dave.public.KeyID
			s.layout.Keys = map[string]in_toto.Key{s.bob.public.KeyID: s.bob.public, s.carol.public.KeyID: s.carol.public, spoof.KeyID: spoof}
		}, layout.RuleKey, "and its id is"},
		{"key listed under an id that is not its own", func(_ *testing.T, s *scene) {
			s.layout.Keys = map[string]in_toto.Key{s.bob.public.KeyID: s.carol.public}
		}, layout.RuleKey, "calls itself"},
		{"private key", func(_ *testing.T, s *scene) {
			s.layout.Keys = map[string]in_toto.Key{s.dave.public.KeyID: s.dave.private}
		}, layout.RuleKey, "private part"},
		{"weak key type", func(_ *testing.T, s *scene) {
			k := s.dave.public
			k.KeyType = "rsa"
			s.layout.Keys = map[string]in_toto.Key{k.KeyID: k}
		}, layout.RuleKey, "its id is"},
		{"functionary without a key", func(_ *testing.T, s *scene) { s.layout.Steps[0].PubKeys = []string{strings.Repeat("0", 64)} }, layout.RuleUnsound, "which is not or can't be used"},
		{"threshold of 0", func(_ *testing.T, s *scene) { s.layout.Steps[0].Threshold = 0 }, layout.RuleUnsound, "at least 1"},
		{"threshold below 0", func(_ *testing.T, s *scene) { s.layout.Steps[0].Threshold = -1 }, layout.RuleUnsound, "at least 1"},
		{"threshold over the keys", func(_ *testing.T, s *scene) { s.layout.Steps[1].Threshold = 2 }, layout.RuleUnsound, "at least 2 different keys"},
		{"certificates alone", func(_ *testing.T, s *scene) {
			s.layout.Steps[1].PubKeys = nil
			s.layout.Steps[1].CertificateConstraints = []in_toto.CertificateConstraint{{CommonName: "*"}}
		}, layout.RuleUnsound, "not supported"},
		{"no steps", func(_ *testing.T, s *scene) { s.layout.Steps = nil }, layout.RuleUnsound, "1 to 200 steps"},
		{"two steps of a name", func(_ *testing.T, s *scene) { s.layout.Steps[1].Name = "write" }, layout.RuleUnsound, "two steps"},
		{"no expiry", func(_ *testing.T, s *scene) { s.layout.Expires = "never" }, layout.RuleUnsound, "expiry"},
		{"empty rule", func(_ *testing.T, s *scene) { s.layout.Steps[0].ExpectedProducts = [][]string{{}} }, layout.RuleUnsound, "without a word"},
		{"unknown rule", func(_ *testing.T, s *scene) { s.layout.Steps[0].ExpectedProducts = [][]string{{"PERMIT", "*"}} }, layout.RuleUnsound, "no rule of in-toto"},
		{"match with neither list", func(_ *testing.T, s *scene) {
			s.layout.Steps[1].ExpectedMaterials = [][]string{{"MATCH", "*", "WITH", "BYPRODUCTS", "FROM", "write"}}
		}, layout.RuleUnsound, "WITH MATERIALS or WITH PRODUCTS"},
		{"match with no step", func(_ *testing.T, s *scene) {
			s.layout.Steps[1].ExpectedMaterials = [][]string{{"MATCH", "*", "WITH", "PRODUCTS", "FROM", "wrote"}}
		}, layout.RuleUnsound, `no step "wrote"`},
		{"open bracket, which others take for a pattern that matches nothing", func(_ *testing.T, s *scene) { s.layout.Steps[0].ExpectedProducts = [][]string{{"DISALLOW", "["}} }, layout.RuleUnsound, "no ]"},
		{"backslash", func(_ *testing.T, s *scene) { s.layout.Steps[0].ExpectedProducts = [][]string{{"DISALLOW", `\*`}} }, layout.RuleUnsound, "backslash"},
		{"parameter missing", func(_ *testing.T, s *scene) {
			s.layout.Steps[0].ExpectedProducts = [][]string{{"ALLOW", "{dir}/*"}}
		}, layout.RuleParameter, `no value for "dir"`},
		{"parameter unknown", func(_ *testing.T, s *scene) { s.parameters = map[string]string{"dir": "x"} }, layout.RuleParameter, "does not have"},
		{"parameter that is a pattern", func(_ *testing.T, s *scene) {
			s.layout.Steps[0].ExpectedProducts = [][]string{{"ALLOW", "{dir}"}, {"DISALLOW", "*"}}
			s.parameters = map[string]string{"dir": "*"}
		}, layout.RuleParameter, "pattern"},
	}
}

func linkCases() []failing {
	return []failing{
		{"first link dropped", func(_ *testing.T, s *scene) { delete(s.links, "write.link") }, layout.RuleThreshold, "links by 0"},
		{"last link dropped", func(_ *testing.T, s *scene) { delete(s.links, "build.link") }, layout.RuleThreshold, "links by 0"},
		{"threshold by one key twice", func(t *testing.T, s *scene) {
			s.layout.Steps[0].Threshold = 2
			s.links["write.again.link"] = s.bob.envelope(t, linkOf("write", nil, source))
		}, layout.RuleThreshold, "links by 1"},
		{"threshold by one key under two ids", func(t *testing.T, s *scene) {
			twin := s.bob.public
			twin.KeyIDHashAlgorithms = []string{"sha512"}
			twin.KeyID = idOf(t, twin)
			s.layout.Keys = map[string]in_toto.Key{s.bob.public.KeyID: s.bob.public, twin.KeyID: twin, s.dave.public.KeyID: s.dave.public}
			s.layout.Steps[0].PubKeys, s.layout.Steps[0].Threshold = []string{s.bob.public.KeyID, twin.KeyID}, 2
		}, layout.RuleUnsound, "at least 2 different keys"},
		{"by a key of another step", func(t *testing.T, s *scene) {
			s.links["build.link"] = s.bob.metablock(t, linkOf("build", source, built))
		}, layout.RuleThreshold, "who may not do the step"},
		{"by a stranger", func(t *testing.T, s *scene) {
			s.links["build.link"] = newPerson(t, "p256").metablock(t, linkOf("build", source, built))
		}, layout.RuleThreshold, "no key of the layout"},
		{"by a stranger in a bundle", func(t *testing.T, s *scene) {
			s.links["build.link"] = newPerson(t, "p256").bundle(t, linkOf("build", source, built))
		}, layout.RuleThreshold, "links by 0"},
		{"a stranger's under a functionary's id", func(t *testing.T, s *scene) {
			spoof := newPerson(t, "p256")
			spoof.private.KeyID = s.dave.private.KeyID
			s.links["build.link"] = spoof.metablock(t, linkOf("build", source, built))
		}, layout.RuleLinkInvalid, "do not match its signature"},
		{"changed after signing", func(_ *testing.T, s *scene) {
			s.links["build.link"] = []byte(strings.Replace(string(s.links["build.link"]), "dist/app", "dist/ape", 1))
		}, layout.RuleLinkInvalid, `"build.link"`},
		{"another step under the file's name", func(t *testing.T, s *scene) {
			s.links["build.link"] = s.dave.metablock(t, linkOf("write", source, built))
		}, layout.RuleThreshold, "links by 0"},
		{"two that disagree", func(t *testing.T, s *scene) {
			s.links["write.carol.link"] = s.carol.metablock(t, linkOf("write", nil, files{"main.go": "package evil", "go.mod": "module app"}))
		}, layout.RuleDisagreement, `the product "main.go"`},
		{"one has more", func(t *testing.T, s *scene) {
			s.links["write.carol.link"] = s.carol.metablock(t, linkOf("write", nil, files{"main.go": "package main"}))
		}, layout.RuleDisagreement, `only one has the product "go.mod"`},
		{"a layout in a link's place", func(t *testing.T, s *scene) {
			raw, err := layout.New(s.layout, layout.DSSE)
			must(t, err)
			s.links["build.link"] = s.dave.signs(t, raw)
		}, layout.RuleThreshold, "layouts below a layout"},
	}
}

func ruleCases() []failing {
	build := func(t *testing.T, s *scene, materials, products files) {
		s.links["build.link"] = s.dave.metablock(t, linkOf("build", materials, products))
	}
	return []failing{
		{"material that nobody wrote", func(t *testing.T, s *scene) {
			build(t, s, files{"main.go": "package main", "go.mod": "module app", "evil.go": "x"}, built)
		}, layout.RuleArtifact, `"evil.go" (here it is sha256:` + attest.SHA256([]byte("x")).Hex() + `, and there is no "evil.go" among the products of step "write")`},
		{"material that was changed between the steps", func(t *testing.T, s *scene) {
			build(t, s, files{"main.go": "package evil", "go.mod": "module app"}, built)
		}, layout.RuleArtifact, `and "main.go" among the products of step "write" is sha256:` + attest.SHA256([]byte("package main")).Hex()},
		{"required material", func(t *testing.T, s *scene) { build(t, s, files{"main.go": "package main"}, built) }, layout.RuleArtifact, "REQUIRE go.mod"},
		{"product that is not allowed", func(t *testing.T, s *scene) {
			build(t, s, source, files{"dist/app": "the program", "tmp": "x"})
		}, layout.RuleArtifact, `"tmp"`},
		{"CREATE of what was there", func(t *testing.T, s *scene) {
			s.layout.Steps[1].ExpectedMaterials = nil
			build(t, s, files{"dist/app": "old"}, built)
		}, layout.RuleArtifact, `"dist/app"`},
		{"MODIFY of what is the same", func(t *testing.T, s *scene) {
			s.layout.Steps[1].ExpectedProducts = [][]string{{"MODIFY", "*"}, {"DISALLOW", "main.go"}}
			build(t, s, source, files{"main.go": "package main", "dist/app": "the program"})
		}, layout.RuleArtifact, `"main.go"`},
		{"DELETE of what is still there", func(t *testing.T, s *scene) {
			s.layout.Steps[1].ExpectedMaterials = [][]string{{"DELETE", "*"}, {"DISALLOW", "*"}}
			build(t, s, source, files{"main.go": "package main", "dist/app": "the program"})
		}, layout.RuleArtifact, `"main.go"`},
		{"MATCH of what lacks the prefix", func(_ *testing.T, s *scene) {
			s.layout.Steps[1].ExpectedMaterials = [][]string{{"MATCH", "*", "IN", "src", "WITH", "PRODUCTS", "FROM", "write"}, {"DISALLOW", "*"}}
		}, layout.RuleArtifact, `"go.mod", "main.go"`},
		{"weak digests match nothing", func(t *testing.T, s *scene) {
			weak := map[string]in_toto.HashObj{"main.go": {"sha1": "aa"}, "go.mod": {"sha1": "bb"}}
			w, b := linkOf("write", nil, nil), linkOf("build", nil, built)
			w.Products, b.Materials = weak, weak
			s.links["write.link"], s.links["build.link"] = s.bob.metablock(t, w), s.dave.metablock(t, b)
		}, layout.RuleArtifact, "only a weak digest (sha1)"},
	}
}

func productCases() []failing {
	return []failing{
		{"another file", func(_ *testing.T, s *scene) {
			s.product.Digests = []attest.Digest{attest.SHA256([]byte("evil"))}
		}, layout.RuleProduct, `"dist/app" is sha256:`},
		{"a product of the step before", func(_ *testing.T, s *scene) {
			s.product.Digests = []attest.Digest{attest.SHA256([]byte("package main"))}
		}, layout.RuleProduct, `step "build"`},
		{"no digest", func(_ *testing.T, s *scene) { s.product.Digests = nil }, layout.RuleProduct, "no digest"},
		{"a step that is none", func(_ *testing.T, s *scene) { s.productOf = "ship" }, layout.RuleProduct, `"ship"`},
	}
}

func TestWhatAllows(t *testing.T) {
	base := newScene(t)
	for name, change := range map[string]func(s *scene){
		"as it is": func(*scene) {},
		"junk beside the links": func(s *scene) {
			s.links["a.link"], s.links["b.json"], s.links["c"] = []byte("{"), []byte(`{"a": 1}`), nil
			s.links["write.stranger.link"] = newPerson(t, "p256").metablock(t, linkOf("write", nil, files{"x": "y"}))
			s.links["other.link"] = s.bob.metablock(t, linkOf("other", nil, nil))
			s.links["build.bob.link"] = s.bob.bundle(t, linkOf("build", nil, files{"x": "y"}))
		},
		"a changed link beside a good one": func(s *scene) {
			s.links["write.changed.link"] = []byte(strings.Replace(string(s.links["write.link"]), "main.go", "main.no", 1))
		},
		"other names of the files": func(s *scene) {
			s.links["x"], s.links["y"] = s.links["write.link"], s.links["build.link"]
			delete(s.links, "write.link")
			delete(s.links, "build.link")
		},
		"a threshold that two meet": func(s *scene) {
			s.layout.Steps[0].Threshold = 2
			s.links["write.carol.link"] = s.carol.bundle(t, linkOf("write", nil, source))
		},
		"one of two owners": func(s *scene) {
			s.owners, s.threshold = append(slices.Clone(s.owners), s.bob.owner(t, "bob.pub")), 1
		},
		"a parameter": func(s *scene) {
			s.layout.Steps[1].ExpectedProducts = [][]string{{"CREATE", "{dir}/*"}, {"DISALLOW", "*"}}
			s.parameters = map[string]string{"dir": "dist"}
		},
		"prefixes on both sides": func(s *scene) {
			s.layout.Steps[1].ExpectedMaterials = [][]string{{"MATCH", "*", "IN", "src", "WITH", "PRODUCTS", "FROM", "write"}, {"DISALLOW", "*"}}
			s.links["build.link"] = s.dave.metablock(t, linkOf("build", files{"src/main.go": "package main", "src/go.mod": "module app"}, built))
		},
		"the products of an earlier step": func(s *scene) {
			s.productOf, s.product.Digests = "write", []attest.Digest{attest.SHA256([]byte("package main"))}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := base.clone()
			s.layout.Steps = slices.Clone(base.layout.Steps)
			change(s)
			if v := s.judge(t); !v.Allowed() {
				t.Errorf("%+v %+v", v.Findings, v.Aside)
			}
		})
	}
}

func TestUnreadableLayouts(t *testing.T) {
	s := newScene(t)
	s.wrapping = layout.Metablock
	good := string(s.signed(t))
	for name, raw := range map[string]string{
		"nothing": "", "no object": "[]", "null": "null", "no metadata": `{"a": 1}`, "trailing": good + "x",
		"a link":          string(s.links["write.link"]),
		"duplicate":       strings.Replace(good, `"steps":`, `"steps": [], "steps":`, 1),
		"duplicate below": strings.Replace(good, `"threshold":`, `"threshold": 1, "threshold":`, 1),
		"case":            strings.Replace(good, `"expires":`, `"Expires":`, 1),
		"unknown":         strings.Replace(good, `"expires":`, `"until": 1, "expires":`, 1),
		"two wrappings":   strings.Replace(good, `"signatures":`, `"payloadType": "x", "signatures":`, 1),
		"no hexadecimal":  strings.Replace(good, `"sig": "`, `"sig": "x`, 1),
		"deep":            strings.Repeat(`{"signed":`, 20_000),
		"large":           good + strings.Repeat(" ", layout.MaxLayoutBytes),
	} {
		v := s.verification([]byte(raw)).Judge(s.product)
		if v.Outcome() != policy.Invalid || !slices.Equal(rules(v), []layout.Rule{layout.RuleUnreadable}) {
			t.Errorf("%s: %s %+v", name, v.Outcome(), v.Findings)
		}
	}
}

// A layout that was changed after signing, and the owner's signature with it.
func TestChangedLayout(t *testing.T) {
	s := newScene(t)
	s.wrapping = layout.Metablock
	changed := strings.Replace(string(s.signed(t)), "2027-01-01", "2028-01-01", 1)
	v := s.verification([]byte(changed)).Judge(s.product)
	if v.Outcome() != policy.Invalid || !slices.Contains(rules(v), layout.RuleSignatureInvalid) {
		t.Errorf("%s %+v", v.Outcome(), v.Findings)
	}
	if len(v.Products) != 1 || len(v.Products[0].As) > 0 {
		t.Errorf("of what was asked about: %+v", v.Products)
	}
	if len(v.Steps) > 0 || !v.Expires.IsZero() {
		t.Error("what nobody signed was read on")
	}
}

func TestJSONSaysWhatTheVerdictSays(t *testing.T) {
	s := newScene(t)
	for _, v := range []layout.Verdict{s.judge(t), {}, s.verification(nil).Judge()} {
		raw, err := v.JSON()
		must(t, err)
		var said struct {
			Schema  string
			Allowed bool
			Outcome policy.Outcome
		}
		must(t, json.Unmarshal(raw, &said))
		if said.Allowed != v.Allowed() || said.Outcome != v.Outcome() || said.Schema != layout.Schema {
			t.Errorf("%s", raw)
		}
	}
}
