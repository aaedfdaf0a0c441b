package cause

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"andon/internal/adf"
)

// NoReason is the reason of a cause without text.
const NoReason = "Data Factory gave no reason"

// MaxText is the length of the longest text, in runes.
const MaxText = 300

// maxRead is how much of a message is read once its wrappers are peeled off, in
// bytes. The longest public message has 1.5 kB.
const maxRead = 8 << 10

// Cause is why a run or an activity failed.
type Cause struct {
	// Text is the deepest specific sentence of the message, of MaxText runes at
	// most. Empty when the message says nothing; Reason is set then.
	Text   string
	Reason string
	// Activity is the innermost activity that the message names, "" for none.
	Activity string
	// Code and FailureType are those of the failed activity's error, "" when
	// the activity is not known or says none. A code is any text.
	Code, FailureType string
	// ChildRunID is the run that the failed activity started and waited for,
	// "" when the activity is not known or started none.
	ChildRunID string
}

// OfMessage returns the cause that a run's message gives.
func OfMessage(message string) Cause {
	inner, names := unwrap(message)
	out := Cause{Text: textOf(inner)}
	if len(names) > 0 {
		out.Activity = names[len(names)-1]
	}
	if out.Text == "" {
		out.Reason = NoReason
	}
	return out
}

// Activity is what the cause of a run needs of an activity that failed in it.
type Activity struct {
	Name, Type string
	// Text, Code, FailureType and ChildRunID are as in the Cause of the
	// activity.
	Text, Code, FailureType, ChildRunID string
	// Inner is the innermost activity that its message names, "" for none.
	Inner string
}

// FailedOf returns the activities of a run that failed, in the order of rows,
// which is that of their starts. Of several with one name, such as the tries of
// a retried one or the turns of a loop, it returns the last.
func FailedOf(rows []adf.ActivityRun) []Activity {
	var out []Activity
	for _, i := range LastFailed(rows) {
		out = append(out, ActivityOf(&rows[i]))
	}
	return out
}

// LastFailed returns which of rows FailedOf returns.
func LastFailed(rows []adf.ActivityRun) []int {
	var out []int
	last := map[string]int{}
	for i := range rows {
		if Failed(rows[i].Status) {
			last[nameOf(&rows[i])] = i
		}
	}
	for i := range rows {
		if Failed(rows[i].Status) && last[nameOf(&rows[i])] == i {
			out = append(out, i)
		}
	}
	return out
}

// ActivityOf returns what the cause of a run needs of an activity that failed.
func ActivityOf(a *adf.ActivityRun) Activity {
	of := OfActivity(a)
	return Activity{Name: a.ActivityName, Type: a.ActivityType, Text: of.Text, Code: of.Code, FailureType: of.FailureType, ChildRunID: of.ChildRunID, Inner: of.Activity}
}

// nameOf returns the name of an activity as messages have it: names may end in
// blanks, which the wrappers lose.
func nameOf(a *adf.ActivityRun) string { return strings.TrimSpace(a.ActivityName) }

// OfRun returns the cause of a failed run, with what its failed activities add.
// A run without a message takes the text of its failed activity.
func OfRun(message string, failed []Activity) Cause {
	out := OfMessage(message)
	_, names := unwrap(message)
	of := failedActivity(names, failed)
	if of == nil {
		return out
	}
	out.Code, out.FailureType, out.ChildRunID = of.Code, of.FailureType, of.ChildRunID
	out.Activity = cmp.Or(out.Activity, of.Inner, of.Name)
	if out.Text == "" && of.Text != "" {
		out.Text, out.Reason = of.Text, ""
	}
	return out
}

// OfActivity returns the cause of a failed activity.
func OfActivity(a *adf.ActivityRun) Cause {
	e := activityError(a.Error)
	out := OfMessage(e.message)
	out.Code, out.FailureType = e.code, e.failureType
	if strings.EqualFold(a.ActivityType, executePipeline) {
		out.ChildRunID = startedRun(a.Output)
	}
	return out
}

const executePipeline = "ExecutePipeline"

// failedActivity returns the failed activity that a run's message is about:
// the innermost that the message names, or else the last that failed. Loops and
// conditions fail through what is inside them, so their own rows come last.
func failedActivity(names []string, failed []Activity) *Activity {
	byName := map[string]*Activity{}
	var last *Activity
	for i := range failed {
		a := &failed[i]
		byName[strings.TrimSpace(a.Name)] = a
		if last == nil || isContainer(last.Type) || !isContainer(a.Type) {
			last = a
		}
	}
	for _, name := range slices.Backward(names) {
		if a := byName[name]; a != nil {
			return a
		}
	}
	return last
}

// Failed reports whether a run or an activity in this status has a cause.
func Failed(s adf.Status) bool {
	s = s.Canonical()
	return s == adf.StatusFailed || s == adf.StatusTimedOut
}

func isContainer(activityType string) bool {
	switch strings.ToLower(activityType) {
	case "foreach", "until", "ifcondition", "switch":
		return true
	default:
		return false
	}
}

type errorFields struct{ message, code, failureType string }

// activityError reads an activity's error object member by member, so that one
// odd member costs only itself. Numbers are read as text: webhooks send both.
func activityError(raw json.RawMessage) errorFields {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		return errorFields{message: scalar(raw)} // a bare string, or nothing
	}
	code := scalar(members["errorCode"])
	if code == "" {
		code = scalar(members["code"])
	}
	return errorFields{message: scalar(members["message"]), code: code, failureType: scalar(members["failureType"])}
}

func startedRun(output json.RawMessage) string {
	var members map[string]json.RawMessage
	if json.Unmarshal(output, &members) != nil {
		return "" // no object: it names no run
	}
	return scalar(members["pipelineRunId"])
}

// scalar returns a JSON string or number as text, and "" for anything else.
func scalar(raw json.RawMessage) string {
	var v any
	if len(raw) == 0 || json.Unmarshal(raw, &v) != nil {
		return ""
	}
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return strings.TrimSpace(string(raw))
	default:
		return ""
	}
}

// throttled is how Data Factory says that a pipeline's queue is full: such a
// run has no activities, and the message reads like advice.
const throttled = "Pipeline execution throttled"

// textOf returns the text of a message without wrappers, "" when it says
// nothing.
func textOf(message string) string {
	if hasPrefixFold(message, throttled) {
		return throttled + ": the pipeline's concurrency limit is reached, and 100 runs already wait for it"
	}
	if len(message) > maxRead {
		message = strings.ToValidUTF8(message[:maxRead], "")
	}
	found := explain(decodeEntities(message), &walk{left: maxTexts})
	return shorten(found.whole())
}
