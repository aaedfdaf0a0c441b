package main

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"andon/internal/adf"
	"andon/internal/store"
)

// The company whose history is stored and queried: of unequal factories and
// pipelines, as seen in real ones.
const (
	factoryCount  = 40
	pipelineCount = 1500
	runsPerDay    = 10_000
	pageRows      = 100
	pageUpdates   = 20 // of them are second versions of runs that were in progress
	brokenDays    = 5  // for so long a few pipelines have failed at every run
)

// history makes pages as a collector would hand them to the store: each is of
// one factory, about in order of time, and one fifth of its rows are runs that
// an earlier page showed in progress. The same size gives the same history.
type history struct {
	rnd        *rand.Rand
	start, end adf.Time
	now        adf.Time
	size, left int // runs in all, and to come
	factories  []*factory
	pipelines  []*pipeline
	weights    []float64 // of pipelines, summed up
}

// factory is a factory with its rows on their way.
type factory struct {
	name    string
	id      adf.FactoryID
	key     store.FactoryKey // set by put
	fresh   [][]byte         // rows for the next page
	going   []*run           // shown in progress, the first to end first
	parents []*run           // the last runs that can have children
	failed  []*run           // wait for a person to rerun them
}

type pipeline struct {
	name        string
	trigger     string
	kind        string // of the trigger
	annotations string // JSON
	factory     *factory
	usual       float64 // seconds
	failing     float64 // share of runs that fail
	broken      bool    // fails since brokenDays
	child       bool    // is started by another pipeline
}

func newHistory(size int) *history {
	end := adf.TimeOf(time.Date(2026, time.November, 1, 0, 0, 0, 0, time.UTC))
	length := time.Duration(float64(size) / runsPerDay * 24 * float64(time.Hour))
	h := &history{
		rnd: rand.New(rand.NewPCG(1, 2)), //nolint:gosec // the same history every time
		end: end, start: end.Add(-length), now: end.Add(-length), size: size, left: size,
	}
	for i := range factoryCount {
		name := fmt.Sprintf("adf-company-%02d-prod", i)
		h.factories = append(h.factories, &factory{
			name: name,
			id:   adf.FactoryID("/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-data/providers/Microsoft.DataFactory/factories/" + name),
		})
	}
	sum := 0.0
	for i := range pipelineCount {
		h.pipelines = append(h.pipelines, h.newPipeline(i))
		sum += 1 / float64(20+i)
		h.weights = append(h.weights, sum)
	}
	return h
}

func (h *history) newPipeline(i int) *pipeline {
	u := h.rnd.Float64()
	f := h.factories[int(factoryCount*u*u)] // the first ones are the largest
	verb := []string{"load", "transform", "publish", "archive", "master"}[i%5]
	p := &pipeline{
		name: fmt.Sprintf("pl_%s_%04d", verb, i), factory: f, kind: "ScheduleTrigger",
		usual: 20 * math.Exp(h.rnd.Float64()*4), failing: 0.02, annotations: "[]",
		broken: i%150 == 7, child: i%5 == 1,
	}
	p.trigger = "tr_" + p.name
	switch i % 10 {
	case 3:
		p.trigger = "tr_nightly_" + f.name
	case 5:
		p.kind = "TumblingWindowTrigger"
	case 8:
		p.kind = "BlobEventsTrigger"
	}
	if i%20 == 9 {
		p.failing = 0.2
	}
	if i%4 != 0 {
		p.annotations = fmt.Sprintf(`["team-%d","tier-%d"]`, i%12, i%3)
	}
	return p
}

// put makes the factories known to a store.
func (h *history) put(putOne func(adf.Factory) (store.Place, error)) error {
	for _, f := range h.factories {
		place, err := putOne(adf.Factory{ID: f.id, Name: f.name, Location: "westeurope"})
		if err != nil {
			return err
		}
		f.key = place.Key
	}
	return nil
}

// next returns the next page, false at the end of history.
func (h *history) next() (store.Page, bool, error) {
	for h.left > 0 {
		h.left--
		f := h.add()
		updates := min(pageUpdates, f.ended(h.now))
		if len(f.fresh)+updates < pageRows {
			continue
		}
		page, err := f.page(updates)
		return page, true, err
	}
	for _, f := range h.factories {
		if ended := f.ended(h.end); len(f.fresh)+ended > 0 {
			page, err := f.page(min(ended, pageRows))
			return page, true, err
		}
	}
	return store.Page{}, false, nil
}

// add lets one run start and returns its factory.
func (h *history) add() *factory {
	h.now = h.startOf(float64(h.size-h.left-1) + h.rnd.Float64())
	i, _ := slices.BinarySearchFunc(h.weights, h.rnd.Float64()*h.weights[len(h.weights)-1], cmp.Compare[float64])
	p := h.pipelines[i]
	r := h.newRun(p)
	f := p.factory
	f.remember(r)
	if h.rnd.IntN(pageRows-pageUpdates) < pageUpdates || r.end() > h.end {
		f.fresh = append(f.fresh, r.inProgress())
		i := f.ended(r.end())
		f.going = slices.Insert(f.going, i, r)
	} else {
		f.fresh = append(f.fresh, r.final())
	}
	return f
}

// startOf returns when the nth run starts. Nights are busy: the first six
// hours of a day have ten of its 24 parts.
func (h *history) startOf(n float64) adf.Time {
	const nightShare, night, day = 10.0 / 24, 6.0 / 24, 24 * time.Hour
	days, part := math.Modf(n / runsPerDay)
	if part < nightShare {
		part *= night / nightShare
	} else {
		part = night + (part-nightShare)*(1-night)/(1-nightShare)
	}
	return h.start.Add(time.Duration((days + part) * float64(day)))
}

// remember keeps what later runs may refer to.
func (f *factory) remember(r *run) {
	if strings.HasPrefix(r.pipeline.name, "pl_master") {
		if len(f.parents) == 8 {
			f.parents = f.parents[1:]
		}
		f.parents = append(f.parents, r)
	}
	if r.status == adf.StatusFailed && len(f.failed) < 8 {
		f.failed = append(f.failed, r)
	}
}

// ended returns how many of the runs in progress have ended by then.
func (f *factory) ended(then adf.Time) int {
	i, _ := slices.BinarySearchFunc(f.going, then+1, func(r *run, t adf.Time) int { return cmp.Compare(r.end(), t) })
	return i
}

// page takes the rows that wait, and so many ends of runs in progress.
func (f *factory) page(updates int) (store.Page, error) {
	rows := f.fresh
	for _, r := range f.going[:updates] {
		rows = append(rows, r.final())
	}
	f.fresh, f.going = nil, f.going[updates:]
	page := store.Page{Factory: f.key, Origin: store.OriginAzure, Runs: make([]adf.PipelineRun, len(rows))}
	for i, raw := range rows {
		r, err := adf.DecodePipelineRun(raw)
		if err != nil {
			return store.Page{}, fmt.Errorf("decode a made-up run: %w", err)
		}
		page.Runs[i] = r
	}
	return page, nil
}

// pageBody returns an answer of 100 runs as ADF writes it.
func (h *history) pageBody() []byte {
	body := []byte(`{"value":[`)
	for i := range pageRows {
		if i > 0 {
			body = append(body, ',')
		}
		p := h.pipelines[h.rnd.IntN(len(h.pipelines))]
		h.now = h.now.Add(time.Second)
		body = append(body, h.newRun(p).final()...)
	}
	return append(body, `],"continuationToken":"opaque"}`...)
}
