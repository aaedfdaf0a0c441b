package store

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"

	"andon/internal/adf"
)

// CoverageSlack is how far behind the end of a span freshness may be while the
// span still counts as covered, in ticks: the newest poll always lies a little
// back.
const CoverageSlack int64 = 5 * 60 * adf.TicksPerSecond

// Basis is what the figures of one factory rest on: what the collector said of
// it, and the windows that were read to their end. Its Factory has no counts:
// Counts is nil and Runs, FirstRun and LastRun are zero.
type Basis struct {
	Factory
	Windows []Window // of lastUpdated, merged, oldest first
}

// OnlyImported reports whether the factory is known from files alone, so that
// no window of it was ever read.
func (b *Basis) OnlyImported() bool {
	return b.Source == "" && b.State == StateNotCollected && len(b.Windows) == 0
}

// WasNeverHere reports whether Azure no longer lists the factory and nothing of
// it was ever read: an answer that lacks it lacks nothing that the board showed.
func (b *Basis) WasNeverHere() bool { return b.State == StateGone && len(b.Windows) == 0 }

// Over says how much of a span is covered, and what is missing of it, oldest
// first. Of a factory that Azure no longer lists nothing is missing since it does
// not: nothing runs in it any more. A zero begin is where the factory's history
// begins or is meant to begin, whichever is earlier.
//
// A missing end of at most tail does not count where it follows all that was
// read. Example: read until 11:59:50, span 11:00 to 12:00, tail 5 m: covered,
// nothing missing. Where 12:30 to 13:00 was read too, ten seconds are missing.
func (b *Basis) Over(span Window, tail int64) (Covered, []Window) {
	windows := b.Windows
	if span.From.IsZero() {
		span.From = b.Coverage.WantedFrom
		if len(windows) > 0 && (span.From.IsZero() || windows[0].From < span.From) {
			span.From = windows[0].From
		}
		span.From = min(span.From, span.To)
	}
	if b.State == StateGone {
		windows = b.withoutEnd(windows, span.To)
	}
	return coverSpan(windows, span, tail)
}

// withoutEnd adds to the windows of a factory that Azure no longer lists the time
// since it does not, up to a time. What lies between its last window and then was
// not read: it may have run. A little is between every two polls.
func (b *Basis) withoutEnd(windows []Window, upto adf.Time) []Window {
	n := len(windows)
	if n == 0 {
		return nil
	}
	windows = slices.Clone(windows)
	last := &windows[n-1]
	switch unseen, isAny := b.unseenBeforeGone(last.To); {
	case !isAny:
		last.To = max(last.To, upto)
	case unseen.To < upto:
		windows = append(windows, Window{unseen.To, upto})
	}
	return windows
}

// unseenBeforeGone returns the time in which a factory that Azure no longer lists
// may have run without being read: since its last window ended.
func (f *Factory) unseenBeforeGone(read adf.Time) (Window, bool) {
	return Window{read, f.GoneAt}, f.State == StateGone && int64(f.GoneAt-read) > CoverageSlack
}

// coverSpan says how much of a span the windows of one factory cover, and what
// they leave, oldest first.
func coverSpan(windows []Window, span Window, tail int64) (Covered, []Window) {
	missing := gaps(span, windows)
	if n := len(missing); n > 0 {
		last := missing[n-1]
		isEnd := last.From > span.From && last.To == span.To && last.From >= windows[len(windows)-1].To
		if isEnd && int64(last.To-last.From) <= tail {
			missing = missing[:n-1]
		}
	}
	touched := slices.ContainsFunc(windows, func(w Window) bool { return w.From < span.To && w.To > span.From })
	switch {
	case len(missing) == 0 && len(windows) > 0:
		return CoveredYes, nil
	case touched:
		return CoveredPartly, missing
	default:
		return CoveredNo, missing
	}
}

// coverAll says how much of a span is covered over several factories.
func coverAll(list []Basis, span Window) Covered {
	var all Covering
	for i := range list {
		covered, _ := list[i].Over(span, CoverageSlack)
		all.Add(&list[i], covered)
	}
	return all.Covered()
}

// Covering sums up how much of a span factories cover.
type Covering struct{ all, whole, some int }

// Add adds a factory and how much it covers. One that was only imported covers
// nothing for certain, because nothing says which part of its history the files
// held; one that was never here is left out.
func (c *Covering) Add(b *Basis, covered Covered) {
	if b.WasNeverHere() {
		return
	}
	c.all++
	switch {
	case b.OnlyImported(), covered == CoveredNo:
	case covered == CoveredYes:
		c.whole++
	default:
		c.some++
	}
}

// Covered returns CoveredYes only where each factory covers all of the span.
func (c *Covering) Covered() Covered {
	switch {
	case c.whole > 0 && c.whole == c.all:
		return CoveredYes
	case c.whole+c.some > 0:
		return CoveredPartly
	default:
		return CoveredNo
	}
}

// Basis returns what the figures of factories rest on, in order of their short
// ids; of all factories without any short id.
func (s *Store) Basis(ctx context.Context, shorts []string) ([]Basis, error) {
	if err := s.refresh(ctx); err != nil {
		return nil, err
	}
	list, err := s.readBasis(ctx, nil)
	if err != nil {
		return nil, s.unavailable(fmt.Errorf("read what is covered: %w", err))
	}
	if len(shorts) > 0 {
		list = slices.DeleteFunc(list, func(b Basis) bool { return !slices.Contains(shorts, b.Short) })
	}
	return list, nil
}

// readBasis reads the basis of the factories with these keys, of all for nil.
func (s *Store) readBasis(ctx context.Context, keys []int64) ([]Basis, error) {
	factories, err := s.factoryRows(ctx, "", false)
	if err != nil {
		return nil, err
	}
	if keys != nil {
		factories = slices.DeleteFunc(factories, func(f Factory) bool { return !slices.Contains(keys, int64(f.Key)) })
	}
	windows, err := s.coverFactories(ctx, factories)
	if err != nil {
		return nil, err
	}
	out := make([]Basis, len(factories))
	for i := range factories {
		out[i] = Basis{Factory: factories[i], Windows: windows[factories[i].Key]}
	}
	return out, nil
}

// coverFactories adds the coverage to factories and returns their windows.
func (s *Store) coverFactories(ctx context.Context, list []Factory) (map[FactoryKey][]Window, error) {
	if len(list) == 0 {
		return nil, nil
	}
	keys := make([]int64, len(list))
	for i := range list {
		keys[i] = int64(list[i].Key)
	}
	windows, err := s.allCoverage(ctx, keys)
	if err != nil {
		return nil, err
	}
	for i := range list {
		c := &list[i].Coverage
		*c = coverageOf(c.WantedFrom, windows[list[i].Key], c.ActivitiesPending)
		if unseen, isAny := list[i].unseenBeforeGone(c.To); isAny && !c.To.IsZero() {
			c.Gaps = append(c.Gaps, unseen)
		}
	}
	return windows, nil
}

// countFactories adds the runs of all time to factories.
func (s *Store) countFactories(ctx context.Context, list []Factory) error {
	every := scope{from: math.MinInt64, to: math.MaxInt64}
	for i := range list {
		every.factories = append(every.factories, int64(list[i].Key))
	}
	tallies, err := s.countBy(ctx, &every, "factory_id")
	if err != nil {
		return err
	}
	for i := range list {
		t := tallies[int64(list[i].Key)]
		if list[i].Counts = t.counts; t.counts == nil {
			list[i].Counts = map[adf.Status]int64{}
		}
		list[i].Runs = t.total()
	}
	return nil
}

// allCoverage returns the windows of factories, merged, oldest first.
func (s *Store) allCoverage(ctx context.Context, factories []int64) (map[FactoryKey][]Window, error) {
	b := newStmt().add("SELECT factory_id, from_t, to_t FROM coverage WHERE factory_id IN ").nums(factories).add(" ORDER BY 1, 2")
	out := map[FactoryKey][]Window{}
	err := b.each(ctx, s.read, func(rows *sql.Rows) error {
		var k FactoryKey
		var w Window
		if err := rows.Scan(&k, &w.From, &w.To); err != nil {
			return err
		}
		out[k] = append(out[k], w)
		return nil
	})
	return out, err
}
