package trust

import (
	"fmt"
	"strings"
	"time"

	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/cmd/internal/trust/store"
	"github.com/carnet-project/carnet/verify/sigstore/public"
	"github.com/carnet-project/carnet/verify/sigstore/trustedroot"

	urfave "github.com/urfave/cli/v2"
)

func show() cli.Command {
	return cli.Command{
		Name: "show", Usage: "show what is trusted", Args: "[FILE|NAME...]",
		About: `Shows the instances that verify trusts: the authorities and logs of each with the times
in which they are, when that was taken, from where, and where it lies. Entries signed
outside of those times are not believed.`,
		Arguments: [][2]string{
			{"NAME", "an instance in the trust store, or public; what verify trusts without it"},
			{"FILE", "a trusted_root.json"},
		},
		Flags: []urfave.Flag{cli.OutputFlag(outputs...)},
		Exits: exits[:3],
		Examples: [][2]string{
			{"what is trusted on this machine", "carnet trust show"},
			{"the public trusted root, for other tools", "carnet trust show public -o trusted-root > trusted_root.json"},
		},
		Run: runShow,
	}
}

// outputs of show; the last two are the files themselves.
var outputs = []string{"text", "json", "trusted-root", "signing-config"}

// An instance is what show tells about one.
type instance struct {
	Name string `json:"name"`
	// Source is where it came from; Path where it lies, "" if it is built in.
	Source  string    `json:"source"`
	Mirror  string    `json:"mirror,omitempty"`
	Path    string    `json:"path,omitempty"`
	BuiltIn bool      `json:"builtIn"`
	Taken   time.Time `json:"taken,omitzero"`
	*trustedroot.Contents
	Services *trustedroot.Services `json:"signingConfig,omitempty"`

	root, config []byte
}

func runShow(c *cli.Call) error {
	format, err := c.Output(outputs...)
	if err != nil {
		return err
	}
	instances, err := shown(c)
	if err != nil {
		return err
	}
	switch format {
	case "json":
		return c.PrintJSON(map[string]any{"instances": instances})
	case "text":
		for n, i := range instances {
			if n > 0 {
				fmt.Fprintln(c.Env.Stdout)
			}
			if _, err := fmt.Fprint(c.Env.Stdout, i.text()); err != nil {
				return err
			}
		}
		return nil
	}
	if len(instances) != 1 {
		return &cli.UsageError{Message: fmt.Sprintf("--output %s is of one instance, and %d are trusted", format, len(instances)), Hint: c.Command.HelpName + " " + instances[0].Name + " -o " + format}
	}
	raw := instances[0].root
	if format == "signing-config" {
		raw = instances[0].config
	}
	if raw == nil {
		return cli.Usagef("nothing says which services of %s sign", instances[0].Name)
	}
	_, err = c.Env.Stdout.Write(raw)
	return err
}

// shown reads the instances that the arguments name, or that are trusted.
func shown(c *cli.Call) ([]instance, error) {
	roots, err := c.TrustedRootsOf(c.Arguments())
	if err != nil {
		return nil, err
	}
	s, err := c.TrustStore()
	if err != nil {
		return nil, err
	}
	var all []instance
	for _, r := range roots {
		i, err := describe(s, r)
		if err != nil {
			return nil, err
		}
		if i.Contents, err = trustedroot.Read(r.JSON); err != nil {
			return nil, cli.Usagef("%s: %v", r.Name, err)
		}
		if i.config != nil {
			if i.Services, err = trustedroot.ReadServices(i.config); err != nil {
				return nil, cli.Usagef("%s: %v", r.Name, err)
			}
		}
		all = append(all, i)
	}
	return all, nil
}

// describe says where a trusted root came from.
func describe(s store.Store, r cli.TrustedRoot) (instance, error) {
	i := instance{Name: r.Name, Taken: r.Taken, root: r.JSON}
	if s.Dir != "" {
		stored, there, err := s.Get(r.Name)
		if err != nil {
			return i, cli.Usagef("the trust store: %v", err)
		}
		if there {
			i.Source, i.Mirror, i.Path, i.config = stored.Source, stored.Mirror, s.Path(r.Name), stored.SigningConfig
			return i, nil
		}
	}
	if r.Name == cli.PublicInstance {
		i.Source, i.Mirror, i.BuiltIn, i.config = public.Mirror, public.Mirror, true, public.SigningConfig()
		return i, nil
	}
	i.Source, i.Path = r.Name, r.Name
	return i, nil
}

// text is an instance for people.
func (i instance) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", plain(i.Name))
	where := i.Path
	if i.BuiltIn {
		where = "built in"
	}
	for _, row := range [][2]string{{"from", i.Source}, {"taken", day(i.Taken)}, {"kept", where}} {
		if row[1] != "" {
			fmt.Fprintf(&b, "  %-6s %s\n", row[0], plain(row[1]))
		}
	}
	authorities := func(title string, all []trustedroot.Authority) {
		for n, a := range all {
			heading(&b, title, n)
			fmt.Fprintf(&b, "    %-24s %s  %s  root %s…\n", span(a.Period), plain(a.URL), plain(a.Subject), a.Root[:16])
		}
	}
	logs := func(title string, all []trustedroot.Log) {
		for n, l := range all {
			heading(&b, title, n)
			fmt.Fprintf(&b, "    %-24s %s  %s  ID %.16s…\n", span(l.Period), plain(l.URL), plain(l.Key), l.ID)
		}
	}
	authorities("certificate authorities", i.Authorities)
	logs("transparency logs", i.Logs)
	logs("certificate transparency logs", i.CTLogs)
	authorities("timestamp authorities", i.Timestamps)
	if i.Services == nil {
		return b.String()
	}
	n := 0
	for _, group := range []struct {
		what string
		all  []trustedroot.Service
	}{{"certificates", i.Services.Authorities}, {"tokens", i.Services.Issuers}, {"log", i.Services.Logs}, {"timestamps", i.Services.Timestamps}} {
		for _, s := range group.all {
			heading(&b, "services that sign", n)
			n++
			fmt.Fprintf(&b, "    %-24s %s  %s v%d\n", span(s.Period), plain(s.URL), group.what, s.Version)
		}
	}
	return b.String()
}

func heading(b *strings.Builder, title string, n int) {
	if n == 0 {
		fmt.Fprintf(b, "  %s\n", title)
	}
}

// span is a period for people.
func span(p trustedroot.Period) string {
	if p.Until.IsZero() {
		return "since " + day(p.From)
	}
	return day(p.From) + " – " + day(p.Until)
}

func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}

// plain is text from a file without what a terminal would act on.
func plain(s string) string {
	if quoted := fmt.Sprintf("%+q", s); quoted[1:len(quoted)-1] != s {
		return quoted
	}
	return s
}
