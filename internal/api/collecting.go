package api

import (
	"context"
	"time"

	"andon/internal/store"
)

// Collecting is what the board may ask of whoever collects. Factories are
// named by their short ids.
type Collecting struct {
	// ReadActivities begins to read a run's activities from Azure and returns
	// without waiting; its error is a sentence that says why nothing will be
	// read.
	ReadActivities func(ctx context.Context, factory, runID string) error

	// ReadSurroundings has a factory's definitions, triggers and integration
	// runtimes read now and returns without waiting; its error says why not, half
	// a sentence.
	ReadSurroundings func(factory string) error

	// Order has a range of lastUpdated read once more and returns without
	// waiting; its error says why not, half a sentence. Rereads returns what was
	// ordered so, the newest first.
	Order   func(factory string, w store.Window) (Reread, error)
	Rereads func(factory string) []Reread

	// Check returns what the last check of a source found. With begin it first
	// begins one, unless one is under way or has just found nothing broken, and
	// waits for its end as long as ctx lasts.
	Check func(ctx context.Context, source string, begin bool) SourceCheck
	// Facts returns what is known of a source beside what the store holds.
	Facts func(source string) SourceFacts

	// Skew returns how far Azure's clock is ahead of this machine's, as its last
	// answer about a factory showed it; 0 while nobody knows. Times of Azure's are
	// as old as its clock says.
	Skew func(factory string) time.Duration

	// Used returns what requests used since the start.
	Used func() map[store.UsageKey]store.Usage
}

// SourceFacts are what is known of a source from its settings and from memory.
type SourceFacts struct {
	Known      bool      // whether this server collects with it
	Credential string    // what it proves itself with, such as "client secret"
	Expires    time.Time // when that ends; zero when nobody knows
	Advice     string    // what to do about that; "" while there is nothing to do
	Command    string    // that does it; "" where there is none
	Pace       string    // why polls come later than wanted, half a sentence; "" while they need not
	PaceAdvice string    // what to do about that; "" while there is nothing to do
	NextTry    time.Time // when its factories are listed next; zero while they are being listed
}

// SourceCheck is what trying every link from a source's settings to Azure's
// answers found.
type SourceCheck struct {
	Source    string            `json:"source" doc:"Name of the source."`
	State     string            `json:"state" enum:"none,running,done" doc:"none: it was not checked since the server started. running: a check is under way, or begins shortly."`
	StartedAt NullTime          `json:"startedAt" doc:"When the newest check began; null for none."`
	Report    Null[CheckReport] `json:"report" doc:"What the last check that ended found; null for none."`
}

// CheckReport is what one check found.
type CheckReport struct {
	CheckedAt   Time             `json:"checkedAt" doc:"When it ended."`
	Status      string           `json:"status" enum:"ok,warning,failed" doc:"The worst of all steps."`
	Steps       []CheckStep      `json:"steps" nullable:"false" doc:"The steps on the way to the factories, in order."`
	Factories   []CheckedFactory `json:"factories" nullable:"false" doc:"The factories that were tried."`
	NotLookedAt []string         `json:"notLookedAt" nullable:"false" doc:"ARM ids of further factories, which may be broken or not."`
}

// CheckedFactory is what a check found of one factory.
type CheckedFactory struct {
	FactoryID string      `json:"factoryId" doc:"ARM resource id."`
	Name      string      `json:"name" doc:"Name as Azure spells it."`
	Status    string      `json:"status" enum:"ok,warning,failed" doc:"The worst of its steps."`
	Steps     []CheckStep `json:"steps" nullable:"false" doc:"One request of each kind, in order."`
}

// CheckStep is one link of the chain.
type CheckStep struct {
	Step         string              `json:"step" doc:"What was tried, one word: settings, routeToEntra, routeToResourceManager, token, subscriptions, factories or clock; of a factory the kind of request."`
	Status       string              `json:"status" enum:"ok,notReached,warning,failed" doc:"How it ended; notReached: it was not tried, and what says why."`
	What         string              `json:"what" doc:"What was found, or the cause."`
	Advice       *string             `json:"advice" doc:"What to do; null where there is nothing to do."`
	Command      *string             `json:"command" doc:"Shell commands that mend it, one a line; null where there are none."`
	Evidence     Null[CheckEvidence] `json:"evidence" doc:"What shows the cause; null unless Azure or the way to it failed."`
	DurationInMs int64               `json:"durationInMs" doc:"How long it took, in milliseconds."`
}

// CheckEvidence is what shows the cause of a failed step.
type CheckEvidence struct {
	Host       string   `json:"host" doc:"Who was asked."`
	Call       string   `json:"call" doc:"For what."`
	HTTPStatus *int     `json:"httpStatus" doc:"HTTP status of the answer; null when there was none."`
	Code       *string  `json:"code" doc:"Azure's own code; null when there was none."`
	Action     *string  `json:"action" doc:"The missing right; null where none is missing."`
	Scope      *string  `json:"scope" doc:"Where it is missing."`
	RetryAt    NullTime `json:"retryAt" doc:"When asking again makes sense; null when Azure did not say."`
	System     *string  `json:"system" doc:"The operating system's word; null when there was none."`
}

// Reread is a range of a factory's history that somebody ordered to be read
// once more.
type Reread struct {
	From      Time     `json:"from" doc:"Where it begins, in lastUpdated."`
	To        Time     `json:"to" doc:"Where it ends."`
	State     string   `json:"state" enum:"waiting,reading,done,failed" doc:"How far it is."`
	Rows      int64    `json:"rows" doc:"Runs read so far."`
	Added     int64    `json:"added" doc:"Of them, those that were not here until then."`
	Missed    int64    `json:"missed" doc:"Of those, the ones that should have been here, since their time was covered."`
	Outdated  int64    `json:"outdated" doc:"Runs that were here in an older version than should have been."`
	What      *string  `json:"what" doc:"Why it failed; null unless it did."`
	OrderedAt Time     `json:"orderedAt" doc:"When it was ordered, which no two ranges of a factory have in common. Its ends may change: ranges that touch are read as one, and Azure forgets."`
	EndedAt   NullTime `json:"endedAt" doc:"When it ended; null before."`
}
