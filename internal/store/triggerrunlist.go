package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"andon/internal/adf"
)

// TriggerRun is a stored trigger run: what ADF sent, read again from its own
// bytes.
type TriggerRun struct {
	adf.TriggerRun

	Place  Place
	AsOf   adf.Time // Azure said so last; zero where only logs have shown it
	Origin Origin   // OriginLog until Azure shows it too
}

// TriggerRunFilter restricts what is read. The zero value means every trigger
// run. Values within a field are OR, fields are AND.
type TriggerRunFilter struct {
	From, To  adf.Time     // From <= triggerRunTimestamp < To; zero is unbounded
	Statuses  []adf.Status // compared after Canonical
	Factories []string     // short ids; an unknown one is an InvalidError
	Triggers  []string     // names, without regard to case
}

// TriggerRunQuery asks for a page of trigger runs, the newest first.
type TriggerRunQuery struct {
	TriggerRunFilter
	Limit  int    // 1 to MaxLimit; 0 is 100
	Cursor string // TriggerRunList.NextCursor of the page before; "" for the first
}

// TriggerRunList is a page of a list of trigger runs.
type TriggerRunList struct {
	TriggerRuns []TriggerRun
	NextCursor  string // "" on the last page
}

// list is what tells a list of trigger runs from others.
func (q TriggerRunQuery) list() any {
	return struct{ TriggerRuns TriggerRunFilter }{q.TriggerRunFilter}
}

// maxTriggerWords bounds the names and statuses of a filter: each is a walk of
// an index of its own.
const maxTriggerWords = maxBranches

func (q *TriggerRunQuery) check() (listPlace, error) {
	if q.Limit == 0 {
		q.Limit = defaultLimit
	}
	if q.Limit < 1 || q.Limit > MaxLimit {
		return listPlace{}, &InvalidError{Field: "limit", Problem: fmt.Sprintf("is 1 to %d, not %d", MaxLimit, q.Limit)}
	}
	for field, n := range map[string]int{"trigger": len(q.Triggers), "status": len(q.Statuses)} {
		if n > maxTriggerWords {
			return listPlace{}, &InvalidError{Field: field, Problem: fmt.Sprintf("may be given %d times, not %d", maxTriggerWords, n)}
		}
	}
	if q.Cursor == "" {
		return unbounded(true), nil
	}
	return unpackCursor(q.list(), q.Cursor)
}

// TriggerRuns returns a page of the list of trigger runs. It returns an
// InvalidError for an unknown factory or limit, for more than 20 triggers or
// statuses, and for a cursor of another list.
func (s *Store) TriggerRuns(ctx context.Context, q TriggerRunQuery) (TriggerRunList, error) {
	if err := s.refresh(ctx); err != nil {
		return TriggerRunList{}, err
	}
	after, err := q.check()
	if err != nil {
		return TriggerRunList{}, err
	}
	places, err := s.factoryIDs(q.Factories)
	if err != nil {
		return TriggerRunList{}, err
	}
	rows, err := s.triggerRows(ctx, triggerStmt(q.TriggerRunFilter, places, after, q.Limit+1))
	if err != nil {
		return TriggerRunList{}, s.unavailable(fmt.Errorf("list trigger runs: %w", err))
	}
	list := TriggerRunList{}
	if len(rows) > q.Limit {
		rows = rows[:q.Limit]
		list.NextCursor = packCursor(q.list(), rows[q.Limit-1].at)
	}
	list.TriggerRuns = make([]TriggerRun, len(rows))
	for i := range rows {
		list.TriggerRuns[i] = rows[i].TriggerRun
	}
	return list, nil
}

const triggerColumns = "SELECT seq, fired, place_id, as_of, flags & 4 <> 0, raw FROM trigger_run"

// triggerStmt asks for the first n trigger runs after a place: the merge of
// walks, each of which an index has in order.
func triggerStmt(f TriggerRunFilter, places []int64, after listPlace, n int) *stmt {
	index, column, values := "trigger_run_fired", "", []any{nil}
	statuses := wordsOf(f.Statuses, func(s adf.Status) string { return string(s.Canonical()) })
	triggers := wordsOf(f.Triggers, nameKey)
	isOdd := len(statuses) > 0 && !slices.Contains(statuses, any(string(adf.StatusSucceeded)))
	switch {
	case len(triggers) > 0:
		index, column, values, triggers = "trigger_run_trigger", "trigger_key", triggers, nil
	case isOdd:
		index, column, values, statuses = "trigger_run_odd", "status", statuses, nil
	case len(places) > 0 && len(places) <= maxBranches:
		index, column, values = "trigger_run_place", "place_id", wordsOf(places, func(n int64) int64 { return n })
		places = nil
	}
	b := newStmt()
	for i, v := range values {
		if i > 0 {
			b.add(" UNION ALL ")
		}
		b.add(triggerColumns).index(index).add(" WHERE 1")
		if column != "" {
			b.add(" AND ", column, " = ").arg(v)
		}
		if index == "trigger_run_odd" {
			b.add(" AND status <> 'Succeeded'")
		}
		in(b, "status", statuses)
		in(b, "trigger_key", triggers)
		if places != nil {
			b.add(" AND +place_id IN ").nums(places)
		}
		if !f.From.IsZero() {
			b.add(" AND fired >= ").arg(int64(f.From))
		}
		if !f.To.IsZero() {
			b.add(" AND fired < ").arg(int64(f.To))
		}
		keyset(b, "fired", true, after)
	}
	return b.add(" ORDER BY 2 DESC, 1 DESC LIMIT ").arg(int64(n))
}

// wordsOf returns each value once, as an argument.
func wordsOf[T any, K comparable](list []T, as func(T) K) []any {
	var out []any
	seen := map[K]bool{}
	for _, v := range list {
		if k := as(v); !seen[k] {
			seen[k] = true
			out = append(out, k)
		}
	}
	return out
}

// in appends that a column has one of the values, if there are some. The unary
// plus keeps it from leading the search.
func in(b *stmt, column string, values []any) {
	if len(values) == 0 {
		return
	}
	b.add(" AND +", column, " IN (")
	for i, v := range values {
		if i > 0 {
			b.add(", ")
		}
		b.arg(v)
	}
	b.add(")")
}

// triggerRow is a trigger run and its place in the list.
type triggerRow struct {
	TriggerRun

	at listPlace
}

// triggerRows reads rows of triggerColumns.
func (s *Store) triggerRows(ctx context.Context, b *stmt) ([]triggerRow, error) {
	var out []triggerRow
	err := b.each(ctx, s.read, func(rows *sql.Rows) error {
		var r triggerRow
		var place FactoryKey
		var packed sql.RawBytes
		var isLog bool
		if err := rows.Scan(&r.at.key, &r.at.by, &place, &r.AsOf, &isLog, &packed); err != nil {
			return err
		}
		raw, err := s.codec.unpack(packed)
		if err != nil {
			return err
		}
		if r.TriggerRun.TriggerRun, err = adf.DecodeTriggerRun(raw); err != nil {
			return fmt.Errorf("read a stored row: %w", err)
		}
		r.Place, _ = s.dicts.place(place)
		if r.Origin = OriginAzure; isLog {
			r.Origin = OriginLog
		}
		out = append(out, r)
		return nil
	})
	return out, err
}

// TriggerRun returns one trigger run. factory is a short id. It returns a
// NotFoundError for one that is not stored.
func (s *Store) TriggerRun(ctx context.Context, factory, triggerRunID string) (TriggerRun, error) {
	if err := s.refresh(ctx); err != nil {
		return TriggerRun{}, err
	}
	place, err := s.factoryKey(factory)
	if err != nil {
		return TriggerRun{}, err
	}
	rows, err := s.triggerRows(ctx, triggerByIDStmt(place, triggerRunID))
	if err != nil {
		return TriggerRun{}, s.unavailable(fmt.Errorf("read trigger run %s: %w", triggerRunID, err))
	}
	if len(rows) == 0 {
		return TriggerRun{}, s.unknownTriggerRun(ctx, triggerRunID)
	}
	return rows[0].TriggerRun, nil
}

func (s *Store) unknownTriggerRun(ctx context.Context, id string) error {
	var oldest sql.NullInt64
	if err := s.read.QueryRowContext(ctx, "SELECT min(fired) FROM trigger_run").Scan(&oldest); err != nil {
		return s.unavailable(err)
	}
	return &NotFoundError{What: "trigger run " + id, HistoryFrom: adf.Time(oldest.Int64)}
}

func triggerByIDStmt(place FactoryKey, id string) *stmt {
	return newStmt().add(triggerColumns).index("trigger_run_key").add(" WHERE place_id = ").arg(int64(place)).add(" AND id_key = ").arg(triggerRunKey(id))
}

// triggersOfStmt asks for the trigger runs that name a run.
func triggersOfStmt(place FactoryKey, runID []byte) *stmt {
	return newStmt().add(triggerColumns, " WHERE seq IN (SELECT trigger_seq FROM triggered_run").index("triggered_run_id").
		add(" WHERE place_id = ").arg(int64(place)).add(" AND run_id = ").arg(runID).add(") ORDER BY fired, seq LIMIT ").num(MaxLimit)
}

// TriggerRunsOf returns the trigger runs that started a run, which is one as a
// rule: those that name the run, and the one that the run itself names, oldest
// first. factory is a short id, or "" for the newest run of that id in any
// factory. It returns a NotFoundError for an unknown run.
func (s *Store) TriggerRunsOf(ctx context.Context, factory, runID string) ([]TriggerRun, error) {
	hit, _, err := s.locate(ctx, factory, runID)
	if err != nil {
		return nil, err
	}
	rows, err := s.triggerRows(ctx, triggersOfStmt(hit.factory, hit.id))
	if err != nil {
		return nil, s.unavailable(fmt.Errorf("read what triggered run %s: %w", runID, err))
	}
	runs, err := s.loadRuns(ctx, []RunKey{hit.key})
	if err != nil {
		return nil, err
	}
	if len(runs) > 0 && runs[0].InvokedBy != nil && text(runs[0].InvokedBy.ID) != "" {
		named, err := s.triggerRows(ctx, triggerByIDStmt(hit.factory, text(runs[0].InvokedBy.ID)))
		if err != nil {
			return nil, s.unavailable(fmt.Errorf("read what triggered run %s: %w", runID, err))
		}
		rows = append(rows, named...)
	}
	slices.SortStableFunc(rows, func(a, b triggerRow) int { return compareInts(a.at.by, b.at.by, int64(a.at.key), int64(b.at.key)) })
	rows = slices.CompactFunc(rows, func(a, b triggerRow) bool { return a.at == b.at })
	out := make([]TriggerRun, len(rows))
	for i := range rows {
		out[i] = rows[i].TriggerRun
	}
	return out, nil
}

// Runs that a trigger run started without naming them are looked for in this
// time around it: a run starts, if only to wait, when its trigger fires.
const (
	startedBefore = 5 * time.Minute // clocks differ
	startedAfter  = time.Hour
)

// RunsOfTriggerRun returns the stored runs that a trigger run started, oldest
// first: those that it names, and up to 500 that started about its time and
// name it, of which the second run of the same pipeline is one. factory is a
// short id. It returns a NotFoundError for a trigger run that is not stored.
func (s *Store) RunsOfTriggerRun(ctx context.Context, factory, triggerRunID string) ([]Run, error) {
	t, err := s.TriggerRun(ctx, factory, triggerRunID)
	if err != nil {
		return nil, err
	}
	var keys []RunKey
	for _, p := range t.TriggeredPipelines {
		found, err := s.findByID(ctx, encodeRunID(p.RunID))
		if err != nil {
			return nil, s.unavailable(fmt.Errorf("look for run %s: %w", p.RunID, err))
		}
		for _, l := range found {
			if l.factory == t.Place.Key {
				keys = append(keys, l.key)
			}
		}
	}
	if !t.TriggerRunTimestamp.IsZero() && t.TriggerName != "" {
		around, err := s.Runs(ctx, RunQuery{Sort: SortOldest, Limit: MaxLimit, RunFilter: RunFilter{
			Factories: []string{factory}, Triggers: []string{t.TriggerName},
			From: t.TriggerRunTimestamp.Add(-startedBefore), To: t.TriggerRunTimestamp.Add(startedAfter),
		}})
		if err != nil {
			return nil, err
		}
		for i := range around.Runs {
			if by := around.Runs[i].InvokedBy; by != nil && triggerRunKey(text(by.ID)) == triggerRunKey(triggerRunID) {
				keys = append(keys, around.Runs[i].Key)
			}
		}
	}
	slices.Sort(keys)
	runs, err := s.RunsByKey(ctx, slices.Compact(keys))
	slices.SortStableFunc(runs, func(a, b Run) int { return cmp.Compare(a.RunStart, b.RunStart) })
	return runs, err
}

// OpenTriggerRuns returns up to limit trigger runs of a factory that fired
// within a window and have not ended, oldest first, without those that only logs
// have shown: a query that is to show how
// they end has to begin at the first one's triggerRunTimestamp.
func (s *Store) OpenTriggerRuns(ctx context.Context, factory FactoryKey, w Window, limit int) ([]TriggerRun, error) {
	rows, err := s.triggerRows(ctx, openTriggersStmt(factory, w, limit))
	if err != nil {
		return nil, s.unavailable(fmt.Errorf("list trigger runs to ask for: %w", err))
	}
	out := make([]TriggerRun, len(rows))
	for i := range rows {
		out[i] = rows[i].TriggerRun
	}
	return out, nil
}

func openTriggersStmt(factory FactoryKey, w Window, limit int) *stmt {
	return newStmt().add(triggerColumns).index("trigger_run_open").add(" WHERE place_id = ").arg(int64(factory)).
		add(" AND fired >= ").arg(int64(w.From)).add(" AND fired < ").arg(int64(w.To)).add(" AND status NOT IN ", endedTriggers, " AND flags & 4 = 0").add(" ORDER BY fired, seq LIMIT ").arg(int64(min(max(limit, 1), MaxLimit)))
}
