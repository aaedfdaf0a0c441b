package api_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"andon/internal/adf"
	"andon/internal/api"
	"andon/internal/store"
)

// situation is a board of which not everything is known, and what it may say.
type situation struct {
	collectingOff bool
	build         func(t *testing.T, b *bundle)
	query         string // of a range; "" is the last 24 h

	covered    string
	reason     any
	nothingRan any
	counts     any // of the overview
	open       any // pipelines with open failures
	running    any
	rate       any
	total      any // of the facets over the same range
	asOf       any // of every list; nil: not looked at
}

const day = 24 * time.Hour

// readFrom stores rows as a page that completes the window from..to.
func (b *bundle) readFrom(t *testing.T, f store.Place, from, to time.Duration, rows ...object) {
	t.Helper()
	b.writePage(t, store.Page{Factory: f.Key, Origin: store.OriginAzure, AsOf: at(to), Completes: &store.Window{From: at(from), To: at(to)}}, rows...)
}

// says has the collector say of a factory that it is so.
func (b *bundle) says(t *testing.T, f store.Place, state store.State, trouble *store.Trouble) {
	t.Helper()
	if err := b.store.SetFactoryState(t.Context(), f.Key, store.FactoryState{State: state, WantedFrom: at(45 * day), Trouble: trouble}); err != nil {
		t.Fatal(err)
	}
}

func (b *bundle) sourceIs(t *testing.T, state string) {
	t.Helper()
	if err := b.store.SetSourceState(t.Context(), store.SourceState{Source: "contoso", State: state, At: at(time.Minute)}); err != nil {
		t.Fatal(err)
	}
}

// refuse has Azure refuse factories for want of a right, every other one in
// another subscription.
func (b *bundle) refuse(t *testing.T, names ...string) {
	t.Helper()
	for i, name := range names {
		define := fmt.Sprintf(`az role definition create --role-definition '{"Name":"Andon reader","Actions":["x/read"],"AssignableScopes":["/subscriptions/%d"]}'`, i%2)
		b.says(t, b.putFactory(t, name), store.StateRefused, &store.Trouble{
			Kind: "forbidden", What: "the identity may not Microsoft.DataFactory/factories/queryPipelineRuns/action", Advice: "run the command",
			Command: define + "\naz role assignment create --scope " + name, At: at(time.Minute),
		})
	}
}

func importRuns(t *testing.T, b *bundle, rows ...object) {
	t.Helper()
	place, err := b.store.PutFactory(t.Context(), adf.Factory{ID: "/subscriptions/5ab1/resourceGroups/rg/providers/Microsoft.DataFactory/factories/old-prod"}, "")
	if err != nil {
		t.Fatal(err)
	}
	b.writePage(t, store.Page{Factory: place.Key, Origin: store.OriginFile}, rows...)
}

func situations() map[string]situation {
	run := sent(1, at(2*time.Hour), nil)
	failed := sent(2, at(time.Hour), object{"status": "Failed", "pipelineName": "pl_load"})
	whole := func(t *testing.T, b *bundle, name string, rows ...object) {
		t.Helper()
		f := b.putFactory(t, name)
		b.says(t, f, store.StateFresh, nil)
		b.write(t, f, rows...)
	}
	return map[string]situation{
		"no role at all": {
			build:   func(t *testing.T, b *bundle) { t.Helper(); b.sourceIs(t, "ok") },
			covered: "no", reason: "No factory can be read",
		},
		"nothing was asked yet": {build: func(*testing.T, *bundle) {}, covered: "no", reason: "No factory has been found yet"},
		"one of five readable": {
			build: func(t *testing.T, b *bundle) {
				t.Helper()
				whole(t, b, "sales-prod", run)
				b.refuse(t, "finance-prod", "dw-prod", "supply-prod", "hr-prod")
			},
			covered: "partly", reason: "1 of 5 factories can be read", nothingRan: false, counts: object{"Succeeded": 1.0}, total: 1.0,
		},
		"one of five readable, and it failed": {
			build: func(t *testing.T, b *bundle) {
				t.Helper()
				whole(t, b, "sales-prod", run, failed)
				b.refuse(t, "finance-prod", "dw-prod", "supply-prod", "hr-prod")
			},
			covered: "partly", reason: "1 of 5 factories can be read", nothingRan: false, counts: object{"Succeeded": 1.0, "Failed": 1.0}, open: 1.0, total: 2.0,
		},
		"history still filling, and the range is read": {
			build: func(t *testing.T, b *bundle) {
				t.Helper()
				f := b.putFactory(t, "sales-prod")
				b.says(t, f, store.StateFilling, nil)
				b.readFrom(t, f, 3*day, 5*time.Second, run)
			},
			covered: "yes", reason: "History is still being read", nothingRan: false, counts: object{"Succeeded": 1.0}, rate: 1.0, total: 1.0,
		},
		"history still filling, and the range is not": {
			build: func(t *testing.T, b *bundle) {
				t.Helper()
				f := b.putFactory(t, "sales-prod")
				b.says(t, f, store.StateFilling, nil)
				b.readFrom(t, f, 6*time.Hour, 5*time.Second, run)
			},
			covered: "partly", reason: "History is still being read", nothingRan: false, counts: object{"Succeeded": 1.0}, total: 1.0,
		},
		"import only": {
			build:   func(t *testing.T, b *bundle) { t.Helper(); importRuns(t, b, sent(1, at(30*day), nil)) },
			covered: "no", reason: "Only imported runs are here",
		},
		"import only, collecting off": {
			collectingOff: true,
			build:         func(t *testing.T, b *bundle) { t.Helper(); importRuns(t, b, run) },
			covered:       "no", reason: "Only imported runs are here", nothingRan: false, counts: object{"Succeeded": 1.0}, total: 1.0,
		},
		"imported beside a factory that is read": {
			build: func(t *testing.T, b *bundle) {
				t.Helper()
				whole(t, b, "sales-prod", run)
				importRuns(t, b, sent(3, at(30*day), nil))
			},
			covered: "partly", reason: "1 of 2 factories is collected", nothingRan: false, counts: object{"Succeeded": 1.0}, total: 1.0,
		},
		"collecting off": {
			collectingOff: true,
			build: func(t *testing.T, b *bundle) {
				t.Helper()
				f := b.putFactory(t, "sales-prod")
				b.says(t, f, store.StateFresh, nil)
				b.readFrom(t, f, 45*day, 3*time.Hour, sent(1, at(5*time.Hour), nil))
			},
			covered: "partly", reason: "Collecting is off", nothingRan: false, counts: object{"Succeeded": 1.0}, total: 1.0,
		},
		"collecting off, a range that was read": {
			collectingOff: true, query: "?from=2026-11-20T12:00:00Z&to=2026-11-22T12:00:00Z",
			build: func(t *testing.T, b *bundle) {
				t.Helper()
				f := b.putFactory(t, "sales-prod")
				b.says(t, f, store.StateFresh, nil)
				b.readFrom(t, f, 45*day, 3*time.Hour, sent(1, at(3*day), nil))
			},
			covered: "yes", reason: "Collecting is off", nothingRan: false, counts: object{"Succeeded": 1.0}, rate: 1.0, total: 1.0,
		},
		"collecting off, nothing stored": {collectingOff: true, build: func(*testing.T, *bundle) {}, covered: "no", reason: "Collecting is off and no history is stored"},
		"a range older than coverage": {
			build:   func(t *testing.T, b *bundle) { t.Helper(); whole(t, b, "sales-prod", run) },
			query:   "?from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z",
			covered: "no", reason: "This time range is older than the history here",
		},
		"a range that begins before coverage": {
			build:   func(t *testing.T, b *bundle) { t.Helper(); whole(t, b, "sales-prod", run) },
			query:   "?from=2026-01-01T00:00:00Z",
			covered: "partly", reason: "Only part of this time range is covered", nothingRan: false, counts: object{"Succeeded": 1.0}, total: 1.0,
		},
		"a range with a gap": {
			build: func(t *testing.T, b *bundle) {
				t.Helper()
				f := b.putFactory(t, "sales-prod")
				b.says(t, f, store.StateFresh, nil)
				b.readFrom(t, f, 45*day, 8*time.Hour)
				b.readFrom(t, f, 6*time.Hour, 5*time.Second, run)
			},
			covered: "partly", reason: "Part of this time range is missing", nothingRan: false, counts: object{"Succeeded": 1.0}, total: 1.0,
		},
		"a range after the last poll": {
			build:   func(t *testing.T, b *bundle) { t.Helper(); whole(t, b, "sales-prod", run) },
			query:   "?from=" + at(3*time.Second).String(),
			covered: "no", reason: "This time range has not been read yet",
		},
		"a range that ends in a gap": {
			build: func(t *testing.T, b *bundle) {
				t.Helper()
				f := b.putFactory(t, "sales-prod")
				b.says(t, f, store.StateFresh, nil)
				b.readFrom(t, f, 45*day, 10*day)
				b.readFrom(t, f, 5*day, 5*time.Second, run)
			},
			query:   "?from=" + at(12*day).String() + "&to=" + at(8*day).String(),
			covered: "partly", reason: "Part of this time range is missing", counts: object{},
		},
		"a fill whose newest half was never read": {
			build: func(t *testing.T, b *bundle) {
				t.Helper()
				f := b.putFactory(t, "sales-prod")
				b.says(t, f, store.StateFilling, nil)
				b.writePage(t, store.Page{Factory: f.Key, Origin: store.OriginAzure, Completes: &store.Window{From: at(day), To: at(12 * time.Hour)}}, run)
			},
			covered: "partly", reason: "History is still being read", nothingRan: false, counts: object{"Succeeded": 1.0}, total: 1.0,
		},
		"an import beside a factory that is collected": {
			build: func(t *testing.T, b *bundle) {
				t.Helper()
				whole(t, b, "sales-prod", run)
				importRuns(t, b, sent(3, at(30*day), nil))
			},
			covered: "partly", reason: "1 of 2 factories is collected", nothingRan: false, counts: object{"Succeeded": 1.0}, total: 1.0,
		},
		"a range to come": {
			build:   func(t *testing.T, b *bundle) { t.Helper(); whole(t, b, "sales-prod", run) },
			query:   "?from=2027-01-01T00:00:00Z&to=2027-02-01T00:00:00Z",
			covered: "no", reason: "This time range has not begun",
		},
		"stale for an hour": {
			build: func(t *testing.T, b *bundle) {
				t.Helper()
				whole(t, b, "hr-prod", run)
				f := b.putFactory(t, "sales-prod")
				b.says(t, f, store.StateStale, &store.Trouble{Kind: "network", What: "no answer", At: at(time.Minute)})
				b.readFrom(t, f, 45*day, time.Hour)
			},
			covered: "partly", reason: "1 of 2 factories is up to date", nothingRan: false, counts: object{"Succeeded": 1.0}, total: 1.0,
		},
		"fresh once, and late now": {
			build: func(t *testing.T, b *bundle) {
				t.Helper()
				f := b.putFactory(t, "sales-prod")
				b.says(t, f, store.StateFresh, nil)
				b.readFrom(t, f, 45*day, 2*time.Minute, run)
			},
			covered: "yes", reason: "The factory is not up to date", nothingRan: false, counts: object{"Succeeded": 1.0}, rate: 1.0, total: 1.0,
		},
		"a source whose factories cannot be listed": {
			build: func(t *testing.T, b *bundle) {
				t.Helper()
				whole(t, b, "sales-prod", run)
				b.sourceIs(t, "error")
			},
			covered: "yes", reason: "The list of factories cannot be read", nothingRan: false, counts: object{"Succeeded": 1.0}, rate: 1.0, total: 1.0,
		},
		"nothing ran for a day": {
			build:   func(t *testing.T, b *bundle) { t.Helper(); whole(t, b, "sales-prod", sent(1, at(3*day), nil)) },
			covered: "yes", nothingRan: true, counts: object{}, open: 0.0, running: 0.0, total: 0.0,
		},
		"all is well": {
			build:   func(t *testing.T, b *bundle) { t.Helper(); whole(t, b, "sales-prod", run) },
			covered: "yes", nothingRan: false, counts: object{"Succeeded": 1.0}, open: 0.0, running: 0.0, rate: 1.0, total: 1.0,
		},
		"a factory that Azure no longer lists limits nothing": {
			build: func(t *testing.T, b *bundle) {
				t.Helper()
				whole(t, b, "sales-prod", run)
				f := b.putFactory(t, "gone-prod")
				b.readFrom(t, f, 45*day, time.Minute)
				b.says(t, f, store.StateGone, nil)
			},
			asOf:    at(5 * time.Second).String(),
			covered: "yes", nothingRan: false, counts: object{"Succeeded": 1.0}, open: 0.0, running: 0.0, rate: 1.0, total: 1.0,
		},
		"one that ran unseen before Azure no longer listed it": {
			build: func(t *testing.T, b *bundle) {
				t.Helper()
				whole(t, b, "sales-prod", run)
				f := b.putFactory(t, "gone-prod")
				b.readFrom(t, f, 45*day, 3*time.Hour)
				b.says(t, f, store.StateGone, nil)
			},
			covered: "partly", reason: "Part of this time range is missing", nothingRan: false, counts: object{"Succeeded": 1.0}, total: 1.0,
		},
		"one that was gone before it was read limits nothing either": {
			build: func(t *testing.T, b *bundle) {
				t.Helper()
				whole(t, b, "sales-prod", run)
				b.says(t, b.putFactory(t, "gone-prod"), store.StateGone, nil)
			},
			covered: "yes", nothingRan: false, counts: object{"Succeeded": 1.0}, open: 0.0, running: 0.0, rate: 1.0, total: 1.0,
		},
	}
}

// TestNoAnswerClaimsWhatIsNotCovered walks the situations in which something is
// unknown: no path of the API gives a zero or a share that nothing proves.
func TestNoAnswerClaimsWhatIsNotCovered(t *testing.T) {
	t.Parallel()
	for name, c := range situations() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, func(o *api.Options) {
				if c.collectingOff {
					o.Collecting = nil
				}
			})
			c.build(t, b)
			overview := read[object](t, b, "/api/v1/overview"+c.query)
			basis := overview["basis"].(object)
			got := object{
				"covered": basis["covered"], "reason": basis["reason"], "nothingRan": basis["nothingRan"], "counts": overview["counts"],
				"open": overview["problems"].(object)["pipelines"], "running": overview["running"].(object)["count"],
				"rate": overview["successRate"].(object)["value"],
			}
			want := object{
				"covered": c.covered, "reason": c.reason, "nothingRan": c.nothingRan, "counts": c.counts, "open": c.open, "running": c.running, "rate": c.rate,
			}
			if c.counts == nil {
				want["counts"] = nil
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("overview (-want +got):\n%s", diff)
			}
			if (basis["covered"] == "yes") != (basis["reason"] == nil) && basis["reason"] == nil {
				t.Errorf("the range is covered %v, and nothing says why", basis["covered"])
			}
			if rate := overview["successRate"].(object); (rate["value"] == nil) == (rate["reason"] == nil) {
				t.Errorf("the success rate is %v", rate)
			}

			timeline := read[object](t, b, "/api/v1/timeline"+c.query)
			if diff := cmp.Diff(basis, timeline["basis"]); diff != "" {
				t.Errorf("basis of the timeline (-overview +timeline):\n%s", diff)
			}
			for _, item := range timeline["items"].([]any) {
				bucket := item.(object)
				if unknown := bucket["covered"] == "no"; unknown != (bucket["counts"] == nil) || unknown != (bucket["open"] == nil) || unknown != (bucket["recovered"] == nil) {
					t.Fatalf("a bucket is %v", bucket)
				}
			}

			from, to := overview["from"].(string), overview["to"].(string)
			span := fmt.Sprintf("?from=%s&to=%s", from, to)
			facets, runs := read[object](t, b, "/api/v1/runs/facets"+span), read[object](t, b, "/api/v1/runs"+span)
			if facets["total"] != c.total || facets["open"] != nil && facets["open"] == 0.0 && c.reason != nil {
				t.Errorf("the facets are %v", facets)
			}
			if c.asOf != nil && (overview["asOf"] != c.asOf || runs["asOf"] != c.asOf || timeline["asOf"] != c.asOf) {
				t.Errorf("as of %v, %v and %v, not %v", overview["asOf"], runs["asOf"], timeline["asOf"], c.asOf)
			}
			delete(basis, "nothingRan")
			for path, other := range map[string]object{"runs": runs, "facets": facets} {
				own := other["basis"].(object)
				delete(own, "nothingRan")
				if diff := cmp.Diff(basis, own); diff != "" {
					t.Errorf("basis of %s (-overview +%s):\n%s", path, path, diff)
				}
			}
			for _, f := range list(t, b, "/api/v1/factories") {
				if f["runs"] == 0.0 && f["coverage"].(object)["from"] == nil {
					t.Errorf("a factory that was never read has %v runs", f["runs"])
				}
			}
			for _, f := range list(t, b, "/api/v1/collection"+span) {
				if c.covered == "no" && f["runs"] == 0.0 {
					t.Errorf("%v ran in %s", f["runs"], f["factory"])
				}
			}
		})
	}
}

// TestAFactoryThatIsGoneSaysWhatWasNotRead: it may have run since its last poll,
// until Azure no longer listed it.
func TestAFactoryThatIsGoneSaysWhatWasNotRead(t *testing.T) {
	t.Parallel()
	b := setup(t)
	f := b.putFactory(t, "gone-prod")
	b.readFrom(t, f, 45*day, 3*time.Hour)
	b.says(t, f, store.StateGone, nil)
	got := list(t, b, "/api/v1/factories")[0]["coverage"].(object)["gaps"]
	want := []any{object{"from": at(3 * time.Hour).String(), "to": at(0).String(), "reason": "Azure no longer lists this factory"}}
	if diff := cmp.Diff(any(want), got); diff != "" {
		t.Errorf("gaps (-want +got):\n%s", diff)
	}
}

// TestOneCauseIsOneRow pins that factories with the same trouble are one cause
// with one command, and how they are counted.
func TestOneCauseIsOneRow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.sourceIs(t, "ok")
	b.write(t, b.putFactory(t, "sales-prod"), sent(1, at(time.Hour), nil))
	b.says(t, b.putFactory(t, "sales-prod"), store.StateFresh, nil)
	var names []string
	for i := range 60 {
		names = append(names, fmt.Sprintf("dw-%02d", i))
	}
	b.refuse(t, names...)
	late := b.putFactory(t, "late-prod")
	b.says(t, late, store.StateStale, &store.Trouble{Kind: "network", What: "no answer", At: at(time.Minute)})
	b.readFrom(t, late, 45*day, time.Hour)

	basis := read[struct {
		Basis struct {
			Factories object
			Limits    []struct {
				Kind, Reason string
				Count        int
				Factories    []object
				Since        *string
			}
			Causes []struct {
				Source, What     string
				Command          *string
				Count, NeverRead int
				Factories        []object
			}
		}
	}](t, b, "/api/v1/factories").Basis
	counted := object{"asked": 62.0, "upToDate": 1.0, "filling": 0.0, "stale": 1.0, "neverRead": 60.0, "imported": 0.0, "off": 0.0, "gone": 0.0}
	if diff := cmp.Diff(counted, basis.Factories); diff != "" {
		t.Errorf("factories (-want +got):\n%s", diff)
	}
	if l := basis.Limits; len(l) != 2 || l[0].Kind != "neverRead" || l[0].Reason != "2 of 62 factories can be read" || l[0].Count != 60 || len(l[0].Factories) != 50 ||
		l[1].Kind != "stale" || l[1].Reason != "1 of 62 factories is up to date" || l[1].Since == nil || *l[1].Since != "2026-11-24T11:00:00Z" {
		t.Errorf("limits are %+v", l)
	}
	if len(basis.Causes) != 2 {
		t.Fatalf("causes are %+v", basis.Causes)
	}
	first, second := basis.Causes[0], basis.Causes[1]
	if first.Count != 60 || first.NeverRead != 60 || first.Source != "contoso" || len(first.Factories) != 50 || first.Command == nil {
		t.Fatalf("the first cause is %+v", first)
	}
	lines := strings.Split(*first.Command, "\n")
	define := `az role definition create --role-definition '{"Actions":["x/read"],"AssignableScopes":["/subscriptions/0","/subscriptions/1"],"Name":"Andon reader"}'`
	if len(lines) != 61 || lines[0] != define || lines[60] != "az role assignment create --scope dw-59" {
		t.Errorf("its command has %d lines:\n%s", len(lines), *first.Command)
	}
	if second.What != "no answer" || second.Count != 1 || second.NeverRead != 0 || second.Command != nil {
		t.Errorf("the second cause is %+v", second)
	}
}

// TestASourceAndItsFactoriesAreOneCause pins that factories that wait for their
// source have its cause.
func TestASourceAndItsFactoriesAreOneCause(t *testing.T) {
	t.Parallel()
	b := setup(t)
	expired := store.SourceState{Source: "contoso", State: "error", What: "the secret has expired", Command: "az ad app credential reset", At: at(time.Minute)}
	if err := b.store.SetSourceState(t.Context(), expired); err != nil {
		t.Fatal(err)
	}
	own, waiting := b.putFactory(t, "hr-prod"), b.putFactory(t, "sales-prod")
	b.says(t, own, store.StateRefused, &store.Trouble{Kind: "expiredSecret", What: "the secret has expired", Command: "az ad app credential reset", At: at(time.Minute), RetryAt: at(-time.Minute)})
	b.says(t, waiting, store.StateFresh, nil)
	b.readFrom(t, own, 45*day, time.Hour)
	b.readFrom(t, waiting, 45*day, time.Hour)
	got := read[struct{ Basis struct{ Causes []object } }](t, b, "/api/v1/overview").Basis.Causes
	if len(got) != 1 || got[0]["count"] != 2.0 || got[0]["command"] != "az ad app credential reset" || got[0]["kind"] != "expiredSecret" || got[0]["retryAt"] != "2026-11-24T12:01:00Z" {
		t.Errorf("causes are %v", got)
	}
}
