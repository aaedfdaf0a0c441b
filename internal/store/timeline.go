package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"andon/internal/adf"
)

// TimelineQuery asks for counts per bucket of time.
type TimelineQuery struct {
	From, To  adf.Time      // both required
	Bucket    time.Duration // 5m, 15m, 1h, 24h or 168h (weeks begin on Monday); 0 picks the smallest with at most 120 buckets
	Factories []string      // short ids; none = all
	Pipelines []string      // names, without regard to case; none = all
}

// MaxBuckets is the most buckets that a timeline has.
const MaxBuckets = 2000

// Timeline is the number of runs by status over time.
type Timeline struct {
	From, To adf.Time
	Bucket   time.Duration
	AsOf     adf.Time
	Items    []TimeBucket
}

// Covered says how much of a bucket's history is here.
type Covered string

// How much of a bucket is covered.
const (
	CoveredYes    Covered = "yes"
	CoveredPartly Covered = "partly"
	CoveredNo     Covered = "no" // and no run is known: its counts are empty, not zero
)

// TimeBucket is one bucket of a timeline: Start <= runStart < End. Buckets are
// aligned to UTC; the first and last are cut to the range asked for.
type TimeBucket struct {
	Start, End adf.Time
	Counts     map[adf.Status]int64 // statuses that don't occur are left out
	// What became of the failed ones. Underived of them have no state yet.
	Open, NotRedone, Recovered, Underived int64
	Covered                               Covered
}

// bucketLengths are the allowed lengths, shortest first.
func bucketLengths() []time.Duration {
	return []time.Duration{5 * time.Minute, 15 * time.Minute, time.Hour, 24 * time.Hour, 7 * 24 * time.Hour}
}

const (
	pleasantBuckets = 120
	// mondayOffset is the first Monday after 1970-01-01: weeks are counted from it.
	mondayOffset = 4 * dayTicks
)

// grid is the division of a range into buckets.
type grid struct {
	from, to, bucket, offset int64
	first, n                 int64 // number of the first bucket, and how many there are
}

func gridOf(q TimelineQuery, length time.Duration) grid {
	g := grid{from: int64(q.From), to: int64(q.To), bucket: int64(length / 100)}
	if length == 7*24*time.Hour {
		g.offset = mondayOffset
	}
	g.first = g.index(g.from)
	g.n = g.index(g.to-1) - g.first + 1
	return g
}

func (g grid) index(t int64) int64 { return floorDiv(t-g.offset, g.bucket) }

// span returns a bucket, cut to the range.
func (g grid) span(i int64) (from, to int64) {
	start := (g.first+i)*g.bucket + g.offset
	return max(start, g.from), min(start+g.bucket, g.to)
}

// chooseGrid checks a query's bucket, or picks one.
func chooseGrid(q TimelineQuery) (grid, time.Duration, error) {
	if q.From.IsZero() || q.To.IsZero() || q.From >= q.To {
		return grid{}, 0, &InvalidError{Field: "from", Problem: "has to be before to"}
	}
	if q.Bucket == 0 {
		lengths := bucketLengths()
		for _, l := range lengths {
			if g := gridOf(q, l); g.n <= pleasantBuckets {
				return g, l, nil
			}
		}
		last := lengths[len(lengths)-1]
		g := gridOf(q, last)
		if g.n > MaxBuckets {
			return grid{}, 0, &InvalidError{Field: "from", Problem: fmt.Sprintf("to to is more than %d weeks: ask for less", MaxBuckets)}
		}
		return g, last, nil
	}
	if !slices.Contains(bucketLengths(), q.Bucket) {
		return grid{}, 0, &InvalidError{Field: "bucket", Problem: "is not known; allowed: 5m, 15m, 1h, 1d, 1w"}
	}
	g := gridOf(q, q.Bucket)
	if g.n <= MaxBuckets {
		return g, q.Bucket, nil
	}
	for i, l := range bucketLengths() {
		if fit := gridOf(q, l); fit.n <= MaxBuckets {
			return grid{}, 0, &InvalidError{Field: "bucket", Problem: fmt.Sprintf("gives %d buckets, more than %d; the smallest that fits is %s", g.n, MaxBuckets, strings.Fields("5m 15m 1h 1d 1w")[i])}
		}
	}
	return grid{}, 0, &InvalidError{Field: "bucket", Problem: fmt.Sprintf("gives more than %d buckets of any length: ask for less", MaxBuckets)}
}

// Timeline returns the counts per bucket of time. It returns an InvalidError
// for an unknown factory, and for a bucket that is unknown or too short, and a
// BusyError while too many large queries wait.
func (s *Store) Timeline(ctx context.Context, q TimelineQuery) (Timeline, error) {
	if err := s.refresh(ctx); err != nil {
		return Timeline{}, err
	}
	g, length, err := chooseGrid(q)
	if err != nil {
		return Timeline{}, err
	}
	sc, err := s.resolve(RunFilter{From: q.From, To: q.To, Factories: q.Factories, Pipelines: q.Pipelines})
	if err != nil {
		return Timeline{}, err
	}
	rows, err := s.timelineRows(ctx, &sc, g)
	if err != nil {
		return Timeline{}, s.unavailable(fmt.Errorf("count runs over time: %w", err))
	}
	ctx, leave, err := s.admit(ctx, rows)
	if err != nil {
		return Timeline{}, err
	}
	defer leave()
	out := Timeline{From: q.From, To: q.To, Bucket: length}
	if out.Items, err = s.timelineItems(ctx, &sc, g); err != nil {
		return Timeline{}, s.unavailable(fmt.Errorf("count runs over time: %w", err))
	}
	out.AsOf, err = s.asOf(ctx, sc.factories)
	return out, err
}

func (s *Store) timelineItems(ctx context.Context, sc *scope, g grid) ([]TimeBucket, error) {
	counters := make([]counter, g.n)
	if !sc.empty {
		if err := s.countBuckets(ctx, sc, g, counters); err != nil {
			return nil, err
		}
	}
	items := make([]TimeBucket, g.n)
	others := false
	for i := range items {
		from, to := g.span(int64(i))
		c := &counters[i]
		items[i] = TimeBucket{Start: adf.Time(from), End: adf.Time(to), Counts: c.known(), Open: c[colOpen], NotRedone: c[colNotRedone], Recovered: c.tally().recovered(), Underived: c[colUnderived]}
		others = others || c[colOther] > 0
	}
	if others {
		bucket := fmt.Sprintf("(run_start - %d) / %d", g.first*g.bucket+g.offset, g.bucket)
		err := s.countOthers(ctx, sc, bucket, func(i int64, word adf.Status, n int64) { items[i].Counts[word] += n })
		if err != nil {
			return nil, err
		}
	}
	return items, s.markCovered(ctx, sc.factories, items)
}

// countBuckets fills the counters from roll-ups whose units lie within one
// bucket: days, and hours at their ragged ends; what is left comes from rows.
func (s *Store) countBuckets(ctx context.Context, sc *scope, g grid, counters []counter) error {
	var units []rollUnit
	if g.bucket >= dayTicks {
		units = append(units, rollUnit{"day", dayTicks})
	}
	if g.bucket >= hourTicks && !sc.named {
		units = append(units, rollUnit{"hour", hourTicks})
	}
	return s.countUnits(ctx, sc, g, units, g.from, g.to, counters)
}

type rollUnit struct {
	name  string
	ticks int64
}

// countUnits counts the whole units in a part of the range, and what lies
// before and after them by the smaller units.
func (s *Store) countUnits(ctx context.Context, sc *scope, g grid, units []rollUnit, from, to int64, counters []counter) error {
	if from >= to {
		return nil
	}
	if len(units) == 0 {
		return s.countRows(ctx, sc, g, from, to, counters)
	}
	unit, smaller := units[0], units[1:]
	first, last := ceilDiv(from, unit.ticks), floorDiv(to, unit.ticks)
	if first >= last {
		return s.countUnits(ctx, sc, g, smaller, from, to, counters)
	}
	b := newStmt().add("SELECT ", unit.name, ", ", rollSums(), " FROM ")
	sc.countedUnits(b, unit.name, first, last)
	b.add(" GROUP BY 1")
	if err := s.addCounts(ctx, b, counters, func(u int64) int64 { return g.index(u*unit.ticks) - g.first }); err != nil {
		return err
	}
	if err := s.countUnits(ctx, sc, g, smaller, from, first*unit.ticks, counters); err != nil {
		return err
	}
	return s.countUnits(ctx, sc, g, smaller, last*unit.ticks, to, counters)
}

func (s *Store) countRows(ctx context.Context, sc *scope, g grid, from, to int64, counters []counter) error {
	base := g.first*g.bucket + g.offset
	b := newStmt().add("SELECT (run_start - ").arg(base).add(") / ").arg(g.bucket).add(", ", rowCounts, " FROM run")
	sc.countedRows(b)
	b.add(" AND run_start >= ").arg(from).add(" AND run_start < ").arg(to).add(" GROUP BY 1")
	return s.addCounts(ctx, b, counters, func(i int64) int64 { return i })
}

func (s *Store) addCounts(ctx context.Context, b *stmt, counters []counter, place func(int64) int64) error {
	return b.each(ctx, s.read, func(rows *sql.Rows) error {
		var u int64
		var c counter
		if err := rows.Scan(append([]any{&u}, c.scanInto()...)...); err != nil {
			return err
		}
		for i, n := range c {
			counters[place(u)][i] += n
		}
		return nil
	})
}

// markCovered says of each bucket how much of it was read.
func (s *Store) markCovered(ctx context.Context, factories []int64, items []TimeBucket) error {
	basis, err := s.readBasis(ctx, factories)
	if err != nil {
		return err
	}
	for i := range items {
		it := &items[i]
		it.Covered = coverAll(basis, Window{it.Start, it.End})
		if it.Covered == CoveredNo && len(it.Counts) > 0 {
			it.Covered = CoveredPartly // an import, or runs that began before what was read
		}
	}
	return nil
}
