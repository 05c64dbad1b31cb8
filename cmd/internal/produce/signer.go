package produce

import (
	urfave "github.com/urfave/cli/v2"
)

// signerFlags are the flags of every command that signs.
func signerFlags() []urfave.Flag {
	return []urfave.Flag{
		&urfave.StringFlag{Name: "key", Aliases: []string{"k"}, Usage: "sign with the private key in `KEY`: a file or env://VARIABLE"},
		passwordFlag(),
	}
}

func passwordFlag() urfave.Flag {
	return &urfave.StringFlag{Name: "password-file", Usage: "read the key's password from the first line of `FILE`; default: CARNET_PASSWORD, COSIGN_PASSWORD, or a prompt"}
}
