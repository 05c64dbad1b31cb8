package resource

import "strconv"

func itoa(n int) string { return strconv.Itoa(n) }

// hexLengths gives how many hex characters a value of algorithm may have, or nil
// for an algorithm whose length is not specified (digest_set.md). A git object's
// name is a SHA-1 or a SHA-256; in-toto's own Go code knows SHA-1 only.
func hexLengths(algorithm string) []int {
	switch algorithm {
	case "gitCommit", "gitTree", "gitBlob", "gitTag":
		return []int{40, 64}
	case "md5":
		return []int{32}
	case "sha1", "ripemd160":
		return []int{40}
	case "sha224", "sha512_224", "sha3_224":
		return []int{56}
	case "sha256", "sha512_256", "sha3_256", "dirHash", "sm3":
		return []int{64}
	case "sha384", "sha3_384":
		return []int{96}
	case "sha512", "sha3_512":
		return []int{128}
	}
	return nil
}
