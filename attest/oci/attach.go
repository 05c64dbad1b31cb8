package oci

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// An Attached says where a bundle lies now.
type Attached struct {
	// Manifest is the digest of the manifest that holds the bundle.
	Manifest attest.Digest
	// Place is how it can be found.
	Place attest.Place
	// Existed says that it was there already.
	Existed bool
}

// Attach puts bundles beside subject, which the store must hold, in the form of
// cosign 3: one OCI image manifest each, whose subject it is. The same bundle for the
// same subject is always the same manifest, so attaching again changes nothing; what
// a failure left out is added the next time. All bundles for one subject should go in
// one call, which takes four round trips where the registry has the referrers API.
//
// Where it has none, the subject's fallback tag is kept. That is read, changed and
// written with no way to do so at once, so writers of one machine take turns (see
// [Options.LockDir]), and every writer looks again until it finds all it wrote.
func (s *Store) Attach(ctx context.Context, subject artifact.Artifact, bundles ...*attest.Bundle) ([]Attached, error) {
	packed := make([]packed, len(bundles))
	for i, b := range bundles {
		var err error
		if packed[i], err = pack(subject, b, s.options.Created); err != nil {
			return nil, s.at(err, "attach to", subject.Digest.String())
		}
	}
	if err := s.Writable(); err != nil {
		return nil, s.at(err, "attach to", subject.Digest.String())
	}
	var attached []Attached
	var err error
	if s.repo != nil {
		attached, err = s.repo.attach(ctx, subject.Digest, packed)
	} else {
		attached, err = s.layout.attach(ctx, packed)
	}
	return attached, s.at(err, "attach to", subject.Digest.String())
}

// Writable says, before any work is done for it, why the store can hold no evidence;
// nil where it can. Whether a registry lets its user write is known only when it is
// tried.
func (s *Store) Writable() error {
	switch {
	case s.layout != nil && s.layout.root == nil:
		return s.at(failure(KindUnsupported, "is an archive and is only read: unpack it and use the directory"), "write to", "")
	case s.repo == nil && s.layout == nil:
		return s.at(failure(KindUnsupported, "cannot hold evidence: use a registry or an OCI layout directory"), "write to", "")
	}
	return nil
}

// packed is content with the manifest that holds it.
type packed struct {
	content  content
	manifest []byte
	// entry is how an index lists the manifest.
	entry descriptor
}

func (p packed) digest() attest.Digest { return attest.SHA256(p.manifest) }

// emptyConfig is the config of a manifest that has none (OCI image specification 1.1,
// manifest.md, "Guidance for an Empty Descriptor").
const emptyConfig = "{}"

// writtenManifest is an image manifest in the order in which the specification gives its
// members, which is also cosign's.
type writtenManifest struct {
	SchemaVersion int               `json:"schemaVersion"`
	MediaType     string            `json:"mediaType"`
	ArtifactType  string            `json:"artifactType"`
	Config        descriptor        `json:"config"`
	Layers        []descriptor      `json:"layers"`
	Subject       descriptor        `json:"subject"`
	Annotations   map[string]string `json:"annotations"`
}

func pack(subject artifact.Artifact, b *attest.Bundle, created time.Time) (packed, error) {
	annotations := map[string]string{annotationContent: string(b.Form())}
	switch b.Form() {
	case attest.FormEnvelope:
		st, err := b.UnverifiedStatement()
		if err != nil {
			return packed{}, failure(KindMalformed, "the bundle holds no statement: %v", err)
		}
		annotations[annotationPredicateType] = st.PredicateType()
		if refers := refersTo(st); refers != "" {
			annotations[annotationRefers] = refers
		}
	case attest.FormSimpleSigning:
		return packed{}, failure(KindUnsupported, "a signature of cosign's older layout is not a bundle")
	}
	if !created.IsZero() {
		annotations[annotationCreated] = created.UTC().Format(time.RFC3339)
	}
	return around(subject, attest.BundleMediaType, descriptor{MediaType: attest.BundleMediaType}, annotations, held(b.Bytes()))
}

// around packs content into a manifest of one layer beside subject. The layer's digest and
// size are the content's.
func around(subject artifact.Artifact, artifactType string, layer descriptor, annotations map[string]string, c content) (packed, error) {
	if subject.Digest.IsZero() || subject.MediaType == "" || subject.Kind == artifact.KindFile {
		return packed{}, failure(KindUsage, "evidence can be attached to a manifest or index only")
	}
	layer.Digest, layer.Size = c.digest.String(), c.size
	raw, err := json.Marshal(writtenManifest{
		SchemaVersion: 2,
		MediaType:     mediaOCIManifest,
		ArtifactType:  artifactType,
		Config:        descriptor{MediaType: mediaEmpty, Digest: attest.SHA256([]byte(emptyConfig)).String(), Size: int64(len(emptyConfig))},
		Layers:        []descriptor{layer},
		Subject:       descriptor{MediaType: subject.MediaType, Digest: subject.Digest.String(), Size: subject.Size},
		Annotations:   annotations,
	}, json.Deterministic(true))
	return packed{content: c, manifest: raw, entry: descriptor{
		MediaType:    mediaOCIManifest,
		Digest:       attest.SHA256(raw).String(),
		Size:         int64(len(raw)),
		ArtifactType: artifactType,
		Annotations:  annotations,
	}}, err
}

// attach takes four round trips: what is there; begin the uploads; upload; manifests.
func (r *repository) attach(ctx context.Context, subject attest.Digest, all []packed) ([]Attached, error) {
	attached := make([]Attached, len(all))
	api, config, err := r.look(ctx, subject, all, attached)
	if err != nil {
		return nil, err
	}
	if err := r.uploadAll(ctx, all, attached, config); err != nil {
		return nil, err
	}
	err = each(ctx, len(all), r.options.Parallel, func(ctx context.Context, i int) error {
		if attached[i].Existed {
			return nil
		}
		return r.putManifest(ctx, all[i].digest().String(), mediaOCIManifest, all[i].manifest)
	})
	if err != nil {
		return nil, err
	}
	place := attest.PlaceReferrers
	if !api {
		place = attest.PlaceFallbackTag
		if err := r.keepFallback(ctx, subject, all); err != nil {
			return nil, err
		}
	}
	for i := range attached {
		attached[i].Place = place
	}
	return attached, nil
}

// look asks at the same time for everything that decides what there is to do: which
// manifests exist, whether the empty config does, and whether the registry has the
// referrers API. The answer to a push may say that too (OCI-Subject), but registries
// with the API exist that leave it out.
func (r *repository) look(ctx context.Context, subject attest.Digest, all []packed, attached []Attached) (api, config bool, err error) {
	if _, err := r.session(ctx, true); err != nil {
		return false, false, err
	}
	err = each(ctx, len(all)+2, len(all)+2, func(ctx context.Context, i int) (err error) {
		switch i {
		case len(all):
			config, err = r.exists(ctx, "blobs", attest.SHA256([]byte(emptyConfig)), true)
		case len(all) + 1:
			var page *document
			page, _, err = r.referrersPage(ctx, r.url("referrers", subject.String()))
			api = page != nil
		default:
			attached[i].Manifest = all[i].digest()
			attached[i].Existed, err = r.exists(ctx, "manifests", attached[i].Manifest, true)
		}
		return err
	})
	return api, config, err
}

func (r *repository) uploadAll(ctx context.Context, all []packed, attached []Attached, config bool) error {
	var blobs []content
	for i, p := range all {
		if !attached[i].Existed {
			blobs = append(blobs, p.content)
		}
	}
	if len(blobs) == 0 {
		return nil
	}
	if !config {
		blobs = append(blobs, held([]byte(emptyConfig)))
	}
	return each(ctx, len(blobs), r.options.Parallel, func(ctx context.Context, i int) error {
		return r.upload(ctx, blobs[i])
	})
}

// upload pushes a blob in two requests (OCI distribution specification 1.1, "Pushing
// a blob monolithically", POST then PUT). For one that takes longer to send than to ask for,
// it is asked first whether the repository has it.
func (r *repository) upload(ctx context.Context, c content) error {
	d := c.digest
	if c.size > worthAsking {
		if there, err := r.exists(ctx, "blobs", d, true); err != nil || there {
			return r.at(err, "look for", d.String())
		}
	}
	begin := call{method: http.MethodPost, url: r.url("blobs", "uploads/"), push: true, want: []int{http.StatusAccepted, http.StatusCreated}}
	resp, err := r.do(ctx, begin)
	if err != nil {
		return r.at(err, "begin upload of", d.String())
	}
	resp.Body.Close()
	to, err := r.uploadTo(resp, begin.url, d)
	if err != nil {
		return r.at(err, "begin upload of", d.String())
	}
	resp, err = r.do(ctx, call{
		method: http.MethodPut, url: to, push: true, body: &c,
		header: map[string]string{"Content-Type": "application/octet-stream"},
		want:   []int{http.StatusCreated, http.StatusNoContent},
	})
	if err != nil {
		return r.at(err, "upload", d.String())
	}
	return resp.Body.Close()
}

// uploadTo is where the registry wants the blob: only at its own address, for the
// request carries the registry's credentials.
func (r *repository) uploadTo(resp *http.Response, begun *url.URL, d attest.Digest) (*url.URL, error) {
	location := resp.Header.Get("Location")
	to, err := begun.Parse(location)
	if err != nil || location == "" {
		return nil, failure(KindMalformed, "the registry does not say where to upload to")
	}
	if to.Host != begun.Host {
		return nil, failure(KindRefused, "the registry wants the upload at another host, %q", to.Host)
	}
	to.Scheme, to.User = begun.Scheme, nil
	query := to.Query()
	query.Set("digest", d.String())
	to.RawQuery = query.Encode()
	return to, nil
}

func (r *repository) putManifest(ctx context.Context, ref, mediaType string, raw []byte) error {
	body := held(raw)
	resp, err := r.do(ctx, call{
		method: http.MethodPut, url: r.url("manifests", ref), push: true, body: &body,
		header: map[string]string{"Content-Type": mediaType},
		want:   []int{http.StatusCreated, http.StatusOK, http.StatusAccepted},
	})
	if err != nil {
		return r.at(err, "push manifest", ref)
	}
	return resp.Body.Close()
}

// merged is the index raw with the entries of all that are not in it yet, or nil if
// none is missing. What others wrote stays as it is, byte by byte for each entry.
func merged(raw []byte, all []packed, most int) ([]byte, error) {
	index := map[string]jsontext.Value{}
	var entries []jsontext.Value
	if raw == nil {
		index["schemaVersion"] = jsontext.Value("2")
		index["mediaType"] = jsontext.Value(`"` + mediaOCIIndex + `"`)
	} else {
		doc, err := parseDocument(raw, "")
		if err == nil {
			err = json.Unmarshal(raw, &index)
		}
		if err != nil {
			return nil, err
		}
		entries = doc.Manifests
	}
	missing := missingFrom(entries, all)
	if len(missing) == 0 {
		return nil, nil
	}
	if len(entries)+len(missing) > most {
		return nil, failure(KindOverBound, "the index would have more than %d entries", most)
	}
	for _, p := range missing {
		entry, err := json.Marshal(p.entry, json.Deterministic(true))
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry)
	}
	list, err := json.Marshal(entries)
	if err != nil {
		return nil, err
	}
	index["manifests"] = list
	return json.Marshal(index, json.Deterministic(true))
}

func missingFrom(entries []jsontext.Value, all []packed) []packed {
	present := map[string]bool{}
	for _, value := range entries {
		var e descriptor
		if json.Unmarshal(value, &e) == nil {
			present[e.Digest] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(all), func(p packed) bool {
		had := present[p.entry.Digest]
		present[p.entry.Digest] = true // the same bundle twice in one call
		return had
	})
}
