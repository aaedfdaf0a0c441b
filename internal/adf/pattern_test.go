package adf_test

import (
	"testing"

	"andon/internal/adf"
)

func TestNamePatternMatchesAsAShellDoes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"", "anything", true},
		{"*", "anything", true},
		{"**", "", true},
		{"pl_*", "PL_Load", true},
		{"pl_*", "xpl_load", false},
		{"pl_?", "pl_a", true},
		{"pl_?", "pl_ab", false},
		{"a.b", "a.b", true},
		{"a.b", "axb", false},
		{"a\nb*", "a\nb\nc", true},
		{"[x]", "x", false},
	} {
		p := adf.NewNamePattern(c.pattern)
		if got := p.Match(c.name); got != c.want {
			t.Errorf("%q matches %q: %v, want %v", c.pattern, c.name, got, c.want)
		}
		if c.pattern == "" && !p.MatchesAll() || c.pattern == "pl_*" && p.MatchesAll() {
			t.Errorf("%q: MatchesAll = %v", c.pattern, p.MatchesAll())
		}
	}
}
