package produce

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/cmd/internal/cli"
)

// signChecksums signs one statement whose subjects are the files of a checksum
// file. Any of them verifies with the one bundle.
func signChecksums(ctx context.Context, c *cli.Call, s *signing, path string) error {
	raw, err := c.ReadInput(path, 8<<20)
	if err != nil {
		return err
	}
	subjects, err := parseChecksums(raw)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	st, err := attest.NewStatement(predicate.SignV1, []byte("{}"), subjects...)
	if err != nil {
		return cli.Usagef("%s: %v", path, err)
	}
	out := c.String("bundle")
	if out == "" && path == "-" {
		out = "-"
	} else if out == "" {
		out = path + bundleSuffix
	}
	b, err := s.statement(ctx, st, fileDestination(out))
	if err != nil {
		return err
	}
	if err := c.WriteFile(out, b.Bytes()); err != nil {
		return err
	}
	c.Sayf("signed %d files of %s: %s", len(subjects), path, outName(out))
	return nil
}

// parseChecksums reads what sha256sum and sha512sum write: a digest, a space, a
// space or an asterisk, and the file's name (GNU coreutils manual, "md5sum invocation").
func parseChecksums(raw []byte) ([]attest.Subject, error) {
	var subjects []attest.Subject
	seen := map[string]int{}
	for i, line := range bytes.Split(bytes.TrimRight(raw, "\r\n"), []byte("\n")) {
		at := fmt.Sprintf("line %d", i+1)
		hex, name, found := strings.Cut(strings.TrimSuffix(string(line), "\r"), " ")
		if !found || len(name) < 2 || name[0] != ' ' && name[0] != '*' {
			return nil, cli.Usagef("%s is not a checksum line: expected DIGEST, two spaces, FILE", at)
		}
		name = name[1:]
		d, err := attest.ParseDigest(map[int]string{64: "sha256:", 96: "sha384:", 128: "sha512:"}[len(hex)] + hex)
		if err != nil {
			return nil, cli.Usagef("%s: the digest of %q is not SHA-256, SHA-384 or SHA-512 in lower-case hex", at, name)
		}
		if first, twice := seen[name]; twice {
			return nil, cli.Usagef("%s: %q is listed on line %d already", at, name, first)
		}
		seen[name] = i + 1
		subjects = append(subjects, attest.NewSubject(name, d))
	}
	return subjects, nil
}
