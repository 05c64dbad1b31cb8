package load_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/cmd/internal/policy/load"
	"github.com/carnet-project/carnet/fixtures/sigstore"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/policy"
	"github.com/carnet-project/carnet/verify/policy/cel"
)

// run runs a command that has the flags of policies.
func run(t *testing.T, home string, do func(*cli.Call) error, args ...string) (int, string) {
	t.Helper()
	var stderr bytes.Buffer
	env := &cli.Env{
		Stdin: strings.NewReader(""), Stdout: &bytes.Buffer{}, Stderr: &stderr, Environ: func() []string { return nil },
		LookupEnv: func(name string) (string, bool) {
			if name == "CARNET_HOME" {
				return home, true
			}
			return "", false
		},
	}
	command := cli.Command{Name: "try", Flags: slices.Concat(load.Flags(), cli.TrustFlags(), cli.RegistryFlags()), Run: do}
	code := cli.Main(t.Context(), env, "carnet", "test", []cli.Command{command}, append([]string{"carnet", "try"}, args...))
	return code, stderr.String()
}

// write writes a file into a folder and gives its path.
func write(t *testing.T, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// document is a policy with a trust section and identities.
func document(name, trust, identities string) string {
	return fmt.Sprintf(`apiVersion: carnet/v1
kind: Policy
metadata: {name: %s, version: 1, owner: somebody}
%s
identities: %s
scopes:
  - {name: all, images: ["**"], require: {signatures: {from: [a]}}}
`, name, trust, identities)
}

// rootsOf are the roots of trust for the policies in files.
func rootsOf(c *cli.Call, paths ...string) ([]verify.Root, error) {
	var all []*load.Policy
	var documents []*policy.Document
	for _, path := range paths {
		p, err := load.File(c, path, cel.New())
		if err != nil {
			return nil, err
		}
		all, documents = append(all, p), append(documents, p.Document)
	}
	trust, err := load.TrustOf(all...)
	if err != nil {
		return nil, err
	}
	bound, err := policy.Bind("ghcr.io/acme/app", nil, documents...)
	if err != nil {
		return nil, err
	}
	return trust.Roots(bound)
}

// A holder of a certificate of one's own authority, and one whom an instance certified, are
// each believed under their own authority only, and for what it may say.
func TestAuthorities(t *testing.T) {
	dir := t.TempDir()
	own, other := newAuthority(t), newAuthority(t)
	in := sigstore.New("lab")
	write(t, dir, "lab.json", in.TrustedRoot())
	write(t, dir, "own.pem", own.text())
	write(t, dir, "other.pem", other.text())
	trust := "trust: {sigstore: {trustedRoot: lab.json}}"
	x509Only := write(t, dir, "x509.yaml", document("x509", trust, `{a: {x509: {roots: [own.pem], subjects: ["spiffe://acme.example/**", "https://github.com/**"], revocation: best-effort}}}`))
	both := write(t, dir, "both.yaml", document("both", trust, `{a: {x509: {roots: [own.pem], subjects: ["spiffe://acme.example/**"], revocation: best-effort}}, b: {oidc: {issuer: "https://issuer.example", subject: "spiffe://acme.example/x"}}}`))
	two := write(t, dir, "two.yaml", document("two", trust, `{a: {x509: {roots: [own.pem], subjects: ["spiffe://acme.example/**"], revocation: best-effort}}, b: {x509: {roots: [other.pem], subjects: ["spiffe://acme.example/**"], revocation: best-effort}}}`))
	required := write(t, dir, "required.yaml", document("required", trust, `{a: {x509: {roots: [own.pem], subjects: ["spiffe://acme.example/**"], revocation: required}}}`))
	builder := "spiffe://acme.example/x"
	for name, c := range map[string]struct {
		policy string
		b      *attest.Bundle
		good   bool
	}{
		"own":                         {x509Only, own.bundle(t, in, builder, ""), true},
		"another subject":             {x509Only, own.bundle(t, in, "spiffe://evil.example/x", ""), false},
		"another authority":           {x509Only, other.bundle(t, in, builder, ""), false},
		"own, posing as Fulcio":       {both, own.bundle(t, in, builder, "https://issuer.example"), false},
		"instance":                    {both, certified(t, in, builder, "https://issuer.example"), true},
		"instance, without an issuer": {both, certified(t, in, builder, ""), false},
		"instance, not named":         {x509Only, certified(t, in, builder, "https://issuer.example"), false},
	} {
		code, stderr := run(t, dir, func(call *cli.Call) error {
			roots, err := rootsOf(call, c.policy)
			if err != nil {
				return err
			}
			_, err = verify.Bundle(c.b, attest.SHA256([]byte("x")), roots...)
			if refused := verify.Refusal(err); (refused.Reason == verify.ReasonSubjectMismatch) != c.good {
				t.Errorf("%s: %v", name, err)
			}
			return nil
		})
		if code != 0 {
			t.Errorf("%s: %s", name, stderr)
		}
	}
	for path, want := range map[string]string{two: "could not be told apart", required: "revocation"} {
		if code, stderr := run(t, dir, func(call *cli.Call) error { _, err := rootsOf(call, path); return err }); code != 2 || !strings.Contains(stderr, want) {
			t.Errorf("%s ends with %d and %q", path, code, stderr)
		}
	}
}

// What policies name is read beside them, and what is missing or unfit is told with its line.
func TestFiles(t *testing.T) {
	dir := t.TempDir()
	k := sigstore.NewKey("release")
	write(t, dir, "release.pub", string(k.PEM()))
	lab := sigstore.New("lab")
	write(t, dir, "lab.json", lab.TrustedRoot())
	key := "{a: {key: {file: release.pub}}}"
	for name, c := range map[string]struct {
		content string
		code    int
		stderr  string
	}{
		"a key file":                   {document("p", "", key), 0, ""},
		"a trusted root":               {document("p", "trust: {sigstore: {trustedRoot: lab.json}}", key), 0, ""},
		"no key file":                  {document("p", "", "{a: {key: {file: none.pub}}}"), 2, "p.yaml:5: the identity a: "},
		"no trusted root":              {document("p", "trust: {sigstore: {trustedRoot: none.json}}", key), 2, "trust.sigstore: "},
		"no TUF mirror":                {document("p", "trust: {sigstore: {tuf: {mirror: 'https://tuf.example', root: root.json}}}", key), 2, "carnet trust init --mirror https://tuf.example"},
		"a private key":                {document("p", "", "{a: {key: {pem: \"-----BEGIN PRIVATE KEY-----\\nAAAA\\n-----END PRIVATE KEY-----\\n\"}}}"), 2, "PRIVATE KEY"},
		"a service that is a variable": {document("p", "", "{a: {key: {kms: 'env://HOME'}}}"), 2, "kms"},
		"a rule that is no CEL":        {strings.Replace(document("p", "", key), "signatures: {from: [a]}", "rules: [{id: x, require: 'tru', message: m}]", 1), 2, "tru"},
	} {
		path := write(t, dir, "p.yaml", c.content)
		code, stderr := run(t, dir, func(call *cli.Call) error { _, err := rootsOf(call, path); return err })
		if code != c.code || !strings.Contains(stderr, c.stderr) {
			t.Errorf("%s ends with %d and %q, want %d and %q", name, code, stderr, c.code, c.stderr)
		}
	}
}

// --trusted-root is what a policy calls public; what it names itself stays as it is.
func TestTrustedRoot(t *testing.T) {
	dir := t.TempDir()
	lab, elsewhere := sigstore.New("lab"), sigstore.New("elsewhere")
	root := write(t, dir, "lab.json", lab.TrustedRoot())
	write(t, dir, "elsewhere.json", elsewhere.TrustedRoot())
	who := `{a: {oidc: {issuer: "https://issuer.example", subject: ann@acme.example}}}`
	public := write(t, dir, "public.yaml", document("public", "", who))
	named := write(t, dir, "named.yaml", document("named", "trust: {sigstore: {trustedRoot: elsewhere.json}}", who))
	restricted := write(t, dir, "restricted.yaml", document("restricted", `trust: {transparencyLogs: ["https://none.test"]}`, who))
	b := certified(t, lab, "ann@acme.example", "https://issuer.example")
	for name, c := range map[string]struct {
		args  []string
		files []string
		good  bool
	}{
		"given":                {[]string{"--trusted-root", root}, []string{public}, true},
		"not given":            {nil, []string{public}, false},
		"named in the policy":  {[]string{"--trusted-root", root}, []string{named}, false},
		"a log that is not it": {[]string{"--trusted-root", root}, []string{restricted}, false},
	} {
		code, stderr := run(t, dir, func(call *cli.Call) error {
			roots, err := rootsOf(call, c.files...)
			if err != nil {
				return err
			}
			if _, err = verify.Bundle(b, attest.SHA256([]byte("x")), roots...); (verify.Refusal(err).Reason == verify.ReasonSubjectMismatch) != c.good {
				t.Errorf("%s: %v", name, err)
			}
			return nil
		}, c.args...)
		if code != 0 {
			t.Errorf("%s: %s", name, stderr)
		}
	}
	for _, files := range [][]string{{public, named}, {named, public}, {public, restricted}} {
		code, stderr := run(t, dir, func(call *cli.Call) error { _, err := rootsOf(call, files...); return err })
		if code != 2 || !strings.Contains(stderr, "can't be judged together") {
			t.Errorf("%v ends with %d and %q", files, code, stderr)
		}
	}
}

// Versions that are noted at the same time keep the highest.
func TestVersionsAtTheSameTime(t *testing.T) {
	dir := t.TempDir()
	k := sigstore.NewKey("release")
	write(t, dir, "release.pub", string(k.PEM()))
	read := func(version int, flags ...string) (int, string) {
		path := write(t, dir, fmt.Sprintf("v%d.yaml", version), strings.Replace(document("p", "", "{a: {key: {file: release.pub}}}"), "version: 1", fmt.Sprintf("version: %d", version), 1))
		return run(t, dir, func(call *cli.Call) error {
			_, err := load.All(context.Background(), call, []string{path}, load.Options{Engine: cel.New(), Now: time.Now()})
			return err
		}, flags...)
	}
	for version := 1; version < 4; version++ {
		if code, stderr := read(version); code != 0 || stderr != "" {
			t.Fatalf("version %d ends with %d and %q", version, code, stderr)
		}
	}
	if code, stderr := read(2); code != 2 || !strings.Contains(stderr, "policy.rollback") {
		t.Errorf("ends with %d and %q", code, stderr)
	}
	if code, stderr := read(2, "--allow-policy-rollback"); code != 0 {
		t.Errorf("ends with %d and %q", code, stderr)
	}
	if code, _ := read(1); code != 2 {
		t.Errorf("version 1 after 2 ends with %d", code)
	}
}

// An authority is a certificate authority of one's own.
type authority struct {
	root *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "root"}, NotBefore: sigstore.Start(), NotAfter: sigstore.Start().AddDate(10, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	root, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return authority{root, key}
}

func (a authority) text() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.root.Raw}))
}

// signing is when everything here is signed.
func signing() time.Time { return sigstore.Start().AddDate(1, 0, 0) }

const statement = `{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"0000000000000000000000000000000000000000000000000000000000000001"}}],"predicateType":"https://sigstore.dev/cosign/sign/v1","predicate":{}}`

// bundle is signed by a holder of the authority's, stamped by the instance. An issuer is
// written into the certificate as Fulcio does.
func (a authority) bundle(t *testing.T, in *sigstore.Instance, subject, issuer string) *attest.Bundle {
	t.Helper()
	key := sigstore.NewKey(subject)
	uri, err := url.Parse(subject)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), NotBefore: sigstore.Start(), NotAfter: sigstore.Start().AddDate(5, 0, 0), URIs: []*url.URL{uri},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	if issuer != "" {
		template.ExtraExtensions = []pkix.Extension{{Id: []int{1, 3, 6, 1, 4, 1, 57264, 1, 1}, Value: []byte(issuer)}}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.root, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	s := sigstore.Chained(key.Envelope(statement), "application/vnd.dev.sigstore.bundle+json;version=0.2", der)
	return parsed(t, sigstore.Encode(sigstore.With(s, sigstore.Proof{Timestamp: in.TSA.Stamp(sigstore.SignatureOf(s), signing(), false)})))
}

// certified is signed by a holder whom the instance certified.
func certified(t *testing.T, in *sigstore.Instance, subject, issuer string) *attest.Bundle {
	t.Helper()
	holder := sigstore.Holder{Issuer: issuer, Email: subject}
	if strings.Contains(subject, "://") {
		holder.Email, holder.URI = "", subject
	}
	key := sigstore.NewKey(subject)
	s := in.Issue(sigstore.Request{Holder: holder, Key: key, From: signing().Add(-time.Minute)}).Envelope(statement)
	entry := in.V2.Record(s, key, sigstore.KindHashedRekordV2, signing())
	return parsed(t, sigstore.Encode(sigstore.With(s, sigstore.Proof{Entry: entry}, sigstore.Proof{Timestamp: in.TSA.Stamp(sigstore.SignatureOf(s), signing(), false)})))
}

func parsed(t *testing.T, raw string) *attest.Bundle {
	t.Helper()
	b, err := attest.ParseBundle([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
