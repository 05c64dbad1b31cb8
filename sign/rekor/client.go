package rekor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"

	rekorpb "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	tilespb "github.com/sigstore/rekor-tiles/v2/pkg/generated/protobuf"
	"github.com/sigstore/rekor/pkg/generated/client/entries"
	"github.com/sigstore/rekor/pkg/generated/models"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/carnet-project/carnet/sign/internal/retry"
)

// clientV2 writes to a log of version 2. That of rekor-tiles takes no transport, and
// loses what the log says beside its refusal.
type clientV2 struct {
	url  string
	http *http.Client
}

// Add implements sigstore-go's RekorV2Client (rekor-tiles, rekor_service.proto).
func (c *clientV2) Add(ctx context.Context, entry any) (*rekorpb.TransparencyLogEntry, error) {
	record, ok := entry.(*tilespb.HashedRekordRequestV002)
	if !ok {
		return nil, fmt.Errorf("a %T is no entry for Rekor v2", entry)
	}
	request, err := protojson.Marshal(&tilespb.CreateEntryRequest{
		Spec: &tilespb.CreateEntryRequest_HashedRekordRequestV002{HashedRekordRequestV002: record},
	})
	if err != nil {
		return nil, err
	}
	answer, _, err := post(ctx, c.http, c.url, "api/v2/log/entries", request)
	var status *retry.Status
	if errors.As(err, &status) && status.Code == http.StatusConflict {
		return nil, alreadyLogged(status)
	}
	if err != nil {
		return nil, err
	}
	proof := &rekorpb.TransparencyLogEntry{}
	if err := protojson.Unmarshal(answer, proof); err != nil {
		return nil, fmt.Errorf("the answer of %s is not an entry: %w", c.url, err)
	}
	return proof, nil
}

func alreadyLogged(status *retry.Status) error {
	if index := status.Header.Get("X-Log-Index"); index != "" && strings.Trim(index, "0123456789") == "" && len(index) < 20 {
		return fmt.Errorf("%s, entry %s: %w", status.Service, index, ErrAlreadyLogged)
	}
	return fmt.Errorf("%s: %w", status.Service, ErrAlreadyLogged)
}

// clientV1 writes to a log of version 1. That of Rekor takes no transport, and dials
// with no bound but its own retries.
type clientV1 struct {
	ctx  context.Context // that of the attempt, which the parameters hide
	url  string
	http *http.Client
}

// CreateLogEntry implements sigstore-go's RekorClient (rekor, openapi.yaml).
func (c *clientV1) CreateLogEntry(p *entries.CreateLogEntryParams, _ ...entries.ClientOption) (*entries.CreateLogEntryCreated, error) {
	request, err := json.Marshal(p.ProposedEntry)
	if err != nil {
		return nil, err
	}
	answer, header, err := post(c.ctx, c.http, c.url, "api/v1/log/entries", request)
	var status *retry.Status
	if errors.As(err, &status) && status.Code == http.StatusConflict {
		conflict := entries.NewCreateLogEntryConflict()
		if err := conflict.Location.UnmarshalText([]byte(status.Header.Get("Location"))); err != nil || conflict.Location == "" {
			return nil, fmt.Errorf("%w, and does not say where the equal entry is", status)
		}
		return nil, conflict
	}
	if err != nil {
		return nil, err
	}
	created := entries.NewCreateLogEntryCreated()
	created.ETag = strings.Trim(header.Get("ETag"), `"`)
	if created.Payload, err = c.entry(answer, created.ETag); err != nil {
		return nil, err
	}
	return created, nil
}

// GetLogEntryByUUID implements sigstore-go's RekorClient.
func (c *clientV1) GetLogEntryByUUID(p *entries.GetLogEntryByUUIDParams, _ ...entries.ClientOption) (*entries.GetLogEntryByUUIDOK, error) {
	id := path.Base(p.EntryUUID)
	if id == "" || len(id) > 80 || strings.Trim(id, "0123456789abcdefABCDEF") != "" {
		return nil, fmt.Errorf("%s names an equal entry %q, which is no entry's name", c.url, id)
	}
	answer, _, err := do(c.ctx, c.http, http.MethodGet, c.url, "api/v1/log/entries/"+id, nil)
	if err != nil {
		return nil, err
	}
	found := entries.NewGetLogEntryByUUIDOK()
	if found.Payload, err = c.entry(answer, ""); err != nil {
		return nil, err
	}
	return found, nil
}

// entry reads an answer with one entry of that name, or of any if it is "". sigstore-go
// takes everything that it needs for present.
func (c *clientV1) entry(answer []byte, id string) (models.LogEntry, error) {
	var all models.LogEntry
	if err := json.Unmarshal(answer, &all); err != nil {
		return nil, fmt.Errorf("the answer of %s is not an entry: %w", c.url, err)
	}
	if len(all) != 1 {
		return nil, fmt.Errorf("the answer of %s has %d entries, want one", c.url, len(all))
	}
	for name, e := range all {
		if id != "" && name != id {
			return nil, fmt.Errorf("the answer of %s has the entry %q, and its ETag says %q", c.url, name, id)
		}
		if !complete(e) {
			return nil, fmt.Errorf("the entry of %s is without its index, time or inclusion proof", c.url)
		}
	}
	return all, nil
}

func complete(e models.LogEntryAnon) bool {
	if e.LogID == nil || e.LogIndex == nil || e.IntegratedTime == nil || e.Verification == nil || e.Verification.InclusionProof == nil {
		return false
	}
	p := e.Verification.InclusionProof
	return p.RootHash != nil && p.LogIndex != nil && p.TreeSize != nil && p.Checkpoint != nil
}

func post(ctx context.Context, client *http.Client, base, at string, body []byte) ([]byte, http.Header, error) {
	return do(ctx, client, http.MethodPost, base, at, body)
}

// do makes one request of a log. The client's transport bounds the answer and makes a
// refusal an error.
func do(ctx context.Context, client *http.Client, method, base, at string, body []byte) ([]byte, http.Header, error) {
	request, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(base, "/")+"/"+at, bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	request.Header.Set("Accept", "application/json")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	return answer, response.Header, err
}
