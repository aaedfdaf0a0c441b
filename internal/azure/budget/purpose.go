package budget

import "context"

// Purpose says what a request is for. It decides who goes first, and it is
// what requests and records are counted by.
type Purpose string

// The purposes, the most urgent first.
const (
	Asked               Purpose = "asked"               // a person waits: a page, andon doctor
	News                Purpose = "news"                // what changed since the last poll
	OpenRuns            Purpose = "openRuns"            // runs that are not known to have ended
	Activities          Purpose = "activities"          // of runs that have just ended, or run
	Discovery           Purpose = "discovery"           // which factories there are
	Surroundings        Purpose = "surroundings"        // definitions, triggers, runtimes
	Sweep               Purpose = "sweep"               // what was missed
	History             Purpose = "history"             // the first fill, and ranges asked for again
	HistoryActivities   Purpose = "historyActivities"   // of runs that ended before they were known
	HistorySurroundings Purpose = "historySurroundings" // trigger runs of before they were known
)

// kind is what there is to know of a purpose.
type kind struct {
	purpose Purpose
	class   class
	label   string
}

// kinds is the one list of purposes, the most urgent first: what is missing
// here waits for all others, and is shown under its bare name.
func kinds() [10]kind {
	return [...]kind{
		{Asked, classAsked, "Asked for by a page"},
		{News, classNews, "Polls"},
		{OpenRuns, classNews, "Unfinished runs"},
		{Activities, classEnded, "Activities"},
		{Discovery, classEnded, "Discovery"},
		{Surroundings, classAround, "Definitions, triggers, runtimes"},
		{Sweep, classSweep, "Sweeps"},
		{History, classHistory, "History"},
		{HistoryActivities, classDetail, "Activities of history"},
		{HistorySurroundings, classLast, "Trigger runs of history"},
	}
}

// Purposes returns all of them, the most urgent first.
func Purposes() []Purpose {
	var all []Purpose
	for _, k := range kinds() {
		all = append(all, k.purpose)
	}
	return all
}

// Label returns the purpose in words for a page, sentence case.
func (p Purpose) Label() string {
	for _, k := range kinds() {
		if k.purpose == p {
			return k.label
		}
	}
	return string(p)
}

// class is a rank of urgency, 0 first.
type class int

const (
	classAsked class = iota
	classNews
	classEnded
	classAround
	classSweep
	classHistory
	classDetail
	classLast
	classes
)

func (p Purpose) class() class {
	for _, k := range kinds() {
		if k.purpose == p {
			return k.class
		}
	}
	return classLast // unknown purposes wait for all others
}

// isBackground tells the classes that leave a reserve of each bucket to the
// others.
func (c class) isBackground() bool { return c >= classSweep }

type purposeKey struct{}

// For returns a context whose requests are for p.
func For(ctx context.Context, p Purpose) context.Context {
	return context.WithValue(ctx, purposeKey{}, p)
}

// PurposeOf returns what requests under ctx are for; Asked where nobody said.
func PurposeOf(ctx context.Context) Purpose {
	if p, ok := ctx.Value(purposeKey{}).(Purpose); ok {
		return p
	}
	return Asked
}

type insistKey struct{}

// Insist returns a context whose requests are sent though their source or
// factory rests after failures: a person wants to know how it stands now. What
// Azure asked to wait for is waited for.
func Insist(ctx context.Context) context.Context {
	return context.WithValue(ctx, insistKey{}, true)
}

// Insists reports whether requests under ctx do.
func Insists(ctx context.Context) bool { return ctx.Value(insistKey{}) != nil }
