package store_test

import (
	"fmt"
	"testing"

	"andon/internal/adf"
	"andon/internal/store"
)

// A rewritten run is what it was but for its raw bytes. One of which a newer
// version arrived meanwhile stays.
func TestRunsAreRewrittenInPlace(t *testing.T) {
	t.Parallel()
	s := openStore(t)
	place := putFactory(t, s, "adf-a")
	run := func(id, status, updated, pin string) adf.PipelineRun {
		r, err := adf.DecodePipelineRun(fmt.Appendf(nil, `{"runId":%q,"pipelineName":"pl","parameters":{"pin":%q,"site":"north"},"status":%q,"message":"m","runStart":"2026-11-24T02:00:00Z","lastUpdated":%q}`, id, pin, status, updated))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	const id, other, unknown = "6d1f0c52-7c3e-4c7d-9c0a-0b8f4b1c9a01", "6d1f0c52-7c3e-4c7d-9c0a-0b8f4b1c9a02", "6d1f0c52-7c3e-4c7d-9c0a-0b8f4b1c9a03"
	const early, late = "2026-11-24T02:05:00Z", "2026-11-24T02:09:00Z"
	write := func(runs ...adf.PipelineRun) {
		if _, err := s.WriteRuns(t.Context(), store.Page{Factory: place.Key, Runs: runs, Origin: store.OriginAzure}); err != nil {
			t.Fatal(err)
		}
	}
	write(run(id, "Failed", early, "canary"), run(other, "InProgress", early, "canary"))
	write(run(other, "Failed", late, "clean already"))
	n, err := s.RewriteRuns(t.Context(), place.Key, []adf.PipelineRun{
		run(id, "Failed", early, "<redacted>"), run(other, "InProgress", early, "<redacted>"), run(unknown, "Failed", early, "<redacted>"),
	})
	if err != nil || n != 1 {
		t.Errorf("%d rewritten, %v, want 1", n, err)
	}
	if n, err := s.RewriteRuns(t.Context(), place.Key, nil); err != nil || n != 0 {
		t.Errorf("of none %d rewritten, %v", n, err)
	}
	page, err := s.Runs(t.Context(), store.RunQuery{})
	if err != nil || len(page.Runs) != 2 {
		t.Fatalf("%d runs, %v", len(page.Runs), err)
	}
	for _, r := range page.Runs {
		want := run(id, "Failed", early, "<redacted>")
		if r.RunID == other {
			want = run(other, "Failed", late, "clean already")
		}
		if string(r.Raw) != string(want.Raw) || r.Status != want.Status || r.LastUpdated != want.LastUpdated {
			t.Errorf("stored is %s, want %s", r.Raw, want.Raw)
		}
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
}
