package history

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"andon/internal/adf"
)

// Class says how a parameter's values behave from run to run.
type Class string

// The classes of parameters.
const (
	Recurring Class = "recurring" // its values come back: a table, a company
	Moving    Class = "moving"    // its values are new each time: a date, a file
	Ignored   Class = "ignored"   // its values say nothing about the work
)

// Rule names what decided a class.
type Rule string

// The rules of classes, in the order in which they are tried.
const (
	RuleConfigured Rule = "configured" // andon.yaml says so
	RuleTree       Rule = "tree"       // its values are runIds of the run's own tree
	RuleDates      Rule = "dates"      // nine of ten values are dates, months or times
	RuleSeenAgain  Rule = "seenAgain"  // values were or were not seen again
	RuleLooks      Rule = "looks"      // too little evidence: the values' looks
)

// ParameterClass is the class of one parameter of a pipeline.
type ParameterClass struct {
	Name  string `json:"name"`
	Class Class  `json:"class"`
	Rule  Rule   `json:"rule"`
	// Values counts the different values that were looked at. Old of them
	// were first seen early enough to have come back, and Again of those did.
	Values int `json:"values"`
	Old    int `json:"old"`
	Again  int `json:"again"`
}

// Why says in a sentence what decided the class.
func (c ParameterClass) Why() string {
	switch c.Rule {
	case RuleConfigured:
		return "The configuration says so."
	case RuleTree:
		return "Its values are ids of runs that started this one."
	case RuleDates:
		return fmt.Sprintf("Nine of ten of its %d values are dates, months or times.", c.Values)
	case RuleSeenAgain:
		return fmt.Sprintf("Of %d values first seen more than %d hours before the newest run, %d were seen again %d hours or more later.",
			c.Old, int(ageOfEvidence.Hours()), c.Again, int(timeToReturn.Hours()))
	case RuleLooks:
	}
	if c.Class == Moving {
		return "Too few runs to see whether values come back; most look unique: a GUID, a long number or text with a date."
	}
	return "Too few runs to see whether values come back; most look like names."
}

// How classes are decided. A value counts as evidence when it was first seen
// more than 48 hours before the newest run, and as come back when it was seen
// again 20 hours or more after it was first seen.
const (
	ageOfEvidence = 48 * time.Hour
	timeToReturn  = 20 * time.Hour
	leastEvidence = 2

	// SampleAge and SampleRuns bound what Classify is to be given: runs of the
	// last 60 days, the newest 5,000 of them.
	SampleAge  = 60 * 24 * time.Hour
	SampleRuns = 5000
)

// Sample is one run that classes are decided from.
type Sample struct {
	Start      adf.Time
	Parameters Parameters
	Tree       []string // runIds of the run's own tree, in lower case: its own, its group's, its ancestors'
}

// SeriesRule is what the configuration says about parameters of some
// pipelines. Names of parameters may be patterns. The zero patterns match
// every factory and pipeline.
type SeriesRule struct {
	Factory, Pipeline          adf.NamePattern
	Recurring, Moving, Ignored []adf.NamePattern
}

// SeriesRules are tried in order; the first rule that matches the pipeline and
// names the parameter decides.
type SeriesRules []SeriesRule

// class returns the configured class of a parameter, "" for none.
func (rules SeriesRules) class(factory, pipeline, parameter string) Class {
	named := func(list []adf.NamePattern) bool {
		return slices.ContainsFunc(list, func(p adf.NamePattern) bool { return p.Match(parameter) })
	}
	for _, r := range rules {
		if !r.Factory.Match(factory) || !r.Pipeline.Match(pipeline) {
			continue
		}
		switch {
		case named(r.Recurring):
			return Recurring
		case named(r.Moving):
			return Moving
		case named(r.Ignored):
			return Ignored
		}
	}
	return ""
}

// Classes are the classes of a pipeline's parameters by name.
type Classes map[string]ParameterClass

// Classify decides the class of every parameter that occurs in the samples of
// one pipeline. The order of the samples does not matter.
//
// Example: pl_load {table, loadDate} ran for 150 tables a night for a week.
// orders was first seen six nights ago and again five times: table is
// recurring. 2026-10-28 is a date: loadDate is moving.
func Classify(factory, pipeline string, samples []Sample, rules SeriesRules) Classes {
	samples = newestSamples(samples)
	values := valuesByName(samples)
	var newest adf.Time
	if len(samples) > 0 {
		newest = samples[0].Start
	}
	out := make(Classes, len(values))
	for name, seen := range values {
		out[name] = classOf(name, seen, newest, rules.class(factory, pipeline, name))
	}
	return out
}

// newestSamples returns the samples that count, the newest first.
func newestSamples(samples []Sample) []Sample {
	samples = slices.Clone(samples)
	slices.SortStableFunc(samples, func(a, b Sample) int { return compareTimes(b.Start, a.Start) })
	samples = samples[:min(len(samples), SampleRuns)]
	old := slices.IndexFunc(samples, func(s Sample) bool { return s.Start < samples[0].Start.Add(-SampleAge) })
	if old >= 0 {
		samples = samples[:old]
	}
	return samples
}

func compareTimes(a, b adf.Time) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// seenValue is one value of a parameter.
type seenValue struct {
	text        string
	first, last adf.Time
	inTree      bool // it was the id of a run of the tree of each run that had it
}

func valuesByName(samples []Sample) map[string]map[string]*seenValue {
	out := map[string]map[string]*seenValue{}
	for _, s := range samples {
		for _, p := range s.Parameters.All() {
			if out[p.Name] == nil {
				out[p.Name] = map[string]*seenValue{}
			}
			inTree := slices.Contains(s.Tree, strings.ToLower(p.Text))
			v := out[p.Name][p.Text]
			if v == nil {
				out[p.Name][p.Text] = &seenValue{text: p.Text, first: s.Start, last: s.Start, inTree: inTree}
				continue
			}
			v.first, v.last, v.inTree = min(v.first, s.Start), max(v.last, s.Start), v.inTree && inTree
		}
	}
	return out
}

func classOf(name string, values map[string]*seenValue, newest adf.Time, configured Class) ParameterClass {
	c := ParameterClass{Name: name, Values: len(values)}
	var moments, looks, inTree int
	for _, v := range values {
		if isMoment.MatchString(lookedAt(v.text)) {
			moments++
		}
		if looksMoving(v.text) {
			looks++
		}
		if v.inTree {
			inTree++
		}
		if v.first < newest.Add(-ageOfEvidence) {
			c.Old++
			if v.last.Sub(v.first) >= timeToReturn {
				c.Again++
			}
		}
	}
	movingIf := func(moving bool) Class {
		if moving {
			return Moving
		}
		return Recurring
	}
	switch {
	case configured != "":
		c.Class, c.Rule = configured, RuleConfigured
	case 10*inTree >= 9*len(values):
		c.Class, c.Rule = Ignored, RuleTree
	case 10*moments >= 9*len(values):
		c.Class, c.Rule = Moving, RuleDates
	case c.Old >= leastEvidence:
		c.Class, c.Rule = movingIf(2*c.Again < c.Old), RuleSeenAgain
	default:
		c.Class, c.Rule = movingIf(2*looks >= len(values)), RuleLooks
	}
	return c
}

// SameClasses reports whether two classifications put every parameter into the
// same class, whatever decided it.
func SameClasses(a, b Classes) bool {
	if len(a) != len(b) {
		return false
	}
	for name, c := range a {
		if other, ok := b[name]; !ok || other.Class != c.Class {
			return false
		}
	}
	return true
}

// Compared returns the parameters by which a run is compared with others:
// without ignored and redacted ones and those whose value is the id of a run
// of its own tree.
func (c Classes) Compared(p Parameters, tree []string) Parameters {
	return p.Only(func(one Parameter) bool {
		return c[one.Name].Class != Ignored && !one.Hidden() && !slices.Contains(tree, strings.ToLower(one.Text))
	})
}

// Series returns the parameters that name the run's series, of those that
// Compared returned. A parameter without a class is taken as moving or
// recurring by its looks.
func (c Classes) Series(compared Parameters) Parameters {
	return compared.Only(func(one Parameter) bool {
		class, ok := c[one.Name]
		if !ok {
			return !looksMoving(one.Text)
		}
		return class.Class == Recurring
	})
}

// Agree reports whether the classes of a pipeline's parameters are what the
// configuration says of them now.
func (rules SeriesRules) Agree(factory, pipeline string, c Classes) bool {
	for name, one := range c {
		configured := rules.class(factory, pipeline, name)
		if configured != "" && configured != one.Class || configured == "" && one.Rule == RuleConfigured {
			return false
		}
	}
	return true
}

// Reclass returns the class of a parameter of which there are no samples: what
// the configuration says, else what it was.
func (rules SeriesRules) Reclass(factory, pipeline string, c ParameterClass) ParameterClass {
	switch configured := rules.class(factory, pipeline, c.Name); {
	case configured != "":
		return ParameterClass{Name: c.Name, Class: configured, Rule: RuleConfigured}
	case c.Rule == RuleConfigured:
		return ParameterClass{Name: c.Name, Class: Recurring, Rule: RuleLooks}
	}
	return c
}
