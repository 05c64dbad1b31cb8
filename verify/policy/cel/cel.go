// Package cel compiles the rules of policies, which are expressions in CEL, the Common
// Expression Language (cel.dev). A rule can only deny: [policy.Bind] takes [Compile], or the
// engine that [New] makes, as its engine.
//
// Rules read the variables that [Types] declares and nothing else, so that a name that is
// misspelt is an error when the policy is loaded. They have CEL's standard functions and macros and
// no extensions. An expression has at most [MaxExpression] bytes, and an evaluation costs at
// most [MaxCost], in CEL's units, which are about one for each operation or ten
// characters of text that are looked at.
package cel

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"cel.dev/cel-go/cel"
	celast "cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/interpreter"

	"github.com/carnet-project/carnet/verify/policy"
)

// The limits of a rule, in bytes and in CEL's units of cost.
const (
	MaxExpression = 4 << 10
	MaxCost       = 100_000
)

// An Error says where an expression is wrong: at a line and a column of it, counted from 1,
// or, where they are 0, as a whole.
type Error struct {
	Line, Column int
	Detail       string
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return e.Detail
	}
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Detail)
}

// Compile compiles one expression. It is a [policy.Engine]; the error is an *[Error]. For
// several expressions [New] is faster.
func Compile(expression string) (policy.Program, error) { return New()(expression) }

// New makes an engine that declares the variables once, for all that it compiles, when it
// compiles the first, and compiles each expression once: a policy is checked when it is
// read, and bound again for each image. It may be used from several goroutines.
func New() policy.Engine {
	environment := sync.OnceValues(newEnvironment)
	var mu sync.Mutex
	compiled := map[string]policy.Program{}
	return func(expression string) (policy.Program, error) {
		mu.Lock()
		defer mu.Unlock()
		if p, ok := compiled[expression]; ok {
			return p, nil
		}
		env, err := environment()
		if err != nil {
			return policy.Program{}, err
		}
		p, err := compile(env, expression)
		if err == nil && len(compiled) < maxKept {
			compiled[expression] = p
		}
		return p, err
	}
}

// maxKept bounds the programs that an engine keeps; a policy has a few.
const maxKept = 1000

func newEnvironment() (*cel.Env, error) {
	standard, err := cel.NewEnv()
	if err != nil {
		return nil, err
	}
	declared := Types()
	options := []cel.EnvOption{
		cel.CustomTypeProvider(provider{standard.CELTypeProvider(), declared}),
		cel.ParserExpressionSizeLimit(MaxExpression),
		cel.ParserRecursionLimit(64),
		cel.ExpressionNodeLimit(MaxExpression),
		cel.RegexProgramSizeLimit(1000),
		cel.DefaultUTCTimeZone(true),
		cel.ASTValidators(cel.ValidateComprehensionNestingLimit(maxNesting), cel.ValidateRegexLiterals(), cel.ValidateDurationLiterals(), cel.ValidateTimestampLiterals()),
	}
	for _, name := range slices.Sorted(maps.Keys(declared["carnet"])) {
		options = append(options, cel.Variable(name, declared["carnet"][name]))
	}
	return standard.Extend(options...)
}

func compile(env *cel.Env, expression string) (policy.Program, error) {
	if len(expression) > MaxExpression {
		return policy.Program{}, &Error{Detail: fmt.Sprintf("the expression has %d bytes, and at most %d are read", len(expression), MaxExpression)}
	}
	ast, issues := env.Compile(expression)
	if err := firstIssue(issues); err != nil {
		return policy.Program{}, err
	}
	if t := ast.OutputType(); !t.IsExactType(cel.BoolType) {
		return policy.Program{}, &Error{1, 1, fmt.Sprintf("the result is of type %s, want true or false; compare it with ==", t)}
	}
	reads, paths, err := readings(ast.NativeRep())
	if err != nil {
		return policy.Program{}, err
	}
	if err := affordable(env, ast); err != nil {
		return policy.Program{}, err
	}
	program, err := env.Program(ast, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(MaxCost))
	if err != nil {
		return policy.Program{}, &Error{Detail: firstLine(err)}
	}
	return policy.Program{Reads: reads, Paths: paths, Eval: func(variables map[string]any) (bool, error) { return eval(program, variables) }}, nil
}

func eval(program cel.Program, variables map[string]any) (bool, error) {
	out, _, err := program.Eval(variables)
	var stopped interpreter.EvalCancelledError
	if errors.As(err, &stopped) && stopped.Cause == interpreter.CostLimitExceeded {
		return false, policy.ErrCost
	}
	if err != nil {
		return false, errors.New(firstLine(err))
	}
	met, ok := out.Value().(bool)
	if !ok {
		return false, fmt.Errorf("the result is of type %s, want true or false", out.Type())
	}
	return met, nil
}

// firstIssue is the first of what is wrong, without the picture that CEL draws of it.
func firstIssue(issues *cel.Issues) error {
	if issues.Err() == nil {
		return nil
	}
	for _, e := range issues.Errors() {
		if e.Location == nil || e.Location.Line() < 1 {
			return &Error{Detail: clip(e.Message)}
		}
		return &Error{e.Location.Line(), e.Location.Column() + 1, clip(e.Message)}
	}
	return &Error{Detail: firstLine(issues.Err())}
}

// readings are the variables that the expression reads, and the dotted paths of what it
// reads of them, where "[]" is each element of a list.
func readings(a *celast.AST) (reads, paths []string, err error) {
	w := walker{variables: Types()["carnet"], reads: map[string]bool{}, paths: map[string]bool{}, source: a.SourceInfo()}
	w.walk(a.Expr(), map[string]string{})
	return slices.Sorted(maps.Keys(w.reads)), slices.Sorted(maps.Keys(w.paths)), w.err
}
