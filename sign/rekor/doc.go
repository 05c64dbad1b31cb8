// Package rekor has signatures recorded in Rekor transparency logs, of version 1 and 2.
package rekor
