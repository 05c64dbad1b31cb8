package policy_test

import (
	"strings"
	"testing"
	"time"

	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/verify/policy"
)

const day = 24 * time.Hour

// newAged is an image under a policy for images, with or without a section about provenance.
func newAged(t *testing.T, clause policy.ImageClause, provenance bool) *based {
	b := newBased(t, policy.BaseClause{})
	require := policy.Require{Agree: []string{}, Image: &clause}
	if provenance {
		require.Provenance = &policy.ProvenanceClause{}
	}
	b.policy.Scopes[0].Require = require
	b.with.Evidence = nil
	return b
}

func (b *based) created(at time.Time) {
	image := b.with.Images[b.image.Digest]
	image.Created = at
	b.with.Images[b.image.Digest] = image
}

// An old image that is correctly signed stays so for ever: its age denies it when it is
// played back. Where there is provenance its trusted time tells the age, whatever the
// configuration claims.
func TestAgeOfImages(t *testing.T) {
	epoch, future := time.Unix(0, 0), now.Add(day)
	for _, c := range []struct {
		name string
		// asked says whether there is a section about provenance.
		asked    bool
		built    []time.Time
		signed   []time.Time
		created  time.Time
		rule     string
		status   policy.Status
		contains string
	}{
		{"new provenance", true, []time.Time{daysAgo(1)}, nil, daysAgo(100), "", "", "trusted time of its provenance"},
		{"new provenance of a reproducible image", true, []time.Time{daysAgo(1)}, nil, epoch, "", "", "trusted time of its provenance"},
		{"old provenance and a new claim", true, []time.Time{daysAgo(100)}, nil, daysAgo(1), "image.age", policy.StatusStale, "built 100 days ago"},
		{"built again", true, []time.Time{daysAgo(100), daysAgo(1)}, nil, epoch, "", "", ""},
		{"provenance without a time", true, []time.Time{{}}, nil, daysAgo(1), "", "", "its configuration"},
		{"provenance without a time, and an old claim", true, []time.Time{{}}, nil, daysAgo(100), "image.age", policy.StatusStale, "its configuration"},
		{"provenance of the future", true, []time.Time{future}, nil, daysAgo(1), "image.age", policy.StatusStale, "nothing that says"},
		{"no provenance where it is asked", true, nil, nil, daysAgo(1), "provenance.missing", policy.StatusMissing, ""},
		{"a new claim", false, nil, nil, daysAgo(1), "", "", "its configuration"},
		{"an old claim", false, nil, []time.Time{daysAgo(1)}, daysAgo(100), "image.age", policy.StatusStale, "built 100 days ago"},
		{"a reproducible image, signed", false, nil, []time.Time{daysAgo(1)}, epoch, "", "", "trusted time of a signature"},
		{"a reproducible image of a zip file's age, signed", false, nil, []time.Time{daysAgo(1)}, time.Date(1980, 1, 1, 0, 0, 1, 0, time.UTC), "", "", "trusted time of a signature"},
		{"a reproducible image, signed long ago", false, nil, []time.Time{daysAgo(100)}, epoch, "image.age", policy.StatusStale, "built 100 days ago"},
		{"a reproducible image, signed without a time", false, nil, []time.Time{{}}, epoch, "image.age", policy.StatusStale, "its configuration claims 1970"},
		{"nothing", false, nil, []time.Time{{}}, time.Time{}, "image.age", policy.StatusStale, "does not say"},
		{"a claim of the future", false, nil, []time.Time{{}}, future, "image.age", policy.StatusStale, "claims 2026-03-02"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newAged(t, policy.ImageClause{MaxAge: 90 * day}, c.asked)
			b.created(c.created)
			for _, at := range c.built {
				b.and(b.team.says(b.image.Digest, typeSLSA, predicates[typeSLSA], at))
			}
			if c.signed != nil {
				b.policy.Scopes[0].Require.Signatures = &policy.SignaturesClause{}
			}
			for _, at := range c.signed {
				b.and(b.team.says(b.image.Digest, typeSign, `{}`, at))
			}
			v := b.ends(c.rule, c.status)
			var found string
			for _, cell := range v.Cells() {
				for _, f := range cell.Findings {
					if f.Rule == "image.age" {
						found = f.Found
					}
				}
			}
			if !strings.Contains(found, c.contains) {
				t.Errorf("found %q, want %q", found, c.contains)
			}
		})
	}
	b := newAged(t, policy.ImageClause{MaxAge: 90 * day}, false)
	b.with.At = time.Time{}
	b.ends("image.time", policy.StatusError)
	b.with.At, b.with.Images = now, nil
	b.ends("image.config", policy.StatusError)
	b = newAged(t, policy.ImageClause{MaxAge: 2 * day}, false)
	b.ends("", "") // two days to the minute
	b.with.At = now.Add(time.Minute)
	b.ends("image.age", policy.StatusStale)
}

// The platform that is old denies, and who signs its provenance must be accepted.
func TestAgeOfPlatforms(t *testing.T) {
	b := newAged(t, policy.ImageClause{MaxAge: 90 * day}, false)
	old := artifact.Artifact{Kind: artifact.KindImage, Digest: digest("old"), Platform: "linux/arm64"}
	b.with.Artifact = artifact.Artifact{Kind: artifact.KindIndex, Digest: digest("index"), Children: []artifact.Artifact{b.image, old}}
	b.with.Images[old.Digest] = policy.Image{Created: daysAgo(91)}
	if f := b.ends("image.age", policy.StatusStale).Findings(); len(f) != 1 || f[0].Platform != "linux/arm64" {
		t.Errorf("%+v", f)
	}
}

func TestVersionOfImages(t *testing.T) {
	for _, c := range []struct {
		least, label, tag string
		status            policy.Status
	}{
		{"1.4.0", "1.4.0", "", ""},
		{"1.4.0", "v1.10.0", "latest", ""},
		{"1.4", "2", "", ""},
		{"1.4.0", "1.3.9", "", policy.StatusStale},
		{"1.4.0", "1.4.0-rc.1", "", policy.StatusStale},
		{"1.4.0", "", "1.4.1", ""},
		{"1.4.0", "", "v1.3", policy.StatusStale},
		{"1.4.0", "1.3.0", "9.9.9", policy.StatusStale},
		{"1.4.0", "9.9.9", "1.3.0", policy.StatusStale},
		{"1.4.0", "", "latest", policy.StatusMissing},
		{"1.4.0", "", "", policy.StatusMissing},
		{"newest", "1.4.0", "", policy.StatusError},
		{"v1.4", "1.4", "", ""},
		{"1", "v1", "", ""},
		{"2024.10.01", "2024.9.30", "", policy.StatusStale},
		{"2024.10.01", "2024.010.1", "", ""},
		{"1.4.0", "1.4-rc1", "", policy.StatusStale},
		{"1.4-rc.2", "1.4.0-rc.10", "", ""},
		{"1.4.0", "1.4.0+build.7", "", ""},
		{"1.4.0", "1.4.0.1", "", policy.StatusMissing},
		{"1.4.0", "vv1.4.0", "", policy.StatusMissing},
		{"1.4.0", "1.4.", "", policy.StatusMissing},
		{"1.4.0", "1.4.0-", "", policy.StatusMissing},
		{"1.4.0", "1.4.0-01", "", policy.StatusMissing},
		{"1.4.0", "1.x", "", policy.StatusMissing},
		{"1.4.0", "99999999999999999999.0.0", "", policy.StatusMissing},
	} {
		b := newAged(t, policy.ImageClause{MinVersion: c.least}, false)
		image := b.with.Images[b.image.Digest]
		image.Labels = map[string]string{"org.opencontainers.image.version": c.label}
		b.with.Images[b.image.Digest], b.with.Tag = image, c.tag
		rule := "image.version"
		if c.status == "" {
			rule = ""
		}
		b.ends(rule, c.status)
		if t.Failed() {
			t.Fatalf("%+v", c)
		}
	}
	b := newAged(t, policy.ImageClause{MinVersion: "1.0.0"}, false)
	b.with.Images, b.with.Tag = nil, "1.0.0"
	b.ends("image.config", policy.StatusError)
}

// What is foreign is cut between characters, and its found text is whole.
func TestLongVersions(t *testing.T) {
	for n := range 4 {
		b := newAged(t, policy.ImageClause{MinVersion: "1.0.0"}, false)
		image := b.with.Images[b.image.Digest]
		image.Labels = map[string]string{"org.opencontainers.image.version": strings.Repeat("x", 76+n) + "\U0001f600\U0001f600"}
		b.with.Images[b.image.Digest], b.with.Tag = image, ""
		f := b.ends("image.version", policy.StatusMissing).Findings()[0]
		if want := strings.Repeat("x", 76+n) + "…"; n > 0 && !strings.Contains(f.Found, want) || strings.Contains(f.Found, `\x`) {
			t.Errorf("%d: %s", n, f.Found)
		}
	}
}

// Every rule that is produced is in the catalogue, with its status.
func TestRulesOfImagesAndBases(t *testing.T) {
	known := map[string]bool{}
	for _, r := range policy.Rules() {
		known[r.ID] = true
	}
	for _, id := range []string{"image.platforms", "image.age", "image.time", "image.version", "image.config", "base.unknown", "base.listed", "base.layers", "base.unverified", "base.age", "base.time", "base.unread", "base.config"} {
		if !known[id] {
			t.Errorf("%s is not in the catalogue", id)
		}
	}
}
