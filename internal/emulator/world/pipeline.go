package world

import (
	"fmt"
	"time"
)

// Pipeline is one pipeline of a factory: what it does, how long that takes, what starts it.
type Pipeline struct {
	Name        string
	Folder      string
	Annotations []string // never nil once built

	usual      time.Duration // of a usual run; for a pipeline that starts others, its own share
	steps      []step
	parameters []parameter
	starts     []start
	returns    string // name of the value a successful run returns; empty for none
	dimension  string // name of the runDimension its runs carry; empty for none
	habits     habits
	weakStep   position // where it fails, when it does
	weakCause  uint8    // and why, mostly

	factory *Factory
	index   int // among all pipelines of the world
}

// habits are what makes a pipeline different from a reliable one.
type habits struct {
	failing    float64 // share of runs that fail by themselves; 0 means reliability's default
	degrading  float64 // how much longer a run takes at the end of the history than at its beginning, 1.5 = two and a half times
	handles    bool    // its failure path ends well: the run succeeds although a step failed
	neverFails bool
	limited    bool // of its concurrent runs, which it meets now and then
	seldomHeld bool // nobody reruns it by hand: its next run heals it
}

// step is one activity of a pipeline. Steps run one after the other.
type step struct {
	kind   kind
	name   string
	about  string   // what it works on: a table, a notebook, a URL, a procedure
	weight float64  // share of the pipeline's time, relative to the other steps
	items  []string // of a ForEach
	inner  []step   // of a container
	branch string   // of a step inside a Switch: the case's value; inside an If: branchFalse; empty for the default and for true
	secret bool     // its policy hides input and output from monitoring
	target string   // name of the pipeline that an Execute Pipeline activity starts, alone or as the inner step of a ForEach
	hosted bool     // runs on the self-hosted integration runtime

	onFailure bool // runs only when the step before failed
	child     *Pipeline
}

// position is a step's place: its index and, in a container, which of its leaves it is.
type position struct{ step, inner uint8 }

// kind is a step's activity type.
type kind uint8

const (
	kindCopy kind = iota
	kindLookup
	kindGetMetadata
	kindDelete
	kindScript
	kindProcedure
	kindExecutePipeline
	kindDataFlow
	kindSSIS
	kindForEach
	kindUntil
	kindIf
	kindSetVariable
	kindWait
	kindFail
	kindWeb
	kindFunction
	kindNotebook
	kindValidation
	kindSwitch
	kindFilter
	kindAppendVariable
	kindWebHook
	kindCustom
	kindSynapse
)

// activityType is the spelling of ADF (ADF REST, the discriminators of Activity).
func (k kind) activityType() string {
	return [...]string{
		"Copy", "Lookup", "GetMetadata", "Delete", "Script", "SqlServerStoredProcedure", "ExecutePipeline", "ExecuteDataFlow",
		"ExecuteSSISPackage", "ForEach", "Until", "IfCondition", "SetVariable", "Wait", "Fail", "WebActivity",
		"AzureFunctionActivity", "DatabricksNotebook", "Validation", "Switch", "Filter", "AppendVariable", "WebHook", "Custom", "SynapseNotebook",
	}[k]
}

// The constructors below make the tables of pipelines readable.

func copying(name, table string) step {
	return step{kind: kindCopy, name: name, about: table, weight: 6}
}

func lookup(name, table string) step {
	return step{kind: kindLookup, name: name, about: table, weight: 1}
}

func listing(name, path string) step {
	return step{kind: kindGetMetadata, name: name, about: path, weight: 1}
}

func deleting(name, path string) step {
	return step{kind: kindDelete, name: name, about: path, weight: 1}
}

func scripting(name, table string) step {
	return step{kind: kindScript, name: name, about: table, weight: 2}
}

func calling(name, procedure string) step {
	return step{kind: kindProcedure, name: name, about: procedure, weight: 3}
}

func dataFlow(name, flow string) step {
	return step{kind: kindDataFlow, name: name, about: flow, weight: 8}
}

func ssis(name, pkg string) step { return step{kind: kindSSIS, name: name, about: pkg, weight: 9} }

func setting(name, variable string) step {
	return step{kind: kindSetVariable, name: name, about: variable, weight: 0.1}
}

func waiting(name string) step  { return step{kind: kindWait, name: name, weight: 1} }
func web(name, url string) step { return step{kind: kindWeb, name: name, about: url, weight: 0.6} }
func function(name, fn string) step {
	return step{kind: kindFunction, name: name, about: fn, weight: 1}
}

func notebook(name, path string) step {
	return step{kind: kindNotebook, name: name, about: path, weight: 9}
}

func validation(name, path string) step {
	return step{kind: kindValidation, name: name, about: path, weight: 0.5}
}

func execute(name, pipeline string) step {
	return step{kind: kindExecutePipeline, name: name, target: pipeline}
}

// executeEach is a ForEach around one Execute Pipeline activity: a child run per item, at the same time.
func executeEach(name, inner, pipeline string, items ...string) step {
	return step{
		kind: kindForEach, name: name, items: items, target: pipeline,
		inner: []step{{kind: kindExecutePipeline, name: inner, target: pipeline}},
	}
}

func forEach(name string, items []string, inner ...step) step {
	return step{kind: kindForEach, name: name, items: items, inner: inner, weight: 8}
}

func ifTrue(name, expression string, inner ...step) step {
	return step{kind: kindIf, name: name, about: expression, inner: inner, weight: 2}
}

func until(name, expression string, inner ...step) step {
	return step{kind: kindUntil, name: name, about: expression, inner: inner, weight: 3}
}

// switchOn holds steps made by inCase, and others for its default.
func switchOn(name, expression string, inner ...step) step {
	return step{kind: kindSwitch, name: name, about: expression, inner: inner, weight: 4}
}

func inCase(value string, s step) step { s.branch = value; return s }

func orElse(s step) step { s.branch = branchFalse; return s }

func filtering(name, condition string) step {
	return step{kind: kindFilter, name: name, about: condition, weight: 0.1}
}

func appending(name, variable string) step {
	return step{kind: kindAppendVariable, name: name, about: variable, weight: 0.1}
}

func webHook(name, url string) step {
	return step{kind: kindWebHook, name: name, about: url, weight: 2}
}

func custom(name, command string) step {
	return step{kind: kindCustom, name: name, about: command, weight: 5}
}

func synapse(name, notebook string) step {
	return step{kind: kindSynapse, name: name, about: notebook, weight: 9}
}

func secure(s step) step { s.secret = true; return s }

// failing is the Fail activity with which authors turn a bad check into a failed run; inside an If it runs only then.
func failing(name, about string) step {
	return step{kind: kindFail, name: name, about: about, weight: 0.1}
}

func onPremises(s step) step { s.hosted = true; return s }

func whenFailed(s step) step { s.onFailure = true; return s }

// startsOthers reports whether a run of p has child runs.
func (p *Pipeline) startsOthers() bool {
	for i := range p.steps {
		if p.steps[i].child != nil {
			return true
		}
	}
	return false
}

// dated reports whether each run has a day or a window of its own, so that no later run does its work again.
func (p *Pipeline) dated() bool {
	for i := range p.parameters {
		switch p.parameters[i].kind {
		case paramDay, paramWindowStart, paramWindowEnd, paramMonth:
			return true
		case paramFixed, paramChoice, paramFile:
		}
	}
	return false
}

// positions are the places where a run of p itself may fail: not its Execute Pipeline activities, which fail only with
// their child, nor its failure path.
func (p *Pipeline) positions() []position {
	var all []position
	for i := range p.steps {
		s := &p.steps[i]
		if s.child != nil || s.onFailure {
			continue
		}
		for n, path := range s.leaves() {
			if !path[len(path)-1].kind.infallible() {
				all = append(all, position{step: uint8(i), inner: uint8(n)})
			}
		}
	}
	return all
}

func (p *Pipeline) stepAt(place position) *step {
	return p.steps[place.step].leaf(place.inner)
}

// link puts the pipelines of one factory together: which starts which, and how many runs one start leads to.
func link(f *Factory, pipelines []*Pipeline) error {
	byName := make(map[string]*Pipeline, len(pipelines))
	for _, p := range pipelines {
		byName[p.Name] = p
	}
	for _, p := range pipelines {
		for i := range p.steps {
			s := &p.steps[i]
			if s.target == "" {
				continue
			}
			if s.child = byName[s.target]; s.child == nil {
				return fmt.Errorf("factory %s: pipeline %s starts %q, which is not there", f.Name, p.Name, s.target)
			}
		}
	}
	f.site = siteOf(f, pipelines)
	return nil
}

// treeSize is how many runs one untroubled run of p leads to, itself included.
func (p *Pipeline) treeSize() int {
	n := 1
	for i := range p.steps {
		if s := &p.steps[i]; s.child != nil {
			n += max(1, len(s.items)) * s.child.treeSize()
		}
	}
	return n
}
