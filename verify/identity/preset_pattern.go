package identity

import (
	"fmt"
	"strings"

	"github.com/carnet-project/carnet/attest"
)

// preset is what GitHub and GitLab have in common.
type preset struct {
	host                   string
	issuers                []string
	source                 string
	sourceName, sourceFlag string
	sourceID, ownerID      string
	// config is met by what was started and by what signed, started by the first alone.
	config, started     definition
	builders            []string
	between             string
	refs                []string
	runner, environment string
	triggers, usual     []string
	known               bool
}

// A definition is a file that defines a pipeline, and whether it is named by its path in
// the source repository.
type definition struct {
	path string
	own  bool
}

// patterns are globs for the file at its ref.
func (d definition) pattern() string {
	if d.path != "" && !strings.Contains(d.path, "@") {
		return d.path + "@**"
	}
	return d.path
}

// A presetBuilder collects fields and their words.
type presetBuilder struct {
	out    Pattern
	failed error
}

func (b *presetBuilder) add(f field, patterns ...string) {
	for _, text := range patterns {
		m, err := glob(text)
		if err != nil && b.failed == nil {
			b.failed = fmt.Errorf("the %s %w", f.name, err)
		}
		f.want = append(f.want, m)
	}
	b.out.fields = append(b.out.fields, f)
}

// narrow adds a field if anything is asked of it.
func (b *presetBuilder) narrow(name, flag string, read func(attest.Certificate) []string, patterns ...string) {
	if len(patterns) == 0 || len(patterns) == 1 && patterns[0] == "" {
		return
	}
	f := field{name: name, read: read}
	if flag != "" {
		f.flag = flagFor(flag, read)
	}
	b.add(f, patterns...)
	b.out.words += ", " + name + " " + strings.Join(patterns, " or ")
}

func (p preset) pattern() (Pattern, error) {
	for _, ref := range p.refs {
		if !strings.HasPrefix(ref, "refs/") {
			return Pattern{}, fmt.Errorf("the ref %q is not a whole one: write refs/heads/NAME for a branch and refs/tags/NAME for a tag", ref)
		}
	}
	var b presetBuilder
	b.add(field{name: "issuer", read: issuerOf, flag: identityFlags}, p.issuers...)
	b.add(field{name: p.sourceName, read: claim(attest.ClaimSourceRepositoryURI), fold: true, flag: p.sourceFlags}, lower("https://"+p.host+"/"+p.source))
	b.out.words = p.host + "/" + p.source
	b.narrow(p.sourceName+" id", "", claim(attest.ClaimSourceRepositoryID), p.sourceID)
	b.narrow("owner id", "", claim(attest.ClaimSourceRepositoryOwnerID), p.ownerID)
	b.narrow("workflow", "--workflow", p.files(p.config, attest.ClaimBuildConfigURI, attest.ClaimBuildSignerURI), p.config.pattern())
	b.narrow("workflow", "", p.files(p.started, attest.ClaimBuildConfigURI), p.started.pattern())
	b.narrow("builder", "", p.files(definition{}, attest.ClaimBuildSignerURI), p.builders...)
	b.narrow("ref", "--ref", claim(attest.ClaimSourceRepositoryRef), p.refs...)
	triggers := p.triggers
	if len(triggers) == 0 {
		triggers = p.usual
	}
	trigger := claim(attest.ClaimBuildTrigger)
	b.add(field{name: "trigger", read: trigger, flag: flagFor("--trigger", trigger)}, triggers...)
	if len(p.triggers) > 0 {
		b.out.words += ", trigger " + strings.Join(p.triggers, " or ")
	}
	b.narrow("runner", "--runner", claim(attest.ClaimRunnerEnvironment), p.runner)
	b.narrow("environment", "--environment", claim(attest.ClaimDeploymentEnvironment), p.environment)
	if b.failed != nil {
		return Pattern{}, b.failed
	}
	return b.out, nil
}

// files reads the files that define the pipeline from claims: the one that was started, and
// the one that signed, which differ where one calls the other. One of the source repository
// is named by its path in it, where that is how the definition names it.
func (p preset) files(d definition, claims ...attest.Claim) func(attest.Certificate) []string {
	return func(c attest.Certificate) []string {
		var files []string
		for _, name := range claims {
			prefix := "https://" + p.host + "/"
			if d.own {
				prefix = c.Claims[attest.ClaimSourceRepositoryURI] + p.between
			}
			if file, ok := strings.CutPrefix(c.Claims[name], prefix); ok {
				files = append(files, file)
			}
		}
		return files
	}
}
