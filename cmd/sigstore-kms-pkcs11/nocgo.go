//go:build !cgo

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "sigstore-kms-pkcs11 was built without cgo, which PKCS#11 needs: build it with CGO_ENABLED=1 and a C compiler")
	os.Exit(2)
}
