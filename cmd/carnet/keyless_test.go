package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/carnet-project/carnet/sign/local"
)

// An instance is a Sigstore of one script, of which services can be down.
type instance struct {
	dir string
	mu  sync.Mutex
	// down are the paths whose connections are cut, and asked is how often each service
	// was asked.
	down []string
	// denied says that whoever logs in is refused.
	denied bool
	// run is whom the token service of GitHub's runners speaks for.
	run   local.Workflow
	asked map[string]int
	serve http.Handler
}

func (i *instance) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	service, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	i.mu.Lock()
	down := slices.Contains(i.down, service)
	i.asked[service]++
	i.mu.Unlock()
	if down {
		panic(http.ErrAbortHandler)
	}
	if service == "issuer" && i.login(w, r) {
		return
	}
	i.serve.ServeHTTP(w, r)
}

// login adds to the Sigstore's issuer what it lacks: a device flow (RFC 8628), in which
// ann has typed the code already, and the token service of GitHub's runners.
func (i *instance) login(w http.ResponseWriter, r *http.Request) bool {
	issuer := "http://" + r.Host + "/issuer"
	answers := map[string]func() map[string]any{
		"/issuer/.well-known/openid-configuration": func() map[string]any {
			return map[string]any{
				"issuer": issuer, "jwks_uri": issuer + "/keys", "authorization_endpoint": issuer + "/auth", "token_endpoint": issuer + "/token",
				"device_authorization_endpoint": issuer + "/device", "code_challenge_methods_supported": []string{"S256"},
				"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{"RS256", "ES256"},
			}
		},
		"/issuer/device": func() map[string]any {
			return map[string]any{"device_code": "d", "user_code": "ABCD-EFGH", "verification_uri": issuer + "/activate", "interval": 1, "expires_in": 60}
		},
		"/issuer/actions": func() map[string]any {
			i.mu.Lock()
			defer i.mu.Unlock()
			token, err := local.Mint(i.dir, local.Run(i.run), time.Now())
			return map[string]any{"value": token, "error": fmt.Sprint(err)}
		},
		"/issuer/token": func() map[string]any {
			i.mu.Lock()
			defer i.mu.Unlock()
			if i.denied {
				return map[string]any{"error": "access_denied"}
			}
			token, err := local.Mint(i.dir, local.Email("ann@example.com"), time.Now())
			return map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": token, "error": fmt.Sprint(err)}
		},
	}
	answer, ok := answers[r.URL.Path]
	if r.URL.Path == "/issuer/actions" && (r.URL.Query().Get("audience") != "sigstore" || r.Header.Get("Authorization") != "Bearer s3cret") {
		http.Error(w, "who are you?", http.StatusUnauthorized)
		return true
	}
	if ok {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer()) // who hung up will say so
	}
	return ok
}

type instances map[string]*instance

func (instances) key() string { return "instances" }

// sigstore NAME starts a Sigstore and writes NAME.root.json and NAME.config.json; it is at
// $SIGSTORE, and its issuer at $ISSUER.
func sigstore(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: sigstore NAME")
	}
	i := &instance{dir: ts.MkAbs(args[0] + ".sigstore"), asked: map[string]int{}, run: local.Workflow{Repository: "acme/app"}}
	server := httptest.NewUnstartedServer(i)
	server.Config.ErrorLog = nil
	server.Start()
	s, err := local.Open(i.dir, local.Options{URL: server.URL})
	ts.Check(err)
	ts.Defer(func() {
		server.Close()
		if err := s.Close(context.Background()); err != nil && !errors.Is(err, os.ErrClosed) {
			ts.Logf("closing %s: %v", args[0], err)
		}
	})
	i.serve = s.Handler()
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".root.json"), s.TrustedRoot(), 0o644))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".config.json"), s.SigningConfig(), 0o644))
	ts.Setenv("ISSUER", s.Status().Issuer)
	ts.Setenv("SIGSTORE", server.URL)
	ts.Value(instances{}.key()).(instances)[args[0]] = i
}

func sigstoreOf(ts *testscript.TestScript, name string) *instance {
	i := ts.Value(instances{}.key()).(instances)[name]
	if i == nil {
		ts.Fatalf("no Sigstore is called %q", name)
	}
	return i
}

// outage NAME SERVICE... cuts the connections to services: fulcio, rekor, tsa. Without
// one all are back.
func outage(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: outage NAME SERVICE...")
	}
	i := sigstoreOf(ts, args[0])
	i.mu.Lock()
	defer i.mu.Unlock()
	i.down = args[1:]
}

// refuse-login NAME has a Sigstore's issuer refuse whoever logs in.
func refuseLogin(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: refuse-login NAME")
	}
	i := sigstoreOf(ts, args[0])
	i.mu.Lock()
	defer i.mu.Unlock()
	i.denied = true
}

// workflow NAME COMMIT REF has the token service of a Sigstore's GitHub speak for a run on a
// commit of acme/app.
func workflow(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: workflow NAME COMMIT REF")
	}
	i := sigstoreOf(ts, args[0])
	i.mu.Lock()
	defer i.mu.Unlock()
	i.run.SHA, i.run.Ref = args[1], args[2]
}

// asked NAME SERVICE N holds that a service was asked so often since the last time, or
// with <=N at most so often.
func asked(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: asked NAME SERVICE N")
	}
	i := sigstoreOf(ts, args[0])
	i.mu.Lock()
	defer i.mu.Unlock()
	number, most := strings.CutPrefix(args[2], "<=")
	want, err := strconv.Atoi(number)
	ts.Check(err)
	if got := i.asked[args[1]]; got > want || got < want && !most {
		ts.Fatalf("%s of %s was asked %d times, want %s", args[1], args[0], got, args[2])
	}
	i.asked[args[1]] = 0
}

// idtoken NAME FILE HOLDER [AGE] [CLAIM=VALUE...] writes an identity token of a Sigstore
// for an e-mail address, or for the GitHub repository github:OWNER/REPO. It was issued
// AGE, such as 1h, ago. Claims that are changed make its signature wrong.
func idtoken(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: idtoken NAME FILE HOLDER [AGE] [CLAIM=VALUE...]")
	}
	holder := local.Email(args[2])
	if repository, ok := strings.CutPrefix(args[2], "github:"); ok {
		holder = local.Run(local.Workflow{Repository: repository, Visibility: "private"})
	}
	now := time.Now()
	changes := args[3:]
	if len(changes) > 0 && !strings.Contains(changes[0], "=") {
		age, err := time.ParseDuration(changes[0])
		ts.Check(err)
		now, changes = now.Add(-age), changes[1:]
	}
	raw, err := local.Mint(sigstoreOf(ts, args[0]).dir, holder, now)
	ts.Check(err)
	if len(changes) > 0 {
		raw = reclaim(ts, raw, changes)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(raw), 0o600))
}

func reclaim(ts *testscript.TestScript, raw string, changes []string) string {
	parts := strings.Split(raw, ".")
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	ts.Check(err)
	claims := map[string]any{}
	ts.Check(json.Unmarshal(payload, &claims))
	for _, c := range changes {
		name, value, _ := strings.Cut(c, "=")
		claims[name] = value
	}
	payload, err = json.Marshal(claims)
	ts.Check(err)
	parts[1] = base64.RawURLEncoding.EncodeToString(payload)
	return strings.Join(parts, ".")
}
