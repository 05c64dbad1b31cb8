package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	"go.yaml.in/yaml/v3"
)

// pipeline FILE [NAME=VALUE]... runs the shell commands in a pipeline of docs/ci, one after
// the other in one folder, as the system's runner would: with its variables, and with what the
// system puts in place of its own expressions. A NAME=VALUE replaces a variable that the
// pipeline sets, or is what an expression of that name stands for. Programs that a runner has,
// and this machine may not, are stood in for: docker and buildah "push" the image $DIGEST, which
// is in the registry already. What the commands print is in $WORK/FILE.log.
// The system's own variables are the script's.
func pipeline(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) == 0 {
		ts.Fatalf("usage: [!] pipeline FILE [NAME=VALUE]...")
	}
	r := &runner{ts: ts, values: map[string]string{}}
	for _, a := range args[1:] {
		name, value, _ := strings.Cut(a, "=")
		r.values[name] = value
	}
	raw, err := os.ReadFile(filepath.Join("..", "..", "docs", "ci", args[0]))
	ts.Check(err)
	read, known := map[string]func([]byte) ([]step, error){
		"github.yml": r.github, "gitlab.yml": r.gitlab, "azure-pipelines.yml": r.azure, "tekton.yaml": r.tekton, "Jenkinsfile": r.jenkins,
	}[args[0]]
	if !known {
		ts.Fatalf("%s: no runner is known", args[0])
	}
	r.standIn()
	steps, err := read(raw)
	ts.Check(err)
	if len(steps) < 3 {
		ts.Fatalf("%s: %d commands are found: want at least those that build, seal and verify", args[0], len(steps))
	}
	err = r.run(steps)
	ts.Check(os.WriteFile(filepath.Join(ts.Getenv("WORK"), args[0]+".log"), []byte(r.log.String()), 0o644))
	if neg != (err != nil) {
		ts.Fatalf("%s: %v\n%s", args[0], err, r.log.String())
	}
}

// A step is a script of a pipeline with the variables that it has beside the runner's.
type step struct {
	job, script string
	env         map[string]string
}

// A runner runs one pipeline.
type runner struct {
	ts *testscript.TestScript
	// values are those of the command line, by name.
	values map[string]string
	// last are the expressions that are known only when a step begins.
	last func(string) string
	log  strings.Builder
}

// standIn puts programs before those of the machine.
func (r *runner) standIn() {
	bin := filepath.Join(r.ts.Getenv("WORK"), ".bin")
	r.ts.Check(os.MkdirAll(bin, 0o755))
	for name, script := range map[string]string{
		"docker": `case "$1 $2" in
login*) grep -q s3cret ;;
"buildx build")
	for a; do [ "$b" = --metadata-file ] && out=$a; [ "$b" = --tag ] && tag=$a; b=$a; done
	case "$tag" in "$EXPECTED":?*) printf '{\n  "containerimage.digest": "%s"\n}' "$DIGEST" > "$out" ;; *) echo "docker: tag $tag" >&2; exit 1 ;; esac ;;
*) echo "docker $*" >&2; exit 1 ;;
esac`,
		"buildah": `case "$1" in
login) grep -q s3cret ;;
build) ;;
push) case "$4" in "$EXPECTED":?*) printf %s "$DIGEST" > "$3" ;; *) echo "buildah: $*" >&2; exit 1 ;; esac ;;
*) echo "buildah $*" >&2; exit 1 ;;
esac`,
		"jq": `[ "$1 $2" = '-r ."containerimage.digest"' ] && sed -n 's/.*"containerimage.digest": "\(.*\)".*/\1/p' "$3"`,
		"go": `[ "$*" = "install github.com/carnet-project/carnet/cmd/carnet@latest" ] || { echo "go $*" >&2; exit 1; }`,
	} {
		r.ts.Check(os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755))
	}
	r.ts.Setenv("PATH", bin+string(os.PathListSeparator)+r.ts.Getenv("PATH"))
}

func (r *runner) run(steps []step) error {
	script := filepath.Join(r.ts.Getenv("WORK"), ".step")
	for _, s := range steps {
		before := map[string]string{}
		for name, value := range s.env {
			before[name] = r.ts.Getenv(name)
			if r.last != nil {
				value = r.last(value)
			}
			r.ts.Setenv(name, value)
		}
		r.ts.Check(os.WriteFile(script, []byte(s.script), 0o644))
		err := r.ts.Exec("bash", "-e", script)
		fmt.Fprintf(&r.log, "== %s: %s\n%s%s", s.job, s.script, r.ts.ReadFile("stdout"), r.ts.ReadFile("stderr"))
		for name, value := range before {
			r.ts.Setenv(name, value)
		}
		if err != nil {
			return fmt.Errorf("%s: %q: %w", s.job, s.script, err)
		}
	}
	return nil
}

// replaced are a pipeline's variables with those of the command line in their place.
func (r *runner) replaced(env ...map[string]string) map[string]string {
	all := map[string]string{}
	for _, e := range env {
		maps.Copy(all, e)
	}
	for name, value := range r.values {
		// What another job hands on is no setting of the pipeline.
		if set, there := all[name]; there && !strings.Contains(set, "needs.") {
			all[name] = value
		}
	}
	return all
}

// github reads a workflow. Its jobs are run in the order in which they need each other, which
// is that of the file.
func (r *runner) github(raw []byte) ([]step, error) {
	type job struct {
		Env, Outputs map[string]string
		Steps        []struct {
			ID, Run string
			Env     map[string]string
		}
	}
	var workflow struct{ Jobs yaml.Node }
	if err := yaml.Unmarshal(raw, &workflow); err != nil {
		return nil, err
	}
	expression := regexp.MustCompile(`\$\{\{ *([a-z0-9_.]+) *\}\}`)
	r.last = func(text string) string {
		return expression.ReplaceAllStringFunc(text, func(e string) string { return r.expression(expression.FindStringSubmatch(e)[1]) })
	}
	output := filepath.Join(r.ts.Getenv("WORK"), "github.output")
	r.ts.Setenv("GITHUB_OUTPUT", output)
	var steps []step
	for i := 0; i+1 < len(workflow.Jobs.Content); i += 2 {
		var j job
		if err := workflow.Jobs.Content[i+1].Decode(&j); err != nil {
			return nil, err
		}
		for _, s := range j.Steps {
			if s.Run != "" {
				steps = append(steps, step{workflow.Jobs.Content[i].Value, s.Run, r.replaced(j.Env, s.Env)})
			}
		}
	}
	return steps, nil
}

// expression is what GitHub puts in an expression's place.
func (r *runner) expression(name string) string {
	switch {
	case name == "github.token":
		return "s3cret"
	case name == "github.repository":
		return r.ts.Getenv("GITHUB_REPOSITORY")
	case strings.HasPrefix(name, "needs."):
		want := name[strings.LastIndexByte(name, '.')+1:]
		for line := range strings.Lines(r.ts.ReadFile(r.ts.Getenv("GITHUB_OUTPUT"))) {
			if n, value, _ := strings.Cut(strings.TrimSpace(line), "="); n == want {
				return value
			}
		}
	}
	r.ts.Fatalf("the expression %q has no value", name)
	return ""
}

// gitlab reads a configuration: jobs by their stages, "extends", and an identity token for the
// jobs that ask for one.
func (r *runner) gitlab(raw []byte) ([]step, error) {
	type job struct {
		Stage, Extends string
		BeforeScript   []string `yaml:"before_script"`
		Script         []string
		IDTokens       map[string]struct{ Aud string } `yaml:"id_tokens"`
	}
	var head struct {
		Stages    []string
		Variables map[string]string
	}
	var all map[string]yaml.Node
	if err := errors.Join(yaml.Unmarshal(raw, &head), yaml.Unmarshal(raw, &all)); err != nil {
		return nil, err
	}
	jobs := map[string]job{}
	for name, node := range all {
		var j job
		if node.Decode(&j) == nil && (j.Script != nil || j.BeforeScript != nil) {
			jobs[name] = j
		}
	}
	var steps []step
	for _, stage := range head.Stages {
		for _, name := range slices.Sorted(maps.Keys(jobs)) {
			j := jobs[name]
			if j.Stage != stage {
				continue
			}
			env := r.replaced(head.Variables)
			for token, of := range j.IDTokens {
				if of.Aud == "sigstore" {
					env[token] = r.values[token]
				}
			}
			script := slices.Concat(jobs[j.Extends].BeforeScript, j.BeforeScript, j.Script)
			if len(steps) > 0 {
				script = append([]string{"set -a; . ./*.env; set +a; rm -f *.env"}, script...)
			}
			steps = append(steps, step{name, strings.Join(script, "\n"), env})
		}
	}
	return steps, nil
}

// azure reads a pipeline without stages. $(NAME) is a variable's value.
func (r *runner) azure(raw []byte) ([]step, error) {
	var p struct {
		Variables map[string]string
		Steps     []struct {
			Bash, DisplayName string
			Env               map[string]string
		}
	}
	if err := yaml.Unmarshal(raw, &p); err != nil {
		return nil, err
	}
	var steps []step
	for _, s := range p.Steps {
		if s.Bash == "" {
			continue
		}
		env := r.replaced(p.Variables)
		for name, value := range s.Env {
			env[name] = r.macros(value)
		}
		steps = append(steps, step{s.DisplayName, s.Bash, env})
	}
	return steps, nil
}

// macros puts values in the place of $(NAME), and of nothing else, for the shell has the same.
func (r *runner) macros(text string) string {
	for name, value := range r.values {
		text = strings.ReplaceAll(text, "$("+name+")", value)
	}
	return text
}

// tekton reads a Pipeline whose tasks are written out in it.
func (r *runner) tekton(raw []byte) ([]step, error) {
	type variable struct{ Name, Value string }
	var p struct {
		Spec struct {
			Tasks []struct {
				TaskSpec struct {
					Results      []variable
					StepTemplate struct{ Env []variable } `yaml:"stepTemplate"`
					Steps        []struct{ Name, Script string }
				} `yaml:"taskSpec"`
			}
		}
	}
	if err := yaml.Unmarshal(raw, &p); err != nil {
		return nil, err
	}
	var steps []step
	for _, task := range p.Spec.Tasks {
		for _, result := range task.TaskSpec.Results {
			r.values["results."+result.Name+".path"] = filepath.Join(r.ts.Getenv("WORK"), "result."+result.Name)
		}
		env := map[string]string{}
		for _, v := range task.TaskSpec.StepTemplate.Env {
			env[v.Name] = r.macros(v.Value)
		}
		for _, s := range task.TaskSpec.Steps {
			steps = append(steps, step{s.Name, r.macros(s.Script), env})
		}
	}
	return steps, nil
}

// jenkins reads the sh steps of a declarative pipeline, and the variables of its environment.
func (r *runner) jenkins(raw []byte) ([]step, error) {
	env := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^ +([A-Z]+) = '(.*)'$`).FindAllStringSubmatch(string(raw), -1) {
		env[m[1]] = m[2]
	}
	var steps []step
	stage := ""
	for _, m := range regexp.MustCompile(`stage\('(\w+)'\)|(?s:\bsh '''(.*?)''')|\bsh '([^'\n]+)'`).FindAllStringSubmatch(string(raw), -1) {
		if m[1] != "" {
			stage = m[1]
			continue
		}
		with := r.replaced(env)
		for _, bound := range regexp.MustCompile(`[vV]ariable: '(\w+)'`).FindAllStringSubmatch(string(raw), -1) {
			with[bound[1]] = r.values[bound[1]]
		}
		steps = append(steps, step{stage, m[2] + m[3], with})
	}
	return steps, nil
}
