package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	bundlepb "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/oci"
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/fixtures/sigstore"
)

// instance INSTANCE FILE writes the trusted root of a Sigstore in memory.
func instance(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: instance INSTANCE FILE")
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(sigstore.New(args[0]).TrustedRoot()), 0o644))
}

// keyless [-issuer URL] [-claims N=VALUE,...] [-proofs v1,v2,tsa,none] [-o BUNDLE] INSTANCE WHO TARGET
// signs an image or a file as somebody whom the instance certifies, at the time when the
// instance is a year old. WHO may be key:NAME, a bare key, whose public half goes to
// NAME.pub.
func keyless(ts *testscript.TestScript, neg bool, args []string) {
	flags := flag.NewFlagSet("keyless", flag.ContinueOnError)
	issuer := flags.String("issuer", "https://accounts.example.com", "")
	claims := flags.String("claims", "", "")
	proofs := flags.String("proofs", "v2,tsa", "")
	out := flags.String("o", "", "")
	ts.Check(flags.Parse(args))
	if neg || flags.NArg() != 3 {
		ts.Fatalf("usage: keyless [flags] INSTANCE WHO TARGET")
	}
	in, at := sigstore.New(flags.Arg(0)), sigstore.Start().AddDate(1, 0, 0)
	holder := sigstore.Holder{Issuer: *issuer, Claims: map[int]string{}}
	if strings.Contains(flags.Arg(1), "://") {
		holder.URI = flags.Arg(1)
	} else {
		holder.Email = flags.Arg(1)
	}
	for _, c := range strings.Split(*claims, ",") {
		if number, value, found := strings.Cut(c, "="); found {
			n, err := strconv.Atoi(number)
			ts.Check(err)
			holder.Claims[n] = value
		}
	}
	var signer interface {
		Message(string) *bundlepb.Bundle
		Envelope(string) *bundlepb.Bundle
	}
	key := sigstore.NewKey(strings.Join(args, " "))
	if name, bare := strings.CutPrefix(flags.Arg(1), "key:"); bare {
		signer = key
		ts.Check(os.WriteFile(ts.MkAbs(name+".pub"), key.PEM(), 0o644))
	} else {
		signer = in.Issue(sigstore.Request{Holder: holder, Key: key, From: at})
	}
	target := flags.Arg(2)
	prove := func(b *bundlepb.Bundle, kind string) *attest.Bundle {
		return proved(ts, in, key, b, kind, strings.Split(*proofs, ","), at.Add(time.Minute))
	}
	if content, err := os.ReadFile(ts.MkAbs(target)); err == nil {
		if *out == "" {
			*out = target + ".sigstore.json"
		}
		signed := prove(signer.Message(string(content)), sigstore.KindHashedRekord)
		ts.Check(os.WriteFile(ts.MkAbs(*out), signed.Bytes(), 0o644))
		return
	}
	if dir, found := strings.CutPrefix(target, "oci:"); found {
		target = "oci:" + ts.MkAbs(dir)
	}
	ts.Check(attach(target, func(d attest.Digest) (*attest.Bundle, error) {
		st, err := attest.NewStatement(predicate.SignV1, []byte(`{}`), attest.NewSubject("", d))
		if err != nil {
			return nil, err
		}
		return prove(signer.Envelope(string(st.Bytes())), sigstore.KindDSSE), nil
	}))
}

// proved is the bundle with its proofs.
func proved(ts *testscript.TestScript, in *sigstore.Instance, signer sigstore.Key, b *bundlepb.Bundle, kind string, proofs []string, at time.Time) *attest.Bundle {
	var all []sigstore.Proof
	if slices.Contains(proofs, "v1") {
		all = append(all, sigstore.Proof{Entry: in.V1.Record(b, signer, kind, at)})
	}
	if slices.Contains(proofs, "v2") {
		all = append(all, sigstore.Proof{Entry: in.V2.Record(b, signer, sigstore.KindHashedRekordV2, at)})
	}
	if slices.Contains(proofs, "tsa") {
		all = append(all, sigstore.Proof{Timestamp: in.TSA.Stamp(sigstore.SignatureOf(b), at, false)})
	}
	parsed, err := attest.ParseBundle([]byte(sigstore.Encode(sigstore.With(b, all...))))
	ts.Check(err)
	return parsed
}

// attach stores a bundle beside an image.
func attach(arg string, sign func(attest.Digest) (*attest.Bundle, error)) error {
	ctx := context.Background()
	target, err := oci.ParseTarget(arg)
	if err != nil {
		return err
	}
	store, err := oci.NewClient(oci.Options{}).Open(ctx, target)
	if err != nil {
		return err
	}
	defer store.Close()
	root, err := store.Resolve(ctx, target)
	if err != nil {
		return err
	}
	b, err := sign(root.Digest)
	if err != nil {
		return err
	}
	if _, err = store.Attach(ctx, root, b); err != nil {
		return fmt.Errorf("%s: %w", arg, err)
	}
	return nil
}
