package carnet_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/carnet-project/carnet"

// A rule bans packages from the graph below some of ours. Patterns are import paths;
// those that start with "./" are ours, and a last "..." stands for all that follows.
type rule struct {
	name string
	// who must keep to the rule, and except those of them who need not.
	who, except []string
	// ban is what must not be linked, however far below; if direct is set, what must
	// not be imported by the package itself.
	ban    []string
	direct bool
	why    string
}

var (
	// pure are the packages that take bytes and give answers.
	pure = []string{"./attest", "./attest/artifact", "./attest/predicate/...", "./attest/ingest", "./attest/run/lockfile", "./sbom", "./sign", "./verify", "./verify/identity", "./verify/policy", "./verify/policy/document", "./verify/policy/lint", "./verify/report", "./verify/policy/compare", "./verify/policy/convert", "./verify/policy/observe", "./verify/policy/prose", "./verify/summary", "./verify/internal/glob", "./verify/internal/gitsign", "./verify/internal/strictyaml"}

	cloud = []string{
		"cloud.google.com/...", "google.golang.org/api/...", "github.com/aws/...", "github.com/Azure/...",
		"github.com/hashicorp/vault/...", "github.com/googleapis/...",
	}
	// klog is a logger that certificate-transparency-go brings; it knows no cluster.
	kubernetes = []string{"k8s.io/api/...", "k8s.io/apimachinery/...", "k8s.io/client-go/...", "k8s.io/utils/...", "k8s.io/kubernetes/...", "sigs.k8s.io/...", "github.com/google/go-containerregistry/pkg/authn/k8schain/...", "github.com/google/go-containerregistry/pkg/authn/kubernetes/..."}
	syft       = []string{"github.com/anchore/..."}
)

// rules are the import graph of the project.
var rules = []rule{
	{
		name: "nouns and verbs reach no network", who: pure,
		ban: []string{"net", "net/http/...", "net/rpc/...", "net/smtp", "crypto/tls", "github.com/google/go-containerregistry/...", "google.golang.org/grpc/..."},
		why: "what is said, signed, believed and judged depends on bytes alone, and can be used where there is no network",
	},
	{
		// sha1cd links flag, by a library that asks what the processor can; it reads none.
		name: "nouns and verbs start and log nothing", who: pure,
		ban: []string{"os/exec", "os/signal", "os/user", "log/...", "plugin", "testing/...", "expvar", "github.com/urfave/...", "github.com/sirupsen/..."},
		why: "a library that is pure has nothing to run or to log",
	},
	{
		// html/template, which escapes what reports show, can also read templates from a disk.
		name: "nouns and verbs find nothing on a disk", who: pure, except: []string{"./verify/report"},
		ban: []string{"path/filepath"},
		why: "a library that is pure has no disk",
	},
	{
		// The standard library's fmt links os, so that a ban on linking it would ban
		// everything; what our own code imports is ours to say.
		name: "nouns and verbs touch no file and no environment", who: slices.Concat(pure, []string{"./verify/gate", "./verify/key", "./verify/layout"}), direct: true,
		ban: []string{"os", "syscall", "io/fs", "io/ioutil", "unsafe", "runtime", "runtime/debug", "golang.org/x/sys/...", "embed", "math/rand/..."},
		why: "the same bytes must give the same answer on every machine",
	},
	{
		name: "keys and gates reach no network of their own", who: []string{"./verify/key", "./verify/gate", "./sign/key"},
		// sigstore/sigstore's signature package names images, and so links net for
		// parsing addresses; it opens nothing.
		ban: []string{"net/http/...", "crypto/tls", "os/exec"},
		why: "the caller hands keys and a source over; nothing is fetched behind its back",
	},
	{
		name: "verify does not link sign", who: []string{"./verify/...", "./attest/...", "./sbom/...", "./cmd/carnet-verify", "./cmd/internal/consume", "./cmd/internal/cli"},
		ban: []string{"./sign/..."},
		why: "a verifier that can sign is one mistake from vouching for itself; evidence is a noun that knows no verb",
	},
	{
		name: "sign does not link verify", who: []string{"./sign/...", "./attest/...", "./sbom/..."},
		ban: []string{"./verify/..."},
		why: "siblings share only the nouns, so that either can be read, used and replaced alone",
	},
	{
		name: "verify scans nothing", who: []string{"./verify/...", "./attest/...", "./sign/..."},
		ban: slices.Concat([]string{"./sbom/scan"}, syft),
		why: "syft is 63 MB and 46 ms of start-up; who reads SBOMs does not need what makes them",
	},
	{
		name: "only sbom/scan knows syft", who: []string{"./..."}, except: []string{"./sbom/scan"}, direct: true,
		ban: syft,
		why: "syft's types change with every release; one package absorbs that",
	},
	{
		name: "sigstore-go lives behind roots and witnesses", who: []string{"./..."}, direct: true,
		except: []string{"./verify/sigstore/...", "./sign/fulcio", "./sign/rekor", "./sign/tsa", "./sign/services", "./sign/local/..."},
		ban:    []string{"github.com/sigstore/sigstore-go/...", "github.com/sigstore/rekor/...", "github.com/sigstore/rekor-tiles/...", "github.com/theupdateframework/..."},
		why:    "325 packages; its types stay where they are needed",
	},
	{
		name: "nobody links cosign", who: []string{"./..."},
		ban: []string{"github.com/sigstore/cosign/...", "github.com/sigstore/fulcio/...", "github.com/sigstore/policy-controller/..."},
		why: "they are programs; what they write is read by its specification",
	},
	{
		name: "trust is fetched in one place", who: []string{"./verify/sigstore"},
		ban: []string{"./verify/sigstore/refresh"},
		why: "verification never fetches; who verifies offline links no client for it",
	},
	{
		name: "verification asks no key service", who: []string{"./verify/...", "./attest/..."},
		ban: []string{"github.com/sigstore/sigstore/pkg/signature/kms/...", "github.com/sigstore/sigstore/pkg/oauthflow/..."},
		why: "public keys are bytes that the caller has",
	},
	{
		name: "carnet-verify is light", who: []string{"./cmd/carnet-verify", "./cmd/internal/consume", "./cmd/internal/cli"},
		ban: slices.Concat(syft, cloud, kubernetes, []string{"./cmd/internal/produce", "./sbom/scan", "./attest/checkout", "./attest/run/...", "modernc.org/..."}),
		why: "it is installed on every node and in every cluster: small, quick to start, with little to patch",
	},
	{
		name: "no Kubernetes, and no clouds but in one place", who: []string{"./attest/...", "./sbom", "./sign/...", "./verify/..."}, except: []string{"./sign/kms/cloud"},
		ban: slices.Concat(kubernetes, cloud),
		why: "an admission request is a small JSON document; cloud SDKs belong behind a Signer of their own",
	},
	{
		name: "only verify/policy/cel knows CEL", who: []string{"./..."}, except: []string{"./verify/policy/cel"}, direct: true,
		ban: []string{"cel.dev/...", "github.com/antlr4-go/..."},
		why: "rules are one way of asking; policies, reports and gates take them as an engine that they are given",
	},
	{
		name: "policies are judged without CEL", who: []string{"./verify", "./verify/policy", "./verify/gate", "./verify/report"},
		ban: []string{"cel.dev/...", "./verify/policy/cel"},
		why: "who has no rules links no parser for them, and what judges cannot come to lean on one language",
	},
	{
		name: "libraries know no command line", who: []string{"./..."}, except: []string{"./cmd/..."},
		ban: []string{"./cmd/...", "github.com/urfave/cli/..."},
		why: "imports point down only: flags and exit codes are the edge",
	},
	{
		name: "libraries ask no terminal", who: []string{"./..."}, except: []string{"./cmd/...", "./fixtures/..."}, direct: true,
		ban: []string{"golang.org/x/term", "os/signal", "flag", "log/..."},
		why: "passwords come from the caller and facts go to it",
	},
	{
		name: "products link no fixtures", who: []string{"./..."}, except: []string{"./fixtures/..."},
		ban: []string{"./fixtures/..."},
		why: "fake servers and test vectors are for tests",
	},
	{
		name: "products are not tests", who: []string{"./..."}, except: []string{"./fixtures/..."}, direct: true,
		ban: []string{"testing/...", "net/http/httptest"},
		why: "what only tests need brings flags and globals with it",
	},
	{
		name: "gate is not known by its sources", who: []string{"./attest/oci/..."},
		ban: []string{"./verify/...", "./sign/..."},
		why: "a store satisfies the gate's interface without knowing it",
	},
	{
		name: "predicates know no store and no key", who: []string{"./attest/predicate/..."},
		ban: []string{"./attest/oci/...", "./sbom/...", "./cmd/..."},
		why: "writer and reader share them, so they can't depend on either's world",
	},
}

// TestGraph asks the go command once and holds the answer to everything.
func TestGraph(t *testing.T) {
	g := readGraph(t)
	t.Run("imports", func(t *testing.T) { testImports(t, g) })
	t.Run("rules name what is there", func(t *testing.T) { testRules(t, g) })
	t.Run("chains are found", func(t *testing.T) { testChains(t, g) })
	t.Run("package names", func(t *testing.T) { testNames(t, g) })
}

func testImports(t *testing.T, g graph) {
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			checked := 0
			for _, p := range g.ours() {
				if !matches(p, r.who) || matches(p, r.except) {
					continue
				}
				checked++
				if chain := g.find(p, r); chain != nil {
					t.Errorf("%s must not %s %s: %s\n\t%s", p, verb(r), chain[len(chain)-1], r.why, strings.Join(chain, "\n\t-> "))
				}
			}
			if checked == 0 {
				t.Errorf("no package is held to this rule: %q", r.who)
			}
		})
	}
}

// A rule that names a package of ours that is gone holds nothing.
func testRules(t *testing.T, g graph) {
	for _, r := range rules {
		for _, pattern := range slices.Concat(r.who, r.except, r.ban) {
			ours := strings.HasPrefix(pattern, "./")
			if ours && !slices.ContainsFunc(g.ours(), func(p string) bool { return matches(p, []string{pattern}) }) {
				t.Errorf("rule %q names %s, and there is no such package", r.name, pattern)
			}
		}
	}
}

// The search must find what is far below; a rule that is broken on purpose shows it.
func testChains(t *testing.T, g graph) {
	broken := rule{ban: []string{"net/http"}}
	chain := g.find(module+"/cmd/carnet-verify", broken)
	if len(chain) < 3 || chain[len(chain)-1] != "net/http" {
		t.Errorf("carnet-verify links net/http, and the search finds %q", chain)
	}
	broken.direct = true
	if chain := g.find(module+"/cmd/carnet-verify", broken); chain != nil {
		t.Errorf("carnet-verify's main does not import net/http itself, and the search finds %q", chain)
	}
}

// Folders named for what they are made of, not for what they are about, collect
// everything.
func testNames(t *testing.T, g graph) {
	banned := []string{"pkg", "util", "utils", "common", "types", "options", "helpers", "helper", "misc", "lib", "shared", "base", "core"}
	for _, p := range g.ours() {
		for _, part := range strings.Split(strings.TrimPrefix(p, module), "/") {
			if slices.Contains(banned, part) {
				t.Errorf("%s: a package is named after what it is about, and %q says nothing", p, part)
			}
		}
		if strings.HasPrefix(p, module+"/internal") {
			t.Errorf("%s: hidden code lies beside its owner, not at the top", p)
		}
	}
}

func verb(r rule) string {
	if r.direct {
		return "import"
	}
	return "link"
}

// A graph is what every package imports.
type graph map[string][]string

// readGraph asks the go command once for all packages of this module and below.
func readGraph(t *testing.T) graph {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=ImportPath,Imports", "./...")
	var problems bytes.Buffer
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &problems)
	}
	g := graph{}
	dec := json.NewDecoder(bytes.NewReader(out))
	for {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return g
		} else if err != nil {
			t.Fatalf("go list: %v", err)
		}
		g[p.ImportPath] = p.Imports
	}
}

// ours are the packages of this module, sorted.
func (g graph) ours() []string {
	var found []string
	for p := range g {
		if p == module || strings.HasPrefix(p, module+"/") {
			found = append(found, p)
		}
	}
	slices.Sort(found)
	return found
}

// find is the shortest chain of imports from a package to one that the rule bans,
// or nil.
func (g graph) find(from string, r rule) []string {
	queue, cameFrom := []string{from}, map[string]string{from: ""}
	for len(queue) > 0 {
		p := queue[0]
		queue = queue[1:]
		for _, next := range g[p] {
			if _, seen := cameFrom[next]; seen {
				continue
			}
			cameFrom[next] = p
			if matches(next, r.ban) {
				return trace(cameFrom, next)
			}
			queue = append(queue, next)
		}
		if r.direct {
			break
		}
	}
	return nil
}

func trace(cameFrom map[string]string, to string) []string {
	var chain []string
	for p := to; p != ""; p = cameFrom[p] {
		chain = append(chain, p)
	}
	slices.Reverse(chain)
	return chain
}

func matches(p string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		if rest, ours := strings.CutPrefix(pattern, "./"); ours {
			pattern = path.Join(module, rest)
		}
		if all, ok := strings.CutSuffix(pattern, "/..."); ok {
			return p == all || strings.HasPrefix(p, all+"/")
		}
		return p == pattern
	})
}
