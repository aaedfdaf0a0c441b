package store

import (
	"strings"

	"andon/internal/adf"
)

// invoker is what started runs: a trigger by its name, a parent pipeline by
// its name, or people and programs, who are one.
//
// There are as many invokers as triggers and pipelines, however many runs there
// are. Azure names what started a child run by the GUID of an activity run,
// which is new each time: 1,000 children of pl_parent with 1,000 GUIDs are one
// invoker, {"pl_parent", "PipelineActivity"}.
type invoker struct {
	name string // "": it has none, or none is known
	kind string // invokedByType; "" in rows of 2018
}

// invokerOf returns what started a run. A name counts only where it names a
// trigger or a pipeline; the row keeps what Azure sent.
func invokerOf(by *adf.InvokedBy) invoker {
	v := invoker{name: text(by.Name), kind: text(by.InvokedByType)}
	if v.kind == "" && text(by.PipelineRunID) != "" {
		v.kind = adf.InvokedByPipeline // rows of 2018 lack the type
	}
	_, isID := parseGUID(v.name)
	switch {
	case v.isParent():
		v.name = text(by.PipelineName)
	case v.isPerson():
		v.name = v.kind
	case v.kind != "" && !strings.HasSuffix(v.kind, "Trigger"):
		v.name = "" // of a later word it is not known whether each run has its own
	case v.kind == "" && isID, strings.EqualFold(v.name, text(by.ID)):
		v.name = "" // a trigger may have been given a GUID as its name, but not its run's
	}
	return v
}

func (v invoker) isParent() bool { return strings.EqualFold(v.kind, adf.InvokedByPipeline) }

// isPerson reports whether a person or a program started the run.
func (v invoker) isPerson() bool { return strings.EqualFold(v.kind, adf.InvokedManually) }

// isTrigger reports whether the invoker is a trigger whose name is known.
func (v invoker) isTrigger() bool { return v.name != "" && !v.isParent() && !v.isPerson() }
