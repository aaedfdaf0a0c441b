package intake

import (
	"cmp"
	"fmt"
	"slices"
)

// reason is why a record is refused: what it is, and what to do.
type reason struct {
	what, next string
	// isOther marks a record that is whole and of another kind. It is no fault of
	// its file: folders of logs hold all kinds.
	isOther bool
}

const (
	nextRuns   = "name files of runs: az datafactory pipeline-run query-by-factory … > runs.json, or insights-logs-pipelineruns, -activityruns and -triggerruns of a storage account, or the tables ADFPipelineRun, ADFActivityRun and ADFTriggerRun"
	nextExport = "export it again"
)

//nolint:gochecknoglobals // constant tables
var (
	apiActivities = reason{"activity runs as the API sends them, not of a log", "nothing: Andon reads activities from Azure while Azure has them; older ones are read from the log insights-logs-activityruns or the table ADFActivityRun", true}
	apiTriggers   = reason{"trigger runs as the API sends them, not of a log", "nothing: Andon reads trigger runs from Azure while Azure has them; older ones are read from the log insights-logs-triggerruns or the table ADFTriggerRun", true}
	debugRuns     = reason{"debug runs (debugRunId), which are no part of a factory's history", "nothing: only runs of published pipelines are kept", true}

	noObject        = reason{"values that are no objects", nextRuns, false}
	noRunID         = reason{"objects without runId", nextRuns, false}
	noTimes         = reason{"no runStart and no lastUpdated: not runs as the API sends them", nextRuns, false}
	noStart         = reason{"log records without a readable start", nextExport, false}
	noActivityRunID = reason{"activity runs without activityRunId", "export them again with the column ActivityRunId: without it the records of one activity run can't be told from those of others", false}
	noPipelineRunID = reason{"activity runs without pipelineRunId", "export them again with the column PipelineRunId: without it the run that they belong to is unknown", false}
	noTriggerID     = reason{"trigger runs without triggerId", "export them again with the column TriggerId: without it the records of one trigger run can't be told from those of others", false}
	noActivityTime  = reason{"activity runs without a readable start or end", nextExport, false}
	noSecret        = reason{"rows whose id holds a secret", "look at the values of runId, activityRunId and triggerId: a run can't be kept without one", false}
	noFactory       = reason{"runs that name no factory", "add --factory with the factory's id or its short name", false}
	errorReply      = reason{"an error answer of Azure, not runs", "run the command that wrote it again", false}
	tokenReply      = reason{"a token answer, not runs", "delete the file: it holds a secret", false}
	tooLarge        = reason{fmt.Sprintf("records of more than %d MB, which no run is", maxRecord>>20), "take the record out of the file, if the file is to be whole", false}
	tooDeep         = reason{fmt.Sprintf("lists within lists, %d deep, where runs are expected", maxNesting), nextRuns, false}
	notJSON         = reason{"records that are not valid JSON, or nested more than 10,000 deep", nextExport, false}
	wrongCells      = reason{"rows with more or fewer cells than the header", nextExport, false}
	noZone          = reason{"times without a zone", "export with the zone in the header, such as Start [UTC], or as ISO 8601", false}
	badTime         = reason{"rows whose start can't be read", "export times as ISO 8601, or in English with the zone in the header: 3/5/2024, 10:00:00 AM and Start [UTC]", false}
	openQuote       = reason{"a row whose quote is never closed: everything from its line to the end of the file", nextExport, false}
)

// otherLog is a record of a log of another category.
func otherLog(category string) reason {
	return reason{fmt.Sprintf("log records of category %.60s, not runs", category), "nothing: only pipeline runs, activity runs and trigger runs are read from logs", true}
}

func otherResource(kind string) reason {
	return reason{kind + ", not runs", nextRuns, false}
}

func otherFactory(theirs, ours string) reason {
	return reason{fmt.Sprintf("runs of factory %.60s, not of %s", theirs, ours), "leave --factory away: each of these rows names its factory", false}
}

// Refusal is why records of a file were refused.
type Refusal struct {
	Reason string
	Next   string // what to do
	Count  int
	First  []string // where the first few are: line 3, record 7
	// IsOther says that the records are whole and of another kind, which is no
	// fault of the file.
	IsOther bool
}

func (r Refusal) String() string { return r.Reason + ": " + r.Next }

const (
	firstPlaces = 3
	maxReasons  = 40 // distinct ones that are kept apart
)

// refusals counts refused records by their reason.
type refusals struct{ list []Refusal }

func (r *refusals) add(why reason, n int, first ...string) {
	i := slices.IndexFunc(r.list, func(x Refusal) bool { return x.Reason == why.what })
	if i < 0 && len(r.list) >= maxReasons {
		why = reason{"records refused for other reasons", nextRuns, false}
		i = slices.IndexFunc(r.list, func(x Refusal) bool { return x.Reason == why.what })
	}
	if i < 0 {
		r.list = append(r.list, Refusal{Reason: why.what, Next: why.next, IsOther: why.isOther})
		i = len(r.list) - 1
	}
	x := &r.list[i]
	x.Count += n
	x.First = append(x.First, first[:min(len(first), firstPlaces-min(firstPlaces, len(x.First)))]...)
}

func (r *refusals) count() (all, faults int) {
	for _, x := range r.list {
		all += x.Count
		if !x.IsOther {
			faults += x.Count
		}
	}
	return all, faults
}

// most returns the reasons, that of the most records first.
func (r *refusals) most() []Refusal {
	return slices.SortedStableFunc(slices.Values(r.list), func(a, b Refusal) int { return cmp.Compare(b.Count, a.Count) })
}
