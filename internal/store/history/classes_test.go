package history_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"andon/internal/adf"
	"andon/internal/store/history"
)

var night = adf.TimeOf(time.Date(2026, 10, 1, 2, 0, 0, 0, time.UTC))

func params(tb testing.TB, v any) history.Parameters {
	tb.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		tb.Fatal(err)
	}
	return history.ParametersOf(raw)
}

func guid(n int) string {
	x := uint64(n)*0x9e3779b97f4a7c15 + 1
	return fmt.Sprintf("%08x-%04x-4000-8000-%012x", uint32(x>>32), uint16(x>>16), n)
}

// shapes are the six ways in which people give parameters to pipelines. Each
// makes the n-th of a row of runs, in the order in which they start.
func shapes() map[string]func(n int) (at adf.Time, parameters map[string]any, tree []string) {
	nightly := func(n, perNight int) adf.Time {
		return night.Add(time.Duration(n/perNight)*24*time.Hour + time.Duration(n%perNight)*time.Minute)
	}
	date := func(t adf.Time) string { return t.Time().Format("2006-01-02") }
	return map[string]func(int) (adf.Time, map[string]any, []string){
		"table and date": func(n int) (adf.Time, map[string]any, []string) {
			at := nightly(n, 20)
			return at, map[string]any{"table": fmt.Sprintf("dbo.t%c", 'a'+n%20), "loadDate": date(at)}, nil
		},
		"company and month": func(n int) (adf.Time, map[string]any, []string) {
			at := nightly(n, 4)
			return at, map[string]any{"company": []string{"north", "south", "east", "west"}[n%4], "month": at.Time().Format("2006-01")}, nil
		},
		"tumbling window": func(n int) (adf.Time, map[string]any, []string) {
			at := night.Add(time.Duration(n) * time.Hour)
			return at, map[string]any{"windowStart": at.Add(-time.Hour).String(), "windowEnd": at.String()}, nil
		},
		"file": func(n int) (adf.Time, map[string]any, []string) {
			at := night.Add(time.Duration(n) * 3 * time.Hour)
			return at, map[string]any{"fileName": fmt.Sprintf("camt053/%s_%05d.json", at.Time().Format("20060102T150405"), 70_000+n*13)}, nil
		},
		"tenant": func(n int) (adf.Time, map[string]any, []string) {
			return nightly(n, 5), map[string]any{"tenantId": guid(1 + n%5)}, nil
		},
		"parent's run id": func(n int) (adf.Time, map[string]any, []string) {
			parent := guid(1000 + n)
			return nightly(n, 2), map[string]any{"parentRunId": strings.ToUpper(parent)}, []string{guid(5000 + n), parent}
		},
	}
}

// TestShapesAreClassified shows what is decided of each shape from nothing but
// the run itself, from 3, 8 and 200 runs. A tenant's GUID looks like something
// new each time until it has come back: only with 200 runs, 40 nights, and
// with 8, two nights, there is not enough to see that.
func TestShapesAreClassified(t *testing.T) {
	t.Parallel()
	const r, m, i = history.Recurring, history.Moving, history.Ignored
	for _, tt := range []struct {
		shape string
		want  map[string][4]history.Class // from 0, 3, 8 and 200 runs before
	}{
		{"table and date", map[string][4]history.Class{"table": {r, r, r, r}, "loadDate": {m, m, m, m}}},
		{"company and month", map[string][4]history.Class{"company": {r, r, r, r}, "month": {m, m, m, m}}},
		{"tumbling window", map[string][4]history.Class{"windowStart": {m, m, m, m}, "windowEnd": {m, m, m, m}}},
		{"file", map[string][4]history.Class{"fileName": {m, m, m, m}}},
		{"tenant", map[string][4]history.Class{"tenantId": {m, m, m, r}}},
		{"parent's run id", map[string][4]history.Class{"parentRunId": {i, i, i, i}}},
	} {
		for k, before := range []int{0, 3, 8, 200} {
			var samples []history.Sample
			for n := range before + 1 {
				at, p, tree := shapes()[tt.shape](n)
				samples = append(samples, history.Sample{Start: at, Parameters: params(t, p), Tree: tree})
			}
			got := history.Classify("adf", "pl", samples, nil)
			for name, want := range tt.want {
				if got[name].Class != want[k] {
					t.Errorf("%s, %d runs before: %s is %s, want %s: %s", tt.shape, before, name, got[name].Class, want[k], got[name].Why())
				}
			}
			if len(got) != len(tt.want) {
				t.Errorf("%s: %d parameters classified, want %d", tt.shape, len(got), len(tt.want))
			}
		}
	}
}

func TestClassesDoNotDependOnTheOrderOfSamples(t *testing.T) {
	t.Parallel()
	for name, shape := range shapes() {
		var samples []history.Sample
		for n := range 300 {
			at, p, tree := shape(n)
			samples = append(samples, history.Sample{Start: at, Parameters: params(t, p), Tree: tree})
		}
		want := history.Classify("adf", "pl", samples, nil)
		rand.New(rand.NewPCG(1, 2)).Shuffle(len(samples), func(i, j int) { samples[i], samples[j] = samples[j], samples[i] })
		got := history.Classify("adf", "pl", samples, nil)
		for parameter := range want {
			if got[parameter] != want[parameter] {
				t.Errorf("%s: %+v, and %+v in another order", name, want[parameter], got[parameter])
			}
		}
	}
}

func TestOnlyRecentRunsCount(t *testing.T) {
	t.Parallel()
	var samples []history.Sample
	for n := range 40 { // names that came back, more than 60 days before the newest run
		samples = append(samples, history.Sample{Start: night.Add(time.Duration(n) * 24 * time.Hour), Parameters: params(t, map[string]any{"x": []string{"a", "b"}[n%2]})})
	}
	for n := range 60 { // files since
		samples = append(samples, history.Sample{Start: night.Add(time.Duration(200+n) * 24 * time.Hour), Parameters: params(t, map[string]any{"x": fmt.Sprintf("file-%d.csv", n)})})
	}
	if c := history.Classify("adf", "pl", samples, nil)["x"]; c.Class != history.Moving || c.Values != 60 {
		t.Errorf("%+v: %s", c, c.Why())
	}
}

func TestConfiguredClassesGoFirst(t *testing.T) {
	t.Parallel()
	pattern := func(s string) adf.NamePattern { return adf.NewNamePattern(s) }
	rules := history.SeriesRules{
		{Factory: pattern("*-dev"), Pipeline: pattern("*"), Ignored: []adf.NamePattern{pattern("*")}},
		{Factory: pattern("*"), Pipeline: pattern("pl_*"), Recurring: []adf.NamePattern{pattern("load*")}, Moving: []adf.NamePattern{pattern("table")}},
		{Factory: pattern("*"), Pipeline: pattern("pl_a"), Recurring: []adf.NamePattern{pattern("table")}},
	}
	sample := []history.Sample{{Start: night, Parameters: params(t, map[string]any{"table": "orders", "loadDate": "2026-10-01", "free": "x"})}}
	for _, tt := range []struct {
		factory, pipeline string
		want              map[string]history.Class
	}{
		{"adf-prod", "pl_a", map[string]history.Class{"table": history.Moving, "loadDate": history.Recurring, "free": history.Recurring}},
		{"adf-DEV", "pl_a", map[string]history.Class{"table": history.Ignored, "loadDate": history.Ignored, "free": history.Ignored}},
		{"adf-prod", "other", map[string]history.Class{"table": history.Recurring, "loadDate": history.Moving, "free": history.Recurring}},
	} {
		got := history.Classify(tt.factory, tt.pipeline, sample, rules)
		for name, want := range tt.want {
			if got[name].Class != want {
				t.Errorf("%s %s: %s is %s, want %s", tt.factory, tt.pipeline, name, got[name].Class, want)
			}
		}
		if !rules.Agree(tt.factory, tt.pipeline, got) {
			t.Errorf("%s %s: what the rules decided does not agree with them", tt.factory, tt.pipeline)
		}
	}
	if before := history.Classify("adf", "pl_a", sample, nil); rules.Agree("adf", "pl_a", before) {
		t.Error("rules that came later agree with classes of before")
	}
	if configured := history.Classify("adf", "pl_a", sample, rules); (history.SeriesRules{}).Agree("adf", "pl_a", configured) {
		t.Error("classes agree with a configuration that does not have their rules any more")
	}
}

func TestLooks(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]history.Class{
		"orders": history.Recurring, "dbo.Orders": history.Recurring, "42": history.Recurring, "12345": history.Recurring, "full": history.Recurring, "": history.Recurring,
		"v2.0.1": history.Recurring, "https://api.example/v1": history.Recurring, "2026": history.Recurring, "true": history.Recurring,
		"123456": history.Moving, "-1234567": history.Moving, guid(3): history.Moving, "{" + guid(3) + "}": history.Moving,
		"2026-10-28": history.Moving, "20261028": history.Moving, "2026/10/28": history.Moving, "28.10.2026": history.Moving, "10/28/2026 1:00:00 AM": history.Moving,
		"2026-10": history.Moving, "202610": history.Moving, "2026-Q4": history.Moving, "2026-W44": history.Moving, "October 2026": history.Moving, "28 Oct 2026": history.Moving,
		"2026-10-28T01:00:00Z": history.Moving, "2026-10-28T01:00:00.0000000+02:00": history.Moving, "2026102813": history.Moving, "13:00": history.Moving,
		"in/2026/10/28/orders.csv": history.Moving, "orders_20261028.csv": history.Moving, "orders-2026-10-28T0100.parquet": history.Moving, "x" + strings.Repeat("y", 10_000): history.Recurring,
	} {
		got := history.Classify("adf", "pl", []history.Sample{{Start: night, Parameters: params(t, map[string]any{"p": value})}}, nil)["p"]
		if got.Class != want {
			t.Errorf("%.60q is %s, want %s (%s)", value, got.Class, want, got.Why())
		}
	}
}
