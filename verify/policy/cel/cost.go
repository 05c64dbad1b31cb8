package cel

import (
	"fmt"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/cost"
)

// maxNesting bounds macros inside macros.
const maxNesting = 3

// maxEstimate bounds what an expression would cost on an image of ordinary size. It is over
// MaxCost, for the estimate takes every short cut for not taken.
const maxEstimate = 20 * MaxCost

// affordable refuses an expression that could not be evaluated within MaxCost on an image
// of ordinary size: it would deny when it is too late to change it.
func affordable(env *cel.Env, ast *cel.Ast) error {
	estimate, err := env.EstimateCost(ast, ordinary{})
	if err != nil {
		return &Error{Detail: firstLine(err)}
	}
	if estimate.Max > maxEstimate {
		return &Error{Detail: fmt.Sprintf("the expression would cost up to %s on an image of ordinary size, and %d stops it: loop over less, or not inside a loop", amount(estimate.Max), MaxCost)}
	}
	return nil
}

func amount(n uint64) string {
	if n > 1e12 {
		return "more than can be told"
	}
	return fmt.Sprint(n)
}

// ordinary tells the estimate how large things are in an image of ordinary size.
type ordinary struct{}

// EstimateSize tells by the path of what is declared, and takes what is computed as it comes.
func (ordinary) EstimateSize(node cost.AstNode) *cost.SizeEstimate {
	if node.ComputedSize() != nil {
		return nil
	}
	most := uint64(64)
	switch path := strings.Join(node.Path(), "."); path {
	case "sbom.packages":
		most = 1000
	case "vulnerabilities":
		most = 500
	case "provenance", "signatures", "checks", "approvals", "base":
		most = 8
	case "provenance.@items.materials":
		most = 100
	case "":
		most = 256
	}
	return &cost.SizeEstimate{Min: 0, Max: most}
}

// EstimateCallCost leaves calls to CEL.
func (ordinary) EstimateCallCost(string, string, *cost.AstNode, []cost.AstNode) *cost.CallEstimate {
	return nil
}
