package store

import (
	"andon/internal/adf"
	"andon/internal/cause"
	"andon/internal/store/history"
)

// RunKey is the row id of a run in this store. It never changes, and later
// arrivals have greater keys.
type RunKey int64

// Origin says how a run came into the store.
type Origin string

// The origins of runs: Azure's own answer, a file that holds what the API said,
// or a log, which holds less. A run that Azure has shown is OriginAzure, whatever
// files and logs say of it.
const (
	OriginAzure Origin = "api"
	OriginFile  Origin = "file"
	OriginLog   Origin = "log"
)

// Window is a closed interval of lastUpdated.
type Window struct {
	From, To adf.Time
}

// Page is one page of runs of one factory, to be written in one transaction.
type Page struct {
	Factory FactoryKey
	Runs    []adf.PipelineRun
	// OddRows counts rows of the page that could not be kept at all. Those in
	// Runs with a non-empty Odd are counted by the store.
	OddRows int
	// Completes names the window that this page ends. Coverage, watermark and
	// freshness move in the same transaction as the rows; nil for a page in
	// the middle of a window.
	Completes *Window
	// Covered is the part of the coverage that the page's window reaches into,
	// nil for none. Rows of it that are new here became visible too late for
	// the window that read it, which Changes and Lateness tell.
	Covered *Window
	// AsOf is the factory's freshness once this page is stored. It is used
	// only with Completes and never moves back; zero leaves it.
	AsOf   adf.Time
	Origin Origin
	Import ImportID // the import that shows these runs; 0 for Azure's own pages
	// Asked is when Azure answered, by its clock; zero stands for the store's
	// own clock. What lies beyond it can't be.
	Asked adf.Time
}

// Changes says what a page did to the store.
type Changes struct {
	Inserted, Updated, Unchanged int
	Completed                    int // of an import: runs of which a missing field was filled
	// LateInserted and LateUpdated are those of Inserted and Updated that what
	// was covered before should have held.
	LateInserted, LateUpdated int
}

// RunRef names a stored run to whoever asks Azure about it again.
type RunRef struct {
	Key          RunKey
	RunID        string
	PipelineName string   // as first seen
	RunStart     adf.Time // zero when ADF sent none
	LastUpdated  adf.Time
	DurationInMs *int64 // nil when unknown
	Status       adf.Status
	Activities   ActivityState
}

// ActivityState says how much of a run's activities is stored.
type ActivityState string

// The states of a run's activities.
const (
	ActivitiesNone     ActivityState = "none"
	ActivitiesPartial  ActivityState = "partial"  // read while the run was going on
	ActivitiesComplete ActivityState = "complete" // read to the end after the run had ended
	ActivitiesNotKept  ActivityState = "notKept"  // none, since a policy keeps none of this run
	// ActivitiesImported are those of imported logs, which may lack some; Azure has
	// given none. Only Run.Activities has it.
	ActivitiesImported ActivityState = "imported"
)

// Run is a stored run: what ADF sent, read again from its own bytes, and what
// this store makes of it.
type Run struct {
	adf.PipelineRun // Raw included

	Key        RunKey
	Place      Place
	StartedBy  string        // name of the trigger or the parent pipeline, or Manual; "" when none is known
	SortTime   adf.Time      // what lists sort by and ranges hold: runStart; without a possible one lastUpdated, else when the run was read
	Latest     bool          // newest runStart of its run group
	Recovery   *Recovery     // what became of a failed run; nil for every other run
	Activities ActivityState // how much of its activities is here
	Gone       bool          // ADF forgot the run before it had ended
	Origin     Origin        // file or log until Azure shows the run too
	// FailedActivities are what the cause of a failed run needs of its
	// activities; empty while they are not stored.
	FailedActivities []cause.Activity
	// AreFailuresDue is true for a failed run whose activities an earlier version
	// imported, until it is derived which of them failed. FailedActivities is empty
	// until then.
	AreFailuresDue bool
}

// RunDetail is one run with its surroundings.
type RunDetail struct {
	Run
	AlsoIn        []Elsewhere    // further factories that hold the same runId
	Series        *Series        // nil where its parameters are unknown
	Uses          []ParameterUse // how its parameters are compared with those of other runs; in order of their names
	GroupSize     int            // runs of its group, itself included
	ChildCount    int            // runs that it started
	PreviousRunID string         // the run of the same pipeline before it; "" when none
	NextRunID     string         // … after it
	Source        string         // name of the source that reads its factory; "" for one that was only imported
}

// Recovery is what became of a failed run: see package history for the rules.
type Recovery struct {
	State  RecoveryState // "" while it is being derived; Reason says so
	Reason string
	Rule   string   // rerun, window, parameters or parent; "" unless recovered
	By     *RunLink // the run that recovered it; nil unless recovered
	// Running is a later unfinished run that would recover this one if it
	// succeeded; nil when there is none.
	Running *RunLink
	// Since is the first later success of the series of a run that is not
	// redone: the pipeline has worked again since then. Only Store.Run fills
	// it.
	Since *RunLink
}

// RecoveryState is one of the three states of a failed run.
type RecoveryState string

// The states of failed runs.
const (
	RecoveryOpen      RecoveryState = "open"      // nothing of its series has succeeded since
	RecoveryNotRedone RecoveryState = "notRedone" // its series works again, but this work is still missing
	Recovered         RecoveryState = "recovered" // a later run did this work
)

// RunLink names a run beside another.
type RunLink struct {
	Key          RunKey
	RunID        string
	PipelineName string
	RunStart     adf.Time // zero when ADF sent none
	RunEnd       adf.Time // zero while it runs
	Status       adf.Status
}

// Series is the runs of a pipeline with equal recurring parameters.
type Series struct {
	Parameters string // the recurring parameters as JSON, an object of texts with its members in order
}

// ParameterUse says how a parameter of a run is compared with other runs.
type ParameterUse struct {
	history.ParameterClass

	Reason string // a sentence
}

// Elsewhere is another factory that holds the same runId.
type Elsewhere struct {
	Place    Place
	RunStart adf.Time
}

// Activities are the stored activity runs of a run, in order of their start.
type Activities struct {
	Rows   []adf.ActivityRun
	State  ActivityState // of what Azure has given
	AsOf   adf.Time      // when they were asked for; zero when never
	Origin Origin        // of the run: an imported one has no activities to wait for
	// AreImported says that Rows are those of imported logs, which may lack some.
	AreImported bool
}

// RunFilter restricts what is read. The zero value means every run. Values
// within a field are OR, fields are AND.
type RunFilter struct {
	From, To      adf.Time     // From <= runStart < To; zero is unbounded. A run without runStart counts by lastUpdated
	Statuses      []adf.Status // compared after Canonical
	Factories     []string     // short ids; an unknown one is an InvalidError
	Pipelines     []string     // names, without regard to case
	Triggers      []string     // names of triggers: invokedBy.name of starts that are neither Manual nor PipelineActivity
	InvokedBy     []string     // invokedByType, or StartedBy of a Run, without regard to case
	Annotations   []string     // a run has at least one of them
	LatestOnly    bool         // only the latest run of each group
	Open          *bool        // true: as Recovery open; false: every other run
	Recovery      []RecoveryState
	MinDurationMs int64  // 0: no limit. Runs of unknown duration never pass a limit
	Q             string // words in the message, or part of the pipeline's name, or the start of a runId
}

// ByRecovery reports whether the filter asks what became of failed runs, so
// that it can't tell those apart whose recovery is being derived.
func (f *RunFilter) ByRecovery() bool { return len(f.Recovery) > 0 || f.Open != nil }

// Sort is the order of a list of runs. Runs of unknown duration come last in
// either order of duration.
type Sort string

// The orders of a list of runs.
const (
	SortNewest   Sort = "-runStart"
	SortOldest   Sort = "runStart"
	SortLongest  Sort = "-durationInMs"
	SortShortest Sort = "durationInMs"
)

// MaxLimit is the most runs that a page of a list holds.
const MaxLimit = 500

// RunQuery asks for a page of a list of runs.
type RunQuery struct {
	RunFilter
	Sort   Sort   // "" is SortNewest
	Limit  int    // 1 to MaxLimit; 0 is 100
	Cursor string // RunPage.NextCursor of the page before; "" for the first
}

// RunPage is a page of a list of runs.
type RunPage struct {
	Runs       []Run
	NextCursor string   // "" on the last page
	AsOf       adf.Time // the oldest freshness of the factories asked for that have one; zero when none has
}

// Facet is a value of a filter and how many runs have it.
type Facet struct {
	Value string
	Name  string // display name of a factory; else ""
	Count int64
}

// Facets are the counts beside a list of runs. Each facet applies all filters
// but its own. A nil figure is unknown, and Reason says why.
type Facets struct {
	Total, Open    *int64
	NotRedone      *int64
	Recovered      *int64
	Recovery       []Facet // by RecoveryState, of failed runs
	Status         []Facet // as ADF spells it, most first
	Factory        []Facet // Value is the short id
	InvokedBy      []Facet // by invokedByType
	Trigger        []Facet // top 20, and those that the filter names
	Parent         []Facet // pipelines that started runs, top 20 and those that the filter names; values for InvokedBy
	Pipeline       []Facet // top 50 and those that the filter names, by name over all factories
	Annotation     []Facet // top 50, and those that the filter names
	Reason         string
	RecoveryReason string // why Open, NotRedone, Recovered and Recovery are nil
}
