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

// TestMetricsGiveNoZeroThatTheOverviewDoesNot pins that a zero of open series or of
// runs not redone has no series where the factory's overview has null for it, and
// that a larger number is always given. Example: a factory is refused for a week.
// What failed since is not known, so 0 would be a claim; 1 that failed before is not.
func TestMetricsGiveNoZeroThatTheOverviewDoesNot(t *testing.T) {
	t.Parallel()
	refused := &store.Trouble{Kind: "forbidden", What: "the identity may not read", At: at(time.Minute)}
	succeeded, failed := sent(1, at(8*day), nil), sent(2, at(9*day), object{"status": "Failed", "pipelineName": "pl_load"})
	factory := func(state store.State, trouble *store.Trouble, to time.Duration, rows ...object) func(*testing.T, *bundle) {
		return func(t *testing.T, b *bundle) {
			t.Helper()
			f := b.putFactory(t, "sales-prod")
			b.says(t, f, state, trouble)
			b.readFrom(t, f, 45*day, to, rows...)
		}
	}
	for name, c := range map[string]struct {
		build         func(*testing.T, *bundle)
		collectingOff bool
		open, redo    string // "" is none
	}{
		"fresh":                         {build: factory(store.StateFresh, nil, 5*time.Second, succeeded), open: "0", redo: "0"},
		"fresh, and it failed":          {build: factory(store.StateFresh, nil, 5*time.Second, failed), open: "1", redo: "0"},
		"refused for a week":            {build: factory(store.StateRefused, refused, 7*day, succeeded)},
		"refused, and it failed before": {build: factory(store.StateRefused, refused, 7*day, failed), open: "1"},
		"filling":                       {build: factory(store.StateFilling, nil, 5*time.Second, succeeded)},
		"gone":                          {build: factory(store.StateGone, nil, 7*day, succeeded)},
		"late":                          {build: factory(store.StateFresh, nil, time.Hour, succeeded)},
		"collecting off":                {build: factory(store.StateFresh, nil, 5*time.Second, succeeded), collectingOff: true},
		"collecting off, and it failed": {build: factory(store.StateFresh, nil, 5*time.Second, failed), collectingOff: true, open: "1"},
		"imported":                      {build: func(t *testing.T, b *bundle) { t.Helper(); importRuns(t, b, succeeded) }},
		"imported, and it failed":       {build: func(t *testing.T, b *bundle) { t.Helper(); importRuns(t, b, failed) }, open: "1"},
		"a gap in the last day": {build: func(t *testing.T, b *bundle) {
			t.Helper()
			factory(store.StateFresh, nil, 8*time.Hour, succeeded)(t, b)
			b.readFrom(t, b.putFactory(t, "sales-prod"), 6*time.Hour, 5*time.Second)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, func(o *api.Options) {
				if c.collectingOff {
					o.Collecting = nil
				}
			})
			c.build(t, b)
			if err := b.store.Derive(t.Context()); err != nil {
				t.Fatal(err)
			}
			var got [2]string
			for _, line := range scrape(t, b) {
				for i, metric := range []string{"andon_open_series", "andon_not_redone_runs"} {
					if labels, value, _ := strings.Cut(line, " "); strings.HasPrefix(labels, metric+"{") {
						got[i] = value
					}
				}
			}
			if want := [2]string{c.open, c.redo}; got != want {
				t.Errorf("open series and runs not redone are %q, want %q", got, want)
			}
			problems := read[object](t, b, "/api/v1/overview")["problems"].(object)
			if problems["series"] == nil && got[0] == "0" || problems["notRedone"] == nil && got[1] == "0" {
				t.Errorf("metrics say %q where the overview says %v and %v", got, problems["series"], problems["notRedone"])
			}
		})
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
