package ci

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Facts are what the environment says of a run of a system. Only the variables that the
// page of the system's build type names are looked at.
func (e Env) Facts(s System) Facts {
	e = e.complete()
	var facts Facts
	p, ok := profileOf(s)
	if !ok {
		return facts
	}
	t := &teller{facts: &facts, from: FromEnvironment, get: e.Getenv, beside: &facts}
	for _, r := range p.rows {
		if r.variable != "" {
			t.say(r.field, e.Getenv(r.variable), r.variable)
		}
	}
	if p.environment != nil {
		p.environment(t)
	}
	if s == GitHub || s == Forgejo {
		e.event(t)
	}
	return facts
}

// Claims are what a token says of a run of a system. Of a token that is another system's
// nothing is taken. beside are the facts of the environment.
func (s System) Claims(token Token, beside Facts) Facts {
	var facts Facts
	p, ok := profileOf(s)
	if !ok || !p.issued(token) {
		return facts
	}
	t := &teller{facts: &facts, from: FromToken, get: func(name string) string { return token.Claims[name] }, of: "claim ", beside: &beside}
	for _, r := range p.rows {
		if r.claim != "" {
			t.say(r.field, t.get(r.claim), r.claim)
		}
	}
	if p.claims != nil {
		p.claims(t, token)
	}
	return facts
}

// issued says whether a token has the claims of the system's tokens.
func (p profile) issued(token Token) bool {
	claim := map[System]string{
		GitHub: "job_workflow_ref", Forgejo: "repository", GitLab: "ci_config_ref_uri", Buildkite: "pipeline_slug",
		CircleCI: "oidc.circleci.com/project-id", Bitbucket: "pipelineUuid",
	}[p.system]
	if p.system == GitLab {
		return token.Claims["project_path"] != "" // a remote configuration has no ci_config_ref_uri
	}
	if p.system == Tekton {
		return strings.HasPrefix(token.Subject, "system:serviceaccount:")
	}
	return claim != "" && token.Claims[claim] != ""
}

// A question is what is asked of a system's API, and the name of the variable that holds
// the token for it.
type question struct {
	name, url string
	header    [2]string
}

// maxAnswerBytes bounds what an API answers.
const maxAnswerBytes = 1 << 20

// Lookup asks the system's own API for the run, with the token that the environment holds
// for it; nothing is asked where there is none. Only the three of GitHub, GitLab and Azure
// hand a job such a token and document a look-up of the run that it may make. It is asked
// by https, and over plain http only on this machine; redirects are not followed, and an
// answer over 1 MiB is none. No error holds the token or the answer.
func (e Env) Lookup(ctx context.Context, s System) (Facts, error) {
	e = e.complete()
	var facts Facts
	p, ok := profileOf(s)
	if !ok || p.api == nil {
		return facts, nil
	}
	q, ok := p.api(e.Getenv)
	if !ok {
		return facts, nil
	}
	body, err := e.askOnce(ctx, request{url: q.url, header: q.header, service: "the API of " + p.name, limit: maxAnswerBytes})
	if err != nil {
		return facts, err
	}
	members, err := scalars(body)
	if err != nil {
		return facts, fmt.Errorf("the API of %s gave no JSON object that can be read", p.name)
	}
	t := &teller{facts: &facts, from: FromAPI, get: func(name string) string { return members[name] }, beside: &facts}
	for _, r := range p.rows {
		if r.member != "" {
			t.say(r.field, members[r.member], r.member)
		}
	}
	if p.answer != nil {
		p.answer(t)
	}
	return facts, nil
}

// event reads the event that started a run of GitHub's kind: the commit that a pull
// request proposes, and the inputs that a person gave (docs.github.com, "Events that
// trigger workflows"; GITHUB_EVENT_PATH is its file).
func (e Env) event(t *teller) {
	path, kind := e.Getenv("GITHUB_EVENT_PATH"), e.Getenv("GITHUB_EVENT_NAME")
	if path == "" || kind != "pull_request" && kind != "workflow_dispatch" {
		return
	}
	const where = "the event at GITHUB_EVENT_PATH"
	raw, err := e.ReadFile(path, maxAnswerBytes)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			t.facts.note("%s cannot be read", where)
		}
		return
	}
	members, err := scalars(raw)
	if err != nil {
		t.facts.note("%s is not JSON", where)
		return
	}
	if kind == "pull_request" {
		t.say(fieldProposed, members["pull_request.head.sha"], where)
		return
	}
	for name, value := range members {
		if input, ok := strings.CutPrefix(name, "inputs."); ok {
			t.say(inputField(input), value, where)
		}
	}
}

// inputPrefix begins the fields that are inputs of a run, which are in the external
// parameters under the names that the workflow gave them.
const inputPrefix = "input "

func inputField(name string) Field { return Field(inputPrefix + name) }

// scalars are the strings, numbers and booleans of a JSON object by their paths of names
// with dots, as deep as pull_request.head.sha. An array is passed over.
func scalars(raw []byte) (map[string]string, error) {
	found := map[string]string{}
	dec := jsontext.NewDecoder(bytes.NewBuffer(raw))
	if dec.PeekKind() != '{' {
		return nil, errors.New("no object")
	}
	return found, walk(dec, "", 1, found)
}

func walk(dec *jsontext.Decoder, path string, depth int, found map[string]string) error {
	const deepest = 3
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for dec.PeekKind() != '}' {
		token, err := dec.ReadToken()
		if err != nil {
			return err
		}
		name := path + token.String()
		switch kind := dec.PeekKind(); {
		case kind == '{' && depth < deepest:
			err = walk(dec, name+".", depth+1, found)
		case kind == '"', kind == '0', kind == 't', kind == 'f':
			if token, err = dec.ReadToken(); err == nil {
				found[name] = token.String()
			}
		default:
			err = dec.SkipValue()
		}
		if err != nil {
			return err
		}
	}
	_, err := dec.ReadToken()
	return err
}
