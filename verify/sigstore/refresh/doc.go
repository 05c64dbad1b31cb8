// Package refresh fetches newer trusted roots and signing configurations by TUF: bytes
// out, and the network here only.
//
// The metadata is judged by go-tuf; this package asks for it in the order of the TUF
// client workflow (theupdateframework.github.io/specification/v1.0.34, section 5), keeps
// it in memory, and names what is wrong.
package refresh
