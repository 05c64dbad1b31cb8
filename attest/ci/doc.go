// Package ci tells which continuous integration system a process runs in, and fetches
// the identity token that the system gives its jobs.
package ci
