package adf

import (
	"slices"
	"strings"
)

// Status is the state of a pipeline run or an activity run, spelled as ADF
// spells it. The set is open: ADF may add a word, and a word unknown here is
// kept as it came and never mapped to a neighbour.
type Status string

// The statuses that ADF is known to answer. The first six are those of
// pipeline runs (ADF REST, Pipeline Runs - Query By Factory); Skipped,
// Inactive and TimedOut occur on activity runs.
const (
	StatusQueued     Status = "Queued"
	StatusInProgress Status = "InProgress"
	StatusSucceeded  Status = "Succeeded"
	StatusFailed     Status = "Failed"
	StatusCanceling  Status = "Canceling"
	StatusCancelled  Status = "Cancelled"
	StatusSkipped    Status = "Skipped"
	StatusInactive   Status = "Inactive"
	StatusTimedOut   Status = "TimedOut"
)

// The statuses of trigger runs that the live service is seen to answer beyond
// Succeeded, Failed and InProgress, which the specification has (ADF REST,
// Trigger Runs - Query By Factory).
const (
	StatusRunning             Status = "Running"
	StatusWaiting             Status = "Waiting"
	StatusWaitingOnDependency Status = "WaitingOnDependency"
)

// KnownStatuses lists the statuses of pipeline runs, in the order in which a
// run passes them.
func KnownStatuses() []Status {
	return []Status{
		StatusQueued, StatusInProgress, StatusSucceeded,
		StatusFailed, StatusCanceling, StatusCancelled,
	}
}

// Canonical returns the known spelling of s where s differs from it only in
// case, in what separates its words ("In Progress" occurs in Microsoft's own
// scripts), or in one l for two or two for one. An unknown word is returned as
// it is. Example: "Cancelling" is Canceling, "CANCELED" is Cancelled.
func (s Status) Canonical() Status {
	if slices.Contains(KnownStatuses(), s) {
		return s // what nearly every row has
	}
	folded := foldStatus(string(s))
	for _, k := range slices.Concat(KnownStatuses(), []Status{
		StatusSkipped, StatusInactive, StatusTimedOut, StatusRunning, StatusWaiting, StatusWaitingOnDependency,
	}) {
		if foldStatus(string(k)) == folded {
			return k
		}
	}
	return s
}

// foldStatus takes away what the spellings of one status differ in.
func foldStatus(s string) string {
	return strings.ReplaceAll(strings.NewReplacer(" ", "", "-", "", "_", "").Replace(strings.ToLower(s)), "ll", "l")
}

// Terminal reports whether a pipeline run or a trigger run in this status has
// ended and will not change any more: Succeeded, Failed or Cancelled. An unknown status is
// not terminal, so it is asked for again.
func (s Status) Terminal() bool {
	c := s.Canonical()
	return c == StatusSucceeded || c == StatusFailed || c == StatusCancelled
}
