package sign_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	commonpb "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	rekorpb "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/sign"
	"github.com/carnet-project/carnet/sign/key"
)

// A witness answers when it may.
type witness struct {
	name string
	log  bool
	err  error
	when func(ctx context.Context) error
}

func (w *witness) Witness(ctx context.Context, b *attest.Bundle) (attest.Proof, error) {
	if w.when != nil {
		if err := w.when(ctx); err != nil {
			return attest.Proof{}, err
		}
	}
	if w.err != nil {
		return attest.Proof{}, w.err
	}
	if len(b.Signature()) == 0 || len(b.PublicKey()) == 0 {
		return attest.Proof{}, errors.New("there is nothing to witness")
	}
	if w.log {
		return attest.Proof{Entry: &rekorpb.TransparencyLogEntry{LogId: &commonpb.LogId{KeyId: []byte(w.name)}}}, nil
	}
	return attest.Proof{Timestamp: []byte(w.name)}, nil
}

// proofs names the logs and then the timestamps of a bundle, in its order.
func proofs(b *attest.Bundle) string {
	var names []string
	for _, e := range b.LogEntries() {
		names = append(names, string(e.GetLogId().GetKeyId()))
	}
	for _, t := range b.Timestamps() {
		names = append(names, string(t))
	}
	return strings.Join(names, " ")
}

func unwitnessed(t *testing.T) *attest.Bundle {
	t.Helper()
	signer, _ := newKey(t, key.ECDSAP256)
	b, err := sign.File(t.Context(), strings.NewReader("a file"), signer)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// All are asked at once: each waits until every other has been asked.
func TestWitnessesAreAskedAtOnce(t *testing.T) {
	var all sync.WaitGroup
	together := func(ctx context.Context) error {
		all.Done()
		met := make(chan struct{})
		go func() { all.Wait(); close(met) }()
		select {
		case <-met:
			return nil
		case <-time.After(5 * time.Second):
			return errors.New("the others were not asked meanwhile")
		}
	}
	var w []sign.Witness
	for i := range 6 {
		// The first come last, and must be first all the same.
		late := func(ctx context.Context) error {
			err := together(ctx)
			time.Sleep(time.Duration(6-i) * 5 * time.Millisecond)
			return err
		}
		w = append(w, &witness{name: fmt.Sprint(i), log: i%2 == 0, when: late})
	}
	all.Add(len(w))
	b := unwitnessed(t)
	with, err := sign.Witnessed(t.Context(), b, w...)
	if err != nil {
		t.Fatal(err)
	}
	if got := proofs(with); got != "0 2 4 1 3 5" {
		t.Errorf("the proofs are in the order %s", got)
	}
	if proofs(b) != "" {
		t.Error("the bundle that was given has proofs")
	}
	read, err := attest.ParseBundle(with.Bytes())
	if err != nil || proofs(read) != proofs(with) {
		t.Errorf("what was written has %v, %v", read, err)
	}
}

// What was proved is kept, and what is missing can be asked again.
func TestPartialFailure(t *testing.T) {
	down, gone := errors.New("the log is down"), errors.New("the authority is gone")
	badLog, badTime := &witness{name: "l1", log: true, err: down}, &witness{name: "t1", err: gone}
	b := unwitnessed(t)
	with, err := sign.Witnessed(t.Context(), b, &witness{name: "t0"}, badLog, &witness{name: "l2", log: true}, badTime)
	var partly *sign.UnwitnessedError
	if !errors.As(err, &partly) || with != nil {
		t.Fatalf("%v, %v", with, err)
	}
	if got := proofs(partly.Bundle); got != "l2 t0" {
		t.Errorf("kept %q", got)
	}
	if len(partly.Missing) != 2 || partly.Missing[0] != sign.Witness(badLog) || partly.Missing[1] != sign.Witness(badTime) {
		t.Errorf("missing are %v", partly.Missing)
	}
	if !errors.Is(err, down) || !errors.Is(err, gone) || !strings.Contains(err.Error(), "the log is down\nthe authority is gone") {
		t.Errorf("%v", err)
	}
	badLog.err, badTime.err = nil, nil
	with, err = sign.Witnessed(t.Context(), partly.Bundle, partly.Missing...)
	if err != nil || proofs(with) != "l2 l1 t0 t1" {
		t.Errorf("asked again: %v, %v", proofs(with), err)
	}
	if string(with.Signature()) != string(b.Signature()) {
		t.Error("the signature changed")
	}
}

// A witness that gives nothing and says nothing takes nothing from the others.
func TestEmptyProof(t *testing.T) {
	b := unwitnessed(t)
	_, err := sign.Witnessed(t.Context(), b, &witness{name: "t0"}, nothing{})
	var partly *sign.UnwitnessedError
	if !errors.As(err, &partly) || proofs(partly.Bundle) != "t0" || len(partly.Missing) != 1 {
		t.Errorf("%v", err)
	}
}

type nothing struct{}

func (nothing) Witness(context.Context, *attest.Bundle) (attest.Proof, error) {
	return attest.Proof{}, nil
}

func TestNoWitness(t *testing.T) {
	b := unwitnessed(t)
	if with, err := sign.Witnessed(t.Context(), b); err != nil || with != b {
		t.Errorf("%v, %v", with, err)
	}
}

// The context reaches the witnesses, and signing fails with what is left.
func TestWitnessesAreCancelled(t *testing.T) {
	signer, _ := newKey(t, key.ECDSAP256)
	ctx, cancel := context.WithCancel(t.Context())
	hang := &witness{name: "t1", when: func(ctx context.Context) error { cancel(); <-ctx.Done(); return ctx.Err() }}
	b, err := sign.File(ctx, strings.NewReader("a file"), signer, hang, &witness{name: "t0"})
	var partly *sign.UnwitnessedError
	if b != nil || !errors.As(err, &partly) || !errors.Is(err, context.Canceled) || proofs(partly.Bundle) != "t0" {
		t.Errorf("%v, %v", b, err)
	}
}
