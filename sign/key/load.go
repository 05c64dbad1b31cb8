package key

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/secure-systems-lab/go-securesystemslib/encrypted"
)

// The PEM types of sealed keys; cosign wrote the older one until version 2.
const (
	sigstoreKey = "ENCRYPTED SIGSTORE PRIVATE KEY"
	cosignKey   = "ENCRYPTED COSIGN PRIVATE KEY"
)

// maxKeyFile bounds a key file in bytes; RSA 4096 needs 5 KiB.
const maxKeyFile = 64 << 10

var (
	// ErrWrongPassword says that a sealed key does not open with the password
	// given. The sealed bytes having been altered looks the same.
	ErrWrongPassword = errors.New("wrong password, or an altered key file")
	// ErrMalformed says that the bytes are not one private key. The error that
	// wraps it says what they are.
	ErrMalformed = errors.New("not a private key")
)

// Load opens a private key: a sealed one, by password, or a plain PKCS#8, SEC 1 or
// PKCS#1 PEM. (cosign takes only sealed ones. A plain key that a secret store hands
// over in the environment is no safer with its password beside it.)
//
// password is called once, and only for a sealed key; what it returns is zeroed
// after use. The errors are [ErrWrongPassword], [ErrMalformed] and
// [ErrUnsupported], wrapped, or that of password.
func Load(file []byte, password func() ([]byte, error)) (*Signer, error) {
	block, err := onlyBlock(file)
	if err != nil {
		return nil, err
	}
	defer clear(block.Bytes)
	if sealed(block) {
		if block, err = open(block, password); err != nil {
			return nil, err
		}
		defer clear(block.Bytes)
	}
	private, err := parsePlain(block)
	if err != nil {
		return nil, err
	}
	pair, err := newPair(private)
	if err != nil {
		return nil, err
	}
	return newSigner(pair)
}

func sealed(block *pem.Block) bool { return block.Type == sigstoreKey || block.Type == cosignKey }

// onlyBlock finds the one private key of a file. The curve parameters that
// "openssl ecparam -genkey" puts before a key say nothing that the key does not.
func onlyBlock(file []byte) (*pem.Block, error) {
	if len(file) > maxKeyFile {
		return nil, fmt.Errorf("%w: %d bytes is more than any key has (%d)", ErrMalformed, len(file), maxKeyFile)
	}
	var found *pem.Block
	for {
		block, rest := pem.Decode(file)
		if block == nil {
			break
		}
		file = rest
		if block.Type == "EC PARAMETERS" {
			continue
		}
		if found != nil {
			return nil, fmt.Errorf("%w: the file has a %q and a %q; want one key", ErrMalformed, found.Type, block.Type)
		}
		found = block
	}
	if found == nil {
		return nil, fmt.Errorf("%w: the file has no PEM block", ErrMalformed)
	}
	return found, nil
}

// open gives the PKCS#8 block inside a sealed one.
func open(block *pem.Block, password func() ([]byte, error)) (*pem.Block, error) {
	if err := checkBox(block.Bytes); err != nil {
		return nil, err
	}
	if password == nil {
		return nil, fmt.Errorf("%w: none was given", ErrWrongPassword)
	}
	secret, err := password()
	if err != nil {
		return nil, fmt.Errorf("asking for the key's password: %w", err)
	}
	defer clear(secret)
	der, err := encrypted.Decrypt(block.Bytes, secret)
	if err != nil { // checkBox let nothing else through that Decrypt refuses
		return nil, ErrWrongPassword
	}
	return &pem.Block{Type: "PRIVATE KEY", Bytes: der}, nil
}

// checkBox holds the content of a sealed block to the format, so that whatever
// Decrypt refuses afterwards is the password, and nobody is asked for the password
// of a file that no password opens.
func checkBox(raw []byte) error {
	var box struct {
		KDF struct {
			Name   string `json:"name"`
			Params struct {
				N int `json:"N"`
				R int `json:"r"`
				P int `json:"p"`
			} `json:"params"`
			Salt []byte `json:"salt"`
		} `json:"kdf"`
		Cipher struct {
			Name  string `json:"name"`
			Nonce []byte `json:"nonce"`
		} `json:"cipher"`
		Ciphertext []byte `json:"ciphertext"`
	}
	if err := json.Unmarshal(raw, &box); err != nil {
		return fmt.Errorf("%w: the sealed key is not the JSON that cosign writes", ErrMalformed)
	}
	n := box.KDF.Params.N
	switch {
	case box.KDF.Name != "scrypt" || box.Cipher.Name != "nacl/secretbox":
		return fmt.Errorf("%w: sealed with %.32q and %.32q; want scrypt and nacl/secretbox", ErrUnsupported, box.KDF.Name, box.Cipher.Name)
	case (n != 1<<15 && n != 1<<16 && n != 1<<17) || box.KDF.Params.R != 8 || box.KDF.Params.P != 1:
		return fmt.Errorf("%w: scrypt parameters N=%d r=%d p=%d; want N of 2^15, 2^16 or 2^17, r=8 and p=1",
			ErrUnsupported, n, box.KDF.Params.R, box.KDF.Params.P)
	case len(box.Cipher.Nonce) != 24:
		return fmt.Errorf("%w: the nonce has %d bytes, want 24", ErrMalformed, len(box.Cipher.Nonce))
	}
	return nil
}

// parsePlain reads the three plain encodings of private keys.
func parsePlain(block *pem.Block) (crypto.Signer, error) {
	if block.Headers["DEK-Info"] != "" || strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED") {
		return nil, encryptedElsewhere("in the old PEM way")
	}
	var parsed any
	var err error
	switch block.Type {
	case "RSA PRIVATE KEY":
		parsed, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		parsed, err = x509.ParseECPrivateKey(block.Bytes)
	case "PRIVATE KEY":
		parsed, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "ENCRYPTED PRIVATE KEY":
		return nil, encryptedElsewhere("as PKCS#8")
	default:
		return nil, fmt.Errorf("%w: the file holds a %.64q", ErrMalformed, block.Type)
	}
	if err != nil {
		if kind := unsupportedKind(block); kind != "" {
			return nil, fmt.Errorf("%w: %s: want ECDSA P-256, P-384 or P-521, Ed25519, or RSA of 2048, 3072 or 4096 bits", ErrUnsupported, kind)
		}
		return nil, fmt.Errorf("%w: the %q block does not parse", ErrMalformed, block.Type)
	}
	private, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("%w: a %T cannot sign", ErrUnsupported, parsed)
	}
	return private, nil
}

func encryptedElsewhere(how string) error {
	return fmt.Errorf("%w: the key is encrypted %s: decrypt it with `openssl pkey -in KEY -out PLAIN` first, import PLAIN, and delete it", ErrUnsupported, how)
}
