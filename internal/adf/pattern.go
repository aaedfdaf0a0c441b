package adf

import (
	"regexp"
	"strings"
)

// NamePattern matches names of factories, pipelines and parameters: * is any
// text, ? any character, and case does not matter. The zero value matches
// every name.
type NamePattern struct{ re *regexp.Regexp } // nil matches every name

// NewNamePattern prepares a pattern. The empty pattern matches every name.
func NewNamePattern(pattern string) NamePattern {
	if strings.Trim(pattern, "*") == "" {
		return NamePattern{}
	}
	quoted := strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(pattern))
	return NamePattern{regexp.MustCompile("(?is)^" + quoted + "$")}
}

// Match reports whether the pattern matches name.
func (p NamePattern) Match(name string) bool { return p.re == nil || p.re.MatchString(name) }

// MatchesAll reports whether the pattern matches every name.
func (p NamePattern) MatchesAll() bool { return p.re == nil }
