package config

import (
	"fmt"

	"go.yaml.in/yaml/v3"
)

// SeriesRule says which parameters of some pipelines come back from run to
// run, which are new each time, and which say nothing about the work. All
// names may be patterns. At least one of the three lists is not empty.
type SeriesRule struct {
	Factory   string // over names, without regard to case; "*" when not given
	Pipeline  string // as Factory
	Recurring []string
	Moving    []string
	Ignore    []string
}

// series reads the rules about parameters.
func (p *fileParser) series(n *yaml.Node) {
	if n.Kind != yaml.SequenceNode {
		p.fail(n, "series", "has to be a list of rules, each with recurring, moving or ignore and usually a factory or pipeline")
		return
	}
	for i, item := range n.Content {
		p.out.series = append(p.out.series, p.seriesRule(item, fmt.Sprintf("series[%d]", i)))
	}
}

func (p *fileParser) seriesRule(n *yaml.Node, path string) SeriesRule {
	rule := SeriesRule{Factory: "*", Pipeline: "*"}
	before := len(p.errs)
	p.each(n, path, []string{"factory", "pipeline", "recurring", "moving", "ignore"}, func(key string, v *yaml.Node) {
		full := path + "." + key
		switch key {
		case "factory":
			rule.Factory = p.pattern(v, full)
		case "pipeline":
			rule.Pipeline = p.pattern(v, full)
		case "recurring":
			rule.Recurring = p.parameterNames(v, full)
		case "moving":
			rule.Moving = p.parameterNames(v, full)
		case "ignore":
			rule.Ignore = p.parameterNames(v, full)
		}
	})
	if len(p.errs) == before && len(rule.Recurring)+len(rule.Moving)+len(rule.Ignore) == 0 {
		p.fail(n, path, "names no parameter: give recurring, moving or ignore a list of names")
	}
	return rule
}

// pattern reads a name in which * and ? stand for other characters.
func (p *fileParser) pattern(n *yaml.Node, key string) string {
	t := p.text(n, key)
	if t.where != "" && t.text == "" {
		p.fail(n, key, "is empty: write a name, in which * stands for any text and ? for any character, or leave it out for all")
	}
	return t.text
}

func (p *fileParser) parameterNames(n *yaml.Node, key string) []string {
	names := p.texts(n, key)
	for _, one := range names {
		if one.text == "" {
			p.fail(n, key, "holds an empty name: write the name of a parameter, in which * stands for any text and ? for any character")
		}
	}
	return names.texts()
}
