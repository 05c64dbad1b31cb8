package oci

import (
	"context"
	"slices"
	"sync/atomic"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
)

// maxStatementBytes bounds one unsigned statement: BuildKit's own limit
// (moby/buildkit, docs/attestations/attestation-storage.md).
const maxStatementBytes = 40 << 20

// The bounds of all the unsigned statements that are read of an index: their number, and
// their sizes as the manifests state them, 256 MiB.
const (
	maxStatements         = 256
	maxAllStatementsBytes = 256 << 20
)

// An Unsigned is a statement that BuildKit put into an index. Nobody signed it; a signature
// over the index covers its bytes.
type Unsigned struct {
	// Subject is the manifest that the index says it is about.
	Subject attest.Digest
	// Manifest is the attestation manifest that holds it, as its layer of this number.
	Manifest  attest.Digest
	Layer     int
	Statement *attest.Statement
}

// Statements reads the statements in the attestation manifests of the index root whose
// annotation names a predicate type that wanted accepts, or none; a nil wanted accepts all.
// Each may have 40 MiB, and all together 256 MiB. What can't be read, and what is about something else than the
// index says, is an error.
func (s *Store) Statements(ctx context.Context, root artifact.Artifact, wanted func(predicateType string) bool) ([]Unsigned, error) {
	var nodes []artifact.Artifact
	var collect func(artifact.Artifact)
	collect = func(a artifact.Artifact) {
		if a.Kind == artifact.KindAttestation && a.Annotations[buildKitType] == attestationKind {
			nodes = append(nodes, a)
		}
		for _, child := range a.Children {
			collect(child)
		}
	}
	collect(root)
	read := make([][]Unsigned, len(nodes))
	var all toll
	err := each(ctx, len(nodes), s.options.Parallel, func(ctx context.Context, i int) (err error) {
		read[i], err = s.statementsIn(ctx, root, nodes[i], wanted, &all)
		return err
	})
	if err != nil {
		return nil, s.at(err, "read statements in", root.Digest.String())
	}
	return slices.Concat(read...), nil
}

// A toll counts what is read by several at once.
type toll struct{ count, bytes atomic.Int64 }

func (t *toll) take(size int64) error {
	switch {
	case t.count.Add(1) > maxStatements:
		return failure(KindOverBound, "has more than %d unsigned statements", maxStatements)
	case t.bytes.Add(max(size, 0)) > maxAllStatementsBytes:
		return failure(KindOverBound, "has more than %d bytes of unsigned statements", maxAllStatementsBytes)
	}
	return nil
}

func (s *Store) statementsIn(ctx context.Context, root, node artifact.Artifact, wanted func(string) bool, all *toll) ([]Unsigned, error) {
	subject, err := attest.ParseDigest(node.Annotations[buildKitSubject])
	if err != nil || !root.Covers(subject) {
		return nil, failure(KindMalformed, "the attestation manifest %s is about %q, which is not in the index", node.Digest, plain(node.Annotations[buildKitSubject]))
	}
	doc, err := s.manifest(ctx, node.Digest)
	if err != nil {
		return nil, err
	}
	s.remember(node.Digest, doc)
	var found []Unsigned
	for i, l := range doc.Layers {
		named := l.Annotations[annotationInToto]
		if l.MediaType != attest.PayloadType || named != "" && wanted != nil && !wanted(named) {
			continue
		}
		if err := all.take(l.Size); err != nil {
			return nil, err
		}
		st, err := s.statement(ctx, l)
		if err != nil {
			return nil, err
		}
		if !st.About(subject) {
			return nil, failure(KindMalformed, "a statement in %s is not about %s", node.Digest, subject)
		}
		found = append(found, Unsigned{Subject: subject, Manifest: node.Digest, Layer: i, Statement: st})
	}
	return found, nil
}

func (s *Store) statement(ctx context.Context, l descriptor) (*attest.Statement, error) {
	raw, err := s.bytes(ctx, l, maxStatementBytes)
	if err != nil {
		return nil, err
	}
	st, err := attest.ParseStatement(raw)
	if err != nil {
		return nil, failure(KindMalformed, "%s is no statement: %s", l.Digest, plain(err.Error()))
	}
	return st, nil
}
