package main

import (
	"context"
	"net"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spiffe/go-spiffe/v2/proto/spiffe/workload"
	"google.golang.org/grpc"

	"github.com/carnet-project/carnet/sign/local"
)

// An agent is the workload API of a SPIFFE agent that knows one workload.
type agent struct {
	workload.UnimplementedSpiffeWorkloadAPIServer
	dir, id string
}

func (a *agent) FetchJWTSVID(_ context.Context, r *workload.JWTSVIDRequest) (*workload.JWTSVIDResponse, error) {
	token, err := local.Mint(a.dir, local.Workload(a.id), time.Now())
	return &workload.JWTSVIDResponse{Svids: []*workload.JWTSVID{{SpiffeId: a.id, Svid: token}}}, err
}

// spiffe NAME SOCKET ID starts a workload API whose tokens a Sigstore believes.
func spiffe(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: spiffe NAME SOCKET ID")
	}
	listener, err := net.Listen("unix", ts.MkAbs(args[1]))
	ts.Check(err)
	server := grpc.NewServer()
	workload.RegisterSpiffeWorkloadAPIServer(server, &agent{dir: sigstoreOf(ts, args[0]).dir, id: args[2]})
	go func() { _ = server.Serve(listener) }() // ends with Stop, whose error says so
	ts.Defer(server.Stop)
}
