package oci

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/carnet-project/carnet/attest"
)

// A listing is what a place says refers to a subject.
type listing struct {
	entries []descriptor
	// unreadable says what is wrong with the entries that could not be read.
	unreadable []error
}

func (l *listing) add(d *document) {
	l.entries = append(l.entries, d.entries(func(_ int, err error) { l.unreadable = append(l.unreadable, err) })...)
}

func (l *listing) size() int { return len(l.entries) + len(l.unreadable) }

func (l *listing) check(most int) error {
	if l.size() > most {
		return failure(KindOverBound, "lists more than %d referrers", most)
	}
	return nil
}

// fallbackTag is the tag under which OCI 1.1 keeps the referrers of d where the
// registry has no API for them (distribution specification 1.1, "Referrers tag
// schema"); suffix makes it one of cosign's older tags.
func fallbackTag(d attest.Digest, suffix string) string {
	return d.Algorithm() + "-" + d.Hex() + suffix
}

// referrers lists what the referrers API gives for subject, all pages of it, and
// whether the registry has that API at all.
func (r *repository) referrers(ctx context.Context, subject attest.Digest) (found listing, has bool, err error) {
	next := r.url("referrers", subject.String())
	seen := map[string]bool{}
	for pages := 0; next != nil; pages++ {
		if pages == r.options.Limits.Pages {
			return listing{}, true, failure(KindOverBound, "the list of referrers has more than %d pages", pages)
		}
		if seen[next.RequestURI()] {
			return listing{}, true, failure(KindMalformed, "the list of referrers comes back to a page that it had before")
		}
		seen[next.RequestURI()] = true
		page, after, err := r.referrersPage(ctx, next)
		if err != nil || page == nil {
			// An API that is there for one page and missing for the next is broken.
			if err == nil && pages > 0 {
				err = failure(KindMalformed, "page %d of the list of referrers is missing", pages+1)
			}
			return listing{}, pages > 0, err
		}
		found.add(page)
		if err := found.check(r.options.Limits.Referrers); err != nil {
			return listing{}, true, err
		}
		next = after
	}
	return found, true, nil
}

// referrersPage gets one page and the address of the next. The page is nil where the
// registry lacks the API: old registries answer 404, some 400, 405 or 406, and some
// with their web page.
func (r *repository) referrersPage(ctx context.Context, at *url.URL) (page *document, next *url.URL, err error) {
	get := call{method: http.MethodGet, url: at, header: map[string]string{"Accept": mediaOCIIndex}, want: []int{
		http.StatusOK, http.StatusNotFound, http.StatusBadRequest, http.StatusMethodNotAllowed, http.StatusNotAcceptable,
	}}
	err = r.whole(ctx, get, func(resp *http.Response) error {
		if resp.StatusCode != http.StatusOK || mediaTypeOf(resp) != mediaOCIIndex {
			return nil
		}
		raw, err := readBounded(resp.Body, r.options.Limits.ManifestBytes)
		if err != nil {
			return err
		}
		if page, err = parseDocument(raw, mediaOCIIndex); err != nil {
			return err
		}
		next, err = nextPage(resp, at)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	return page, next, nil
}

// nextPage is the target of the Link header with rel="next" (RFC 8288). It must be
// another page of the same list: a registry cannot send its clients elsewhere.
func nextPage(resp *http.Response, at *url.URL) (*url.URL, error) {
	for _, header := range resp.Header.Values("Link") {
		for link := range strings.SplitSeq(header, ",") {
			target, parameters, _ := strings.Cut(link, ";")
			target = strings.TrimSpace(target)
			if !isNext(parameters) || !strings.HasPrefix(target, "<") || !strings.HasSuffix(target, ">") {
				continue
			}
			u, err := at.Parse(target[1 : len(target)-1])
			if err != nil {
				return nil, failure(KindMalformed, "the list of referrers has a next page without an address")
			}
			if u.Host != at.Host || u.Path != at.Path {
				return nil, failure(KindRefused, "the list of referrers goes on at %q, which is not the same list", u.Host+u.Path)
			}
			// Behind a proxy that ends TLS, a registry may believe that it speaks http.
			u.Scheme, u.User = at.Scheme, nil
			return u, nil
		}
	}
	return nil, nil
}

func isNext(parameters string) bool {
	for p := range strings.SplitSeq(parameters, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		if strings.EqualFold(name, "rel") && strings.EqualFold(strings.Trim(value, `"`), "next") {
			return true
		}
	}
	return false
}

// tagged fetches what a tag of the evidence is now, or nil where there is none.
func (r *repository) tagged(ctx context.Context, tag string) (*document, attest.Digest, error) {
	doc, digest, err := r.manifest(ctx, tag)
	if IsNotFound(err) {
		return nil, attest.Digest{}, nil
	}
	return doc, digest, err
}

// fallback lists what subject's fallback tag holds.
func (r *repository) fallback(ctx context.Context, subject attest.Digest) (found listing, err error) {
	tag := fallbackTag(subject, "")
	doc, _, err := r.tagged(ctx, tag)
	if err != nil || doc == nil {
		return listing{}, err
	}
	if !isIndex(doc.MediaType) {
		return listing{}, r.at(failure(KindMalformed, "is a %q, want an image index of referrers", plain(doc.MediaType)), "list referrers", tag)
	}
	found.add(doc)
	return found, r.at(found.check(r.options.Limits.Referrers), "list referrers", tag)
}

// exists asks for a blob or manifest without fetching it.
func (r *repository) exists(ctx context.Context, kind string, d attest.Digest, push bool) (bool, error) {
	head := call{method: http.MethodHead, url: r.url(kind, d.String()), push: push, want: []int{http.StatusOK, http.StatusNotFound}}
	if kind == "manifests" {
		head.header = map[string]string{"Accept": manifestTypes}
	}
	resp, err := r.do(ctx, head)
	if err != nil {
		return false, err
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK, nil
}
