package budget_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"testing"

	"andon/internal/azure/budget"
)

// A purpose that is declared and not listed would wait for all others and be
// shown under its bare name.
func TestEachPurposeIsInTheList(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "purpose.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var declared []budget.Purpose
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if ok {
			if of, named := spec.Type.(*ast.Ident); !named || of.Name != "Purpose" {
				return true
			}
			for _, value := range spec.Values {
				literal, _ := value.(*ast.BasicLit)
				word, err := strconv.Unquote(literal.Value)
				if err != nil {
					t.Error(err)
				}
				declared = append(declared, budget.Purpose(word))
			}
		}
		return true
	})
	slices.Sort(declared)
	listed := budget.Purposes()
	slices.Sort(listed)
	if !slices.Equal(declared, listed) || len(listed) == 0 {
		t.Errorf("declared are %v, listed %v", declared, listed)
	}
	for _, p := range listed {
		if p.Label() == string(p) || p.Label() == "" {
			t.Errorf("%s has no label", p)
		}
	}
	if got := budget.Purpose("later").Label(); got != "later" {
		t.Errorf("the label of an unknown purpose is %q", got)
	}
}
