package collector_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"andon/internal/adf"
	"andon/internal/collector"
	"andon/internal/emulator"
	"andon/internal/redact"
	"andon/internal/store"
)

// pin is the value of the SecureString parameter in the emulated company.
// pl_ap_invoices declares it, and pl_finance_nightly hands it on.
const pin = "willow-4711"

// financeOnly collects the factory that has the parameter.
func financeOnly(t *testing.T, o emulator.Options) (b *bundle, id adf.FactoryID) {
	t.Helper()
	b = setup(t, o)
	i := slices.IndexFunc(b.emulated.Factories, func(f string) bool { return strings.HasSuffix(f, "finance-prod") })
	if i < 0 {
		t.Fatalf("%v", b.emulated.Factories)
	}
	b.emulated.Factories = b.emulated.Factories[i : i+1]
	return b, adf.FactoryID(b.emulated.Factories[0])
}

// secretsKept returns where the store has the value, and how often it has the
// marker in its place.
func (b *bundle) secretsKept(t *testing.T, id adf.FactoryID) (found []string, hidden map[string]int) {
	t.Helper()
	hidden = map[string]int{}
	look := func(kind, name string, raw []byte) {
		if bytes.Contains(raw, []byte(pin)) {
			found = append(found, fmt.Sprintf("%s %s: %.300s", kind, name, raw))
		}
		if bytes.Contains(bytes.ToLower(raw), []byte(`"archivepin":"`+redact.Marker+`"`)) || bytes.Contains(raw, []byte(`"defaultValue":"`+redact.Marker+`"`)) {
			hidden[kind]++
		}
	}
	at := short(t, b.store, id.Name())
	for _, r := range allRuns(t, b.store, id.Name()) {
		look("run", r.RunID, r.Raw)
		acts, err := b.store.Activities(t.Context(), at, r.RunID)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range acts.Rows {
			look("activity", r.RunID, a.Raw)
		}
	}
	for _, name := range []string{"pl_ap_invoices", "pl_finance_nightly"} {
		d, err := b.store.Definition(t.Context(), at, name, 0)
		if err != nil {
			continue // not read yet
		}
		look("definition", name, d.Raw)
	}
	return found, hidden
}

// startPlain starts runs whose own rows show the value in plain text, as Azure
// may do.
func (b *bundle) startPlain(t *testing.T, id adf.FactoryID, n int) {
	t.Helper()
	for range n {
		b.control(t, http.MethodPost, "/truth/runs", map[string]any{
			"factory": id.Name(), "pipelineName": "pl_ap_invoices", "status": "Succeeded", "durationInMs": 1,
			"row": map[string]any{"parameters": map[string]any{"ARCHIVEPIN": pin, "day": "2026-11-30"}},
		}, nil)
	}
}

// trueSecrets counts the runs and activities of the truth that have the value.
func (b *bundle) trueSecrets(t *testing.T, id adf.FactoryID) (runs, activities int) {
	t.Helper()
	count := func(what string) (n int) {
		var all struct{ Items []json.RawMessage }
		b.control(t, http.MethodGet, "/truth/"+what+"?factory="+url.QueryEscape(id.Name()), nil, &all)
		for _, raw := range all.Items {
			if bytes.Contains(raw, []byte(pin)) {
				n++
			}
		}
		return n
	}
	return count("runs"), count("activityRuns")
}

// TestSecureStringParametersAreKeptNowhere: neither in the runs of the pipeline
// that declares one, nor in what its parent hands to it, nor in definitions.
func TestSecureStringParametersAreKeptNowhere(t *testing.T) {
	t.Parallel()
	b, id := financeOnly(t, emulator.Options{Seed: 81, Size: 900})
	b.startPlain(t, id, 7)
	collect(t, b.store, collector.Source{Name: "test", Client: b.client, Factories: []adf.FactoryID{id}})
	b.filled(t)
	b.surrounded(t, id.Name())
	runs, activities := b.trueSecrets(t, id)
	if runs < 5 || activities < 5 {
		t.Fatalf("%d runs and %d activities hold the value: too few to show anything", runs, activities)
	}
	eventually(t, "all rows without the value", func() string {
		found, hidden := b.secretsKept(t, id)
		if len(found) > 0 || hidden["run"] < runs || hidden["activity"] < activities || hidden["definition"] != 2 /* its default, and the literal that the parent hands on */ {
			return fmt.Sprintf("%d times stored, hidden %v of %d runs and %d activities; first %v", len(found), hidden, runs, activities, found[:min(len(found), 1)])
		}
		return ""
	})
	for _, r := range allRuns(t, b.store, id.Name()) {
		if r.PipelineName == "pl_ap_invoices" && !bytes.Contains(r.Parameters, []byte(`"day":"2`)) {
			t.Errorf("the other parameters of %s: %s", r.RunID, r.Parameters)
		}
	}
}

// TestSecureStringParametersAreTakenOutOfWhatIsStored: the definitions could
// not be read when the runs were stored, or an earlier version stored them.
func TestSecureStringParametersAreTakenOutOfWhatIsStored(t *testing.T) {
	t.Parallel()
	b, id := financeOnly(t, emulator.Options{Seed: 82, Size: 900})
	b.startPlain(t, id, 7)
	b.fault(t, map[string]any{"call": "pipelines", "fault": "mfa"})
	c := collector.New(collector.Options{
		Sources: []collector.Source{{Name: "test", Client: b.client, Factories: []adf.FactoryID{id}}}, Store: b.store,
		Poll: 200 * time.Millisecond, Sweep: noSweep, Surroundings: time.Hour,
	})
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Stop)
	b.filled(t)
	runs, activities := b.trueSecrets(t, id)
	eventually(t, "runs and activities with the value", func() string {
		found, _ := b.secretsKept(t, id)
		if len(found) < runs+activities {
			return fmt.Sprintf("%d of %d", len(found), runs+activities)
		}
		return ""
	})
	b.control(t, http.MethodDelete, "/faults", nil, nil)
	if err := c.ReadSurroundings(short(t, b.store, id.Name())); err != nil {
		t.Fatal(err)
	}
	eventually(t, "none of them left", func() string {
		found, hidden := b.secretsKept(t, id)
		if len(found) > 0 || hidden["run"] < runs || hidden["activity"] < activities {
			return fmt.Sprintf("%d left, hidden %v", len(found), hidden)
		}
		return ""
	})
	if err := b.store.Check(t.Context()); err != nil {
		t.Error(err)
	}
	states := b.around(t, id.Name())
	if states[store.SurroundingSecureParameters].AsOf.IsZero() {
		t.Error("the store would be looked through again")
	}
}

// TestSecureStringParametersAreKnownAfterARestart: the stored definitions say
// which they are, also while Azure gives none.
func TestSecureStringParametersAreKnownAfterARestart(t *testing.T) {
	t.Parallel()
	b, id := financeOnly(t, emulator.Options{Seed: 83, Size: 300})
	first := collect(t, b.store, collector.Source{Name: "test", Client: b.client, Factories: []adf.FactoryID{id}})
	b.filled(t)
	b.surrounded(t, id.Name())
	first.Stop()
	b.startPlain(t, id, 5)
	b.fault(t, map[string]any{"call": "pipelines", "fault": "mfa"})
	collect(t, b.store, collector.Source{Name: "test", Client: b.client, Factories: []adf.FactoryID{id}})
	eventually(t, "the runs since", func() string {
		found, hidden := b.secretsKept(t, id)
		if len(found) > 0 {
			t.Fatalf("%d times stored: %s", len(found), found[0])
		}
		if hidden["run"] < 5 {
			return fmt.Sprintf("hidden %v", hidden)
		}
		return ""
	})
}
