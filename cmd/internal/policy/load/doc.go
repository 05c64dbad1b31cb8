// Package load reads policies from where they are kept, with all that they name, and makes
// the roots of trust that they need. Every command that takes a policy reads it here.
package load
