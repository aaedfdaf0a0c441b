package api

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"andon/internal/adf"
	"andon/internal/store"
)

// FactoryFill is how the first reading of history goes on. What is left is
// estimated from what was read so far.
type FactoryFill struct {
	Reason       *string  `json:"reason" doc:"Why it stands still; null while it goes on or is done."`
	RecordsRead  int64    `json:"recordsRead" doc:"Run records read for history so far."`
	RecordsLeft  *int64   `json:"recordsLeft" doc:"Run records still to be read, estimated; null while unknown."`
	RequestsLeft *int64   `json:"requestsLeft" doc:"Requests still to be sent, estimated; null while unknown."`
	SecondsLeft  *float64 `json:"secondsLeft" doc:"Seconds until it is done, estimated; null while unknown."`
	CostLeftUSD  *float64 `json:"costLeftUsd" doc:"Azure's list price of the records left, in US dollars, estimated; null while unknown."`
	Ceiling      *int64   `json:"ceiling" doc:"Run records that may be read for history; null for no ceiling."`
}

// Used counts requests and what came of them.
type Used struct {
	Requests  int64   `json:"requests" doc:"Requests sent to Azure."`
	Records   int64   `json:"records" doc:"Run records received."`
	Throttled int64   `json:"throttled" doc:"Requests that met one of Azure's limits."`
	Failed    int64   `json:"failed" doc:"Requests without a usable answer."`
	CostUSD   float64 `json:"costUsd" doc:"Azure's list price of the records, in US dollars."`
}

// PurposeUsage is what requests for one purpose used.
type PurposeUsage struct {
	Used

	Purpose string `json:"purpose" doc:"What the requests were for, in one word such as news or history. Later versions may have further words."`
	Label   string `json:"label" doc:"The same in words for a page."`
}

// FactoryUsage is what requests for all purposes used.
type FactoryUsage struct {
	Used

	By []PurposeUsage `json:"by" nullable:"false" doc:"The same by purpose, those that occur."`
}

// FactoryCorrected is what sweeps found in the last 30 days.
type FactoryCorrected struct {
	Sweeps   int64    `json:"sweeps" doc:"Ranges that were read once more."`
	Missed   int64    `json:"missed" doc:"Runs that were not here until then."`
	Outdated int64    `json:"outdated" doc:"Runs that were here in an older version."`
	LastAt   NullTime `json:"lastAt" doc:"When the last sweep ended; null for none."`
}

// LagSlot is how stale a factory got within a quarter of an hour.
type LagSlot struct {
	Start   Time    `json:"start" doc:"Where the quarter of an hour begins."`
	Seconds float64 `json:"seconds" doc:"How stale it got at worst, in seconds."`
}

// FactoryCollection is what collecting a factory takes and gives.
type FactoryCollection struct {
	Factory   string           `json:"factory" doc:"Short id of the factory."`
	Usage     FactoryUsage     `json:"usage" doc:"What asking Azure about it used in the last 24 hours, as far as the hours of the clock lie within them: 23 hours at least."`
	Corrected FactoryCorrected `json:"corrected" doc:"What reading ranges once more corrected in the last 30 days."`
	Runs      *int64           `json:"runs" doc:"Runs with from <= runStart < to; null without from and to, when that can't be counted, and when none is known and the range of this factory is not covered whole."`
	Rereads   []Reread         `json:"rereads" nullable:"false" doc:"Ranges that were ordered to be read once more since the server started, the newest first and at most ten."`
	Lags      []LagSlot        `json:"lags" nullable:"false" doc:"How stale it got in the last 24 hours, by quarter of an hour, oldest first. One in which no window was completed is left out."`
}

// CollectionList is what collecting all factories takes and gives.
type CollectionList struct {
	Items      []FactoryCollection `json:"items" nullable:"false" doc:"The factories, by short id."`
	NextCursor *string             `json:"nextCursor" doc:"Always null: the list is whole."`
	Usage      FactoryUsage        `json:"usage" doc:"What asking Azure used in the same hours, requests that concern no factory included."`
}

const (
	usageReach     = 24 * time.Hour
	correctedReach = 30 * 24 * time.Hour
)

// usageFrom returns where the full hours begin that lie within usageReach:
// usage is counted by the hour.
func usageFrom(now adf.Time) adf.Time {
	return adf.TimeOf(now.Time().Add(-usageReach + time.Hour - 1).Truncate(time.Hour))
}

func (a *board) registerCollection() {
	register(a, huma.Operation{
		OperationID: "list-collection", Path: "/api/v1/collection", Tags: []string{"factories"},
		Summary: "List what collecting each factory used, how stale it got and what sweeps corrected",
	}, a.listCollection)
}

func (a *board) listCollection(ctx context.Context, in *RangeParams) (CollectionList, error) {
	var r reader
	from, to := r.span(in)
	if err := r.err(); err != nil {
		return CollectionList{}, err
	}
	now := adf.TimeOf(a.now())
	places, err := a.store.Places(ctx)
	if err != nil {
		return CollectionList{}, err
	}
	used, err := a.store.UsageSince(ctx, usageFrom(now))
	if err != nil {
		return CollectionList{}, err
	}
	corrected, err := a.store.CorrectedSince(ctx, now.Add(-correctedReach))
	if err != nil {
		return CollectionList{}, err
	}
	lags, err := a.store.Lags(ctx, now.Add(-usageReach))
	if err != nil {
		return CollectionList{}, err
	}
	whole, err := a.coveredWhole(ctx, from, to) // before the runs: see listRuns
	if err != nil {
		return CollectionList{}, err
	}
	runs, err := a.runsByFactory(ctx, from, to)
	if err != nil {
		return CollectionList{}, err
	}
	usage, usageOfFactory := usageBy(used)
	out := CollectionList{Items: []FactoryCollection{}, Usage: a.usageOf(usage)}
	for _, place := range places {
		h := corrected[place.Key]
		item := FactoryCollection{
			Factory:   place.Short,
			Usage:     a.usageOf(usageOfFactory[place.Key]),
			Corrected: FactoryCorrected{Sweeps: h.Sweeps, Missed: h.Missed, Outdated: h.Outdated, LastAt: NullTime(h.Last)},
			Lags:      []LagSlot{}, Rereads: []Reread{},
		}
		if n := runs[place.Short]; runs != nil && (n > 0 || whole[place.Short]) {
			item.Runs = &n
		}
		if a.collecting != nil {
			item.Rereads = append(item.Rereads, a.collecting.Rereads(place.Short)...)
		}
		for _, l := range lags[place.Key] {
			item.Lags = append(item.Lags, LagSlot{Start: Time(l.Start), Seconds: l.Worst.Seconds()})
		}
		out.Items = append(out.Items, item)
	}
	return out, nil
}

// runsByFactory counts runs with from <= runStart < to by short id. It returns
// nil without from and to, and when they can't be counted.
func (a *board) runsByFactory(ctx context.Context, from, to adf.Time) (map[string]int64, error) {
	if from == 0 && to == 0 {
		return nil, nil
	}
	facets, err := a.store.Facets(ctx, store.RunFilter{From: from, To: to})
	if err != nil || facets.Total == nil {
		return nil, err
	}
	runs := make(map[string]int64, len(facets.Factory))
	for _, f := range facets.Factory {
		runs[f.Value] = f.Count
	}
	return runs, nil
}

// byPurpose is what requests used by what they were for.
type byPurpose map[string]store.Usage

// usageBy sums up what was used, in all and by factory, over all sources.
func usageBy(used map[store.UsageKey]store.Usage) (all byPurpose, of map[store.FactoryKey]byPurpose) {
	all, of = byPurpose{}, map[store.FactoryKey]byPurpose{}
	for key, u := range used {
		one := of[key.Factory]
		if one == nil {
			one = byPurpose{}
			of[key.Factory] = one
		}
		one[key.Purpose] = one[key.Purpose].Add(u)
		all[key.Purpose] = all[key.Purpose].Add(u)
	}
	return all, of
}

// usageOf sums up all that was used, also for purposes that this program does
// not know: a store may hold those of another version.
func (a *board) usageOf(used byPurpose) FactoryUsage {
	all := FactoryUsage{By: []PurposeUsage{}}
	rank := func(purpose string) int {
		i := slices.IndexFunc(a.purposes, func(p Purpose) bool { return p.Name == purpose })
		if i < 0 {
			return len(a.purposes)
		}
		return i
	}
	names := slices.SortedFunc(maps.Keys(used), func(one, other string) int {
		return cmp.Or(cmp.Compare(rank(one), rank(other)), cmp.Compare(one, other))
	})
	for _, name := range names {
		u := used[name]
		if u == (store.Usage{}) {
			continue
		}
		one := PurposeUsage{Purpose: name, Label: name}
		if i := rank(name); i < len(a.purposes) {
			one.Label = a.purposes[i].Label
		}
		one.add(u)
		all.By = append(all.By, one)
		all.add(u)
	}
	return all
}

func (p *Used) add(u store.Usage) {
	p.Requests += u.Requests
	p.Records += u.Records
	p.Throttled += u.Throttled
	p.Failed += u.Failed
	p.CostUSD = adf.MonitoringCost(p.Records)
}

func factoryFill(f *store.Fill) *FactoryFill {
	if f == nil {
		return nil
	}
	out := &FactoryFill{
		Reason: orNull(f.Reason), RecordsRead: f.RecordsRead, RecordsLeft: f.RecordsLeft, RequestsLeft: f.RequestsLeft, SecondsLeft: f.SecondsLeft,
	}
	if f.RecordsLeft != nil {
		cost := adf.MonitoringCost(*f.RecordsLeft)
		out.CostLeftUSD = &cost
	}
	if f.Ceiling > 0 {
		out.Ceiling = &f.Ceiling
	}
	return out
}
