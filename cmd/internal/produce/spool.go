package produce

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	strictjson "github.com/go-json-experiment/json"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/sign"
	"github.com/carnet-project/carnet/sign/fulcio"
)

// SpoolSchema names the JSON in which signatures lie that are not finished. Fields may be
// added under this name; none is removed and none changes its meaning.
const SpoolSchema = "https://github.com/carnet-project/carnet/schema/spool/v1"

// maxSpoolBytes bounds a spool: some of the largest bundles.
const maxSpoolBytes = 4 * attest.MaxBundleBytes

type spoolJSON struct {
	Schema  string    `json:"schema"`
	Created time.Time `json:"created"`
	Plan    plan      `json:"plan"`
	Pieces  []*piece  `json:"pieces"`
	// NotBegun are targets, as they were given, that are not signed and of which the
	// pieces have nothing or not all: the run of Command ended before.
	Command  string   `json:"command,omitempty"`
	NotBegun []string `json:"notBegun,omitempty"`
}

// A piece is one signature that is not finished: what is to be signed, what there is of
// its bundle, what is missing, and where it goes then.
type piece struct {
	// Statement is the statement's exact bytes; or File is the file to sign and
	// FileDigest what it must still have.
	Statement  []byte `json:"statement,omitempty"`
	File       string `json:"file,omitempty"`
	FileDigest string `json:"fileDigest,omitempty"`
	// Bundle is the signed bundle with the proofs that there are, or nil for what is not
	// signed yet; PublicKey is its signer's in PKIX DER where it has no certificate.
	Bundle    []byte `json:"bundle,omitempty"`
	PublicKey []byte `json:"publicKey,omitempty"`
	// Missing are the witnesses that have not recorded the signature.
	Missing []place     `json:"missing,omitempty"`
	To      destination `json:"to"`
	// Error is why it was not finished, for people.
	Error string `json:"error"`
}

// A destination is where a finished bundle goes: beside the node of an image that it is
// about, or into a file.
type destination struct {
	// Image is name@digest of the image.
	Image string `json:"image,omitempty"`
	// File is the bundle's file; - is stdout.
	File string `json:"file,omitempty"`
}

func (d destination) String() string {
	if d.Image != "" {
		return d.Image
	}
	return d.File
}

// fileDestination is a file's, wherever carnet resume is run.
func fileDestination(path string) destination {
	if path != "-" {
		if abs, err := filepath.Abs(path); err == nil {
			path = abs
		}
	}
	return destination{File: path}
}

// hold keeps a signature that some witnesses have not recorded.
func (p *piece) hold(u *sign.UnwitnessedError) {
	p.Bundle, p.PublicKey, p.Missing = u.Bundle.Bytes(), u.Bundle.PublicKey(), nil
	for _, w := range u.Missing {
		p.Missing = append(p.Missing, placeOf(w))
	}
}

// A spool gathers what a run could not finish.
type spool struct {
	call   *cli.Call
	path   string
	mu     sync.Mutex
	pieces []*piece
	causes []error
}

func (s *spool) add(p *piece, cause error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pieces, s.causes = append(s.pieces, p), append(s.causes, cause)
}

// close writes the spool if there is anything in it, and says so. notBegun are the targets
// that it can't finish, and err is how the run ended apart from that.
func (s *spool) close(p plan, notBegun []string, err error) error {
	if len(s.pieces) == 0 {
		return err
	}
	doc := spoolJSON{Schema: SpoolSchema, Created: time.Now().UTC(), Plan: p, Pieces: s.pieces, NotBegun: remaining(notBegun)}
	if len(doc.NotBegun) > 0 {
		doc.Command = s.call.Command.HelpName
	}
	path, writeErr := s.write(doc)
	for i, piece := range s.pieces {
		s.call.Sayf("not finished: %s: %v", piece.To, s.causes[i])
		s.call.SayHint(s.causes[i])
	}
	if writeErr != nil {
		return errors.Join(err, fmt.Errorf("%d signatures are not finished, and could not be kept: %w", len(s.pieces), writeErr))
	}
	kept := error(&unfinished{fmt.Sprintf("%d %s not finished; what there is of it is in %s", len(s.pieces), plural(len(s.pieces), "signature is", "signatures are"), path), err})
	if !s.refused() {
		kept = &cli.UnavailableError{Err: kept}
	}
	return cli.WithHint(kept, "carnet resume "+path)
}

// An unfinished is the end of a run with something in the spool.
type unfinished struct {
	message string
	other   error
}

func (u *unfinished) Error() string {
	if u.other != nil {
		return u.other.Error() + "\n" + u.message
	}
	return u.message
}
func (u *unfinished) Unwrap() error { return u.other }

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// refused says whether the authority has refused for good, so that to wait helps nobody.
func (s *spool) refused() bool {
	for _, err := range s.causes {
		var refusal *fulcio.Error
		if !errors.As(err, &refusal) || refusal.Status >= 500 || refusal.Status == 429 {
			return false
		}
	}
	return true
}

// write writes the spool where it was asked for, or here, or else where temporary files
// go: a build that is done must not be lost because the folder can't be written to.
func (s *spool) write(doc spoolJSON) (string, error) {
	raw, err := encodeSpool(doc)
	if err != nil {
		return "", err
	}
	if s.path != "" {
		return s.path, writePrivate(s.path, raw)
	}
	name := "carnet-spool-" + attest.SHA256(raw).Hex()[:12] + ".json"
	if writePrivate(name, raw) == nil {
		return name, nil
	}
	path := filepath.Join(os.TempDir(), name)
	return path, writePrivate(path, raw)
}

func encodeSpool(doc spoolJSON) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	err := enc.Encode(doc)
	return b.Bytes(), err
}

// readSpool reads a spool. It says where tokens are sent, so that one that others could
// have written, such as a file of a checkout, is refused.
func readSpool(path string) (spoolJSON, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return spoolJSON{}, cli.Usagef("%s: no such file", path)
	case err != nil:
		return spoolJSON{}, cli.Usagef("%v", err)
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
		return spoolJSON{}, &cli.UsageError{
			Message: fmt.Sprintf("%s has the mode %04o, and carnet keeps its spools to 0600", path, info.Mode().Perm()),
			Hint:    "it says where tokens are sent: look into it, and if it is carnet's, chmod 600 " + path,
		}
	}
	raw, err := cli.ReadFile(path, maxSpoolBytes)
	if err != nil {
		return spoolJSON{}, err
	}
	doc, err := parseSpool(raw)
	if err != nil {
		return spoolJSON{}, cli.Usagef("%s: %v", path, err)
	}
	return doc, nil
}

// parseSpool reads a spool strictly: no member twice, and none that is not known.
func parseSpool(raw []byte) (spoolJSON, error) {
	var doc spoolJSON
	if err := strictjson.Unmarshal(raw, &doc, strictjson.RejectUnknownMembers(true)); err != nil {
		return doc, fmt.Errorf("is not a spool: %w", err)
	}
	if doc.Schema != SpoolSchema {
		return doc, fmt.Errorf("is not a spool: its schema is %q, want %q", doc.Schema, SpoolSchema)
	}
	if _, err := doc.Created.MarshalJSON(); err != nil {
		return doc, fmt.Errorf("was created at a time that can't be written again: %w", err)
	}
	if err := doc.Plan.check(); err != nil {
		return doc, err
	}
	for i, p := range doc.Pieces {
		if err := p.check(); err != nil {
			return doc, fmt.Errorf("piece %d: %w", i+1, err)
		}
	}
	return doc, checkNotBegun(doc.Command, doc.NotBegun)
}

func (p plan) check() error {
	if p.Key == "" {
		if err := checkService(p.Authority); err != nil {
			return fmt.Errorf("the certificate authority %w", err)
		}
	}
	return checkPlaces(p.Witnesses)
}

func checkPlaces(places []place) error {
	for _, w := range places {
		if w.Kind != placeLog && w.Kind != placeTimestamp {
			return fmt.Errorf("the witness %q is of no known kind", w.Kind)
		}
		if err := checkService(w.URL); err != nil {
			return fmt.Errorf("the witness %w", err)
		}
	}
	return nil
}

func (p *piece) check() error {
	switch {
	case p == nil || (p.File == "") == (len(p.Statement) == 0):
		return errors.New("want either a statement or a file")
	case (p.To.Image == "") == (p.To.File == ""):
		return errors.New("want either an image or a file to go to")
	}
	if p.File != "" {
		if _, err := attest.ParseDigest(p.FileDigest); err != nil {
			return fmt.Errorf("want the file's digest: %w", err)
		}
	}
	return checkPlaces(p.Missing)
}

// fileDigest is the SHA-256 of a file.
func fileDigest(ctx context.Context, path string) (attest.Digest, error) {
	f, err := os.Open(path)
	if err != nil {
		return attest.Digest{}, cli.Usagef("%v", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.CopyBuffer(h, reader{ctx, f}, make([]byte, 512<<10)); err != nil {
		return attest.Digest{}, fmt.Errorf("reading %s: %w", path, err)
	}
	return attest.DigestOf("sha256", h.Sum(nil))
}

// reader ends when its context does.
type reader struct {
	ctx context.Context
	io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}
