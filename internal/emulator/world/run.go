package world

import (
	"encoding/json"
	"strings"
	"sync/atomic"
	"time"
)

// The statuses of a pipeline run (ADF REST, PipelineRun.status) and of an activity run.
const (
	StatusQueued     = "Queued"
	StatusInProgress = "InProgress"
	StatusSucceeded  = "Succeeded"
	StatusFailed     = "Failed"
	StatusCanceling  = "Canceling"
	StatusCancelled  = "Cancelled"
	StatusSkipped    = "Skipped"
)

// outcome is how a run is going to end.
type outcome uint8

const (
	succeeded outcome = iota
	failed
	cancelled
)

func (o outcome) status() string {
	switch o {
	case failed:
		return StatusFailed
	case cancelled:
		return StatusCancelled
	case succeeded:
	}
	return StatusSucceeded
}

// origin is what started a run; its name is ADF's invokedByType.
type origin uint8

const (
	byHand origin = iota
	bySchedule
	byWindow
	byBlob
	byEvent
	byPipeline
)

func (o origin) invokedByType() string {
	return [...]string{"Manual", "ScheduleTrigger", "TumblingWindowTrigger", "BlobEventsTrigger", "CustomEventsTrigger", "PipelineActivity"}[o]
}

// Run is one pipeline run: a plan, made before the run starts; only a cancel gives it another end, and that from the
// time of the cancel on. It is kept small, a million of them must fit in memory: ids, texts and activities are made when
// asked for. All methods are safe for concurrent use.
type Run struct {
	pipeline *Pipeline
	parent   *Run // the run whose Execute Pipeline activity started this one
	child    *Run // the first run this one starts
	sibling  *Run // the next run of the same parent
	first    *Run // the first run of the group; nil when this is it
	script   *script

	// What people do to a run while others read it.
	rerun   atomic.Pointer[Run]    // the next run of the group
	changed atomic.Pointer[ending] // the end it gets instead of the planned one

	start, left, end instant // queued, left the queue, ended
	number           uint32
	cancelling       uint32 // milliseconds before end at which the cancel was asked; 0 when not cancelled

	variant   uint16 // which of the parameters' values
	trigger   uint8  // index in pipeline.starts of the trigger that started it
	origin    origin
	outcome   outcome
	cause     uint8 // index in the world's causes, when a step of this run itself failed
	failStep  uint8 // index in pipeline.steps
	failInner uint8 // index in that step's inner steps
	ordinal   uint8 // which of the parent's children this is
	oddity    uint8 // index in the world's oddities and one more; 0 in most worlds
	flags     flags
}

type flags uint8

const (
	flagOwnFailure  flags = 1 << iota // a step of this run failed, not one of its children
	flagHandled                       // a step failed, its failure path ran, the run succeeded all the same
	flagNoEnd                         // ADF lost the end of this cancelled run: runEnd and durationInMs stay null
	flagWavers                        // after its end it is under way once more
	flagThrottled                     // failed at Data Factory's limits, without activities
	flagUnexplained                   // … and without a message
)

func (f flags) has(g flags) bool { return f&g != 0 }

// script is what [World.StartRun] or [World.CreateRun] was told, for the runs started so.
type script struct {
	id         string // the run's id, when its creator chose it
	message    string
	parameters map[string]json.RawMessage // those that were given; nil for none
	from       uint8                      // the first step that runs, of a rerun from an activity
	isFixed    bool                       // ends exactly as told
	told       atomic.Pointer[members]    // what its row has instead of its own members; nil for none
}

// InvokedBy is what started a run (ADF REST, PipelineRunInvokedBy).
type InvokedBy struct {
	ID            string
	Name          string
	InvokedByType string
	PipelineName  string // only for a run started by another run, else empty
	PipelineRunID string // likewise
}

// RunState is what ADF shows of a run at one time; what never changes is asked of the [Run].
type RunState struct {
	Status              string
	RunEnd              *time.Time      // nil until the run ended; stays nil for some cancelled runs
	DurationInMs        *int64          // nil with RunEnd
	Message             *string         // nil while queued; after success nil, or "" for a run that was started by hand
	LastUpdated         time.Time       // when this state began; never later than the time asked for
	IsLatest            bool            // no later run of its group had started; changes without LastUpdated
	PipelineReturnValue json.RawMessage // nil (null) until the run ended, then an object
}

// Terminal reports whether the status is a final one.
func (s RunState) Terminal() bool {
	return s.Status == StatusSucceeded || s.Status == StatusFailed || s.Status == StatusCancelled
}

func (r *Run) world() *World { return r.pipeline.factory.world }

func (r *Run) head() *Run {
	if r.first != nil {
		return r.first
	}
	return r
}

// Factory is where the run ran.
func (r *Run) Factory() *Factory { return r.pipeline.factory }

// RunID is a GUID: lower-case, but for one that its creator chose otherwise.
func (r *Run) RunID() string {
	if r.script != nil && r.script.id != "" {
		return r.script.id
	}
	return runID(r.world().seed, r.number)
}

// RunGroupID is the RunID of the first run of the group.
func (r *Run) RunGroupID() string { return r.head().RunID() }

// ID is the run's resource id as the live service writes it: upper-case up to the factory's name.
func (r *Run) ID() string { return r.pipeline.factory.upperID + "/pipelineruns/" + r.RunID() }

// PipelineName is the name of the pipeline that ran.
func (r *Run) PipelineName() string { return r.pipeline.Name }

// Annotations are those of the pipeline; never nil, not to be changed.
func (r *Run) Annotations() []string { return r.pipeline.Annotations }

// RunStart is when the run was queued.
func (r *Run) RunStart() time.Time { return r.start.time() }

// StartedBy reports whether the run exists for a reader at t.
func (r *Run) StartedBy(t time.Time) bool { return r.start <= at(t) }

// SettledAt is when the run's final state can be read: the LastUpdated of all its states from then on. It is known
// from the start, which lets an index be built before the run has ended; later it may only come earlier, by a cancel.
func (r *Run) SettledAt() time.Time {
	if e := r.changed.Load(); e != nil {
		return e.end.time()
	}
	return r.settled().time()
}

// settled is when the service has written the run's last row. A child's row is written 0.3 to 1.8 ms after its end
// (azure.md §14), another run's at its end or up to 0.3 ms after it (azure.md §2.1). A child that ends at 03:33:03.1
// has a lastUpdated of 03:33:03.1003 to 03:33:03.1018.
func (r *Run) settled() instant {
	if r.script != nil && r.script.isFixed {
		return r.end
	}
	if r.flags.has(flagWavers) {
		return r.end.add(waverFor)
	}
	h := mixAll(r.world().seed, saltLag, uint64(r.number))
	if r.parent != nil {
		return r.end + instant(3_000+h>>8%15_001)*tick
	}
	if h%3 == 0 {
		return r.end
	}
	return r.end + instant(h>>8%3000)*tick
}

func (r *Run) cancelledAt() instant {
	return max(r.left, r.end.add(-time.Duration(r.cancelling)*time.Millisecond))
}

// At is the run's state at t, which must not be before [Run.RunStart].
func (r *Run) At(t time.Time) RunState {
	now := at(t)
	rerun := r.rerun.Load()
	state := RunState{IsLatest: rerun == nil || rerun.start > now}
	if e := r.changed.Load(); e != nil && now >= e.asked {
		e.show(r, &state, now)
		return state
	}
	empty := ""
	switch {
	case now >= r.settled():
		r.settle(&state)
	case now >= r.end && r.flags.has(flagWavers):
		r.waver(&state, now)
	case now < r.left:
		state.Status, state.LastUpdated = StatusQueued, r.start.time()
	case r.outcome == cancelled && now >= r.cancelledAt():
		state.Status, state.Message, state.LastUpdated = StatusCanceling, &empty, r.cancelledAt().time()
	default:
		state.Status, state.Message, state.LastUpdated = StatusInProgress, &empty, r.left.time()
	}
	return state
}

func (r *Run) settle(state *RunState) {
	end := &struct { // in one piece: rows are asked for by the million
		message  string
		time     time.Time
		duration int64
	}{r.message(), r.end.time(), r.end.sub(r.start).Milliseconds()}
	state.Status, state.LastUpdated = r.outcome.status(), r.settled().time()
	if end.message != "" || r.origin == byHand {
		state.Message = &end.message
	}
	state.PipelineReturnValue = r.returnValue()
	if !r.flags.has(flagNoEnd) {
		state.RunEnd, state.DurationInMs = &end.time, &end.duration
	}
}

// InvokedBy says what started the run. A child's id and name are both the activityRunId of the Execute Pipeline activity
// that started it, a GUID that is new with every run (azure.md §14): 7b3a0e55-2222-4222-8222-000000000002 of pl_parent.
func (r *Run) InvokedBy() InvokedBy {
	seed := r.world().seed
	if r.parent != nil {
		id := r.parent.childActivityID(r.ordinal)
		return InvokedBy{
			ID:            id,
			Name:          id,
			InvokedByType: r.origin.invokedByType(),
			PipelineName:  r.parent.PipelineName(),
			PipelineRunID: r.parent.RunID(),
		}
	}
	if r.origin == byHand {
		return InvokedBy{ID: guid32(seed, saltTrigger, uint64(r.number)), Name: "Manual", InvokedByType: r.origin.invokedByType()}
	}
	trigger := r.pipeline.starts[r.trigger].trigger
	return InvokedBy{ID: triggerRunID(seed, trigger, r.triggered(), r.variant), Name: trigger, InvokedByType: r.origin.invokedByType()}
}

// children are the runs this one starts, in the order of their ordinals.
func (r *Run) children() []*Run {
	var all []*Run
	for c := r.child; c != nil; c = c.sibling {
		all = append(all, c)
	}
	return all
}

// message is the run's final one: empty unless it failed for a reason.
func (r *Run) message() string {
	if r.script != nil && r.script.message != "" {
		return r.script.message
	}
	switch {
	case r.outcome != failed || r.flags.has(flagUnexplained):
		return ""
	case r.flags.has(flagThrottled):
		return throttledMessage
	}
	step := &r.pipeline.steps[r.failStep]
	return "Operation on target " + step.name + " failed: " + r.stepError(step)
}

// stepError is the error message of the top-level activity that failed: the cause itself, or the wrapping that ADF
// puts around what happened inside a container or a child pipeline.
func (r *Run) stepError(step *step) string {
	if r.script != nil && r.script.message != "" {
		return strings.TrimPrefix(r.script.message, "Operation on target "+step.name+" failed: ")
	}
	return r.wrapped(step.path(r.failInner))
}

// wrapped is the error of the first step of a way to the leaf that failed.
func (r *Run) wrapped(path []*step) string {
	var text strings.Builder
	for _, inner := range path[1:] {
		text.WriteString("Activity failed because an inner activity failed; Inner activity name: ")
		text.WriteString(inner.name)
		text.WriteString(", Error: ")
	}
	text.WriteString(r.rootError(path[len(path)-1]))
	return text.String()
}

func (r *Run) rootError(leaf *step) string {
	if !r.flags.has(flagOwnFailure | flagHandled) {
		if c := r.failedChild(); c != nil {
			return c.message()
		}
	}
	return r.causeText(leaf, 0)
}

func (r *Run) failedChild() *Run {
	for c := r.child; c != nil; c = c.sibling {
		if c.outcome == failed {
			return c
		}
	}
	return nil
}
