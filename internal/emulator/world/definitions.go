package world

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// pipelineProperties are a pipeline's definition, in the service's order of members (ADF REST, Pipeline).
type pipelineProperties struct {
	Description     string                    `json:"description,omitempty"`
	Activities      []activity                `json:"activities"`
	Parameters      map[string]parameterSpec  `json:"parameters,omitempty"`
	Variables       map[string]map[string]any `json:"variables,omitempty"`
	Concurrency     int                       `json:"concurrency,omitempty"`
	Folder          map[string]any            `json:"folder,omitempty"`
	Policy          map[string]any            `json:"policy,omitempty"`
	RunDimensions   map[string]any            `json:"runDimensions,omitempty"`
	Annotations     []string                  `json:"annotations"`
	LastPublishTime time.Time                 `json:"lastPublishTime"`
}

// activity is one of a pipeline's activities (ADF REST, Activity).
type activity struct {
	Name              string           `json:"name"`
	Description       string           `json:"description,omitempty"`
	Type              string           `json:"type"`
	DependsOn         []dependency     `json:"dependsOn"`
	Policy            map[string]any   `json:"policy,omitempty"` // of those that run somewhere; control activities have none
	UserProperties    []userProperty   `json:"userProperties"`
	TypeProperties    map[string]any   `json:"typeProperties"`
	LinkedServiceName map[string]any   `json:"linkedServiceName,omitempty"`
	Inputs            []map[string]any `json:"inputs,omitempty"`
	Outputs           []map[string]any `json:"outputs,omitempty"`
}

type dependency struct {
	Activity             string   `json:"activity"`
	DependencyConditions []string `json:"dependencyConditions"`
}

type parameterSpec struct {
	Type         string `json:"type"`
	DefaultValue any    `json:"defaultValue,omitempty"`
}

// PipelineResources are f's pipelines with their definitions, in the order of the company's tables; those that
// [World.StartRun] made come last. All activity runs of
// a pipeline are named in its definition, from which alone a client can tell which activity stands inside which.
func (f *Factory) PipelineResources() []Resource {
	var all []Resource
	for _, p := range append(slices.Clone(f.pipelines()), f.adhoc()...) {
		published := p.published()
		all = append(all, f.resource("pipelines", p.Name, published, p.definition(published)))
	}
	return all
}

// adhoc are the pipelines that StartRun made, by name.
func (f *Factory) adhoc() []*Pipeline {
	f.world.mu.RLock()
	defer f.world.mu.RUnlock()
	var all []*Pipeline
	for _, p := range f.world.adhoc {
		if p.factory == f {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b *Pipeline) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// changedAgo is how long before the world's start the pipelines were published that somebody worked on during the
// history: the last of each factory.
const changedAgo = 18*24*time.Hour + 3*time.Hour

// published is when the pipeline was last changed.
func (p *Pipeline) published() time.Time {
	own := p.factory.pipelines()
	if len(own) > 0 && own[len(own)-1] == p {
		return p.factory.world.start.add(-changedAgo).time().Truncate(time.Second)
	}
	return p.factory.published("pipelines/" + p.Name)
}

func (p *Pipeline) definition(published time.Time) pipelineProperties {
	d := pipelineProperties{
		Activities: p.activities(p.steps, ""), Parameters: p.parameterSpecs(), Variables: p.variables(), Folder: folder(p.Folder),
		Annotations: p.Annotations, LastPublishTime: published,
	}
	h := textKey(p.Name)
	if h%3 == 0 {
		d.Description = "Loads " + strings.ReplaceAll(strings.TrimPrefix(p.Name, "pl_"), "_", " ") + "."
	}
	if h%5 == 0 {
		d.Policy = map[string]any{"elapsedTimeMetric": map[string]any{"duration": timespan(3 * p.usual.Round(time.Minute))}}
	}
	if p.dimension != "" {
		d.RunDimensions = map[string]any{p.dimension: expression("@guid()")}
	}
	for i := range p.starts {
		if p.starts[i].pattern == patternArrivals && p.starts[i].origin != byHand {
			d.Concurrency = 8
		}
	}
	return d
}

// timespan is a duration as ADF writes it, d.hh:mm:ss.
func timespan(d time.Duration) string {
	seconds := int(d.Seconds())
	return fmt.Sprintf("%d.%02d:%02d:%02d", seconds/86400, seconds/3600%24, seconds/60%60, seconds%60)
}

func (p *Pipeline) parameterSpecs() map[string]parameterSpec {
	specs := map[string]parameterSpec{}
	for i := range p.parameters {
		specs[p.parameters[i].name] = p.parameters[i].spec()
	}
	return specs
}

// spec is the parameter's declaration. A run's parameters are all strings; their declarations and defaults are of the
// type that the string holds.
func (p *parameter) spec() parameterSpec {
	if len(p.values) == 0 || p.kind == paramFile {
		return parameterSpec{Type: "String"}
	}
	if p.secure {
		return parameterSpec{Type: "securestring", DefaultValue: json.RawMessage(p.values[0])}
	}
	var text string
	var value any
	if json.Unmarshal([]byte(p.values[0]), &text) != nil || json.Unmarshal([]byte(text), &value) != nil {
		return parameterSpec{Type: "String", DefaultValue: text}
	}
	spec := parameterSpec{Type: "String", DefaultValue: json.RawMessage(text)}
	switch value.(type) {
	case map[string]any:
		spec.Type = "Object"
	case []any:
		spec.Type = "Array"
	case bool:
		spec.Type = "Bool"
	case float64:
		spec.Type = "Int"
		if strings.Contains(text, ".") {
			spec.Type = "Float"
		}
	default:
		spec.DefaultValue = text
	}
	return spec
}

// variables are those that the steps set or ask for.
func (p *Pipeline) variables() map[string]map[string]any {
	all := map[string]map[string]any{}
	var walk func(steps []step)
	walk = func(steps []step) {
		for i := range steps {
			s := &steps[i]
			switch s.kind {
			case kindSetVariable:
				all[s.about] = map[string]any{"type": "String"}
			case kindAppendVariable:
				all[s.about] = map[string]any{"type": "Array"}
			default:
				if _, after, found := strings.Cut(s.about, "variables('"); found {
					name, _, _ := strings.Cut(after, "'")
					if all[name] == nil {
						all[name] = map[string]any{"type": "String"}
					}
				}
			}
			walk(s.inner)
		}
	}
	walk(p.steps)
	return all
}

// activities are steps as a definition has them: each depends on the one before, a failure path on its failing. Item is
// how those of a loop name the value of the item in hand; empty elsewhere.
func (p *Pipeline) activities(steps []step, item string) []activity {
	all := []activity{}
	before := ""
	for i := range steps {
		s := &steps[i]
		a := activity{
			Name: s.name, Type: s.kind.activityType(), DependsOn: []dependency{}, Policy: p.policy(s), UserProperties: s.userProperties(),
			TypeProperties: p.typeProperties(s, steps[:i], item), LinkedServiceName: s.linkedService(p.factory),
		}
		if s.kind == kindCopy {
			a.Inputs = []map[string]any{reference("DatasetReference", s.dataset())}
			a.Outputs = []map[string]any{reference("DatasetReference", s.sinkDataset())}
		}
		if before != "" {
			condition := "Succeeded"
			if s.onFailure {
				condition = StatusFailed
			}
			a.DependsOn = []dependency{{Activity: before, DependencyConditions: []string{condition}}}
		}
		if !s.onFailure {
			before = s.name
		}
		all = append(all, a)
	}
	return all
}

// inBranch are the steps of one branch of an If or a Switch.
func inBranch(steps []step, branch string) []step {
	return slices.DeleteFunc(slices.Clone(steps), func(s step) bool { return s.branch != branch })
}

func (p *Pipeline) policy(s *step) map[string]any {
	switch {
	case s.kind.executes():
		timeout := "0.12:00:00"
		if s.kind == kindCopy {
			timeout = "0.02:00:00"
		}
		return map[string]any{
			"timeout": timeout, "retry": p.retries(s), "retryIntervalInSeconds": int(retryInterval.Seconds()), "secureOutput": s.secret, "secureInput": s.secret,
		}
	case s.kind == kindSetVariable, s.kind == kindWebHook:
		return map[string]any{"secureOutput": s.secret, "secureInput": s.secret}
	}
	return nil
}
