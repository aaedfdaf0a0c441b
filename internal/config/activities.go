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

// Redact holds regular expressions of the operator's own: of keys whose
// values are never stored, and of values.
type Redact struct {
	Keys   []string
	Values []string
}

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
	p.each(n, "redact", []string{"keys", "values"}, func(key string, v *yaml.Node) {
		full := "redact." + key
		patterns := p.texts(v, full)
		if len(patterns) > redact.MaxPatterns {
			p.fail(v, full, "has %d patterns: at most %d are allowed, and one may have alternatives (a|b)", len(patterns), redact.MaxPatterns)
			return
		}
		for _, pattern := range patterns {
			if err := redact.CheckPattern(pattern.text); err != nil {
				p.errs = append(p.errs, located(err, pattern.where))
			}
		}
		if key == "keys" {
			p.out.redact.Keys = patterns.texts()
		} else {
			p.out.redact.Values = patterns.texts()
		}
	})
}
