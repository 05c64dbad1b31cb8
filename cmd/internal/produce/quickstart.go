package produce

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	urfave "github.com/urfave/cli/v2"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/oci"
	"github.com/carnet-project/carnet/cmd/internal/cli"
)

// Quickstart shows the whole way of an artifact on one machine. The commands that it
// shows are run, not described, by means of run.
func Quickstart(run func(ctx context.Context, env *cli.Env, args []string) int) cli.Command {
	return cli.Command{
		Name: "quickstart", Usage: "see it all work, with no key, registry or network needed", Args: "[TARGET]",
		About: `Makes a throw-away key, starts a registry on loopback, stores TARGET there (by default
carnet's own binary as an image), seals it, verifies it, then tampers with a copy and
shows the refusal. Each command is printed before it runs. With --keyless it starts a
private Sigstore instead of making a key, and signs as a person.`,
		Arguments: [][2]string{{"TARGET", "a file, a directory, or an image in a registry or an OCI layout"}},
		Flags: append([]urfave.Flag{
			&urfave.BoolFlag{Name: "serve", Usage: "keep the registry and the key until interrupted, so that the commands can be repeated"},
			&urfave.BoolFlag{Name: "keyless", Usage: "sign with an identity and a private Sigstore, without a key"},
		}, cli.ConnectionFlags()...),
		Exits: cli.MakeExits,
		Examples: [][2]string{
			{"with your own program", "carnet quickstart ./app"},
			{"without a key", "carnet quickstart --keyless"},
		},
		Run: func(c *cli.Call) error {
			if len(c.Arguments()) > 1 {
				return cli.Usagef("carnet quickstart takes one TARGET at most, and %q is given", c.Arguments())
			}
			return quickstart(c, run)
		},
	}
}

// A tour is one run of quickstart.
type tour struct {
	call *cli.Call
	run  func(ctx context.Context, env *cli.Env, args []string) int
	dir  string
	host string
	// settings is what stands before each command as it is printed; sign and trust are
	// the flags by which commands sign, and by which they verify.
	settings    string
	sign, trust []string
}

func quickstart(c *cli.Call, run func(context.Context, *cli.Env, []string) int) (err error) {
	dir, err := os.MkdirTemp("", "carnet-quickstart-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("starting the registry on loopback: %w", err)
	}
	server := &http.Server{
		Handler:           registry.New(registry.WithReferrersSupport(true), registry.Logger(log.New(io.Discard, "", 0))),
		ReadHeaderTimeout: time.Minute,
	}
	go func() { _ = server.Serve(listener) }() // ends with Close, whose error says so
	defer server.Close()
	t := &tour{call: c, run: run, dir: dir, host: listener.Addr().String()}
	if c.Bool("keyless") {
		end, err := t.startSigstore(c.Ctx())
		if err != nil {
			return err
		}
		defer end()
	}
	if err := t.walk(c.Ctx()); err != nil {
		return err
	}
	if !c.Bool("serve") {
		c.Sayf("\nThe keys and the registry are gone now; carnet quickstart --serve keeps them for you to try.")
		return nil
	}
	c.Sayf("\nThe registry %s and %s stay until you press Ctrl-C.", t.host, dir)
	<-c.Ctx().Done()
	return nil
}

// walk is the tour's story.
func (t *tour) walk(ctx context.Context) error {
	image := t.host + "/demo/app:1.0"
	if err := t.store(ctx, image); err != nil {
		return err
	}
	signer := t.makeKey
	if t.call.Bool("keyless") {
		signer = t.makeToken
	}
	if err := signer(ctx); err != nil {
		return err
	}
	verify := slices.Concat([]string{"verify"}, t.trust, []string{image})
	steps := []struct {
		about string
		args  []string
		exit  int
	}{
		{"Before it is sealed, nothing vouches for the image: it is kept out.", verify, 1},
		{"Seal it: an SBOM, provenance and a signature, signed and stored beside it.", slices.Concat([]string{"seal"}, t.sign, []string{"--parameter", "tour=quickstart", image}), 0},
		{"Now the whole chain is there: it may enter.", verify, 0},
		{"What lies beside the image, and where.", []string{"tree", image}, 0},
	}
	for _, s := range steps {
		if err := t.step(ctx, s.about, s.args, s.exit); err != nil {
			return err
		}
	}
	tampered := t.host + "/demo/app:tampered"
	if err := t.tamper(ctx, image, tampered); err != nil {
		return err
	}
	return t.step(ctx, "Somebody changes the image and copies the good one's evidence to it: it is kept out.",
		slices.Concat([]string{"verify"}, t.trust, []string{tampered}), 4)
}

// makeKey makes the key with which all is signed.
func (t *tour) makeKey(ctx context.Context) error {
	key := filepath.Join(t.dir, "demo")
	t.settings, t.sign, t.trust = "CARNET_PASSWORD= ", []string{"--key", key + ".key"}, []string{"--key", key + ".pub"}
	return t.step(ctx, "A key, with an empty password because it is thrown away.", []string{"key", "generate", "-o", key}, 0)
}

// step prints a command, runs it, and holds it to the exit code that the story needs.
func (t *tour) step(ctx context.Context, about string, args []string, exit int) error {
	t.call.Sayf("\n# %s\n$ %scarnet %s", about, t.settings, strings.Join(args, " "))
	env := *t.call.Env
	env.Stdout = env.Stderr
	env.LookupEnv = func(name string) (string, bool) {
		if name == "CARNET_PASSWORD" {
			return "", true
		}
		return t.call.Env.LookupEnv(name)
	}
	if got := t.run(ctx, &env, append([]string{"carnet"}, args...)); got != exit {
		return fmt.Errorf("carnet %s ended with exit code %d, and %d was expected", args[0], got, exit)
	}
	t.call.Sayf("(exit code %d)", exit)
	return nil
}

// store puts what the tour is about into the registry.
func (t *tour) store(ctx context.Context, image string) error {
	ref, err := name.ParseReference(image)
	if err != nil {
		return err
	}
	arg := t.call.Arguments()
	if len(arg) == 0 {
		self, err := os.Executable()
		if err != nil {
			return err
		}
		t.call.Sayf("# carnet's own binary, %s, becomes the image %s.", self, image)
		return t.storePath(ctx, self, ref)
	}
	target, err := cli.Target(arg[0])
	if err != nil {
		return err
	}
	t.call.Sayf("# %s becomes the image %s.", arg[0], image)
	if target.Scheme == oci.SchemeFile || target.Scheme == oci.SchemeDir {
		return t.storePath(ctx, target.Path, ref)
	}
	client, err := t.call.Registry()
	if err != nil {
		return err
	}
	s, err := openImage(ctx, client, arg[0])
	if err != nil {
		return err
	}
	defer s.store.Close()
	index, err := indexOf(ctx, s)
	if err != nil {
		return err
	}
	return remote.WriteIndex(ref, index, remote.WithContext(ctx))
}

func (t *tour) storePath(ctx context.Context, path string, ref name.Reference) error {
	img, err := packPath(path)
	if err != nil {
		return err
	}
	return remote.Write(ref, img, remote.WithContext(ctx))
}

// tamper stores a changed copy of an image as to, with the evidence of the good one.
func (t *tour) tamper(ctx context.Context, from, to string) error {
	client, err := t.call.Registry()
	if err != nil {
		return err
	}
	s, err := openImage(ctx, client, from)
	if err != nil {
		return err
	}
	defer s.store.Close()
	img, err := s.store.Image(ctx, s.artifact.Runnable()[0].Digest)
	if err != nil {
		return cli.StoreError(err)
	}
	changed, err := mutate.Config(img, v1.Config{Cmd: []string{"--steal"}})
	if err != nil {
		return err
	}
	ref, err := name.ParseReference(to)
	if err != nil {
		return err
	}
	if err := remote.Write(ref, changed, remote.WithContext(ctx)); err != nil {
		return err
	}
	return copyEvidence(ctx, client, s, to)
}

// copyEvidence stores the evidence of one image beside another, as whoever may write
// to a registry can.
func copyEvidence(ctx context.Context, client *oci.Client, from *subject, to string) error {
	found, err := from.store.Discover(ctx, from.artifact.Digest, oci.Near)
	if err != nil {
		return cli.StoreError(err)
	}
	var bundles []*attest.Bundle
	for _, f := range found {
		opened, err := f.Open(ctx)
		if err != nil {
			return cli.StoreError(err)
		}
		bundles = append(bundles, opened...)
	}
	copied, err := openImage(ctx, client, to)
	if err != nil {
		return err
	}
	defer copied.store.Close()
	_, err = copied.store.Attach(ctx, copied.artifact, bundles...)
	return cli.StoreError(err)
}
