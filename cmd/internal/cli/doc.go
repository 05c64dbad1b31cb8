// Package cli is what every command of carnet shares: how the command line is read,
// how errors become exit codes, how help looks, and the flags that several commands
// have. It guards against what urfave/cli v2 does by default; see [Main].
package cli
