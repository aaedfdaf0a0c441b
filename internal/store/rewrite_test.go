package store_test

import (
	"bytes"
	"fmt"
	"testing"

	"andon/internal/adf"
	"andon/internal/store"
)

// A rewritten run is what it was but for its raw bytes, and so is what imports
// gave to it: undoing one brings nothing back.
func TestRunsAreRewrittenInPlace(t *testing.T) {
	t.Parallel()
	s := openStore(t)
	place := putFactory(t, s, "adf-a")
	run := func(id, status, updated string) adf.PipelineRun {
		r, err := adf.DecodePipelineRun(fmt.Appendf(nil, `{"runId":%q,"pipelineName":"pl","parameters":{"pin":"canary","site":"north"},"status":%q,"message":"m","runStart":"2026-11-24T02:00:00Z","lastUpdated":%q}`, id, status, updated))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	const early, late = "2026-11-24T02:05:00Z", "2026-11-24T02:09:00Z"
	clean := func(raw []byte) ([]byte, bool) {
		out := bytes.ReplaceAll(raw, []byte(`"canary"`), []byte(`"<redacted>"`))
		return out, !bytes.Equal(out, raw)
	}
	if _, err := s.WriteRuns(t.Context(), store.Page{Factory: place.Key, Runs: []adf.PipelineRun{run(guid(1), "Failed", early)}, Origin: store.OriginAzure}); err != nil {
		t.Fatal(err)
	}
	importRuns(t, s, place, store.OriginFile, run(guid(2), "InProgress", early))
	newest, _ := importRuns(t, s, place, store.OriginFile, run(guid(2), "Failed", late))
	keys := func() (keys []store.RunKey) {
		page, err := s.Runs(t.Context(), store.RunQuery{})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Runs {
			keys = append(keys, r.Key)
		}
		return keys
	}()
	const unknown = 4711
	for want := 2; want >= 0; want -= 2 { // the second time there is nothing left
		if n, err := s.RewriteRuns(t.Context(), place.Key, append(keys, unknown), clean); err != nil || n != want {
			t.Errorf("%d rewritten, %v, want %d", n, err, want)
		}
	}
	stored := func(id string, want adf.PipelineRun) {
		t.Helper()
		r, err := s.Run(t.Context(), "", id)
		raw, _ := clean(want.Raw)
		if err != nil || string(r.Raw) != string(raw) || r.Status != want.Status || r.LastUpdated != want.LastUpdated {
			t.Errorf("stored is %s, %v, want %s", r.Raw, err, raw)
		}
	}
	stored(guid(1), run(guid(1), "Failed", early))
	stored(guid(2), run(guid(2), "Failed", late))
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
	undo(t, s, newest)
	stored(guid(2), run(guid(2), "InProgress", early))
}
