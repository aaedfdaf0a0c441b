package api_test

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"andon/internal/api"
	"andon/internal/store"
)

// scrape reads the metrics as Prometheus does, and demands that its own linter
// finds nothing.
func scrape(t *testing.T, b *bundle) []string {
	t.Helper()
	text := b.get(t, "/metrics", http.StatusOK)
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("promlint: %v %v", problems, err)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	manual, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for name, family := range families {
		if !strings.HasPrefix(name, "andon_") {
			continue
		}
		if !strings.Contains(string(manual), "`"+name+"`") {
			t.Errorf("docs/metrics.md does not tell of %s", name)
		}
		for _, m := range family.GetMetric() {
			out = append(out, name+labels(m)+" "+fmt.Sprint(m.GetGauge().GetValue()+m.GetCounter().GetValue()))
		}
	}
	if families["go_goroutines"] == nil || families["process_resident_memory_bytes"] == nil {
		t.Error("nothing is told of the process")
	}
	slices.Sort(out)
	return out
}

func labels(m *dto.Metric) string {
	var all []string
	for _, l := range m.GetLabel() {
		all = append(all, l.GetName()+"="+l.GetValue())
	}
	return "{" + strings.Join(all, ",") + "}"
}

func TestMetricsTellWhatTheBoardShows(t *testing.T) {
	t.Parallel()
	used := map[store.UsageKey]store.Usage{}
	b := setup(t, func(o *api.Options) {
		o.Collecting.Used = func() map[store.UsageKey]store.Usage { return used }
		o.Collecting.Facts = func(string) api.SourceFacts {
			return api.SourceFacts{Known: true, Expires: time.Unix(1_800_000_000, 0)}
		}
	})
	place := b.putFactory(t, "sales-prod")
	b.write(t, place, sent(1, at(time.Hour), nil), sent(2, at(2*time.Hour), object{"status": "Failed", "parameters": object{"day": "2026-11-23"}}))
	if err := b.store.SetFactoryState(t.Context(), place.Key, store.FactoryState{State: store.StateFresh, WantedFrom: at(90 * 24 * time.Hour)}); err != nil {
		t.Fatal(err)
	}
	b.putFactory(t, "never-read")
	if err := b.store.SetSourceState(t.Context(), store.SourceState{Source: "contoso", State: "error", What: "refused", At: at(0)}); err != nil {
		t.Fatal(err)
	}
	used[store.UsageKey{Factory: place.Key, Source: "contoso", Purpose: "news"}] = store.Usage{Requests: 3, Records: 50_000, Throttled: 1, Failed: 2}
	used[store.UsageKey{Source: "contoso", Purpose: "discovery"}] = store.Usage{Requests: 4}
	const sales, never = "{factory=sales-prod,source=contoso", "{factory=never-read,source=contoso"
	want := []string{
		"andon_build_info{version=v1.2.3} 1", "andon_store_up{} 1",
		"andon_source_up{source=contoso} 0", "andon_source_credential_expiry_timestamp_seconds{source=contoso} 1.8e+09",
		"andon_factory_freshness_seconds" + sales + "} 5", "andon_factory_as_of_timestamp_seconds" + sales + "} 1.795521595e+09",
		"andon_factory_covered_from_timestamp_seconds" + sales + "} 1.7916336e+09", "andon_factory_coverage_ratio" + sales + "} 0.49999967849773563",
		"andon_factory_runs" + sales + ",status=Failed} 1", "andon_factory_runs" + sales + ",status=Succeeded} 1",
		"andon_factory_activities_pending" + sales + "} 2", "andon_factory_activities_pending" + never + "} 0",
		"andon_factory_coverage_gaps" + sales + "} 1", "andon_factory_coverage_gaps" + never + "} 0",
		"andon_open_series" + sales + "} 0", "andon_not_redone_runs" + sales + "} 1",
		"andon_factory_odd_rows_total" + sales + "} 0", "andon_factory_odd_rows_total" + never + "} 0",
	}
	for _, state := range []string{"filling", "fresh", "stale", "refused", "gone", "not collected"} {
		is := map[bool]int{true: 1}
		want = append(want, fmt.Sprintf("andon_factory_state%s,state=%s} %d", sales, state, is[state == "fresh"]),
			fmt.Sprintf("andon_factory_state%s,state=%s} %d", never, state, is[state == "not collected"]))
	}
	for _, of := range []string{sales, never} {
		for _, kind := range []string{"missed", "outdated"} {
			label := strings.Replace(of, ",source", ",kind="+kind+",source", 1)
			want = append(want, "andon_factory_corrected_runs"+label+"} 0")
		}
	}
	for purpose, values := range map[string][]any{"news": {"sales-prod", 3, 50000, 1, 2, 0.25}, "discovery": {"", 4, 0, 0, 0, 0}} {
		for i, name := range []string{"requests", "records", "throttled", "failed", "cost_usd"} {
			want = append(want, fmt.Sprintf("andon_azure_%s_total{factory=%s,purpose=%s,source=contoso} %v", name, values[0], purpose, values[i+1]))
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, scrape(t, b)); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
}

// A store that can't be read leaves Prometheus with the word that says so.
func TestMetricsOfABrokenStore(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if err := b.store.Close(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"andon_build_info{version=v1.2.3} 1", "andon_store_up{} 0"}, scrape(t, b)); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
}

// Without a collector nothing is said of sources, and factories are not fresh.
func TestMetricsWithoutACollector(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *api.Options) { o.Collecting = nil })
	b.putFactory(t, "sales-prod")
	if err := b.store.SetSourceState(t.Context(), store.SourceState{Source: "contoso", State: "ok", At: at(0)}); err != nil {
		t.Fatal(err)
	}
	got := strings.Join(scrape(t, b), "\n")
	if !strings.Contains(got, "andon_factory_state{factory=sales-prod,source=contoso,state=not collected} 1") || strings.Contains(got, "andon_source_up") || strings.Contains(got, "andon_azure_") {
		t.Errorf("metrics:\n%s", got)
	}
}
