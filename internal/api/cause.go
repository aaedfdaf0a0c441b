package api

import (
	"bytes"

	"andon/internal/adf"
	"andon/internal/cause"
	"andon/internal/store"
)

// Cause is why a run or an activity failed.
type Cause struct {
	Text        *string `json:"text" maxLength:"300" doc:"Why it failed, in a sentence: the deepest specific one of the message, with the number or name that the failing system gave in front. Made from redacted text. Null when the message says nothing."`
	Reason      *string `json:"reason" doc:"Why text is null; null when it is not."`
	Code        *string `json:"code" doc:"errorCode of the failed activity, any text. Null where it has none. For runs it is known once their activities are stored."`
	FailureType *string `json:"failureType" doc:"failureType of the failed activity: UserError, SystemError or a later word of ADF's. Null as code is."`
	Activity    *string `json:"activity" doc:"Innermost activity that the message names: where it failed. It may be one of a child run."`
	ChildRunID  *string `json:"childRunId" doc:"runId of the child run through which it failed. Null as code is, and where no child failed."`
}

const (
	reasonMessageMalformed = "The message could not be read"
	reasonFailuresDue      = "The imported activities of the run have not been read yet"
	reasonNoMessageInFile  = "The file that the run was imported from has no message"
)

// runCause returns the cause of a failed run.
func runCause(r *store.Run) Null[Cause] {
	if !cause.Failed(r.Status) {
		return Null[Cause]{}
	}
	found := cause.OfRun(text(r.Message), r.FailedActivities)
	switch {
	case found.Text != "":
	case r.AreFailuresDue:
		found.Reason = reasonFailuresDue
	case r.Message == nil:
		found.Reason = missingMessage(r, found.Reason)
	}
	return nullCause(&found)
}

// missingMessage says why a run has no message where Data Factory is not to
// blame: its silence is claimed only for what Data Factory sent.
func missingMessage(r *store.Run, reason string) string {
	for _, odd := range r.Odd {
		if odd.Field == "message" {
			return reasonMessageMalformed
		}
	}
	if r.Origin != store.OriginAzure && !bytes.Contains(r.Raw, []byte(`"message"`)) {
		return reasonNoMessageInFile
	}
	return reason
}

func activityCause(a *adf.ActivityRun) Null[Cause] {
	if !cause.Failed(a.Status) {
		return Null[Cause]{}
	}
	found := cause.OfActivity(a)
	return nullCause(&found)
}

func nullCause(c *cause.Cause) Null[Cause] {
	return Null[Cause]{&Cause{
		Text: orNull(c.Text), Reason: orNull(c.Reason), Code: orNull(c.Code), FailureType: orNull(c.FailureType),
		Activity: orNull(c.Activity), ChildRunID: orNull(c.ChildRunID),
	}}
}
