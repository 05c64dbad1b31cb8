//go:build cgo

// Command sigstore-kms-pkcs11 signs with keys in PKCS#11 tokens for carnet, cosign and
// whatever else speaks sigstore's plugin protocol (sigstore/sigstore,
// pkg/signature/kms/cliplugin, README.md, protocol v1). It is run by them, found on the
// PATH, for references of the form pkcs11://token=T;object=O?module-path=M. cosign takes
// all that begins with pkcs11: for itself, even where it was built without PKCS#11: there
// the program works by another name, as sigstore-kms-hsm for hsm://token=T;object=O.
//
// The PIN comes from the file that pin-source names or the variable COSIGN_PKCS11_PIN;
// the module from module-path or COSIGN_PKCS11_MODULE_PATH.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/sigstore/sigstore/pkg/signature/kms/cliplugin/handler"

	"github.com/carnet-project/carnet/sign/kms/pkcs11"
	"github.com/carnet-project/carnet/sign/kms/pkcs11uri"
)

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "sigstore-kms-pkcs11 is run by carnet or cosign with --key pkcs11:…; it does nothing by itself")
		os.Exit(2)
	}
	if err := run(os.Args, os.Stdin, os.Stdout, os.Getenv); err != nil {
		// The protocol takes errors from stdout and passes over the exit code.
		var told *answered
		if !errors.As(err, &told) {
			err = handler.WriteErrorResponse(os.Stdout, err)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
	}
}

// run serves one call. What goes wrong in the key's own methods is in the response.
func run(argv []string, stdin io.Reader, stdout io.Writer, getenv func(string) string) error {
	args, err := handler.GetPluginArgs(argv)
	if err != nil {
		return err
	}
	if args.InitOptions == nil || args.MethodArgs == nil {
		return fmt.Errorf("the arguments have no initOptions or methodArgs")
	}
	uri, err := pkcs11uri.Parse(args.InitOptions.KeyResourceID)
	if err != nil {
		return err
	}
	if uri.Module == "" {
		uri.Module = getenv("COSIGN_PKCS11_MODULE_PATH")
	}
	pin, err := readPIN(uri, getenv)
	if err != nil {
		return err
	}
	key, err := pkcs11.Open(uri, pin, args.InitOptions.HashFunc)
	if err != nil {
		return err
	}
	defer key.Close()
	if _, err := handler.Dispatch(stdout, stdin, args, key); err != nil {
		return &answered{err} // Dispatch has written it
	}
	return nil
}

// answered is an error that is in the response.
type answered struct{ error }

// readPIN finds the PIN: a file's first line, or the environment.
func readPIN(uri pkcs11uri.URI, getenv func(string) string) (string, error) {
	if uri.PINFile == "" {
		return getenv("COSIGN_PKCS11_PIN"), nil
	}
	f, err := os.Open(uri.PINFile)
	if err != nil {
		return "", err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, 4096))
	line, _, _ := bytes.Cut(raw, []byte("\n"))
	return string(bytes.TrimSuffix(line, []byte("\r"))), err
}
