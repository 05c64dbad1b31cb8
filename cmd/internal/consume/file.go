package consume

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/cmd/internal/policy/load"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/gate"
	"github.com/carnet-project/carnet/verify/report"
)

// file judges a file by the bundles that are named for it, or the one beside it.
func (v *verification) file(ctx context.Context, target, path string) ([]report.Result, error) {
	if v.flags != nil && len(v.flags.platforms) > 0 {
		return nil, cli.Usagef("%s: a file has no platforms: --platform has no place beside it", target)
	}
	if err := v.named(target); err != nil {
		return nil, err
	}
	bundles := v.bundles
	if len(bundles) == 0 {
		var err error
		if _, err = os.Stat(path + load.BundleSuffix); errors.Is(err, fs.ErrNotExist) {
			return nil, &cli.UsageError{Message: target + ": no bundle is named, and there is no " + path + load.BundleSuffix, Hint: "name the bundle that proves the file: --bundle FILE"}
		}
		if bundles, err = v.read([]string{path + load.BundleSuffix}); err != nil {
			return nil, err
		}
	}
	groups := byAlgorithm(bundles)
	digests, size, err := hashFile(ctx, path, groups)
	if err != nil {
		return nil, err
	}
	for i, d := range digests {
		groups[i].artifact = artifact.Artifact{Kind: artifact.KindFile, Digest: d, Size: size}
	}
	return v.bundled(ctx, target, path, groups)
}

// digest judges a digest, whose content is not at hand, by the bundles named.
func (v *verification) digest(ctx context.Context, target string, d attest.Digest) ([]report.Result, error) {
	if len(v.bundles) == 0 {
		return nil, &cli.UsageError{Message: target + ": no bundle is named", Hint: "name the bundle that proves the digest: --bundle FILE"}
	}
	if err := v.named(target); err != nil {
		return nil, err
	}
	return v.bundled(ctx, target, "", []group{{bundles: v.bundles, artifact: artifact.Artifact{Kind: artifact.KindFile, Digest: d}}})
}

// bundled judges one file, under each digest that its bundles name it by. Where several
// signers are wanted, they are counted over all of them.
func (v *verification) bundled(ctx context.Context, target, name string, groups []group) ([]report.Result, error) {
	groups, err := v.pertinent(target, groups)
	if err != nil {
		return nil, err
	}
	total := 0
	for _, g := range groups {
		total += len(g.bundles)
	}
	if v.flags != nil && v.flags.threshold > total {
		return nil, cli.Usagef("%s: --threshold %d can't be met: %s named, and each is signed by one signer", target, v.flags.threshold, count(total, "bundle is", "bundles are"))
	}
	var beside []*verify.Evidence
	if len(groups) > 1 {
		for _, g := range groups {
			_, roots, err := v.judge(v.imageName, g.bundles)
			if err != nil {
				return nil, err
			}
			beside = append(beside, believed(g, roots)...)
		}
	}
	var results []report.Result
	for _, g := range groups {
		p, roots, err := v.judge(v.imageName, g.bundles)
		if err != nil {
			return nil, err
		}
		judge := gate.Gate{Source: load.Bundles(g.bundles), Roots: roots, Policy: p, Beside: beside, At: v.at, Deploy: v.deploy}
		results = append(results, report.Result{Target: target, Name: name, Verdict: judge.Check(ctx, g.artifact)})
	}
	return results, nil
}

// believed is what the group's bundles prove of the file.
func believed(g group, roots []verify.Root) []*verify.Evidence {
	var all []*verify.Evidence
	for _, b := range g.bundles {
		if e, err := verify.Bundle(b, g.artifact.Digest, roots...); err == nil {
			all = append(all, e)
		}
	}
	return all
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// A group is bundles that name the file by a digest of the same algorithm.
type group struct {
	algorithm string
	bundles   []*attest.Bundle
	// artifact is the file, by the digest of this algorithm.
	artifact artifact.Artifact
}

func byAlgorithm(bundles []*attest.Bundle) []group {
	var groups []group
next:
	for _, b := range bundles {
		algorithm := algorithmOf(b)
		for i := range groups {
			if groups[i].algorithm == algorithm {
				groups[i].bundles = append(groups[i].bundles, b)
				continue next
			}
		}
		groups = append(groups, group{algorithm: algorithm, bundles: []*attest.Bundle{b}})
	}
	return groups
}

// algorithmOf is the digest algorithm by which b could name a file. What b says is
// not verified here; it only chooses how the file is hashed.
func algorithmOf(b *attest.Bundle) string {
	if d := b.MessageDigest(); !d.IsZero() {
		return d.Algorithm()
	}
	st, err := b.UnverifiedStatement()
	if err != nil {
		return "sha256"
	}
	strongest := "sha256"
	for _, s := range st.Subjects() {
		if _, ok := s.Digests()["sha256"]; ok {
			return "sha256"
		}
		if d := s.Digest(); !d.IsZero() {
			strongest = d.Algorithm()
		}
	}
	return strongest
}

// hashFile reads a file once, in constant memory, for the digests of all groups.
func hashFile(ctx context.Context, path string, groups []group) ([]attest.Digest, int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, cli.Usagef("%v", err)
	}
	defer f.Close()
	var hashes []hash.Hash
	var writers []io.Writer
	for _, g := range groups {
		h := map[string]func() hash.Hash{"sha256": sha256.New, "sha384": sha512.New384, "sha512": sha512.New}[g.algorithm]()
		hashes, writers = append(hashes, h), append(writers, h)
	}
	size, err := io.CopyBuffer(struct{ io.Writer }{io.MultiWriter(writers...)}, interruptible{ctx, f}, make([]byte, 1<<20))
	if err != nil {
		return nil, 0, &cli.UnavailableError{Err: fmt.Errorf("%s: %w", path, err)}
	}
	var digests []attest.Digest
	for i, h := range hashes {
		d, err := attest.DigestOf(groups[i].algorithm, h.Sum(nil))
		if err != nil {
			return nil, 0, err
		}
		digests = append(digests, d)
	}
	return digests, size, nil
}

// interruptible is a reader that ends with its context.
type interruptible struct {
	ctx context.Context
	io.Reader
}

func (r interruptible) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}
