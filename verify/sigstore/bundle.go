package sigstore

import (
	"encoding/json"
	"errors"
	"fmt"

	bundlepb "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	rekorpb "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/tlog"

	"github.com/carnet-project/carnet/verify"
)

// The bounds on what proves one signature. Those on proofs are sigstore-go's own.
const (
	maxProofs = 32
	maxChain  = 16
)

// readBundle hands pb to sigstore-go, which holds it to the rules of its version, and
// gives its refusal a reason.
func readBundle(pb *bundlepb.Bundle) (*bundle.Bundle, error) {
	material := pb.GetVerificationMaterial()
	for what, n := range map[string]int{
		"log entries": len(material.GetTlogEntries()),
		"timestamps":  len(material.GetTimestampVerificationData().GetRfc3161Timestamps()),
	} {
		if n > maxProofs {
			return nil, refuse(verify.ReasonTooLarge, fmt.Sprintf("at most %d %s", maxProofs, what), fmt.Sprintf("%d", n))
		}
	}
	chain := material.GetX509CertificateChain()
	if n := len(chain.GetCertificates()); n > maxChain {
		return nil, refuse(verify.ReasonTooLarge, fmt.Sprintf("at most %d certificates", maxChain), fmt.Sprintf("%d", n))
	}
	if err := readableEntries(material.GetTlogEntries()); err != nil {
		return nil, err
	}
	var options []bundle.Option
	if probe := (&bundle.Bundle{Bundle: pb}); chain != nil && probe.MinVersion("v0.3") {
		options = append(options, bundle.AllowCertificateChain())
	}
	read, err := bundle.NewBundle(pb, options...)
	if err == nil {
		return read, nil
	}
	return nil, bundleFault(pb, err)
}

// readableEntries refuses entries that sigstore-go would take for something else.
func readableEntries(entries []*rekorpb.TransparencyLogEntry) error {
	for _, e := range entries {
		if e.GetInclusionProof() != nil && e.GetInclusionProof().GetCheckpoint().GetEnvelope() == "" {
			return refuse(verify.ReasonLogProof, "a proof of inclusion with its checkpoint", "no checkpoint")
		}
		// sigstore-go goes by the body and compares the entry's kind with itself.
		var body struct {
			Kind       string `json:"kind"`
			APIVersion string `json:"apiVersion"`
		}
		if err := json.Unmarshal(e.GetCanonicalizedBody(), &body); err != nil {
			return refuse(verify.ReasonLogMismatch, "a log entry whose body is JSON", err.Error())
		}
		if said := e.GetKindVersion(); said.GetKind() != body.Kind || said.GetVersion() != body.APIVersion {
			return refuse(verify.ReasonLogMismatch, fmt.Sprintf("a log entry of kind %q, version %q", said.GetKind(), said.GetVersion()),
				fmt.Sprintf("a body of kind %q, version %q", body.Kind, body.APIVersion))
		}
	}
	return nil
}

// bundleFault is why sigstore-go does not take a bundle.
func bundleFault(pb *bundlepb.Bundle, err error) error {
	if errors.Is(err, bundle.ErrUnsupportedMediaType) {
		return refuse(verify.ReasonUnsupported, "a bundle of version 0.1, 0.2 or 0.3", err.Error())
	}
	promised, proven := false, false
	entries := pb.GetVerificationMaterial().GetTlogEntries()
	for _, e := range entries {
		if _, err := tlog.ParseTransparencyLogEntry(e); err != nil {
			return refuse(verify.ReasonLogMismatch, "a log entry of a kind that is known (hashedrekord, dsse, intoto)", err.Error())
		}
		promised = promised || len(e.GetInclusionPromise().GetSignedEntryTimestamp()) > 0
		proven = proven || e.GetInclusionProof() != nil
	}
	older := !(&bundle.Bundle{Bundle: pb}).MinVersion("v0.2")
	switch {
	case len(entries) > 0 && older && !promised:
		return refuse(verify.ReasonLogPromise, "a log's promise of inclusion, as version 0.1 of the bundle asks", "none")
	case len(entries) > 0 && !older && !proven:
		return refuse(verify.ReasonLogProof, "a proof of inclusion in the log, as this version of the bundle asks", "none")
	}
	return refuse(verify.ReasonMalformed, "a bundle that sigstore-go reads", err.Error())
}
