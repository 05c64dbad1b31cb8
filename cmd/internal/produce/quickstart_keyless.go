package produce

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// visitor is who signs on the tour.
const visitor = "you@example.com"

// startSigstore starts a private Sigstore, as carnet local up does, and returns when it is
// ready. It ends with end.
func (t *tour) startSigstore(ctx context.Context) (end func(), err error) {
	dir := filepath.Join(t.dir, "sigstore")
	t.call.Sayf("# A private Sigstore: who may sign is proven by a token, and there is no key to keep.\n$ carnet local up %s &", dir)
	ctx, cancel := context.WithCancel(ctx)
	reader, writer := io.Pipe()
	var said bytes.Buffer
	env := *t.call.Env
	env.Stdout, env.Stderr = writer, &said
	done := make(chan struct{})
	go func() {
		defer close(done)
		code := t.run(ctx, &env, []string{"carnet", "local", "up", "-o", "json", dir})
		_ = writer.CloseWithError(fmt.Errorf("carnet local up ended with exit code %d", code)) // always nil
	}()
	end = func() { cancel(); <-done }
	line, err := bufio.NewReader(reader).ReadBytes('\n')
	if err != nil {
		end()
		return nil, fmt.Errorf("%w: %s", err, bytes.TrimSpace(said.Bytes()))
	}
	var status struct{ Issuer string }
	if err := json.Unmarshal(line, &status); err != nil || status.Issuer == "" {
		end()
		return nil, errors.New("the private Sigstore does not say where its issuer is")
	}
	t.sign = []string{"--identity-token", filepath.Join(t.dir, "token"), "--signing-config", filepath.Join(dir, "signing_config.json")}
	t.trust = []string{
		"--trusted-root", filepath.Join(dir, "trusted_root.json"),
		"--certificate-identity", visitor, "--certificate-oidc-issuer", status.Issuer,
	}
	return end, nil
}

// makeToken gets the token with which all is signed.
func (t *tour) makeToken(ctx context.Context) error {
	path := filepath.Join(t.dir, "token")
	args := []string{"local", "token", "--email", visitor, filepath.Join(t.dir, "sigstore")}
	t.call.Sayf("\n# A token says who you are. Elsewhere it comes from your CI system, or from logging in.\n$ carnet local token --email %s %s > %s", visitor, args[4], path)
	var token bytes.Buffer
	env := *t.call.Env
	env.Stdout = &token
	if code := t.run(ctx, &env, append([]string{"carnet"}, args...)); code != 0 {
		return fmt.Errorf("carnet local token ended with exit code %d", code)
	}
	return os.WriteFile(path, token.Bytes(), 0o600)
}
