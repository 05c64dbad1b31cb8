package cli

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// A KubeSecret is a key pair that lies in a Kubernetes secret, under the names that
// cosign gives its parts (sigstore/cosign, pkg/cosign/kubernetes). A part that is not
// there is nil.
type KubeSecret struct{ Key, Password, Public []byte }

// Clear forgets the private parts.
func (s KubeSecret) Clear() {
	clear(s.Key)
	clear(s.Password)
}

// maxSecretBytes bounds what is read for a secret: Kubernetes allows 1 MiB, and JSON
// holds it as base64.
const maxSecretBytes = 2 << 20

// serviceAccount is where a pod finds its credentials
// (kubernetes.io/docs/tasks/run-application/access-api-from-pod).
const serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount"

// KubeSecret reads the secret that k8s://NAMESPACE/SECRET names: in a pod with the pod's
// own credentials, elsewhere by kubectl, which knows every way to log in to a cluster.
func (c *Call) KubeSecret(ref string) (KubeSecret, error) {
	namespace, name, err := splitSecret(ref)
	if err != nil {
		return KubeSecret{}, err
	}
	ctx, cancel := context.WithTimeout(c.Ctx(), 30*time.Second)
	defer cancel()
	var raw []byte
	if host := c.Env.Getenv("KUBERNETES_SERVICE_HOST"); host != "" {
		raw, err = secretInPod(ctx, net.JoinHostPort(host, c.Env.Getenv("KUBERNETES_SERVICE_PORT")), serviceAccount, namespace, name)
	} else {
		raw, err = secretByKubectl(ctx, c.Env, namespace, name)
	}
	if err != nil {
		return KubeSecret{}, fmt.Errorf("--key %s: %w", ref, err)
	}
	defer clear(raw)
	var secret struct {
		Data map[string][]byte `json:"data"`
	}
	if err := json.Unmarshal(raw, &secret); err != nil {
		return KubeSecret{}, &UnavailableError{fmt.Errorf("--key %s: the cluster's answer is not a secret", ref)}
	}
	return KubeSecret{secret.Data["cosign.key"], secret.Data["cosign.password"], secret.Data["cosign.pub"]}, nil
}

// splitSecret holds the names to what Kubernetes allows (RFC 1123 subdomains), so that
// neither can be more than a name in a URL or a command line.
func splitSecret(ref string) (namespace, name string, err error) {
	namespace, name, found := strings.Cut(strings.TrimPrefix(ref, "k8s://"), "/")
	subdomain := regexp.MustCompile(`^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$`)
	if !found || !subdomain.MatchString(namespace) || !subdomain.MatchString(name) {
		return "", "", Usagef("--key %s is not k8s://NAMESPACE/SECRET", ref)
	}
	return namespace, name, nil
}

func secretInPod(ctx context.Context, host, account, namespace, name string) ([]byte, error) {
	ca, err := os.ReadFile(filepath.Join(account, "ca.crt"))
	if err != nil {
		return nil, &UnavailableError{fmt.Errorf("reading the pod's credentials: %w", err)}
	}
	token, err := os.ReadFile(filepath.Join(account, "token"))
	if err != nil {
		return nil, &UnavailableError{fmt.Errorf("reading the pod's credentials: %w", err)}
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		return nil, &UnavailableError{errors.New("the pod's ca.crt holds no certificate")}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+host+"/api/v1/namespaces/"+namespace+"/secrets/"+name, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+string(bytes.TrimSpace(token)))
	client := http.Client{
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return errors.New("the cluster redirects") },
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, &UnavailableError{fmt.Errorf("asking the cluster: %w", err)}
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, WithHint(&UnavailableError{fmt.Errorf("the cluster answered %s", resp.Status)}, "the pod's service account needs the verb get on this secret")
	}
	return io.ReadAll(io.LimitReader(resp.Body, maxSecretBytes))
}

func secretByKubectl(ctx context.Context, env *Env, namespace, name string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "kubectl", "--namespace", namespace, "get", "secret", name, "--output", "json")
	cmd.Env = env.Environ()
	cmd.WaitDelay = time.Second
	var problems bytes.Buffer
	cmd.Stderr = &problems
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, WithHint(&UnavailableError{fmt.Errorf("running kubectl: %w", err)}, "outside of a pod, secrets are read with kubectl: install it, or export the key to a file")
	}
	raw, readErr := io.ReadAll(io.LimitReader(out, maxSecretBytes))
	if err := cmd.Wait(); err != nil {
		return nil, &UnavailableError{fmt.Errorf("kubectl: %w: %s", err, strings.TrimSpace(clip(problems.String())))}
	}
	return raw, readErr
}

// clip keeps the first part of what a program printed.
func clip(s string) string {
	const most = 500
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
