package config

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"andon/internal/redact"
)

// ActivityPolicy says the activities of which runs are read and kept. The
// first policy that matches a run's factory and pipeline counts; where none
// does, all are kept.
type ActivityPolicy struct {
	Factory    string        // glob over names, without regard to case; "*" when not given
	Pipeline   string        // …
	Keep       string        // one of KeepWords
	SlowerThan time.Duration // with failed: runs that took longer are kept too; 0 when not given
}

// KeepWords lists what an ActivityPolicy may keep.
func KeepWords() []string { return []string{"all", "failed", "none"} }

// Redact says what is not stored beside the secrets that Andon recognises.
type Redact struct {
	Keys        []string // regular expressions of keys whose values are secrets
	Values      []string // … of what is a secret in a value
	OnlyAllowed bool     // of inputs and outputs of activities, only what Allow lists is stored
	Allow       []string // paths of members; empty without OnlyAllowed
}

// IOWords lists what redact.io may say of inputs and outputs of activities:
// all but secrets is stored, or only what is allowed.
func IOWords() []string { return []string{"redact", "allow"} }

// activities reads the list of policies.
func (p *fileParser) activities(n *yaml.Node) {
	if n.Kind != yaml.SequenceNode {
		p.fail(n, "activities", "has to be a list of policies, each with keep and, as a rule, factory or pipeline")
		return
	}
	for i, item := range n.Content {
		p.out.activities = append(p.out.activities, p.activityPolicy(item, fmt.Sprintf("activities[%d]", i)))
	}
}

func (p *fileParser) activityPolicy(n *yaml.Node, path string) ActivityPolicy {
	policy := ActivityPolicy{Factory: "*", Pipeline: "*"}
	before := len(p.errs)
	p.each(n, path, []string{"factory", "pipeline", "keep", "slowerThan"}, func(key string, v *yaml.Node) {
		full := path + "." + key
		if key == "factory" {
			policy.Factory = p.pattern(v, full)
			return
		}
		if key == "pipeline" {
			policy.Pipeline = p.pattern(v, full)
			return
		}
		t := p.text(v, full)
		if t.where == "" {
			return
		}
		switch key {
		case "keep":
			if !slices.Contains(KeepWords(), t.text) {
				p.fail(v, full, "%q is not allowed: %s", t.text, strings.Join(KeepWords(), ", "))
			}
			policy.Keep = t.text
		case "slowerThan":
			d, err := time.ParseDuration(t.text)
			if err != nil || d <= 0 {
				p.fail(v, full, "%q is not a duration above 0: write it as 10m or 1h30m", t.text)
			}
			policy.SlowerThan = d
		}
	})
	switch {
	case len(p.errs) > before:
	case policy.Keep == "":
		p.fail(n, path+".keep", "is missing: %s", strings.Join(KeepWords(), ", "))
	case policy.SlowerThan > 0 && policy.Keep != "failed":
		p.fail(n, path+".slowerThan", "goes with keep: failed only, which then keeps failed runs and slower ones")
	}
	return policy
}

// redact reads the operator's patterns.
func (p *fileParser) redact(n *yaml.Node) {
	before := len(p.errs)
	var allow *yaml.Node
	p.each(n, "redact", []string{"keys", "values", "io", "allow"}, func(key string, v *yaml.Node) {
		full := "redact." + key
		switch key {
		case "keys":
			p.out.redact.Keys = p.patterns(v, full, redact.MaxPatterns, "patterns", ", and one may have alternatives (a|b)", redact.CheckPattern)
		case "values":
			p.out.redact.Values = p.patterns(v, full, redact.MaxPatterns, "patterns", ", and one may have alternatives (a|b)", redact.CheckPattern)
		case "allow":
			allow = v
			p.out.redact.Allow = p.patterns(v, full, redact.MaxAllowed, "paths", ", and one may have * for any text", redact.CheckAllowed)
		case "io":
			t := p.text(v, full)
			if t.where != "" && !slices.Contains(IOWords(), t.text) {
				p.fail(v, full, "%q is not allowed: %s", t.text, strings.Join(IOWords(), ", "))
			}
			p.out.redact.OnlyAllowed = t.text == "allow"
		}
	})
	if allow != nil && !p.out.redact.OnlyAllowed && len(p.errs) == before {
		p.fail(allow, "redact.allow", "goes with io: allow only, which then keeps these members and ADF's own counts")
	}
}

// patterns reads a list of at most so many patterns, each of which check
// finds no fault in.
func (p *fileParser) patterns(n *yaml.Node, key string, most int, what, hint string, check func(string) error) []string {
	list := p.texts(n, key)
	if len(list) > most {
		p.fail(n, key, "has %d %s: at most %d are allowed%s", len(list), what, most, hint)
		return nil
	}
	for _, pattern := range list {
		if err := check(pattern.text); err != nil {
			p.errs = append(p.errs, located(err, pattern.where))
		}
	}
	return list.texts()
}
