package collector_test

import (
	"bytes"
	"fmt"
	"net/http"
	"testing"

	"andon/internal/adf"
	"andon/internal/collector"
	"andon/internal/emulator"
	"andon/internal/store"
)

// TestStoredDefinitionsSayWhatIsSecret, too: of a pipeline that Azure does not
// list any more, and of a parameter that was renamed, runs end later on.
func TestStoredDefinitionsSayWhatIsSecret(t *testing.T) {
	t.Parallel()
	b, id := financeOnly(t, emulator.Options{Seed: 85, Size: 300})
	place, err := b.store.PutFactory(t.Context(), adf.Factory{ID: id, Name: id.Name()}, "test")
	if err != nil {
		t.Fatal(err)
	}
	var all []adf.PipelineDefinition
	for _, raw := range []string{
		`{"name":"pl_gone","properties":{"parameters":{"archivePin":{"type":"SecureString"}}}}`,
		`{"name":"pl_ap_invoices","properties":{"parameters":{"oldPin":{"type":"SecureString"}}}}`,
	} {
		d, err := adf.DecodePipelineDefinition([]byte(raw))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, d)
	}
	if err := b.store.PutDefinitions(t.Context(), store.Reading{Factory: place.Key, AsOf: 10}, all); err != nil {
		t.Fatal(err)
	}
	start := func(n int) {
		for range n {
			for pipeline, parameter := range map[string]string{"PL_gone": "archivePin", "pl_ap_invoices": "oldPin"} {
				b.control(t, http.MethodPost, "/truth/runs", map[string]any{
					"factory": id.Name(), "pipelineName": pipeline, "status": "Succeeded", "durationInMs": 1,
					"row": map[string]any{"parameters": map[string]any{parameter: pin, "note": "late"}},
				}, nil)
			}
		}
	}
	arrived := func(want int) {
		t.Helper()
		eventually(t, "the runs", func() string {
			n := 0
			for _, r := range allRuns(t, b.store, id.Name()) {
				if !bytes.Contains(r.Parameters, []byte(`"late"`)) {
					continue
				}
				if n++; bytes.Contains(r.Raw, []byte(pin)) {
					t.Fatalf("stored is %s", r.Raw)
				}
			}
			if n != want {
				return fmt.Sprintf("%d of %d", n, want)
			}
			return ""
		})
	}
	const each = 3
	source := collector.Source{Name: "test", Client: b.client, Factories: []adf.FactoryID{id}}
	first := collect(t, b.store, source)
	b.surrounded(t, id.Name())
	start(each)
	arrived(2 * each)
	first.Stop() // what is stored now has newer versions
	collect(t, b.store, source)
	start(each)
	arrived(4 * each)
}
