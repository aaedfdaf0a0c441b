package store

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"andon/internal/adf"
)

// scope is a RunFilter in the numbers of this store.
type scope struct {
	from, to  int64    // from <= run_start < to
	statuses  []int64  // nil: all
	factories []int64  // nil: all
	pipelines []int64  // all that a match can belong to, by name, trigger, invoker and annotation; nil: all
	named     bool     // pipelines is a condition, not only a place to look
	invokers  []int64  // nil: all
	folded    []string // kinds of invokers that match too, of runs that are still to be folded
	sets      []int64  // of annotations; nil: all
	latest    bool
	notOpen   bool    // without open failures
	recovery  []int64 // codes of failed runs; nil: all runs
	minMs     int64
	q         string
	empty     bool // nothing can match
}

// resolve looks a filter's words up. A word that occurs nowhere makes the
// scope empty; an unknown factory is an InvalidError.
func (s *Store) resolve(f RunFilter) (scope, error) {
	sc := scope{
		from: math.MinInt64, to: math.MaxInt64, latest: f.LatestOnly, notOpen: f.Open != nil && !*f.Open,
		minMs: f.MinDurationMs, q: strings.TrimSpace(f.Q),
	}
	if !f.From.IsZero() {
		sc.from = int64(f.From)
	}
	if !f.To.IsZero() {
		sc.to = int64(f.To)
	}
	var err error
	if sc.factories, err = s.factoryIDs(f.Factories); err != nil {
		return scope{}, err
	}
	if len(f.Statuses) > 0 {
		sc.statuses = s.dicts.statusIDs(func(_ int64, word adf.Status) bool {
			return slices.ContainsFunc(f.Statuses, func(w adf.Status) bool { return strings.EqualFold(string(w.Canonical()), string(word)) })
		})
		sc.empty = len(sc.statuses) == 0
	}
	sc.resolveRecovery(f)
	if err := s.checkNamesKnown(f.InvokedBy); err != nil {
		return scope{}, err
	}
	s.resolveInvokers(&sc, f)
	if len(f.Annotations) > 0 {
		sc.sets = s.dicts.setIDs(func(texts []string) bool {
			return slices.ContainsFunc(texts, func(t string) bool { return slices.Contains(f.Annotations, t) })
		})
		sc.empty = sc.empty || len(sc.sets) == 0
	}
	s.resolvePipelines(&sc, f)
	return sc, nil
}

// resolveRecovery turns states of recovery into the codes of their column.
func (sc *scope) resolveRecovery(f RunFilter) {
	states := f.Recovery
	if f.Open != nil && *f.Open {
		if len(states) > 0 && !slices.Contains(states, RecoveryOpen) {
			sc.empty = true
			return
		}
		states = []RecoveryState{RecoveryOpen}
	}
	if len(states) == 0 {
		return
	}
	sc.recovery = []int64{}
	for _, state := range states {
		switch state {
		case RecoveryOpen:
			sc.recovery = append(sc.recovery, codeOpen)
		case RecoveryNotRedone:
			sc.recovery = append(sc.recovery, codeNotRedone)
		case Recovered:
			sc.recovery = append(sc.recovery, recoveredCodes()...)
		}
	}
	sc.recovery = slices.Compact(sortedInts(sc.recovery))
	sc.empty = sc.empty || len(sc.recovery) == 0 || sc.statuses != nil && !slices.Contains(sc.statuses, statusFailed)
}

// onlyRecovery reports whether the scope wants failed runs of one code.
func (sc *scope) onlyRecovery(code int64) bool {
	return len(sc.recovery) == 1 && sc.recovery[0] == code
}

func (s *Store) factoryIDs(shorts []string) ([]int64, error) {
	var ids []int64
	for _, short := range shorts {
		k, err := s.factoryKey(short)
		if err != nil {
			return nil, err
		}
		ids = append(ids, int64(k))
	}
	return slices.Compact(sortedInts(ids)), nil
}

func (s *Store) resolveInvokers(sc *scope, f RunFilter) {
	if len(f.Triggers)+len(f.InvokedBy) == 0 {
		return
	}
	foldIn := func(list []string, word string) bool {
		return slices.ContainsFunc(list, func(w string) bool { return strings.EqualFold(w, word) })
	}
	matches := func(v invoker) bool {
		if len(f.Triggers) > 0 && (!v.isTrigger() || !foldIn(f.Triggers, v.name)) {
			return false
		}
		return len(f.InvokedBy) == 0 || v.kind != "" && foldIn(f.InvokedBy, v.kind) || v.name != "" && foldIn(f.InvokedBy, v.name)
	}
	sc.invokers = s.dicts.invokerIDs(matches)
	sc.folded = s.dicts.kindsToFold(func(kind string) bool { return matches(invoker{kind: kind}) })
	sc.empty = sc.empty || len(sc.invokers) == 0
}

// resolvePipelines narrows a scope to the pipelines that its names, its
// invokers and its annotations leave.
func (s *Store) resolvePipelines(sc *scope, f RunFilter) {
	sc.named = len(f.Pipelines) > 0
	if !sc.named && sc.invokers == nil && sc.sets == nil {
		return
	}
	names := map[string]bool{}
	for _, n := range f.Pipelines {
		names[strings.ToLower(n)] = true
	}
	started := s.dicts.uses(s.dicts.startedBy, sc.invokers)
	carried := s.dicts.uses(s.dicts.carriedBy, sc.sets)
	sc.pipelines = s.dicts.pipelineIDs(func(id int64, p pipeline) bool {
		return (len(names) == 0 || names[strings.ToLower(p.name)]) &&
			(sc.factories == nil || holds(sc.factories, int64(p.factory))) &&
			(sc.invokers == nil || started[id]) && (sc.sets == nil || carried[id])
	})
	sc.empty = sc.empty || len(sc.pipelines) == 0
}

// factoryKey returns the key of a short id, or an InvalidError that lists some.
func (s *Store) factoryKey(short string) (FactoryKey, error) {
	d := s.dicts
	d.mu.RLock()
	defer d.mu.RUnlock()
	if k, ok := d.byShort[short]; ok {
		return k, nil
	}
	var known []string
	for k := range d.byShort {
		known = append(known, k)
	}
	slices.Sort(known)
	if len(known) > 10 {
		known = append(known[:10], "…")
	}
	if len(known) == 0 {
		return 0, &InvalidError{Field: "factory", Problem: fmt.Sprintf("%q is not known: no factory is known yet", short)}
	}
	return 0, &InvalidError{Field: "factory", Problem: fmt.Sprintf("%q is not known; allowed: %s", short, strings.Join(known, ", "))}
}

func (d *dicts) invokerIDs(keep func(invoker) bool) []int64 {
	d.mu.RLock()
	defer d.mu.RUnlock()
	ids := []int64{}
	for id, v := range d.invokers {
		if keep(v) {
			ids = append(ids, id)
		}
	}
	return sortedInts(ids)
}

func (d *dicts) setIDs(keep func([]string) bool) []int64 {
	d.mu.RLock()
	defer d.mu.RUnlock()
	ids := []int64{}
	for id, texts := range d.sets {
		if keep(texts) {
			ids = append(ids, id)
		}
	}
	return sortedInts(ids)
}

// uses returns the pipelines that go with any of the ids.
func (d *dicts) uses(of map[int64]map[int64]bool, ids []int64) map[int64]bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	out := map[int64]bool{}
	for _, id := range ids {
		for p := range of[id] {
			out[p] = true
		}
	}
	return out
}

// oddOnly reports whether no Succeeded run can match, so that the small
// indexes of what is odd serve.
func (sc *scope) oddOnly() bool {
	return len(sc.statuses) > 0 && !slices.Contains(sc.statuses, statusSucceeded)
}

// where appends the conditions of a scope but its text. The unary plus keeps
// a column from leading the search: the index of the branch does.
func (sc *scope) where(b *stmt) {
	if sc.from != math.MinInt64 {
		b.add(" AND run_start >= ").arg(sc.from)
	}
	if sc.to != math.MaxInt64 {
		b.add(" AND run_start < ").arg(sc.to)
	}
	in := func(column string, ids []int64) {
		if ids != nil {
			b.add(" AND +", column, " IN ").nums(ids)
		}
	}
	in("status", sc.statuses)
	in("factory_id", sc.factories)
	if sc.named {
		in("pipeline_id", sc.pipelines)
	}
	if sc.folded == nil {
		in("invoker_id", sc.invokers)
	} else {
		b.add(" AND (+invoker_id IN ").nums(sc.invokers).add(" OR EXISTS (SELECT 1 FROM folded_invoker WHERE id = invoker_id AND lower(type) IN (NULL")
		for _, kind := range sc.folded {
			b.add(", ").arg(strings.ToLower(kind))
		}
		b.add(")))")
	}
	in("set_id", sc.sets)
	if sc.latest {
		b.add(" AND flags & ").num(flagSuperseded).add(" = 0")
	}
	if sc.recovery != nil {
		b.add(" AND status = 3 AND recovery IN ").nums(sc.recovery)
	}
	if sc.notOpen {
		b.add(" AND (status <> 3 OR coalesce(recovery, 0) <> 1)")
	}
	if sc.minMs > 0 {
		b.add(" AND +duration_ms >= ").arg(sc.minMs)
	}
}
