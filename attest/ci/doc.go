// Package ci tells which continuous integration system a process runs in, and fetches
// the identity token that the system gives its jobs.
//
// What a process sees of its surroundings comes from the caller, in an [Env]; nothing is
// read behind its back. A [Token] is not verified here: the certificate authority does
// that. It is read strictly and held to what would fail there anyway, so that one learns
// at once which token, which issuer and which claim are wrong.
package ci
