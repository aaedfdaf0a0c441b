package emulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"andon/internal/emulator/world"
)

// createRun is Pipelines - Create Run, with its forms of a rerun. The run gets
// the id of the request when that is a GUID, as in every recorded answer.
func (a *azure) createRun(c *call) (reply, *armError) {
	in := world.Creation{
		Pipeline: c.child, Reference: queryValue(c.request, "referencePipelineRunId"), StartActivity: queryValue(c.request, "startActivityName"),
	}
	if id := c.request.Header.Get("X-Ms-Client-Request-Id"); isGUID(id) {
		in.RunID = id
	}
	for _, flag := range []struct {
		name string
		to   *bool
	}{{"isRecovery", &in.IsRecovery}, {"startFromFailure", &in.StartFromFailure}} {
		text := queryValue(c.request, flag.name)
		if text == "" {
			continue
		}
		is, err := strconv.ParseBool(text)
		if err != nil {
			return reply{}, errBadRequest("The value '%s' of '%s' is not a boolean.", text, flag.name)
		}
		*flag.to = is
	}
	if body := strings.TrimSpace(string(c.body)); body != "" {
		if err := json.Unmarshal(c.body, &in.Parameters); err != nil {
			return reply{}, errContent(err)
		}
	}
	run, err := a.world.CreateRun(c.place, in)
	switch {
	case errors.Is(err, world.ErrNoPipeline):
		return reply{}, errNoDocument(c.place, "pipelines", c.child)
	case errors.Is(err, world.ErrNoRun):
		return reply{}, errNoReference(in.Reference)
	case errors.Is(err, world.ErrNoActivity):
		return reply{}, errBadRequest("The activity '%s' is not one of pipeline '%s'.", in.StartActivity, c.child)
	case errors.Is(err, world.ErrOther):
		return reply{}, errBadRequest("Referenced pipeline run id %s is not one of pipeline '%s'.", in.Reference, c.child)
	case err != nil:
		return reply{}, errBadRequest("%s", err)
	}
	return jsonReply(http.StatusOK, map[string]string{"runId": run.RunID()}), nil
}

// cancelRun is Pipeline Runs - Cancel. It answers an empty JSON string, as the
// service does since 2022.
func (a *azure) cancelRun(c *call) (reply, *armError) {
	isRecursive := strings.EqualFold(queryValue(c.request, "isRecursive"), "true")
	if err := a.world.Cancel(c.place, c.runID, isRecursive); err != nil {
		return reply{}, errNoReference(c.runID)
	}
	return jsonReply(http.StatusOK, ""), nil
}

// errNoReference is a 400 although a run is missing, as recorded.
func errNoReference(id string) *armError {
	return &armError{
		Status: http.StatusBadRequest, Code: "ReferencedPipelineRunNotFound", IsFactory: true,
		Message: fmt.Sprintf("Referenced pipeline run id %s does not exist.", id),
	}
}

// errNoDocument is Data Factory's refusal of a child resource that is not
// there; kind is lower-case in its target, as recorded.
func errNoDocument(f *world.Factory, kind, name string) *armError {
	return &armError{
		Status: http.StatusNotFound, Code: "NotFound", IsFactory: true,
		Message: "The document could not be retrieved because it does not exist.",
		Target:  f.ID() + "/" + kind + "/" + name,
	}
}

func errContent(err error) *armError {
	return &armError{
		Status: http.StatusBadRequest, Code: "InvalidRequestContent",
		Message: "The request content was invalid and could not be deserialized: '" + err.Error() + "'.",
	}
}
