package api

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"andon/internal/adf"
	"andon/internal/store"
)

// Data Factory's silence is not claimed while activities of the run may hold the
// reason.
func TestACauseSaysThatActivitiesAreStillToBeRead(t *testing.T) {
	t.Parallel()
	due, said, empty := reasonFailuresDue, "The table is gone", ""
	for name, tt := range map[string]struct {
		message *string
		want    Cause
	}{
		"no message":    {nil, Cause{Reason: &due}},
		"an empty one":  {&empty, Cause{Reason: &due}},
		"one that says": {&said, Cause{Text: &said}},
	} {
		r := store.Run{PipelineRun: adf.PipelineRun{Status: adf.StatusFailed, Message: tt.message}, Activities: store.ActivitiesImported, AreFailuresDue: true}
		if diff := cmp.Diff(&tt.want, runCause(&r).Value); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
