package ci

import (
	"context"
	"errors"
	"slices"
)

// Token is the token that a system gives this run, for its claims: the one in
// SIGSTORE_ID_TOKEN, one that the system keeps in a variable for whatever audience, or one
// that it is asked for as [Ambient] asks. Nobody else is asked, and no program is run. It
// is false where the system gives none; the error is that of a service or a *[TokenError].
func (e Env) Token(ctx context.Context, s System) (Token, bool, error) {
	e = e.complete()
	p, ok := profileOf(s)
	if !ok {
		return Token{}, false, nil
	}
	if raw := e.Getenv(TokenVariable); raw != "" {
		t, err := e.Use(TokenVariable, raw)
		return t, err == nil, err
	}
	if raw := e.Getenv(p.hidden); p.hidden != "" && raw != "" {
		t, err := ParseToken(raw)
		if t, err = from(p.hidden, t, err); err != nil {
			return Token{}, false, err
		}
		err = t.Check(slices.Concat(t.Audience, []string{e.Audience})[0], e.Now())
		return t, err == nil, err
	}
	for _, source := range sources() {
		if source.name != p.token || source.name == SourceCircleCI {
			continue
		}
		raw, err := source.fetch(ctx, e)
		if errors.Is(err, ErrNoToken) || err == nil && raw == "" {
			return Token{}, false, nil
		}
		if err != nil {
			return Token{}, false, &SourceError{source.name, err}
		}
		t, err := e.Use(source.name, raw)
		return t, err == nil, err
	}
	return Token{}, false, nil
}
