package oci

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"os"
	"path"

	"github.com/carnet-project/carnet/attest"
)

// attach adds to a layout directory, which must be [Store.Writable]: first the blobs, then the index that lists them,
// each put in place by a rename, so that a reader sees all of it or nothing.
func (l *layout) attach(ctx context.Context, all []packed) ([]Attached, error) {
	unlock, err := l.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	attached := make([]Attached, len(all))
	for i, p := range all {
		attached[i] = Attached{Manifest: p.digest(), Place: attest.PlaceLayout}
		for _, c := range []content{held([]byte(emptyConfig)), p.content, held(p.manifest)} {
			if err := l.write(ctx, c); err != nil {
				return nil, err
			}
		}
	}
	return attached, l.list(all, attached)
}

// lock keeps other writers out. The layout's own directory is what is locked, so that
// nothing is left behind in it and writers need agree on no other place.
func (l *layout) lock(ctx context.Context) (func(), error) {
	dir, err := l.root.Open(".")
	if err != nil {
		return nil, err
	}
	unlock, _, err := lock(ctx, dir)
	return unlock, err
}

// write stores a blob under its digest, unless it is there.
func (l *layout) write(ctx context.Context, c content) error {
	name := blobPath(c.digest)
	there, err := l.holds(ctx, c)
	if err != nil || there {
		return err
	}
	if err := l.root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	body, err := c.open()
	if err != nil {
		return err
	}
	checked := newVerified(struct {
		io.Reader
		io.Closer
	}{contextReader{ctx, body}, body}, c.digest, c.size)
	defer checked.Close()
	return l.replace(name, checked)
}

// holds says whether the layout has the content, whole. What is not what its name says is
// written again.
func (l *layout) holds(ctx context.Context, c content) (bool, error) {
	body, err := l.blob(ctx, c.digest, c.size)
	if err == nil {
		defer body.Close()
		_, err = io.Copy(io.Discard, body)
	}
	if err == nil {
		return true, nil
	}
	if ctx.Err() != nil || explain(err).Kind == KindRefused {
		return false, err
	}
	return false, nil
}

func (l *layout) list(all []packed, attached []Attached) error {
	raw, err := l.read("index.json", l.options.Limits.ManifestBytes)
	if err != nil {
		return err
	}
	doc, err := parseDocument(raw, "")
	if err != nil {
		return err
	}
	missing := map[string]bool{}
	for _, p := range missingFrom(doc.Manifests, all) {
		missing[p.entry.Digest] = true
	}
	for i, p := range all {
		attached[i].Existed = !missing[p.entry.Digest]
	}
	index, err := merged(raw, all, l.options.Limits.Entries)
	if err != nil || index == nil {
		return err
	}
	return l.replace("index.json", bytes.NewReader(index))
}

// replace writes a file beside its place and then renames it.
func (l *layout) replace(name string, from io.Reader) (err error) {
	if info, err := l.root.Lstat(name); err == nil && !info.Mode().IsRegular() {
		return failure(KindRefused, "%q is not a regular file", name)
	}
	temporary := path.Join(path.Dir(name), ".carnet-"+rand.Text())
	f, err := l.root.OpenFile(temporary, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			l.root.Remove(temporary)
		}
	}()
	if _, err = io.Copy(f, from); err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return l.root.Rename(temporary, name)
}
