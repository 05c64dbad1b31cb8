package consume

import (
	"sync"

	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/cmd/internal/policy/load"
	"github.com/carnet-project/carnet/verify/identity"
	"github.com/carnet-project/carnet/verify/policy"
	"github.com/carnet-project/carnet/verify/sigstore"
)

// possible refuses a threshold that no evidence could meet or miss.
func possible(threshold int, keys []cli.TrustedKey, patterns []identity.Pattern) error {
	if threshold < 1 {
		return cli.Usagef("--threshold %d: at least one signer is wanted", threshold)
	}
	distinct := map[string]bool{}
	for _, k := range keys {
		for _, i := range k.Root.Identities() {
			distinct[i.Key.String()] = true
		}
	}
	for _, p := range patterns {
		if !p.Exact() {
			return nil
		}
		distinct[p.String()] = true
	}
	if threshold > len(distinct) {
		return cli.Usagef("--threshold %d can't be met: %s trusted", threshold, count(len(distinct), "signer is", "signers are"))
	}
	return nil
}

// trustOf is what the flags trust: the instances that they name, and what they ask of each
// signature. Who is no holder that they accept is told in flags.
func trustOf(c *cli.Call, patterns []identity.Pattern) (load.Trust, error) {
	if c.Bool("require-log") && c.Bool("insecure-ignore-tlog") {
		return load.Trust{}, cli.Usagef("--require-log and --insecure-ignore-tlog are each other's opposite")
	}
	t := load.Trust{
		Instances: sync.OnceValues(func() ([]*sigstore.Material, error) {
			roots, err := c.TrustedRoots()
			if err != nil {
				return nil, err
			}
			return load.Materials(roots, policy.Trust{})
		}),
		Need: func(n sigstore.Need) sigstore.Need { return need(c, n) },
	}
	if len(patterns) > 0 {
		t.Accept = identity.Accept(patterns...)
	}
	if len(patterns) > 0 || c.IsSet("trusted-root") || c.Bool("require-log") || c.Bool("require-timestamp") {
		if _, err := t.Instances(); err != nil {
			return load.Trust{}, err
		}
	}
	return t, nil
}

// need is what must prove a signature, by the flags and by what the instance gives to
// each of its signatures.
func need(c *cli.Call, n sigstore.Need) sigstore.Need {
	if c.Bool("insecure-ignore-sct") {
		n.SCTs = 0
	}
	if c.Bool("insecure-ignore-tlog") {
		n.Logs = 0
	}
	if c.Bool("require-log") {
		n.Logs = max(n.Logs, 1)
	}
	if c.Bool("require-timestamp") {
		n.Timestamps = max(n.Timestamps, 1)
	}
	return n
}
