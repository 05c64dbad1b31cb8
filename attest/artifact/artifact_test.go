package artifact_test

import (
	"testing"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
)

func digest(s string) attest.Digest { return attest.SHA256([]byte(s)) }

func image(platform string) artifact.Artifact {
	return artifact.Artifact{Kind: artifact.KindImage, Digest: digest(platform), Platform: platform}
}

func index(name string, children ...artifact.Artifact) artifact.Artifact {
	return artifact.Artifact{Kind: artifact.KindIndex, Digest: digest(name), Children: children}
}

func platforms(all []artifact.Artifact) string {
	var s string
	for _, a := range all {
		s += a.Platform + " "
	}
	return s
}

func TestRunnable(t *testing.T) {
	attestation := artifact.Artifact{Kind: artifact.KindAttestation, Digest: digest("attestation"), Platform: "unknown/unknown"}
	other := artifact.Artifact{Kind: artifact.KindOther, Digest: digest("other")}
	for want, a := range map[string]artifact.Artifact{
		"linux/amd64 ":             image("linux/amd64"),
		"":                         {Kind: artifact.KindFile, Digest: digest("file")},
		"linux/amd64 linux/arm64 ": index("plain", image("linux/amd64"), attestation, image("linux/arm64"), other),
		"a/1 b/2 c/3 ":             index("nested", image("a/1"), index("inner", image("b/2"), attestation), image("c/3"), index("again", image("a/1"))),
	} {
		if got := platforms(a.Runnable()); got != want {
			t.Errorf("%s: runnable are %q, want %q", a.Digest, got, want)
		}
	}
	if all := index("empty").Runnable(); all != nil {
		t.Errorf("an empty index runs %v", all)
	}
}

// An index covers all that it commits to; what is in it covers nothing above it.
func TestCoversAndPath(t *testing.T) {
	inner := index("inner", image("b/2"))
	outer := index("outer", image("a/1"), inner)
	for _, d := range []string{"outer", "inner", "a/1", "b/2"} {
		if !outer.Covers(digest(d)) || outer.Path(digest(d)) == nil {
			t.Errorf("the index does not cover %s", d)
		}
	}
	for _, no := range []struct {
		from artifact.Artifact
		to   string
	}{{inner, "outer"}, {inner, "a/1"}, {image("a/1"), "outer"}, {image("a/1"), "b/2"}, {outer, "elsewhere"}} {
		if no.from.Covers(digest(no.to)) || no.from.Path(digest(no.to)) != nil {
			t.Errorf("%s covers %s", no.from.Digest, no.to)
		}
	}
	path := outer.Path(digest("b/2"))
	if len(path) != 3 || path[0].Digest != outer.Digest || path[1].Digest != inner.Digest || path[2].Platform != "b/2" {
		t.Errorf("the path is %+v", path)
	}
}

func TestMatchPlatform(t *testing.T) {
	for _, c := range []struct {
		platform, want string
		match          bool
	}{
		{"linux/amd64", "linux/amd64", true},
		{"linux/arm64/v8", "linux/arm64", true},
		{"linux/arm64/v8", "linux/arm64/v8", true},
		{"linux/arm64", "linux/arm64/v8", false},
		{"linux/arm/v6", "linux/arm/v7", false},
		{"linux/arm64", "linux/arm", false},
		{"linux/arm64/v8", "linux", false},
		{"linux/amd64", "windows/amd64", false},
		{"", "linux/amd64", false},
		{"", "", true},
	} {
		if got := artifact.MatchPlatform(c.platform, c.want); got != c.match {
			t.Errorf("%q matches %q: %t", c.platform, c.want, got)
		}
	}
}
