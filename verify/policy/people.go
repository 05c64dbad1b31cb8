package policy

import (
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/predicate/slsa"
	"github.com/carnet-project/carnet/verify"
)

// A person is somebody by what names there are: each may be "". Names of different kinds
// say nothing about each other.
type person struct {
	// email is in lower case; login and id are a forge's, with its host before a slash.
	email, login, id string
}

// people are several, or one of whom different things were said.
type people []person

func (p person) String() string {
	for _, name := range []string{p.email, p.login, p.id} {
		if name != "" {
			return name
		}
	}
	return "somebody unnamed"
}

func (all people) String() string {
	var texts []string
	for _, p := range all {
		texts = append(texts, p.String())
	}
	return list(texts, 5)
}

// A likeness says whether two are one person.
type likeness int

const (
	unknown likeness = iota
	same
	different
)

// is compares the names of one kind that both have. One that is equal makes them one person;
// without any in common nobody can tell.
func (p person) is(o person) likeness {
	answer := unknown
	for _, pair := range [][2]string{{p.email, o.email}, {p.login, o.login}, {p.id, o.id}} {
		switch {
		case pair[0] == "" || pair[1] == "":
		case pair[0] == pair[1]:
			return same
		default:
			answer = different
		}
	}
	return answer
}

// isAny is [person.is] of somebody who has the accounts, too, which are HOST/LOGIN: of a
// host on which there is none they say nothing.
func (p person) isAny(o person, accounts []string) likeness {
	answer := p.is(o)
	host, _, _ := strings.Cut(p.login, "/")
	for _, account := range accounts {
		account = strings.ToLower(account)
		on, _, _ := strings.Cut(account, "/")
		switch {
		case p.login == "" || on != host:
		case account == p.login:
			return same
		case answer == unknown:
			answer = different
		}
	}
	return answer
}

// accounts are the logins that the document gives whoever signed e: under the address in the
// certificate, in identities of people that the signer is of.
func (b *bench) accounts(e *verify.Evidence) []string {
	c := e.By().Certificate
	if c == nil || c.SubjectType != attest.SubjectEmail {
		return nil
	}
	var all []string
	for _, name := range sortedKeys(b.signers) {
		s := b.signers[name]
		if s.identity.People == nil || s.is(e.By()) != nil {
			continue
		}
		for email, accounts := range s.identity.People.Accounts {
			if strings.EqualFold(email, c.Subject) {
				all = append(all, accounts...)
			}
		}
	}
	return all
}

// byEmail is the person of an address. GitHub's addresses for those who show none name the
// account: 123+octocat@users.noreply.github.com.
func byEmail(email string) person {
	email = strings.ToLower(strings.TrimSpace(email))
	p := person{email: email}
	account, ok := strings.CutSuffix(email, "@users.noreply.github.com")
	if !ok {
		return p
	}
	p.email = ""
	if id, login, found := strings.Cut(account, "+"); found {
		p.id, p.login = "github.com/"+id, "github.com/"+login
	} else {
		p.login = "github.com/" + account
	}
	return p
}

// byIdentity is who signed, as far as a certificate says it. A key is nobody's name.
func byIdentity(i verify.Identity) person {
	if i.Certificate == nil || i.Certificate.SubjectType != attest.SubjectEmail {
		return person{}
	}
	return byEmail(i.Certificate.Subject)
}

// A run is what provenance says of who started a build, in the words of its producers.
type run struct {
	// GitHub's are of slsa-framework's and actions' build types, which nest them or not.
	GitHub struct {
		Actor             string `json:"actor"`
		ActorID           any    `json:"actor_id"`
		TriggeringActor   string `json:"triggering_actor"`
		TriggeringActorID any    `json:"triggering_actor_id"`
	} `json:"github"`
	Actor             string `json:"GITHUB_ACTOR"`
	ActorID           any    `json:"GITHUB_ACTOR_ID"`
	TriggeringActor   string `json:"GITHUB_TRIGGERING_ACTOR"`
	TriggeringActorID any    `json:"GITHUB_TRIGGERING_ACTOR_ID"`
	LowerActor        string `json:"github_actor"`
	LowerActorID      any    `json:"github_actor_id"`
}

// gitlabRun is what GitLab's runner lists of its variables.
type gitlabRun struct {
	Variables struct {
		Email string `json:"GITLAB_USER_EMAIL"`
		Login string `json:"GITLAB_USER_LOGIN"`
		ID    any    `json:"GITLAB_USER_ID"`
		Host  string `json:"CI_SERVER_HOST"`
	} `json:"variables"`
}

// triggeredBy is who started a build, by its provenance: GitHub's actor and, of a run that
// was started again, who did that; and GitLab's user.
func triggeredBy(predicateType string, raw []byte) (people, error) {
	p, err := slsa.ParseUnnamed(predicateType, raw)
	if err != nil {
		return nil, err
	}
	var who people
	var g run
	// What is not of this form says nothing of a person, and the caller asks for somebody.
	if json.Unmarshal(p.InternalParameters, &g) == nil {
		who = who.onGitHub(g.GitHub.Actor, g.GitHub.ActorID)
		who = who.onGitHub(g.GitHub.TriggeringActor, g.GitHub.TriggeringActorID)
		who = who.onGitHub(g.Actor, g.ActorID)
		who = who.onGitHub(g.TriggeringActor, g.TriggeringActorID)
		who = who.onGitHub(g.LowerActor, g.LowerActorID)
	}
	var l gitlabRun
	if json.Unmarshal(p.ExternalParameters, &l) == nil {
		who = who.onGitLab(l)
	}
	return who, nil
}

func (all people) onGitHub(login string, id any) people {
	p := person{}
	if login != "" {
		p.login = "github.com/" + strings.ToLower(login)
	}
	if n := number(id); n != "" {
		p.id = "github.com/" + n
	}
	if p == (person{}) {
		return all
	}
	return append(all, p)
}

func (all people) onGitLab(l gitlabRun) people {
	v := l.Variables
	host := v.Host
	if host == "" {
		host = "gitlab.com"
	}
	p := person{}
	if v.Email != "" && v.Email != "[MASKED]" {
		p.email = strings.ToLower(v.Email)
	}
	host = strings.ToLower(host)
	if v.Login != "" && v.Login != "[MASKED]" {
		p.login = host + "/" + strings.ToLower(v.Login)
	}
	if n := number(v.ID); n != "" {
		p.id = host + "/" + n
	}
	if p == (person{}) {
		return all
	}
	return append(all, p)
}

// number is an id that is written as a string or a number, or "".
func number(id any) string {
	switch n := id.(type) {
	case string:
		return n
	case float64:
		if n > 0 && n < 1<<53 && n == float64(int64(n)) {
			return strconv.FormatInt(int64(n), 10)
		}
	}
	return ""
}
