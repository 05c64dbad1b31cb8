package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/oci"
	"github.com/carnet-project/carnet/fixtures/registry"
)

// fault HOST KIND TIMES FAULT [VALUE] puts a fault into a registry's answers to reads
// of a kind: manifest, referrers or blob, or to writes of manifests: write. TIMES is a
// number or "always".
func fault(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 4 || len(args) > 5 {
		ts.Fatalf("usage: fault HOST KIND TIMES FAULT [VALUE]")
	}
	times := registry.Always
	if args[2] != "always" {
		var err error
		times, err = strconv.Atoi(args[2])
		ts.Check(err)
	}
	value := ""
	if len(args) == 5 {
		value = args[4]
	}
	on := registry.On(registry.Kind(args[1]))
	if digest, isBlob := strings.CutPrefix(args[1], "blob:"); isBlob {
		on = registry.OnPath(http.MethodGet, digest)
	}
	if args[1] == "write" {
		on = func(r *http.Request) bool {
			return r.Method == http.MethodPut && registry.KindOf(r) == registry.Manifest
		}
	}
	at(ts, args[0]).Fail(on, times, faultNamed(ts, args[3], value))
}

func faultNamed(ts *testscript.TestScript, name, value string) registry.Fault {
	switch name {
	case "status", "ratelimit":
		n, err := strconv.Atoi(value)
		ts.Check(err)
		if name == "status" {
			return registry.Status(n)
		}
		return registry.RateLimit(n)
	case "drip":
		pause, err := time.ParseDuration(value)
		ts.Check(err)
		return registry.Drip(pause)
	case "redirect":
		return registry.Redirect(value)
	case "link":
		return registry.Link(value)
	}
	f, ok := map[string]registry.Fault{"cut": registry.Cut, "short": registry.Short, "corrupt": registry.Corrupt, "hang": registry.Hang, "drop": registry.Drop, "web": registry.Web}[name]
	if !ok {
		ts.Fatalf("no fault is called %q", name)
	}
	return f
}

// faultless HOST ends all faults and forgets the requests.
func faultless(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: faultless HOST")
	}
	at(ts, args[0]).Reset()
}

// requests HOST MOST prints the requests since the last faultless to stdout, of which
// there may be so many.
func requests(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: requests HOST MOST")
	}
	most, err := strconv.Atoi(args[1])
	ts.Check(err)
	all := at(ts, args[0]).Requests()
	for _, r := range all {
		fmt.Fprintln(ts.Stdout(), r.Method, r.Path)
	}
	if len(all) > most {
		ts.Fatalf("%d requests, want %d at most", len(all), most)
	}
}

// misplace FROM TO stores the evidence of one image beside another, as whoever may
// write to a store can.
func misplace(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: misplace FROM TO")
	}
	ctx := context.Background()
	var bundles []*attest.Bundle
	each(ts, args[0], func(_ *oci.Store, f attest.Found) {
		opened, err := f.Open(ctx)
		ts.Check(err)
		bundles = append(bundles, opened...)
	})
	to, err := oci.ParseTarget(args[1])
	ts.Check(err)
	s, err := oci.NewClient(oci.Options{LockDir: ts.MkAbs("locks")}).Open(ctx, to)
	ts.Check(err)
	defer s.Close()
	root, err := s.Resolve(ctx, to)
	ts.Check(err)
	_, err = s.Attach(ctx, root, bundles...)
	ts.Check(err)
}

// remove TARGET TYPE deletes the evidence of a predicate type from a registry.
func remove(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: remove TARGET TYPE")
	}
	removed := 0
	repository, _, _ := strings.Cut(args[0], "@")
	host, path, _ := strings.Cut(repository, "/")
	path, _, _ = strings.Cut(path, ":")
	each(ts, args[0], func(_ *oci.Store, f attest.Found) {
		if f.PredicateType == args[1] {
			call(ts, http.MethodDelete, fmt.Sprintf("http://%s/v2/%s/manifests/%s", host, path, f.Manifest), "", nil)
			removed++
		}
	})
	if removed == 0 {
		ts.Fatalf("%s has no evidence of type %s", args[0], args[1])
	}
}

// each visits the evidence that is stored beside a target itself.
func each(ts *testscript.TestScript, arg string, visit func(*oci.Store, attest.Found)) {
	ctx := context.Background()
	t, err := oci.ParseTarget(arg)
	ts.Check(err)
	s, err := oci.NewClient(oci.Options{}).Open(ctx, t)
	ts.Check(err)
	defer s.Close()
	root, err := s.Resolve(ctx, t)
	ts.Check(err)
	found, err := s.Discover(ctx, root.Digest, oci.Near)
	ts.Check(err)
	for _, f := range found {
		visit(s, f)
	}
}

// junk HOST/REPO@DIGEST N stores N referrers of a digest that are no evidence.
func junk(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: junk HOST/REPO@DIGEST N")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	repository, digest, _ := strings.Cut(args[0], "@")
	host, path, _ := strings.Cut(repository, "/")
	empty := map[string]any{"mediaType": "application/vnd.oci.empty.v1+json", "digest": attest.SHA256([]byte("{}")).String(), "size": 2}
	call(ts, http.MethodPost, fmt.Sprintf("http://%s/v2/%s/blobs/uploads/?digest=%s", host, path, empty["digest"]), "application/octet-stream", []byte("{}"))
	for i := range n {
		manifest, err := json.Marshal(map[string]any{
			"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "artifactType": "application/x-junk",
			"config": empty, "layers": []any{empty}, "annotations": map[string]string{"n": strconv.Itoa(i)},
			"subject": map[string]any{"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest, "size": 1},
		})
		ts.Check(err)
		call(ts, http.MethodPut, fmt.Sprintf("http://%s/v2/%s/manifests/%s", host, path, attest.SHA256(manifest)), "application/vnd.oci.image.manifest.v1+json", manifest)
	}
}

func call(ts *testscript.TestScript, method, url, mediaType string, body []byte) {
	req, err := http.NewRequest(method, url, bytes.NewReader(body))
	ts.Check(err)
	if mediaType != "" {
		req.Header.Set("Content-Type", mediaType)
	}
	resp, err := http.DefaultClient.Do(req)
	ts.Check(err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	ts.Check(err)
	if resp.StatusCode >= 300 {
		ts.Fatalf("%s %s: %s: %s", method, url, resp.Status, answer)
	}
}
