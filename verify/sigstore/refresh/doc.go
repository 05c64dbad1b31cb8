// Package refresh fetches newer trusted roots and signing configurations by TUF: bytes
// out, and the network here only.
package refresh
