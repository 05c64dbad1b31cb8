package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/oci"
	sockets "github.com/carnet-project/carnet/fixtures/nosocket"
	"github.com/carnet-project/carnet/fixtures/registry"
	"github.com/carnet-project/carnet/sign"
	"github.com/carnet-project/carnet/sign/key"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"carnet-verify": main, "nosocket": nosocket})
}

func nosocket() {
	fmt.Fprintln(os.Stderr, "nosocket:", sockets.Exec(os.Args[1:], os.Environ()))
	os.Exit(125)
}

// TestScripts runs the stories of those who only check: on the real main, with evidence
// that was made elsewhere, namely by the library.
//
// A script finds release.pub and other.pub; the layout "layout" and $REGISTRY/app:1,
// with a signature, provenance and an SBOM by release; $REGISTRY/bare:1, with none;
// and the file app.bin with its signature, and in app.bin.ed.json one by the Ed25519 key
// ed.pub, which signs another hash of it.
func TestScripts(t *testing.T) {
	keys := map[string]pair{
		"release": newKey(t, key.DefaultAlgorithm), "other": newKey(t, key.DefaultAlgorithm), "ed": newKey(t, key.Ed25519),
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata", Setup: func(env *testscript.Env) error { return setup(env, keys) }, RequireExplicitExec: true, RequireUniqueNames: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "instance": instance, "keyless": keyless},
	})
}

// exits CODE PROGRAM ARG... runs a program and holds it to its exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARG...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func setup(env *testscript.Env, keys map[string]pair) error {
	server := httptest.NewServer(registry.New(registry.Config{Referrers: true}))
	env.Defer(server.Close)
	host := strings.TrimPrefix(server.URL, "http://")
	env.Setenv("REGISTRY", host)
	for name, k := range keys {
		prefix := filepath.Join(env.WorkDir, name)
		if err := errors.Join(os.WriteFile(prefix+".key", k.sealed, 0o600), os.WriteFile(prefix+".pub", k.public, 0o644)); err != nil {
			return err
		}
	}
	release := keys["release"].signer
	if err := errors.Join(signFile(env, release, "app.bin.sigstore.json"), signFile(env, keys["ed"].signer, "app.bin.ed.json")); err != nil {
		return err
	}
	img := mutate.MediaType(empty.Image, "application/vnd.oci.image.manifest.v1+json")
	for _, ref := range []string{host + "/app:1", host + "/bare:1"} {
		tag, err := name.ParseReference(ref)
		if err != nil {
			return err
		}
		if err := remote.Write(tag, img); err != nil {
			return err
		}
	}
	dir := filepath.Join(env.WorkDir, "layout")
	if err := writeLayout(dir, img); err != nil {
		return err
	}
	for _, target := range []string{host + "/app:1", "oci:" + dir} {
		if err := seal(target, release); err != nil {
			return fmt.Errorf("%s: %w", target, err)
		}
	}
	return nil
}

// A pair is a signer and its key files. Sealing one takes its time, so that all scripts
// share them.
type pair struct {
	signer         *key.Signer
	sealed, public []byte
}

func newKey(t *testing.T, algorithm key.Algorithm) pair {
	t.Helper()
	made, err := key.Generate(algorithm)
	if err != nil {
		t.Fatal(err)
	}
	p := pair{public: made.PublicPEM()}
	if p.signer, err = made.Signer(); err != nil {
		t.Fatal(err)
	}
	prefix := filepath.Join(t.TempDir(), "key")
	if err := key.WritePair(prefix, made, []byte("x"), false); err != nil {
		t.Fatal(err)
	}
	if p.sealed, err = os.ReadFile(prefix + ".key"); err != nil {
		t.Fatal(err)
	}
	return p
}

func signFile(env *testscript.Env, signer *key.Signer, name string) error {
	content := []byte("the program")
	b, err := sign.File(context.Background(), bytes.NewReader(content), signer)
	if err != nil {
		return err
	}
	return errors.Join(os.WriteFile(filepath.Join(env.WorkDir, "app.bin"), content, 0o644), os.WriteFile(filepath.Join(env.WorkDir, name), b.Bytes(), 0o644))
}

func writeLayout(dir string, img v1.Image) error {
	l, err := layout.Write(dir, empty.Index)
	if err != nil {
		return err
	}
	return l.AppendImage(img)
}

// seal makes the whole chain of an image.
func seal(arg string, release *key.Signer) error {
	ctx := context.Background()
	target, err := oci.ParseTarget(arg)
	if err != nil {
		return err
	}
	s, err := oci.NewClient(oci.Options{}).Open(ctx, target)
	if err != nil {
		return err
	}
	defer s.Close()
	root, err := s.Resolve(ctx, target)
	if err != nil {
		return err
	}
	var bundles []*attest.Bundle
	for predicateType, predicate := range map[string]string{
		"https://sigstore.dev/cosign/sign/v1": `{}`,
		"https://slsa.dev/provenance/v1":      `{"buildDefinition":{"buildType":"https://example.com/b","externalParameters":{"a":"b"}},"runDetails":{"builder":{"id":"https://example.com/b"}}}`,
		"https://cyclonedx.org/bom":           `{"bomFormat":"CycloneDX","specVersion":"1.6","version":1,"components":[]}`,
	} {
		st, err := attest.NewStatement(predicateType, []byte(predicate), attest.NewSubject("", root.Digest))
		if err != nil {
			return err
		}
		b, err := sign.Statement(ctx, st, release)
		if err != nil {
			return err
		}
		bundles = append(bundles, b)
	}
	_, err = s.Attach(ctx, root, bundles...)
	return err
}
