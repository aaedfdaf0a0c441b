package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/ncruces/go-sqlite3"
	"golang.org/x/sync/errgroup"

	"andon/internal/store/history"
)

const (
	facetRows     = 50_000 // rows that are looked at for a facet
	topTriggers   = 20
	topPipelines  = 50
	topAnnotation = 50
	walkAlone     = 4_000 // fewer rows aren't worth more than one reader
	walkers       = maxReaders / 2
)

// Facets returns the counts beside a list of runs. It looks at up to 50,000
// runs; of more, only what roll-ups tell is known.
func (s *Store) Facets(ctx context.Context, f RunFilter) (Facets, error) {
	if err := s.refresh(ctx); err != nil {
		return Facets{}, err
	}
	b := &facetBuilder{s: s, filter: f, seen: map[string]*groups{}}
	out, err := b.build(ctx)
	if err != nil {
		return Facets{}, s.unavailable(fmt.Errorf("count runs by their properties: %w", err))
	}
	return out, nil
}

// facetBuilder counts what each facet needs; facets without a filter of their
// own share a walk.
type facetBuilder struct {
	s       *Store
	filter  RunFilter
	seen    map[string]*groups // by the facet whose filter is left out; "" is the whole filter
	skipped bool
}

// group is a combination of properties and how many runs have it.
type group struct {
	status, factory, pipeline, invoker, set int64
	recovery                                int64 // the code of a failed run
	n                                       int64
}

// groups are what a walk found. A roll-up knows status and factory only.
type groups struct {
	list   []group
	rolled bool
}

// facet is how one facet is counted.
type facet struct {
	name   string
	into   *[]Facet
	set    bool             // the filter has values for it, which its own counts leave out
	loosen func(*RunFilter) // leaves them out
	rolled bool             // a roll-up tells it
	top    int              // 0: all values
	values func(group) []Facet
}

func (b *facetBuilder) facets(out *Facets) []facet {
	f, d := b.filter, b.s.dicts
	return []facet{
		{"status", &out.Status, len(f.Statuses) > 0, func(l *RunFilter) { l.Statuses = nil }, true, 0, func(g group) []Facet {
			return []Facet{{Value: string(d.word(g.status))}}
		}},
		{"recovery", &out.Recovery, len(f.Recovery) > 0 || f.Open != nil, func(l *RunFilter) { l.Recovery, l.Open = nil, nil }, true, 0, func(g group) []Facet {
			state, _ := stateOf(g.status, g.recovery)
			return nonEmpty(state.String())
		}},
		{"factory", &out.Factory, len(f.Factories) > 0, func(l *RunFilter) { l.Factories = nil }, true, 0, func(g group) []Facet {
			p, _ := d.place(FactoryKey(g.factory))
			return []Facet{{Value: p.Short, Name: p.Name}}
		}},
		{"invokedBy", &out.InvokedBy, len(f.InvokedBy) > 0, func(l *RunFilter) { l.InvokedBy = nil }, false, 0, func(g group) []Facet {
			return nonEmpty(d.invoker(g.invoker).kind)
		}},
		{"trigger", &out.Trigger, len(f.Triggers) > 0, func(l *RunFilter) { l.Triggers = nil }, false, topTriggers, func(g group) []Facet {
			if v := d.invoker(g.invoker); v.isTrigger() {
				return nonEmpty(v.name)
			}
			return nil
		}},
		{"pipeline", &out.Pipeline, len(f.Pipelines) > 0, func(l *RunFilter) { l.Pipelines = nil }, false, topPipelines, func(g group) []Facet {
			return nonEmpty(d.pipeline(g.pipeline).name)
		}},
		{"annotation", &out.Annotation, len(f.Annotations) > 0, func(l *RunFilter) { l.Annotations = nil }, false, topAnnotation, func(g group) []Facet {
			return nonEmpty(d.set(g.set)...)
		}},
	}
}

func (b *facetBuilder) build(ctx context.Context) (Facets, error) {
	var out Facets
	all := b.facets(&out)
	if err := b.walk(ctx, all); err != nil {
		return Facets{}, err
	}
	whole := b.seen[""]
	whole.totals(&out)
	for _, facet := range all {
		found := whole
		if facet.set {
			found = b.seen[facet.name]
		}
		if found == nil || found.rolled && !facet.rolled {
			b.skipped = true
			continue
		}
		*facet.into = count(found, facet.top, facet.name != "status", facet.values)
	}
	if b.skipped || whole == nil {
		out.Reason = fmt.Sprintf("more than %d runs to look at: choose a shorter range, a factory or a pipeline", facetRows)
	}
	return out, nil
}

// walk reads the groups of the whole filter and, side by side, of the filter
// without each facet's own values: from roll-ups where rows are too many, nil
// where those don't tell.
func (b *facetBuilder) walk(ctx context.Context, all []facet) error {
	var mu sync.Mutex
	walks, walkCtx := errgroup.WithContext(ctx)
	read := func(name string, f RunFilter) {
		walks.Go(func() error {
			g, err := b.s.groupRuns(walkCtx, f)
			mu.Lock()
			defer mu.Unlock()
			b.seen[name] = g
			return err
		})
	}
	read("", b.filter)
	for _, facet := range all {
		if facet.set {
			loose := b.filter
			facet.loosen(&loose)
			read(facet.name, loose)
		}
	}
	return walks.Wait()
}

func (s *Store) groupRuns(ctx context.Context, f RunFilter) (*groups, error) {
	sc, err := s.resolve(f)
	if err != nil || sc.empty || sc.from >= sc.to {
		return &groups{}, err
	}
	simple := sc.pipelines == nil && sc.recovery == nil && !sc.notOpen && !sc.latest && sc.minMs == 0 && sc.q == ""
	rows, err := s.estimate(ctx, &sc)
	if err != nil {
		return nil, err
	}
	switch {
	case rows > facetRows && simple:
		return s.groupRollups(ctx, &sc)
	case rows > facetRows && sc.q != "":
		return s.groupText(ctx, &sc)
	}
	parts, err := s.cutRange(ctx, &sc, rows)
	if err != nil {
		return nil, err
	}
	p, err := s.plan(ctx, &sc)
	if err != nil {
		return nil, err
	}
	found := make([]map[groupKey]int64, len(parts))
	walks, walkCtx := errgroup.WithContext(ctx)
	for i, part := range parts {
		walks.Go(func() (err error) {
			b := newStmt().add("SELECT ", groupColumns, " FROM run")
			p.addTo(b)
			part.where(b)
			s.matchText(b, &part)
			found[i], err = s.readGroups(walkCtx, b)
			return err
		})
	}
	if err := walks.Wait(); err != nil {
		return nil, err
	}
	return s.mergeGroups(found...), nil
}

// cutRange cuts a scope of many rows into stretches of time that readers walk
// side by side.
func (s *Store) cutRange(ctx context.Context, sc *scope, rows int64) ([]scope, error) {
	if rows < walkAlone {
		return []scope{*sc}, nil
	}
	from, to, err := s.clamp(ctx, sc)
	if err != nil {
		return nil, err
	}
	parts := make([]scope, walkers)
	step := (to-from)/walkers + 1
	for i := range parts {
		parts[i] = *sc
		parts[i].from = from + int64(i)*step
		parts[i].to = min(parts[i].from+step, to)
	}
	parts[0].from, parts[walkers-1].to = min(from, sc.from), max(to, sc.to)
	return parts, nil
}

// groupColumns are a row's properties. The rows are summed in Go: SQLite
// would sort them to group them, which takes six times as long.
const groupColumns = "pipeline_id, invoker_id, set_id, status, coalesce(recovery, 0)"

type groupKey struct {
	pipeline, invoker, set, status, recovery int64
}

// groupText looks at the matches of a text instead of at every run.
func (s *Store) groupText(ctx context.Context, sc *scope) (*groups, error) {
	b := newStmt().add("SELECT ", groupColumns, " FROM run WHERE seq IN (SELECT seq FROM (")
	branches := 0
	union := func() {
		if branches > 0 {
			b.add(" UNION ALL ")
		}
		branches++
	}
	if match := matchWords(sc.q); match != "" {
		union()
		low, high := messageRange(sc, true, unbounded(true))
		b.add("SELECT m.seq FROM run_search f CROSS JOIN run_message m ON m.id = f.rowid WHERE f.run_search MATCH ").arg(match)
		b.add(" AND f.rowid BETWEEN ").arg(low).add(" AND ").arg(high)
	}
	if named := s.pipelinesLike(sc); len(named) > 0 {
		union()
		byName := *sc
		byName.q, byName.pipelines, byName.named = "", named, true
		sc2 := &byName
		b.add("SELECT seq FROM run")
		sc2.countedRows(b)
		sc2.where(b)
	}
	for _, r := range idPrefixRanges(sc.q) {
		union()
		b.add("SELECT seq FROM run").index("run_segment").add(" WHERE seq >> 13 IN ").nums(s.seen.allSegments())
		b.add(" AND run_id BETWEEN ").arg(r[0]).add(" AND ").arg(r[1])
	}
	if branches == 0 {
		return &groups{}, nil
	}
	b.add(" LIMIT ").num(facetRows + 1).add("))")
	plain := *sc
	plain.q = ""
	plain.where(b)
	found, err := s.readGroups(ctx, b)
	if err != nil {
		return nil, err
	}
	return s.mergeGroups(found), nil
}

// readGroups sums the rows of a statement, and returns nil when they are too
// many. It reads with the driver's own statement, since there are many rows:
// database/sql takes half as long again.
func (s *Store) readGroups(ctx context.Context, b *stmt) (sums map[groupKey]int64, err error) {
	b.add(" LIMIT ").num(facetRows + 1)
	sums = map[groupKey]int64{}
	total := 0
	err = b.eachRow(ctx, s.read, func(st *sqlite3.Stmt) {
		sums[groupKey{st.ColumnInt64(0), st.ColumnInt64(1), st.ColumnInt64(2), st.ColumnInt64(3), st.ColumnInt64(4)}]++
		total++
	})
	if err != nil || total > facetRows {
		return nil, err
	}
	return sums, nil
}

// mergeGroups returns nil when a part gave up, or when all are too many.
func (s *Store) mergeGroups(parts ...map[groupKey]int64) *groups {
	all := map[groupKey]int64{}
	var total int64
	for _, part := range parts {
		if part == nil {
			return nil
		}
		for k, n := range part {
			all[k] += n
			total += n
		}
	}
	if total > facetRows {
		return nil
	}
	out := &groups{}
	for k, n := range all {
		out.list = append(out.list, group{
			status: k.status, factory: int64(s.dicts.pipeline(k.pipeline).factory), pipeline: k.pipeline,
			invoker: k.invoker, set: k.set, recovery: k.recovery, n: n,
		})
	}
	return out
}

// groupRollups counts by status and factory only.
func (s *Store) groupRollups(ctx context.Context, sc *scope) (*groups, error) {
	factories := sc.factories
	if factories == nil {
		for _, p := range s.dicts.allPlaces() {
			factories = append(factories, int64(p.Key))
		}
	}
	if len(factories) == 0 {
		return &groups{rolled: true}, nil
	}
	tallies, err := s.countBy(ctx, &scope{from: sc.from, to: sc.to, factories: factories}, "factory_id")
	if err != nil {
		return nil, err
	}
	out := &groups{rolled: true}
	for f, t := range tallies {
		for word, n := range t.counts {
			id := s.dicts.idOf(word)
			if sc.statuses != nil && !slices.Contains(sc.statuses, id) {
				continue
			}
			if id != statusFailed {
				out.list = append(out.list, group{status: id, factory: f, n: n})
				continue
			}
			for code, failed := range t.byRecovery() {
				if failed > 0 {
					out.list = append(out.list, group{status: id, factory: f, recovery: code, n: failed})
				}
			}
		}
	}
	return out, nil
}

// totals adds the figures over all groups, nil ones where they are unknown. Of
// failed runs whose recovery is being derived no state can be counted.
func (g *groups) totals(out *Facets) {
	if g == nil {
		return
	}
	var total, open, notRedone, recovered, underived int64
	for _, x := range g.list {
		total += x.n
		state, _ := stateOf(x.status, x.recovery)
		switch {
		case x.status != statusFailed:
		case state == history.Open:
			open += x.n
		case state == history.NotRedone:
			notRedone += x.n
		case state == history.Recovered:
			recovered += x.n
		default:
			underived += x.n
		}
	}
	out.Total = &total
	if underived == 0 {
		out.Open, out.NotRedone, out.Recovered = &open, &notRedone, &recovered
	} else {
		out.RecoveryReason = derivingReason(underived)
	}
}

// count sums groups by value, the most frequent first. Names are the same in
// upper and lower case; an unknown status isn't.
func count(g *groups, top int, fold bool, values func(group) []Facet) []Facet {
	sums := map[string]*Facet{}
	for _, x := range g.list {
		for _, v := range values(x) {
			key := v.Value
			if fold {
				key = strings.ToLower(key)
			}
			if sums[key] == nil {
				sums[key] = &v
			}
			sums[key].Count += x.n
		}
	}
	out := make([]Facet, 0, len(sums))
	for _, f := range sums {
		if f.Count > 0 {
			out = append(out, *f)
		}
	}
	slices.SortFunc(out, func(a, b Facet) int { return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Value, b.Value)) })
	if top > 0 {
		out = out[:min(top, len(out))]
	}
	return out
}

func nonEmpty(values ...string) []Facet {
	var out []Facet
	for _, v := range values {
		if v != "" && !slices.ContainsFunc(out, func(f Facet) bool { return f.Value == v }) {
			out = append(out, Facet{Value: v})
		}
	}
	return out
}

func (d *dicts) invoker(id int64) invoker {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.invokers[id]
}

func (d *dicts) pipeline(id int64) pipeline {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.pipelines[id]
}

func (d *dicts) set(id int64) []string {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.sets[id]
}

func (d *dicts) allPlaces() []Place {
	d.mu.RLock()
	defer d.mu.RUnlock()
	var out []Place
	for _, p := range d.places {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b Place) int { return strings.Compare(a.Short, b.Short) })
	return out
}
