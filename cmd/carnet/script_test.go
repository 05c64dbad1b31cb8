package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/carnet-project/carnet/attest/run/trace"
	sockets "github.com/carnet-project/carnet/fixtures/nosocket"
	"github.com/carnet-project/carnet/fixtures/registry"
)

// update rewrites the files in the scripts that cmp compares with.
var update = flag.Bool("update", false, "write what is printed into the scripts")

func TestMain(m *testing.M) {
	if trace.IsStub(os.Args) { // as main does; testscript goes by the program's name
		os.Exit(trace.Stub(os.Args))
	}
	// Half of a story's time is waiting, for keys that open slowly and servers that are away.
	// The command line's -parallel stands before this.
	if err := flag.Set("test.parallel", strconv.Itoa(3*runtime.GOMAXPROCS(0))); err != nil {
		panic(err)
	}
	testscript.Main(m, map[string]func(){"carnet": main, "nosocket": nosocket})
}

// nosocket PROGRAM ARG... runs a program that dies at its first socket.
func nosocket() {
	fmt.Fprintln(os.Stderr, "nosocket:", sockets.Exec(os.Args[1:], os.Environ()))
	os.Exit(125)
}

// TestScripts runs the stories in testdata, each on the real main, in a folder and
// with registries of its own. A script finds there
//
//	$REGISTRY   a registry with the referrers API
//	$OLD        one without it
//	$PRIVATE    one that wants the user ann and the password s3cret
//	release.key, release.pub, other.key, other.pub   key pairs, not encrypted
//
// and has the commands of the map below beside those of testscript.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		Setup:               setup,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       *update,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":     exits,
			"image":     image,
			"index":     index,
			"buildkit":  buildkit,
			"chains":    chains,
			"tarball":   tarball,
			"misplace":  misplace,
			"remove":    remove,
			"junk":      junk,
			"fault":     fault,
			"faultless": faultless,
			"requests":  requests,
			"json":      jsonAt,
			"keys":      keys,
			"setenv":    setenv,
			"perm":      perm,
			"sigstore":  sigstore,
			"outage":    outage,
			"asked":     asked,
			"idtoken":   idtoken,
			"expire":    expire,
			"fill":      fill,
			"certify":   certify,
			"spiffe":    spiffe,
			"pipeline":  pipeline,
			"workflow":  workflow,
			"large":     largeSBOM,

			"refuse-login": refuseLogin,
		},
	})
}

// registries are the registries of one script, by host.
type registries map[string]*registry.Registry

func setup(env *testscript.Env) error {
	all := registries{}
	env.Values[registries{}.key()] = all
	env.Values[instances{}.key()] = instances{}
	for name, config := range map[string]registry.Config{
		"REGISTRY": {Referrers: true, PageSize: 100},
		"OLD":      {},
		"PRIVATE":  {Referrers: true, User: "ann", Password: "s3cret"},
	} {
		r := registry.New(config)
		server := httptest.NewServer(r)
		env.Defer(func() {
			server.CloseClientConnections() // some hang on purpose
			server.Close()
		})
		host := strings.TrimPrefix(server.URL, "http://")
		all[host] = r
		env.Setenv(name, host)
	}
	for _, name := range []string{"release", "other"} {
		if err := writePair(filepath.Join(env.WorkDir, name)); err != nil {
			return err
		}
	}
	return nil
}

func (registries) key() string { return "registries" }

// at is the registry that serves a host.
func at(ts *testscript.TestScript, host string) *registry.Registry {
	r := ts.Value(registries{}.key()).(registries)[host]
	if r == nil {
		ts.Fatalf("no registry is at %q", host)
	}
	return r
}

// writePair writes a key pair that opens at once: sealed keys, which take their time,
// have a story of their own.
func writePair(prefix string) error {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		return err
	}
	if err := os.WriteFile(prefix+".key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		return err
	}
	return os.WriteFile(prefix+".pub", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}), 0o644)
}
