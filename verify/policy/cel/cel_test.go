package cel_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/carnet-project/carnet/verify/policy/cel"
)

// variables are those of a good image.
func variables() map[string]any {
	var packages []any
	for i := range 300 {
		packages = append(packages, map[string]any{"name": fmt.Sprint("p", i), "version": "1", "purl": fmt.Sprintf("pkg:deb/debian/p%d@1", i), "licenses": []string{"MIT"}, "hashes": map[string]string{}})
	}
	return map[string]any{
		"image": map[string]any{
			"registry": "ghcr.io", "repository": "acme/shop", "digest": "sha256:0", "platforms": []string{"linux/amd64"},
			"labels": map[string]string{"team": "shop"}, "annotations": map[string]string{}, "created": time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC),
		},
		"signatures": []any{map[string]any{"identity": "release-ci", "logged": true}},
		"provenance": []any{map[string]any{
			"builder": map[string]any{"id": "https://example.com/builder"}, "source": map[string]any{"ref": "refs/tags/v1"}, "raw": map[string]any{"a": float64(1)},
			"parameters": map[string]any{"skip_tests": "false"}, "level": int64(3), "materials": []any{},
		}},
		"sbom":            map[string]any{"format": "spdx", "packages": packages},
		"vulnerabilities": []any{},
		"deploy":          map[string]any{"cluster": "", "namespace": "", "serviceAccount": "", "environment": "production"},
		"match":           map[string]string{"repo": "shop"},
		"now":             time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC),
	}
}

// What rules say of a good image: true, false, or an error.
func TestRules(t *testing.T) {
	for expression, want := range map[string]string{
		// The rules of the example policies.
		`!sbom.packages.exists(p, p.purl.startsWith("pkg:maven/log4j/log4j@1."))`:                         "true",
		`deploy.environment != "production" || provenance.all(p, p.source.ref.startsWith("refs/tags/v"))`: "true",
		`sbom.packages.exists(p, p.purl.startsWith("pkg:deb/debian/p299@"))`:                              "true",
		`sbom.packages.all(p, p.licenses.all(l, l != "MIT"))`:                                             "false",
		`now - image.created < duration("720h")`:                                                          "true",
		`provenance.all(p, p.level >= 3 && p.builder.id.startsWith("https://example.com/"))`:              "true",
		`provenance[0].raw.a == 1`:                                               "true",
		`provenance.all(p, p.parameters.skip_tests != "true")`:                   "true",
		`image.repository == "acme/" + match.repo`:                               "true",
		`"team" in image.labels && image.labels.team == match["repo"]`:           "true",
		`has(image.labels.other)`:                                                "false",
		`has(provenance[0].source.commit) && provenance[0].source.commit != ""`:  "false",
		`vulnerabilities.all(v, v.severity != "critical")`:                       "true",
		`vulnerabilities.exists(v, true)`:                                        "false",
		`signatures.exists_one(s, s.identity == "release-ci" && s.logged)`:       "true",
		`sbom.packages.filter(p, p.version == "1").map(p, p.name).size() == 300`: "true",
		`image.repository.matches("^acme/[a-z]+$")`:                              "true",
		// A missing key and a field that is absent are errors, and || takes the other side.
		`image.labels.other == "x"`:                                  "error: no such key",
		`image.tag == "v1"`:                                          "error: no such key",
		`provenance[0].source.commit == "1"`:                         "error: no such key",
		`provenance[1].level == 3`:                                   "error: index out of bounds",
		`match.project == "x"`:                                       "error: no such key",
		`image.labels.other == "x" || true`:                          "true",
		`image.labels.other == "x" || deploy.environment == "other"`: "error: no such key",
		// What a variable holds is never code.
		`match.repo == "true || true"`: "false",
		// Over the limit of cost, for an image that is larger than ordinary.
		`sbom.packages.all(p, sbom.packages.exists(q, q.name == p.name))`: "refused",
		`sbom.packages.all(p, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40].all(n, p.name.size() > 0 && p.version == "1"))`: "error: operation cancelled: actual cost limit exceeded",
	} {
		program, err := cel.Compile(expression)
		if err != nil {
			if want != "refused" {
				t.Errorf("%s: %v", expression, err)
			}
			continue
		}
		met, err := program.Eval(variables())
		got := fmt.Sprint(met)
		if err != nil {
			got = "error: " + err.Error()
		}
		if !strings.HasPrefix(got, want) || err != nil && met {
			t.Errorf("%s: %v, %v; want %s", expression, met, err, want)
		}
	}
}

// What is wrong is said when the expression is compiled, and where.
func TestRefusals(t *testing.T) {
	for expression, want := range map[string]string{
		`imag.tag == "x"`:   `line 1, column 1: undeclared reference to 'imag'`,
		`image.tagg == "x"`: `line 1, column 6: undefined field 'tagg'`,
		"true &&\n  provenance.all(p, p.sorce.ref == '')": `line 2, column 22: undefined field 'sorce'`,
		`provenance.all(p, p.source.branch == "x")`:       `line 1, column 27: undefined field 'branch'`,
		`sbom.packages.exists(p, p.licence == "x")`:       `line 1, column 26: undefined field 'licence'`,
		`deploy.env == "x"`:                               `line 1, column 7: undefined field 'env'`,
		`image.tag`:                                       `line 1, column 1: the result is of type string, want true or false; compare it with ==`,
		`provenance[0].raw.flag`:                          `line 1, column 1: the result is of type dyn, want true or false; compare it with ==`,
		`image.tag == 1`:                                  `line 1, column 11: found no matching overload for '_==_' applied to '(string, int)'`,
		`true &&`:                                         `line 1, column 8: Syntax error`,
		``:                                                `Syntax error`,
		`image.exists(image, true)`:                       `line 1, column 1: expression of type`,
		`image.platforms.exists(image, image == "x")`:        `line 1, column 23: the name image is a variable's`,
		`image.tag.matches("(")`:                             `line 1, column 19: `,
		`carnet.image{tag: "x"}.tag == "x"`:                  `line 1, column 13: a rule makes no objects`,
		`image.tag.replace("a", "b") == "x"`:                 `line 1, column 18: undeclared reference to 'replace'`,
		`"%s".format(["x"]) == "x"`:                          `line 1, column 12: undeclared reference to 'format'`,
		`cel.bind(x, image.tag, x == "x")`:                   `line 1, column`,
		`sbom.packages.all(a, sbom.packages.all(b, a != b))`: `the expression would cost up to`,
		`image.platforms.all(a, image.platforms.all(b, image.platforms.all(c, image.platforms.all(d, a == d))))`: `line 1, column `,
		`"` + strings.Repeat("x", cel.MaxExpression) + `" != image.tag`:                                          `the expression has 4111 bytes, and at most 4096 are read`,
		strings.Repeat("(", 500) + "true" + strings.Repeat(")", 500):                                             ``,
		strings.Repeat("[", 1000): ``,
	} {
		_, err := cel.Compile(expression)
		var e *cel.Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") || len(err.Error()) > 300 {
			t.Errorf("%.60s: %v\nwant %s", expression, err, want)
		}
	}
}

func TestWhatARuleReads(t *testing.T) {
	for expression, want := range map[string][2]string{
		`true`: {"", ""},
		`deploy.environment != "production" || provenance.all(p, p.source.ref.startsWith("refs/tags/v"))`: {"deploy provenance", "deploy.environment provenance[].source.ref"},
		`size(sbom.packages) > 0 && now > image.created`:                                                  {"image now sbom", "image.created now sbom.packages"},
		`sbom.packages.exists(p, p.licenses.exists(l, l == "MIT"))`:                                       {"sbom", "sbom.packages[].licenses[]"},
		`sbom.packages.filter(p, p.name == "x").map(p, p.version).exists(v, v == match.v)`:                {"match sbom", "match.v sbom.packages[].name"},
		`image.platforms.exists(p, p == deploy.cluster)`:                                                  {"deploy image", "deploy.cluster image.platforms[]"},
		`{"a": image.tag}["a"] in [match.a, string(now)] && int(checks[0].name) == 1`:                     {"checks image match now", "checks image.tag match.a now"},
		`has(image.labels.x) ? true : base.size() == approvals.size()`:                                    {"approvals base image", "approvals base image.labels.x"},
	} {
		program, err := cel.Compile(expression)
		if got := [2]string{strings.Join(program.Reads, " "), strings.Join(program.Paths, " ")}; err != nil || got != want {
			t.Errorf("%s reads %q, %v", expression, got, err)
		}
	}
}

func TestWarnings(t *testing.T) {
	for expression, want := range map[string]string{
		`!sbom.packages.exists(p, p.purl.startsWith("x"))`:                               "",
		`deploy.environment != "production" || provenance.all(p, p.source.ref == "x")`:   "",
		`vulnerabilities.all(v, v.severity != "critical")`:                               "",
		`size(sbom.packages) > 0 && sbom.packages.all(p, p.version != "")`:               "",
		`"a" in image.labels && image.labels["a"] == "x" || deploy.environment == "dev"`: "",
		`"a" in image.labels && image.labels.a == "x" || deploy.environment == "dev"`:    "",
		`has(image.tag) && image.tag == "x" || deploy.environment == "dev"`:              "",
		`sbom.packages.exists(p, p.purl == "x" || p.name == "y")`:                        "",
		`provenance.exists(p, p.source.ref == "x" || p.buildType == "y")`:                "where p.source.ref cannot be read",
		`sbom.packages.all(p, p.version != "")`:                                          "sbom.packages.all() is true where the list is empty",
		`provenance.all(p, p.materials.all(m, m.uri != ""))`:                             "p.materials.all() is true where the list is empty",
		`image.labels["a"] == "x" || deploy.environment == "dev"`:                        `where image.labels["a"] cannot be read, the other side of || decides alone`,
		`image.tag == "x" || deploy.environment == "dev"`:                                "where image.tag cannot be read",
		`!(image.tag == "x" && deploy.environment == "dev")`:                             "where image.tag cannot be read, the other side of a negated && decides alone",
		`provenance[0].level == 1 || deploy.environment == "dev"`:                        "where provenance[0].level cannot be read",
		`1 == 1`:     "the rule reads no variable",
		`nonsense(`:  "",
		`nonsense.a`: "",
	} {
		got := strings.Join(cel.Warnings(expression), "; ")
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", expression, got, want)
		}
	}
}

// Every evaluation ends, whatever the variables hold, and one engine serves many at once.
func TestHugeVariables(t *testing.T) {
	var packages []any
	for i := range 200_000 {
		packages = append(packages, map[string]any{"name": fmt.Sprint(i), "purl": strings.Repeat("x", 100)})
	}
	engine := cel.New()
	for _, expression := range []string{
		`sbom.packages.all(p, p.purl.matches("x*x*x*x*y") == false)`, `sbom.packages.map(p, p.purl + p.purl).size() > 0`,
		`sbom.packages.map(p, sbom.packages).size() > 0`, `sbom.packages.all(p, p.purl.contains(p.purl))`,
	} {
		t.Run(expression, func(t *testing.T) {
			t.Parallel()
			program, err := engine(expression)
			if err != nil {
				t.Fatal(err)
			}
			begun := time.Now()
			met, err := program.Eval(map[string]any{"sbom": map[string]any{"packages": packages}})
			if err == nil || met || time.Since(begun) > 2*time.Second {
				t.Errorf("%v, %v after %v", met, err, time.Since(begun))
			}
		})
	}
}

// The fields of objects that rules may read are all of a type that is declared.
func TestTypesAreClosed(t *testing.T) {
	for object, fields := range cel.Types() {
		for field, typ := range fields {
			for typ.TypeName() == "list" {
				typ = typ.Parameters()[0]
			}
			name, ours := strings.CutPrefix(typ.TypeName(), "carnet.")
			if ours && cel.Types()[name] == nil {
				t.Errorf("%s.%s is a %s, which is not declared", object, field, name)
			}
		}
	}
	if reflect.DeepEqual(cel.Types()["image"], map[string]any{}) {
		t.Error("an image has no fields")
	}
}

func FuzzCompile(f *testing.F) {
	for _, seed := range []string{
		`!sbom.packages.exists(p, p.purl.startsWith("x"))`, `deploy.environment != "production" || provenance.all(p, p.source.ref.startsWith("refs/tags/v"))`,
		`[1,2].map(x, [x]).filter(y, y[0] > now.getFullYear()).size() == 0 ? true : has(image.tag)`, `{"a": dyn(image)}.a.b.c == b'x'`, `carnet.image{tag: 'x'}.tag == ''`,
	} {
		f.Add(seed)
	}
	engine := cel.New()
	f.Fuzz(func(t *testing.T, expression string) {
		program, err := engine(expression)
		_ = cel.Warnings(expression)
		if err != nil {
			var e *cel.Error
			if !errors.As(err, &e) {
				t.Errorf("%q: %v", expression, err)
			}
			return
		}
		if met, err := program.Eval(variables()); met && err != nil {
			t.Errorf("%q: met, and %v", expression, err)
		}
	})
}

func BenchmarkCompile(b *testing.B) {
	engine := cel.New()
	for b.Loop() {
		if _, err := engine(`!sbom.packages.exists(p, p.purl.startsWith("pkg:maven/log4j/log4j@1."))`); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		if _, err := cel.Compile(`now > image.created`); err != nil {
			b.Fatal(err)
		}
	}
}

// 300 packages.
func BenchmarkEval(b *testing.B) {
	program, err := cel.Compile(`!sbom.packages.exists(p, p.purl.startsWith("pkg:maven/log4j/log4j@1."))`)
	if err != nil {
		b.Fatal(err)
	}
	v := variables()
	for b.Loop() {
		if met, err := program.Eval(v); !met || err != nil {
			b.Fatal(met, err)
		}
	}
}
