package strictyaml

import (
	"regexp"
	"sync"
)

// lazy compiles an expression when it is first used, for most runs of a program read no
// YAML.
func lazy(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}
