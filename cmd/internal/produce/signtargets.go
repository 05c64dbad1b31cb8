package produce

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/oci"
	"github.com/carnet-project/carnet/cmd/internal/cli"
)

const bundleSuffix = ".sigstore.json"

// signTargets signs images and files, several at once. It reads the names of all
// before it signs any.
func signTargets(ctx context.Context, r *receipt, s *signing, args []string) error {
	targets := make([]oci.Target, len(args))
	for i, arg := range args {
		var err error
		if targets[i], err = signable(r.call, arg, len(args)); err != nil {
			return err
		}
	}
	client, err := r.call.Registry()
	if err != nil {
		return err
	}
	notes, errs := make([]func(), len(args)), make([]error, len(args))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i, t := range targets {
		group.Go(func() (err error) {
			if t.Scheme == oci.SchemeFile {
				notes[i], err = signFile(ctx, r, s, t.Path)
			} else {
				notes[i], err = signImage(ctx, r, s, client, args[i])
			}
			errs[i] = err
			if errors.Is(err, errSpooled) {
				return nil
			}
			return err
		})
	}
	err = group.Wait()
	if err != nil {
		s.unsigned = unsignedOf(args, errs)
	} else if slices.ContainsFunc(errs, isKept) {
		err = errSpooled
	}
	for _, note := range notes {
		if note != nil {
			note()
		}
	}
	return err
}

// signable reads a target that sign takes.
func signable(c *cli.Call, arg string, of int) (oci.Target, error) {
	t, err := cli.Target(arg)
	if err != nil {
		return t, err
	}
	if t.Scheme == oci.SchemeDir || t.Scheme == oci.SchemeDockerArchive {
		return t, &cli.UsageError{Message: arg + ": a " + string(t.Scheme) + " can't be signed", Hint: "sign a file, or an image in a registry or an OCI layout"}
	}
	if c.String("bundle") != "" && (t.Scheme != oci.SchemeFile || of > 1) {
		return t, cli.Usagef("--bundle names the bundle of one file; an image's signature is stored beside the image")
	}
	return t, nil
}

// signImage signs an image, and with --recursive all that runs in an index. What it
// returns notes the result on the receipt.
func signImage(ctx context.Context, r *receipt, signing *signing, client *oci.Client, arg string) (func(), error) {
	s, err := openImage(ctx, client, arg)
	if err != nil {
		return nil, err
	}
	defer s.store.Close()
	nodes := []artifact.Artifact{s.artifact}
	if r.call.Bool("recursive") && s.artifact.Kind == artifact.KindIndex {
		nodes = append(nodes, s.artifact.Runnable()...)
	}
	var claims []claim
	for _, n := range nodes {
		cl, err := signatureClaim(n)
		if err != nil {
			return nil, err
		}
		claims = append(claims, cl)
	}
	p, err := newPress(ctx, s, signing)
	if err != nil {
		return nil, err
	}
	results, err := p.run(ctx, claims)
	if err != nil && !errors.Is(err, errSpooled) {
		return nil, err
	}
	return func() { r.image(s, results) }, err
}

// signFile signs a file of any size in constant memory.
func signFile(ctx context.Context, r *receipt, s *signing, path string) (func(), error) {
	out := r.call.String("bundle")
	if out == "" {
		out = path + bundleSuffix
	}
	b, err := s.file(ctx, path, fileDestination(out))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err := r.call.WriteFile(out, b.Bytes()); err != nil {
		return nil, err
	}
	return func() {
		r.call.Sayf("signed %s: %s", path, outName(out))
		if out != "-" {
			r.file(path, b.MessageDigest(), "", b, out)
		}
	}, nil
}

func outName(out string) string {
	if out == "-" {
		return "to stdout"
	}
	return out
}
