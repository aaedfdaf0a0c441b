package store

import (
	"context"
	"fmt"
	"math"
	"strings"
)

// plan says which index finds a scope's runs: for each combination of the
// values of its sets, the index walks them in order of time.
type plan struct {
	index string
	cond  string // of a partial index, "" for none
	sets  []valueSet
}

// valueSet is a leading column of an index, and the values looked for.
type valueSet struct {
	column string
	values []int64
}

// branch is one walk of a plan; a list is the merge of its branches.
type branch struct{ index, cond string }

// branches returns a walk for each combination of values.
func (p plan) branches() []branch {
	conds := []string{p.condition()}
	for _, set := range p.sets {
		next := make([]string, 0, len(conds)*len(set.values))
		for _, c := range conds {
			for _, v := range set.values {
				next = append(next, fmt.Sprintf("%s AND %s = %d", c, set.column, v))
			}
		}
		conds = next
	}
	out := make([]branch, len(conds))
	for i, c := range conds {
		out[i] = branch{p.index, c}
	}
	return out
}

func (p plan) condition() string {
	if p.cond == "" {
		return "1"
	}
	return p.cond
}

// addTo appends the index and the condition of all branches as one, for whom
// no order matters.
func (p plan) addTo(b *stmt) {
	b.index(p.index).add(" WHERE ", p.condition())
	for _, set := range p.sets {
		b.add(" AND ", set.column, " IN ").nums(set.values)
	}
}

const (
	maxBranches  = 20     // of one statement: SQLite merges them one into the other, and its stack ends at about 60
	maxWalks     = 64     // branches that are rather walked than a broader index
	maxPipelines = 256    // more are looked for by walking time
	sortRows     = 10_000 // more rows than these aren't sorted but walked in order
	walkShare    = 0.05   // of the rows in the range, above which several factories are looked for by walking time
	wideRange    = 62 * dayTicks
)

// plan chooses the index that finds a scope's runs.
func (s *Store) plan(ctx context.Context, sc *scope) (plan, error) {
	const oddCond = "status <> 2"
	few := func(ids []int64, times int) bool { return ids != nil && len(ids)*max(times, 1) <= maxWalks }
	pipelines, factories, statuses := valueSet{"pipeline_id", sc.pipelines}, valueSet{"factory_id", sc.factories}, valueSet{"status", sc.statuses}
	switch {
	case sc.recovery != nil && few(sc.pipelines, len(sc.recovery)):
		return plan{"run_failed_pipeline", "status = 3", []valueSet{pipelines, {"recovery", sc.recovery}}}, nil
	case sc.onlyRecovery(codeOpen):
		return plan{"run_open", condOpen, nil}, nil
	case sc.onlyRecovery(codeNotRedone):
		return plan{"run_not_redone", condNotRedone, nil}, nil
	case sc.recovery != nil && few(sc.factories, 1):
		return plan{"run_odd_factory", oddCond, []valueSet{factories, {"status", []int64{statusFailed}}}}, nil
	case sc.recovery != nil:
		return plan{"run_odd", oddCond, []valueSet{{"status", []int64{statusFailed}}}}, nil
	case sc.oddOnly() && few(sc.pipelines, len(sc.statuses)):
		return plan{"run_odd_pipeline", oddCond, []valueSet{pipelines, statuses}}, nil
	case sc.oddOnly() && few(sc.factories, len(sc.statuses)):
		return plan{"run_odd_factory", oddCond, []valueSet{factories, statuses}}, nil
	case sc.oddOnly():
		return plan{"run_odd", oddCond, []valueSet{statuses}}, nil
	case sc.pipelines != nil && len(sc.pipelines) <= maxPipelines:
		return plan{"run_pipeline", "", []valueSet{pipelines}}, nil
	case sc.minMs > 0:
		buckets, err := s.bucketsFrom(ctx, durationBucket(&sc.minMs))
		return plan{"run_duration", "", []valueSet{{"dur_b", buckets}}}, err
	case len(sc.factories) == 1:
		return plan{"run_key", "", []valueSet{factories}}, nil
	case len(sc.factories) > 1 && len(sc.factories) <= maxBranches:
		share, err := s.share(ctx, sc)
		if err != nil || share <= walkShare {
			return plan{"run_key", "", []valueSet{factories}}, err
		}
	}
	return plan{index: "run_start"}, nil
}

// bucketsFrom returns the buckets of duration from one on, up to the last that
// occurs.
func (s *Store) bucketsFrom(ctx context.Context, first int64) ([]int64, error) {
	last := first
	err := s.read.QueryRowContext(ctx, "SELECT coalesce(max(dur_b), 0) FROM run INDEXED BY run_duration WHERE dur_b >= 0").Scan(&last)
	buckets := []int64{first}
	for b := first + 1; b <= last; b++ {
		buckets = append(buckets, b)
	}
	return buckets, err
}

// share returns the part of the rows in a scope's range that its factories
// hold, by roll-up.
func (s *Store) share(ctx context.Context, sc *scope) (float64, error) {
	mine, err := s.estimate(ctx, sc)
	if err != nil {
		return 0, err
	}
	all, err := s.estimate(ctx, &scope{from: sc.from, to: sc.to, statuses: sc.statuses})
	if err != nil || all == 0 {
		return 0, err
	}
	return float64(mine) / float64(all), nil
}

// estimate returns by roll-up how many runs lie in a scope's range, factories,
// pipelines and statuses, whole days or months at the ends included.
func (s *Store) estimate(ctx context.Context, sc *scope) (int64, error) {
	from, to, err := s.clamp(ctx, sc)
	if err != nil || from >= to {
		return 0, err
	}
	first, last, unit := floorDiv(from, dayTicks), floorDiv(to-1, dayTicks)+1, "day"
	if to-from > wideRange {
		first, last, unit = monthOf(from), monthOf(to-1)+1, "month"
	}
	counted := scope{factories: sc.factories}
	if sc.pipelines != nil && len(sc.pipelines) <= maxPipelines {
		counted.pipelines, counted.named = sc.pipelines, true
	}
	b := newStmt().add("SELECT coalesce(sum(", columnSum(sc.statuses), "), 0) FROM ")
	counted.countedUnits(b, unit, first, last)
	var n int64
	err = s.read.QueryRowContext(ctx, b.text.String(), b.args...).Scan(&n)
	return n, err
}

// columnSum is the sum of the roll-up columns of the statuses, of all for nil.
func columnSum(statuses []int64) string {
	names := strings.Split(rollColumns, ", ")
	if statuses == nil {
		return strings.Join(names[:colOpen], " + ")
	}
	var has [rollCols]bool
	for _, id := range statuses {
		has[statusColumn(id)] = true
	}
	var out []string
	for i, name := range names[:colOpen] {
		if has[i] {
			out = append(out, name)
		}
	}
	if len(out) == 0 {
		return "0"
	}
	return strings.Join(out, " + ")
}

// place is where in a list a run stands: what it is sorted by, and its key.
type listPlace struct {
	by  int64
	key RunKey
}

// unbounded is the place before the first run, in either direction.
func unbounded(desc bool) listPlace {
	if desc {
		return listPlace{math.MaxInt64, math.MaxInt64}
	}
	return listPlace{math.MinInt64, math.MinInt64}
}
