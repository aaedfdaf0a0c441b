package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"andon/internal/azure/budget"
)

const (
	fleetRuns = 2000 // of each of 200 factories
	fleetSize = 200 * fleetRuns
	// The share of ADF's and ARM's limits that Andon takes by default, for each
	// of the 20 subscriptions: what its bucket holds, and its refill a second.
	fleetSubscriptions = 20
	shareBurst         = 62
	shareRefill        = 6.25
)

// fleet measures the first fill of 200 factories in 20 subscriptions under
// Azure's documented limits.
func (b *bench) fleet(ctx context.Context) error {
	f, err := b.fillFleet(ctx, "fleet", "real", 0)
	if err != nil {
		return err
	}
	perSubscription := float64(f.asked.Total) / fleetSubscriptions
	least := max(0, perSubscription-shareBurst) / shareRefill
	t := table{title: fmt.Sprintf("First fill of %d factories in %d subscriptions, %s runs, --limits real, no activities", f.factories, fleetSubscriptions, whole(float64(f.stands.runs))), columns: []string{"", "measured", "bound", "ratio"}}
	t.add("time to complete, s", fmt.Sprintf("%.1f", f.took.Seconds()), fmt.Sprintf("%.1f", least), times(f.took.Seconds()/least))
	t.add("requests", whole(float64(f.asked.Total)), whole(float64(f.stands.runs)/100), times(float64(f.asked.Total)/(float64(f.stands.runs)/100)))
	t.add("requests/s", fmt.Sprintf("%.1f", float64(f.asked.Total)/f.took.Seconds()), fmt.Sprintf("%.1f", shareRefill*fleetSubscriptions), times(float64(f.asked.Total)/f.took.Seconds()/(shareRefill*fleetSubscriptions)))
	t.add("429s", whole(float64(f.asked.Throttled)), "0", "")
	t.add("memory, MB", whole(f.memory), "-", "")
	f.notes(&t)
	t.note("Bounds: the time in which a quarter of ARM's reads lets that many requests pass, the pages that hold the runs, that")
	t.note("quarter's refill of all subscriptions. Requests are all until the fill is complete: news and surroundings too.")
	b.expect("fleet: 429s", "0", whole(float64(f.asked.Throttled)), f.asked.Throttled == 0)
	b.expect("fleet: complete", whole(float64(fleetSize)), whole(float64(f.stands.runs)), f.stands.runs >= fleetSize)
	return b.print(&t)
}

// tenth measures the same where Azure enforces a tenth of its limits, with the
// default budget, which is more than that.
func (b *bench) tenth(ctx context.Context) error {
	f, err := b.fillFleet(ctx, "tenth", "0.1", min(b.steady, 10*time.Minute))
	if err != nil {
		return err
	}
	t := table{title: fmt.Sprintf("The same with --limits 0.1: %d factories, %s runs", f.factories, whole(float64(f.stands.runs))), columns: []string{"", "while it fills", "after", ""}}
	pair := func(name string, of func(*spellOf) string) { t.add(name, of(&f.filling), of(&f.after), "") }
	pair("time, s", func(s *spellOf) string { return fmt.Sprintf("%.1f", s.took.Seconds()) })
	pair("requests", func(s *spellOf) string { return whole(float64(s.asked.Total)) })
	pair("requests/s", func(s *spellOf) string { return fmt.Sprintf("%.1f", float64(s.asked.Total)/s.took.Seconds()) })
	pair("429s", func(s *spellOf) string { return whole(float64(s.asked.Throttled)) })
	pair("stalest factory, s", func(s *spellOf) string { return fmt.Sprintf("%.1f", s.worst) })
	pair("median of the factories' stalest, s", func(s *spellOf) string { return fmt.Sprintf("%.1f", s.median) })
	pair("stalest ÷ median", func(s *spellOf) string { return times(s.worst / s.median) })
	f.notes(&t)
	t.note("Every factory is looked at every other second once it was polled first; the last of them was polled first after %.1f s.", f.firstPolls.Seconds())
	b.expect("tenth: complete", whole(float64(fleetSize)), whole(float64(f.stands.runs)), f.stands.runs >= fleetSize)
	b.expect("tenth: stalest factory after the fill", "≤ 2 polls", fmt.Sprintf("%.1f s", f.after.worst), f.after.worst <= 2*pollEvery.Seconds())
	return b.print(&t)
}

// fleetFill is how a first fill went.
type fleetFill struct {
	factories  int
	took       time.Duration
	asked      ledger
	stands     standing
	memory     float64 // MB; NaN where the system does not tell
	byPurpose  map[string]purposeUse
	firstPolls time.Duration // until every factory was polled once

	filling, after spellOf
}

// spellOf is what was seen in a spell.
type spellOf struct {
	took          time.Duration
	asked         ledger
	worst, median float64 // seconds: how stale each factory got, at worst and in the median
}

func (b *bench) fillFleet(ctx context.Context, name, limits string, after time.Duration) (f *fleetFill, err error) {
	dir, err := os.MkdirTemp("", "andon-bench-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	b.say("%s: building andon, and starting an emulated Azure with %s runs", name, whole(fleetSize))
	binary, err := builtAndon(ctx, dir)
	if err != nil {
		return nil, err
	}
	e, err := b.startEmulator(ctx, binary, "--scenario", "fleet", "--size", strconv.Itoa(fleetSize), "--limits", limits)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, e.stop()) }()
	f = &fleetFill{factories: len(e.info.Factories), memory: math.NaN()}
	b.say("%s: reading it", name)
	begin := b.now()
	s, err := b.startServer(ctx, binary, &e.info, dir, "activities:\n  - keep: none\n")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	stale := newStaleness(f.factories)
	err = b.until(ctx, 2*time.Hour, "history is not complete", func() (bool, error) {
		var err error
		f.stands, err = s.stands(ctx)
		if stale.add(f.stands) && f.firstPolls == 0 {
			f.firstPolls = b.now().Sub(begin)
		}
		return f.stands.filled == f.factories, err
	})
	if err != nil {
		return nil, err
	}
	f.took = b.now().Sub(begin)
	if f.asked, err = asked(ctx, &e.info); err != nil {
		return nil, err
	}
	f.filling = stale.spell(f.took, f.asked)
	if mb, ok := peakMemory(s.cmd.Process); ok {
		f.memory = mb
	}
	if after > 0 {
		b.say("%s: watching it for %s", name, after)
		if f.after, err = b.lookAfter(ctx, e, s, f.factories, after); err != nil {
			return nil, err
		}
	}
	f.byPurpose, err = s.used(ctx)
	return f, err
}

func (b *bench) lookAfter(ctx context.Context, e *emulatorProcess, s *serverProcess, factories int, spell time.Duration) (spellOf, error) {
	if err := resetAsked(ctx, &e.info); err != nil {
		return spellOf{}, err
	}
	stale, begin := newStaleness(factories), b.now()
	err := b.until(ctx, 2*spell+time.Minute, "the watch is not over", func() (bool, error) {
		now, err := s.stands(ctx)
		stale.add(now)
		return b.now().Sub(begin) >= spell, err
	})
	if err != nil {
		return spellOf{}, err
	}
	l, err := asked(ctx, &e.info)
	return stale.spell(b.now().Sub(begin), l), err
}

// staleness notes how stale each factory got.
type staleness struct {
	want  int
	worst map[string]float64 // by factory
}

func newStaleness(factories int) *staleness {
	return &staleness{want: factories, worst: map[string]float64{}}
}

// add takes in a look, and reports whether every factory was polled by now.
func (s *staleness) add(now standing) bool {
	for name, lag := range now.lags {
		s.worst[name] = max(s.worst[name], lag)
	}
	return len(s.worst) == s.want
}

func (s *staleness) spell(took time.Duration, l ledger) spellOf {
	var all []float64
	for _, lag := range s.worst {
		all = append(all, lag)
	}
	return spellOf{took: took, asked: l, worst: slices.Max(all), median: median(all)}
}

func (f *fleetFill) notes(t *table) {
	var parts []string
	for _, p := range budget.Purposes() {
		if u, ok := f.byPurpose[string(p)]; ok {
			parts = append(parts, fmt.Sprintf("%s %s", p, whole(float64(u.Requests))))
		}
	}
	t.note("By purpose, by Andon's own count up to half a minute ago: %s.", strings.Join(parts, ", "))
	for i, trouble := range f.stands.troubles[:min(3, len(f.stands.troubles))] {
		t.note("Trouble %d of %d: %.150s", i+1, len(f.stands.troubles), trouble)
	}
}
