package checkout_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/attest/checkout"
)

func TestRemoteURI(t *testing.T) {
	for remote, want := range map[string]string{
		"https://example.com/org/repo":                    "git+https://example.com/org/repo",
		"https://Example.COM:8443/Org/Repo.git/":          "git+https://example.com:8443/Org/Repo.git",
		"https://user:secret@example.com/org/repo":        "git+https://example.com/org/repo",
		"https://secret@example.com/org/repo":             "git+https://example.com/org/repo",
		"https://git:secret@example.com/org/repo":         "git+https://example.com/org/repo",
		"https://example.com/org/repo?token=secret#frag":  "git+https://example.com/org/repo",
		"http://example.com/org/a%2Fb":                    "git+http://example.com/org/a%2Fb",
		"git+https://secret@example.com/r":                "git+https://example.com/r",
		"ssh://git@example.com:2222/org/repo":             "git+ssh://git@example.com:2222/org/repo",
		"ssh://git:secret@example.com/org/repo":           "git+ssh://git@example.com/org/repo",
		"ssh://alice@example.com/org/repo":                "git+ssh://example.com/org/repo",
		"git+ssh://git@example.com/r":                     "git+ssh://git@example.com/r",
		"git@example.com:org/repo.git":                    "git+ssh://git@example.com/org/repo.git",
		"alice@example.com:/srv/repo":                     "git+ssh://example.com/srv/repo",
		"example.com:repo":                                "git+ssh://example.com/repo",
		"git@[::1]:repo":                                  "",
		"ssh://git@[::1]/repo":                            "git+ssh://git@[::1]/repo",
		"git://example.com/repo":                          "git://example.com/repo",
		"":                                                "",
		"/srv/git/repo":                                   "",
		"../repo":                                         "",
		"./a:b":                                           "",
		`C:\repo`:                                         "",
		"C:/repo":                                         "",
		"file:///srv/git/repo":                            "",
		"https://":                                        "",
		"https://example.com":                             "",
		"https://user:se%zzcret@example.com/r":            "",
		"ext::sh -c evil":                                 "",
		"codecommit::eu-west-1://profile@repo":            "",
		"persistent-https://user:secret@example.com/repo": "",
		"user:secret@example.com:repo":                    "",
	} {
		if got := checkout.RemoteURI(remote); got != want {
			t.Errorf("%q gives %q, want %q", remote, got, want)
		}
	}
}

func FuzzRemoteURI(f *testing.F) {
	f.Add("https", "user:secret", "example.com", "/org/repo?x=secret")
	f.Add("ssh", "git", "[::1]:22", "/r")
	f.Fuzz(func(t *testing.T, scheme, user, host, rest string) {
		for _, remote := range []string{scheme + "://" + user + "@" + host + rest, user + "@" + host + ":" + rest, rest} {
			got := checkout.RemoteURI(remote)
			if got == "" {
				continue
			}
			u, err := url.Parse(got)
			if err != nil {
				t.Fatalf("%q gives %q: %v", remote, got, err)
			}
			if _, password := u.User.Password(); password || u.User.Username() != "" && u.User.Username() != "git" || u.RawQuery != "" || u.Fragment != "" {
				t.Fatalf("%q gives %q", remote, got)
			}
			if !strings.HasPrefix(got, "git") {
				t.Fatalf("%q gives %q", remote, got)
			}
		}
	})
}
