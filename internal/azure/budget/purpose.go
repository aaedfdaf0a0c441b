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

// Purposes returns all of them, the most urgent first.
func Purposes() []Purpose {
	return []Purpose{Asked, News, OpenRuns, Activities, Discovery, Surroundings, Sweep, History, HistoryActivities, HistorySurroundings}
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
	switch p {
	case News, OpenRuns:
		return classNews
	case Activities, Discovery:
		return classEnded
	case Surroundings:
		return classAround
	case Sweep:
		return classSweep
	case History:
		return classHistory
	case HistoryActivities:
		return classDetail
	case HistorySurroundings:
		return classLast
	case Asked:
		return classAsked
	default:
		return classLast // unknown purposes wait for all others
	}
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
