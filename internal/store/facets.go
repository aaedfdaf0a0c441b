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
	topParents    = 20
	topPipelines  = 50
	topAnnotation = 50
	walkAlone     = 4_000 // fewer rows aren't worth more than one reader
	walkers       = heavyReaders
)

// Facets returns the counts beside a list of runs. It looks at up to 50,000
// runs; of more, only what roll-ups count is known. It returns an InvalidError
// for an unknown factory, and a BusyError while too many large queries wait.
func (s *Store) Facets(ctx context.Context, f RunFilter) (Facets, error) {
	if err := s.refresh(ctx); err != nil {
		return Facets{}, err
	}
	if err := checkWords(f.Q); err != nil {
		return Facets{}, err
	}
	b := &facetBuilder{s: s, filter: f, seen: map[string]*groups{}}
	var out Facets
	all := b.facets(&out)
	walks, rows, err := b.walks(ctx, all)
	if err != nil {
		return Facets{}, s.unavailable(fmt.Errorf("count runs by their properties: %w", err))
	}
	ctx, leave, err := s.admit(ctx, rows)
	if err != nil {
		return Facets{}, err
	}
	defer leave()
	err = b.build(ctx, walks, all, &out)
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
	name   string // of the filter that its values are for
	into   *[]Facet
	set    bool             // the filter has values for it, which its own counts leave out
	chosen []string         // of these values, those that are counted beyond top
	loosen func(*RunFilter) // leaves them out
	rolled bool             // a roll-up tells it
	top    int              // 0: all values
	values func(group) []Facet
}

func (b *facetBuilder) facets(out *Facets) []facet {
	f, d := b.filter, b.s.dicts
	return []facet{
		{"status", &out.Status, len(f.Statuses) > 0, nil, func(l *RunFilter) { l.Statuses = nil }, true, 0, func(g group) []Facet {
			return []Facet{{Value: string(d.word(g.status))}}
		}},
		{"recovery", &out.Recovery, f.ByRecovery(), nil, func(l *RunFilter) { l.Recovery, l.Open = nil, nil }, true, 0, func(g group) []Facet {
			state, _ := stateOf(g.status, g.recovery)
			return nonEmpty(state.String())
		}},
		{"factory", &out.Factory, len(f.Factories) > 0, nil, func(l *RunFilter) { l.Factories = nil }, true, 0, func(g group) []Facet {
			p, _ := d.place(FactoryKey(g.factory))
			return []Facet{{Value: p.Short, Name: p.Name}}
		}},
		{"invokedBy", &out.InvokedBy, len(f.InvokedBy) > 0, f.InvokedBy, func(l *RunFilter) { l.InvokedBy = nil }, false, 0, func(g group) []Facet {
			return nonEmpty(d.invoker(g.invoker).kind)
		}},
		{"trigger", &out.Trigger, len(f.Triggers) > 0, f.Triggers, func(l *RunFilter) { l.Triggers = nil }, false, topTriggers, func(g group) []Facet {
			if v := d.invoker(g.invoker); v.isTrigger() {
				return nonEmpty(v.name)
			}
			return nil
		}},
		{"invokedBy", &out.Parent, len(f.InvokedBy) > 0, f.InvokedBy, func(l *RunFilter) { l.InvokedBy = nil }, false, topParents, func(g group) []Facet {
			if v := d.invoker(g.invoker); v.isParent() {
				return nonEmpty(v.name)
			}
			return nil
		}},
		{"pipeline", &out.Pipeline, len(f.Pipelines) > 0, f.Pipelines, func(l *RunFilter) { l.Pipelines = nil }, false, topPipelines, func(g group) []Facet {
			return nonEmpty(d.pipeline(g.pipeline).name)
		}},
		{"annotation", &out.Annotation, len(f.Annotations) > 0, f.Annotations, func(l *RunFilter) { l.Annotations = nil }, false, topAnnotation, func(g group) []Facet {
			return nonEmpty(d.set(g.set)...)
		}},
	}
}

func (b *facetBuilder) build(ctx context.Context, walks []walk, all []facet, out *Facets) error {
	if err := b.walk(ctx, walks); err != nil {
		return err
	}
	switch underived, err := b.underived(ctx); {
	case err != nil:
		return err
	case underived > 0:
		reason := derivingReason(underived)
		*out = Facets{Reason: reason, RecoveryReason: reason}
		return nil
	}
	whole := b.seen[""]
	whole.totals(out)
	for _, facet := range all {
		found := whole
		if facet.set {
			found = b.seen[facet.name]
		}
		if found == nil || found.rolled && !facet.rolled {
			b.skipped = true
			continue
		}
		*facet.into = count(found, &facet)
	}
	if out.RecoveryReason != "" {
		out.Recovery = nil // what is being derived is missing in it
	}
	switch {
	case b.skipped || whole == nil:
		out.Reason = fmt.Sprintf("more than %d runs to look at: choose a shorter range, a factory or a pipeline", facetRows)
	case b.s.dicts.isFolding():
		out.Reason = parentsUnknown
	}
	if b.s.dicts.isFolding() {
		out.Parent = nil
	}
	return nil
}

// underived counts the failed runs that a filter by recovery can't tell apart
// yet: those within the rest of the filter, or of its factories and range where
// they are too many to look at. It is 0 for every other filter.
func (b *facetBuilder) underived(ctx context.Context) (int64, error) {
	if !b.filter.ByRecovery() {
		return 0, nil
	}
	found := b.seen["recovery"]
	if found == nil {
		return b.s.underivedOf(ctx, &b.filter)
	}
	var n int64
	for _, x := range found.list {
		if state, _ := stateOf(x.status, x.recovery); x.status == statusFailed && state == history.Underived {
			n += x.n
		}
	}
	return n, nil
}

// walk is one set of groups to be counted.
type walk struct {
	facet string // whose filter is left out; "" is the whole filter
	scope scope
	rows  int64 // by roll-up, how many runs lie in the scope
}

// walks returns what has to be counted: the whole filter, and for each facet
// with values the filter without these. rows is how many rows all of them may
// look at.
func (b *facetBuilder) walks(ctx context.Context, all []facet) (walks []walk, rows int64, err error) {
	filters := map[string]RunFilter{"": b.filter}
	for _, facet := range all {
		if facet.set {
			loose := b.filter
			facet.loosen(&loose)
			filters[facet.name] = loose
		}
	}
	for name, f := range filters {
		w := walk{facet: name}
		if w.scope, err = b.s.resolve(f); err != nil {
			return nil, 0, err
		}
		if w.rows, err = b.s.estimate(ctx, &w.scope); err != nil {
			return nil, 0, err
		}
		looked, err := b.s.walkRows(ctx, &w)
		if err != nil {
			return nil, 0, err
		}
		walks, rows = append(walks, w), rows+looked
	}
	return walks, rows, nil
}

// walk counts the groups of all walks side by side: from roll-ups where rows
// are too many, nil where those do not count it.
func (b *facetBuilder) walk(ctx context.Context, walks []walk) error {
	var mu sync.Mutex
	together, walkCtx := errgroup.WithContext(ctx)
	for i := range walks {
		together.Go(func() error {
			g, err := b.s.groupRuns(walkCtx, &walks[i])
			mu.Lock()
			defer mu.Unlock()
			b.seen[walks[i].facet] = g
			return err
		})
	}
	return together.Wait()
}

// rolledUp reports whether a walk of too many rows is counted from roll-ups.
func (w *walk) rolledUp() bool {
	sc := &w.scope
	return w.rows > facetRows && sc.pipelines == nil && sc.recovery == nil && !sc.notOpen && !sc.latest && sc.minMs == 0 && sc.q == ""
}

func (s *Store) groupRuns(ctx context.Context, w *walk) (*groups, error) {
	sc := &w.scope
	switch {
	case sc.empty || sc.from >= sc.to:
		return &groups{}, nil
	case sc.q != "":
		return s.groupText(ctx, sc, facetRows)
	case w.rolledUp():
		return s.groupRollups(ctx, sc)
	}
	parts, err := s.cutRange(ctx, sc, w.rows)
	if err != nil {
		return nil, err
	}
	p, err := s.plan(ctx, sc)
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
			found[i], err = s.readGroups(walkCtx, b, facetRows)
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

// groupText looks at the matches of a text instead of at every run, and gives
// up after most of them. Each way in which a text is found applies the whole
// scope before it counts towards the limit, and a run that is found twice
// counts once. Example: of 60,000 failures with the word, 25,000 are of the
// factory asked for; these are counted whatever order they come in.
func (s *Store) groupText(ctx context.Context, sc *scope, most int64) (*groups, error) {
	plain := *sc
	plain.q = ""
	b := newStmt().add("SELECT ", groupColumns, " FROM run WHERE seq IN (SELECT seq FROM (")
	branches := 0
	union := func() {
		if branches > 0 {
			b.add(" UNION ")
		}
		branches++
	}
	if match := matchWords(sc.q); match != "" {
		union()
		low, high := messageRange(sc, true, unbounded(true))
		b.add("SELECT run.seq AS seq")
		fromMessages(b, match, low, high)
		plain.where(b)
	}
	if named := s.pipelinesLike(sc); len(named) > 0 {
		union()
		byName := plain
		byName.pipelines, byName.named = named, true
		b.add("SELECT seq FROM run")
		byName.countedRows(b)
		byName.where(b)
	}
	for _, r := range idPrefixRanges(sc.q) {
		union()
		b.add("SELECT seq FROM run").index("run_segment").add(" WHERE seq >> 13 IN ").nums(s.seen.allSegments())
		b.add(" AND run_id BETWEEN ").arg(r[0]).add(" AND ").arg(r[1])
		plain.where(b)
	}
	if branches == 0 {
		return &groups{}, nil
	}
	b.add(" LIMIT ").num(most + 1).add("))")
	found, err := s.readGroups(ctx, b, most)
	if err != nil {
		return nil, err
	}
	return s.mergeGroups(found), nil
}

// readGroups sums the rows of a statement, and returns nil when there are more
// than most. It reads with the driver's own statement, since there are many rows:
// database/sql takes half as long again.
func (s *Store) readGroups(ctx context.Context, b *stmt, most int64) (sums map[groupKey]int64, err error) {
	b.add(" LIMIT ").num(most + 1)
	sums = map[groupKey]int64{}
	var total int64
	err = b.eachRow(ctx, s.read, func(st *sqlite3.Stmt) {
		sums[groupKey{st.ColumnInt64(0), st.ColumnInt64(1), st.ColumnInt64(2), st.ColumnInt64(3), st.ColumnInt64(4)}]++
		total++
	})
	if err != nil || total > most {
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

// count sums groups by value, the most frequent first: as many as the facet
// takes, and what is chosen in it. Names are the same in upper and lower case,
// and shown in the spelling that most runs have; an unknown status is not.
func count(g *groups, of *facet) []Facet {
	fold := of.name != "status"
	sums, spelled := map[string]*Facet{}, map[string]int64{}
	for _, x := range g.list {
		for _, v := range of.values(x) {
			key := v.Value
			if fold {
				key = strings.ToLower(key)
			}
			if sums[key] == nil {
				sums[key] = &Facet{Value: v.Value, Name: v.Name}
			}
			sums[key].Count += x.n
			spelled[v.Value] += x.n
		}
	}
	for value, n := range spelled {
		f := sums[value]
		if fold {
			f = sums[strings.ToLower(value)]
		}
		if cmp.Or(cmp.Compare(n, spelled[f.Value]), strings.Compare(f.Value, value)) > 0 {
			f.Value = value
		}
	}
	out := make([]Facet, 0, len(sums))
	for _, f := range sums {
		if f.Count > 0 {
			out = append(out, *f)
		}
	}
	slices.SortFunc(out, func(a, b Facet) int { return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Value, b.Value)) })
	if of.top == 0 || len(out) <= of.top {
		return out
	}
	rest := slices.DeleteFunc(slices.Clone(out[of.top:]), func(f Facet) bool {
		return !slices.ContainsFunc(of.chosen, func(value string) bool { return strings.EqualFold(value, f.Value) })
	})
	return append(out[:of.top:of.top], rest...)
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
