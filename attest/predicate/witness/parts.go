package witness

import (
	"strconv"
	"strings"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/internal/strict"
)

func place(i int) string { return "/attestations/" + strconv.Itoa(i) + "/attestation" }

// read reads a part of a kind and one of its versions.
func (a Attestation) read(check strict.Check, kind string, versions ...string) error {
	if a.Kind() != kind {
		return strict.Fault(attest.FaultUnsupported, "", "is a %s, want a %s", strict.Clip(a.Type), kind)
	}
	for _, v := range versions {
		if a.version() == v {
			return strict.Read(a.Content, check)
		}
	}
	return strict.Fault(attest.FaultUnsupported, "", "is a %s, of which %s is read here", strict.Clip(a.Type), strings.Join(versions, ", "))
}

// Git is what was checked out, from a part of kind git.
type Git struct {
	// Commit and Tree are names of git objects; Commit is "" where nothing was committed.
	Commit, Tree string
	// Refs name the commit, and Remotes are where the repository says that it is from, as they
	// are written in its configuration: they may hold credentials.
	Refs, Remotes []string
	// Changed are the paths of files that were not as they are in the commit.
	Changed []string
}

// Git reads a part of kind git, version 0.1.
func (a Attestation) Git() (*Git, error) {
	g := &Git{}
	name := func(into *string) strict.Check {
		return strict.Pattern(into, "40 or 64 characters of lower-case hex", func(s string) bool { return s == "" || strict.IsCommit(s) })
	}
	return g, a.read(strict.Object(
		strict.Optional("commithash", name(&g.Commit)),
		strict.Optional("treehash", name(&g.Tree)),
		strict.Optional("refs", strict.Texts(&g.Refs)),
		strict.Optional("remotes", strict.Texts(&g.Remotes)),
		strict.Optional("status", strict.Map(func(path string) strict.Check {
			g.Changed = append(g.Changed, path)
			return strict.AnyObject()
		})),
	), "git", "v0.1")
}

// CommandRun is what was run, from a part of kind command-run.
type CommandRun struct {
	Command []string
	// ExitCode is the command's; 0 where it does not say.
	ExitCode int
}

// CommandRun reads a part of kind command-run, version 0.1 or 0.2.
func (a Attestation) CommandRun() (*CommandRun, error) {
	c := &CommandRun{}
	var code int64
	err := a.read(strict.Object(
		strict.Required("cmd", strict.Texts(&c.Command)),
		strict.Optional("exitcode", strict.Index(&code)),
	), "command-run", "v0.1", "v0.2")
	c.ExitCode = int(code)
	return c, err
}

// A File is one of the files that were taken in or given out.
type File struct {
	Path string
	// MediaType is what witness took a product for; materials have none.
	MediaType string
	// Digests are as they were written: beside sha256, witness has names of algorithms of its
	// own, such as gitoid:sha1.
	Digests map[string]string
}

// Files reads a part of kind material or product, version 0.1. Later versions hold a digest
// of all files in place of their list; of them there is nothing to give.
func (a Attestation) Files() ([]File, error) {
	if v := a.version(); v != "v0.1" && (a.Kind() == "material" || a.Kind() == "product") {
		return nil, strict.Read(a.Content, strict.AnyObject())
	}
	var files []File
	digests := func(into *map[string]string) strict.Check {
		set := map[string]string{}
		*into = set
		return strict.Map(func(algorithm string) strict.Check {
			return func(r *strict.Reader) (bool, error) {
				var value string
				filled, err := strict.Text(&value)(r)
				set[algorithm] = value
				return filled, err
			}
		})
	}
	each := strict.Map(func(path string) strict.Check {
		return func(r *strict.Reader) (bool, error) {
			f := File{Path: path}
			check := digests(&f.Digests)
			if a.Kind() == "product" {
				check = strict.Object(
					strict.Optional("mime_type", strict.Text(&f.MediaType)),
					strict.Required("digest", check),
				)
			}
			filled, err := check(r)
			files = append(files, f)
			return filled, err
		}
	})
	kind := a.Kind()
	if kind != "material" {
		kind = "product"
	}
	if err := a.read(each, kind, "v0.1"); err != nil {
		return nil, err
	}
	return files, nil
}

// CI is what a part of kind github, gitlab or jenkins says of the run that witness was in.
type CI struct {
	// System is the kind.
	System string
	// Pipeline and Project are URLs.
	Pipeline, Project string
	// Claims are those of the run's token, an object, or nil. Witness says that it has checked
	// the token, which is not here; nobody else can.
	Claims []byte
}

// CI reads a part of kind github, gitlab or jenkins, version 0.1.
func (a Attestation) CI() (*CI, error) {
	c := &CI{System: a.Kind()}
	switch c.System {
	case "github", "gitlab", "jenkins":
	default:
		return nil, strict.Fault(attest.FaultUnsupported, "", "is a %s, want a github, gitlab or jenkins", strict.Clip(a.Type))
	}
	return c, a.read(strict.Object(
		strict.Optional("pipelineurl", strict.Text(&c.Pipeline)),
		strict.Optional("projecturl", strict.Text(&c.Project)),
		strict.Optional("jwt", strict.Object(strict.Optional("claims", strict.Raw(&c.Claims, strict.AnyObject())))),
	), c.System, "v0.1")
}
