// Package ci tells which continuous integration system a process runs in, what is known of
// the run there and whose word that is, and fetches the identity token that the system
// gives its jobs.
//
// What a process sees of its surroundings comes from the caller, in an [Env]; nothing is
// read behind its back. A [Token] is not verified here: the certificate authority does
// that. It is read strictly and held to what would fail there anyway, so that one learns
// at once which token, which issuer and which claim are wrong.
//
// The facts of a run are said by its token, the system's API, the git checkout and the
// environment. [Resolve] takes each by the word that is believed most, and refuses the
// run where two of them differ; docs/buildtypes has the rules, and a page for each system.
package ci
