package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/ncruces/go-sqlite3"

	"andon/internal/adf"
)

// RuntimeReading is what was read of one integration runtime.
type RuntimeReading struct {
	Runtime adf.IntegrationRuntime
	// Status and Monitoring are nil where they could not be had: what was
	// known before stays, as old as it is.
	Status       *adf.IntegrationRuntimeStatus
	StatusAsOf   adf.Time // when Azure answered; zero means with the reading
	Monitoring   *adf.IntegrationRuntimeMonitoring
	MonitoringAt adf.Time // likewise
}

// Runtime is an integration runtime as Azure listed it last.
type Runtime struct {
	adf.IntegrationRuntime

	Place        Place
	Since        adf.Time                          // when it was seen first
	Changed      adf.Time                          // when it was seen first with its present definition
	Gone         adf.Time                          // when Azure did not list it any more first; zero while it does
	Status       *adf.IntegrationRuntimeStatus     // nil when it never told
	StatusAsOf   adf.Time                          // zero when it never told
	Monitoring   *adf.IntegrationRuntimeMonitoring // nil when it never told
	MonitoringAt adf.Time
	Now          []RuntimeState // of the runtime itself first, then of the nodes that it lists; none once it is gone
}

// RuntimeState is a state of a runtime or of one of its nodes, and the time
// that it lasted.
type RuntimeState struct {
	Node    string   // "" for the runtime itself
	State   string   // as ADF spells it; "" when it told none
	Version string   // "" when unknown
	IsGone  bool     // not listed any more, which lasts until it is listed again
	From    adf.Time // seen so first
	Seen    adf.Time // … last: until the next one's From nobody looked
}

// PutRuntimes stores the integration runtimes of a reading.
func (s *Store) PutRuntimes(ctx context.Context, r Reading, list []RuntimeReading) error {
	if err := s.checkReading(r); err != nil {
		return err
	}
	arriving := make([]arrivingResource, len(list))
	parts := make([]runtimeParts, len(list))
	for i := range list {
		arriving[i] = s.arriveResource(&list[i].Runtime.Resource)
		parts[i] = s.arriveRuntime(r, &list[i])
	}
	var changed bool
	err := s.submit(ctx, func(w *writer) (err error) {
		states := false
		changed, err = w.putResources(r, SurroundingRuntimes, arriving, func(i int, id int64, _ resourceChange) error {
			moved, err := w.putRuntime(id, &parts[i])
			states = states || moved
			return err
		}, func(id int64) error { return w.loseRuntime(id, int64(r.AsOf)) })
		changed = changed || states
		return err
	}, func() { s.publishReading(r, SurroundingRuntimes, changed) })
	if err != nil {
		return fmt.Errorf("store %d integration runtimes: %w", len(list), err)
	}
	return nil
}

// runtimeParts are the status and the load of a runtime on their way into the
// store.
type runtimeParts struct {
	status, monitoring      []byte // compressed; nil when they could not be had
	statusAsOf, monitoredAt int64
	states                  []nodeState
}

// nodeState is a row of runtime_state.
type nodeState struct {
	key, name, state, version string
	from, seen                int64
}

func (s *Store) arriveRuntime(r Reading, a *RuntimeReading) runtimeParts {
	var p runtimeParts
	if m := a.Monitoring; m != nil {
		p.monitoring, p.monitoredAt = s.codec.pack(rawResource, m.Raw), int64(cmp.Or(a.MonitoringAt, r.AsOf))
	}
	st := a.Status
	if st == nil {
		return p
	}
	p.status, p.statusAsOf = s.codec.pack(rawResource, st.Raw), int64(cmp.Or(a.StatusAsOf, r.AsOf))
	p.states = append(p.states, nodeState{state: st.State, version: st.Version})
	named := map[string]bool{"": true}
	for i := range st.Nodes {
		n := &st.Nodes[i]
		if key := nameKey(n.Name); !named[key] {
			named[key] = true
			p.states = append(p.states, nodeState{key: key, name: n.Name, state: n.Status, version: n.Version})
		}
	}
	return p
}

// putRuntime stores what a runtime said, unless it has said something newer.
// changed says whether one of its states is another.
func (w *writer) putRuntime(id int64, p *runtimeParts) (changed bool, err error) {
	var statusAsOf, monitored int64
	err = w.queryRow("SELECT status_as_of, monitored_at FROM runtime_reading WHERE resource_id = ?", func(st *sqlite3.Stmt) {
		statusAsOf, monitored = st.ColumnInt64(0), st.ColumnInt64(1)
	}, id)
	if err != nil {
		return false, err
	}
	hasStatus, hasLoad := p.status != nil && p.statusAsOf > statusAsOf, p.monitoring != nil && p.monitoredAt > monitored
	if hasStatus || hasLoad {
		if err := w.exec("INSERT OR IGNORE INTO runtime_reading (resource_id, status_as_of, monitored_at) VALUES (?, 0, 0)", id); err != nil {
			return false, err
		}
	}
	if hasLoad {
		if err := w.exec("UPDATE runtime_reading SET monitoring = ?, monitored_at = ? WHERE resource_id = ?", p.monitoring, p.monitoredAt, id); err != nil {
			return false, err
		}
	}
	if !hasStatus {
		return false, nil
	}
	if err := w.exec("UPDATE runtime_reading SET status = ?, status_as_of = ? WHERE resource_id = ?", p.status, p.statusAsOf, id); err != nil {
		return false, err
	}
	return w.putStates(id, p)
}

// putStates follows the states of a runtime and its nodes: a node that it
// does not list is gone.
func (w *writer) putStates(id int64, p *runtimeParts) (changed bool, err error) {
	before, err := w.statesNow(id)
	if err != nil {
		return false, err
	}
	for _, st := range p.states {
		old, isKnown := before[st.key]
		delete(before, st.key)
		moved, err := w.putState(id, st, old, isKnown, p.statusAsOf)
		if err != nil {
			return false, err
		}
		changed = changed || moved
	}
	moved, err := w.loseStates(id, before, p.statusAsOf)
	return changed || moved, err
}

func (w *writer) statesNow(id int64) (map[string]nodeState, error) {
	now := map[string]nodeState{}
	err := w.query("SELECT node_key, node, state, version, from_t, seen FROM runtime_state WHERE resource_id = ?", func(st *sqlite3.Stmt) bool {
		n := nodeState{key: st.ColumnText(0), name: st.ColumnText(1), state: st.ColumnText(2), version: st.ColumnText(3), from: st.ColumnInt64(4), seen: st.ColumnInt64(5)}
		now[n.key] = n
		return true
	}, id)
	return now, err
}

// putState follows one state. What was seen later than at a time stays.
func (w *writer) putState(id int64, st, old nodeState, isKnown bool, at int64) (changed bool, err error) {
	switch {
	case isKnown && at <= old.seen:
		return false, nil
	case isKnown && old.state == st.state && old.version == st.version:
		return false, w.exec("UPDATE runtime_state SET seen = ? WHERE resource_id = ? AND node_key = ?", at, id, st.key)
	case isKnown:
		if err := w.endState(id, old); err != nil {
			return false, err
		}
	}
	return true, w.exec("INSERT OR REPLACE INTO runtime_state (resource_id, node_key, from_t, seen, node, state, version) VALUES (?, ?, ?, ?, ?, ?, ?)",
		id, st.key, at, at, st.name, st.state, st.version)
}

const insertPast = "INSERT INTO runtime_past (resource_id, node_key, from_t, seen, node, state, version) VALUES (?, ?, ?, ?, ?, ?, ?)"

// endState moves a state into the past.
func (w *writer) endState(id int64, old nodeState) error {
	return w.exec(insertPast, id, old.key, old.from, old.seen, old.name, old.state, old.version)
}

// loseStates notes that nodes, or a whole runtime, are not listed any more.
func (w *writer) loseStates(id int64, states map[string]nodeState, at int64) (changed bool, err error) {
	for _, old := range states {
		if at <= old.seen {
			continue
		}
		changed = true
		if err := w.endState(id, old); err != nil {
			return false, err
		}
		if err := w.exec(insertPast, id, old.key, at, at, old.name, nil, ""); err != nil {
			return false, err
		}
		if err := w.exec("DELETE FROM runtime_state WHERE resource_id = ? AND node_key = ?", id, old.key); err != nil {
			return false, err
		}
	}
	return changed, nil
}

func (w *writer) loseRuntime(id, at int64) error {
	states, err := w.statesNow(id)
	if err != nil {
		return err
	}
	_, err = w.loseStates(id, states, at)
	return err
}

// Runtimes returns the integration runtimes of factories, given by their short
// ids, of all factories for none, those that are gone included.
func (s *Store) Runtimes(ctx context.Context, factories []string) ([]Runtime, error) {
	stored, err := s.resources(ctx, SurroundingRuntimes, factories)
	if err != nil || len(stored) == 0 {
		return nil, err
	}
	out := make([]Runtime, len(stored))
	at := map[int64]*Runtime{}
	ids := make([]int64, len(stored))
	for i, r := range stored {
		out[i] = Runtime{Since: r.since, Changed: r.changed, Gone: r.gone}
		out[i].Place, _ = s.dicts.place(r.place)
		if out[i].IntegrationRuntime, err = adf.DecodeIntegrationRuntime(r.raw); err != nil {
			return nil, fmt.Errorf("read the stored integration runtime %s of factory %s: %w", r.name, out[i].Place.Short, err)
		}
		ids[i], at[r.id] = r.id, &out[i]
	}
	for part := range slices.Chunk(ids, MaxLimit) {
		if err := s.fillRuntimes(ctx, part, at); err != nil {
			return nil, s.unavailable(fmt.Errorf("read the states of integration runtimes: %w", err))
		}
	}
	return out, nil
}

// fillRuntimes adds what the runtimes told last.
func (s *Store) fillRuntimes(ctx context.Context, ids []int64, at map[int64]*Runtime) error {
	b := newStmt().add("SELECT resource_id, status, status_as_of, monitoring, monitored_at FROM runtime_reading WHERE resource_id IN ").nums(ids)
	err := b.each(ctx, s.read, func(rows *sql.Rows) error {
		var id int64
		var status, load []byte
		var statusAsOf, monitored adf.Time
		if err := rows.Scan(&id, &status, &statusAsOf, &load, &monitored); err != nil {
			return err
		}
		r := at[id]
		r.StatusAsOf, r.MonitoringAt = statusAsOf, monitored
		return s.decodeReading(r, status, load)
	})
	if err != nil {
		return err
	}
	b = newStmt().add("SELECT resource_id, node, state, version, from_t, seen FROM runtime_state WHERE resource_id IN ").nums(ids).add(" ORDER BY resource_id, node_key")
	return b.each(ctx, s.read, func(rows *sql.Rows) error {
		var id int64
		st, err := scanState(rows, &id)
		at[id].Now = append(at[id].Now, st)
		return err
	})
}

func (s *Store) decodeReading(r *Runtime, status, load []byte) error {
	if status != nil {
		raw, err := s.codec.unpack(status)
		if err != nil {
			return err
		}
		st, err := adf.DecodeIntegrationRuntimeStatus(raw)
		if err != nil {
			return err
		}
		r.Status = &st
	}
	if load == nil {
		return nil
	}
	raw, err := s.codec.unpack(load)
	if err != nil {
		return err
	}
	m, err := adf.DecodeIntegrationRuntimeMonitoring(raw)
	r.Monitoring = &m
	return err
}

// scanState reads a row of first, node, state, version, from_t and seen.
func scanState(rows *sql.Rows, first any) (RuntimeState, error) {
	var st RuntimeState
	var state sql.NullString
	err := rows.Scan(first, &st.Node, &state, &st.Version, &st.From, &st.Seen)
	st.State, st.IsGone = state.String, !state.Valid
	return st, err
}

// maxStates is the most states that a history holds.
const maxStates = 5000

// RuntimeHistory returns the states that an integration runtime and its nodes
// had between two times, in order of their beginning; those that were seen
// before the first and not any more after it are left out. factory is a short
// id; zero times mean from the beginning, and until now. It returns a
// NotFoundError for a runtime that was never read, and an InvalidError where
// the range holds more than 5,000 states.
func (s *Store) RuntimeHistory(ctx context.Context, factory, runtime string, from, to adf.Time) ([]RuntimeState, error) {
	if err := s.refresh(ctx); err != nil {
		return nil, err
	}
	place, err := s.factoryKey(factory)
	if err != nil {
		return nil, err
	}
	var id sql.NullInt64
	b := newStmt().add("SELECT max(id) FROM resource WHERE place_id = ").arg(int64(place))
	b.add(" AND kind = ").arg(string(SurroundingRuntimes)).add(" AND name_key = ").arg(nameKey(runtime))
	if err := s.read.QueryRowContext(ctx, b.text.String(), b.args...).Scan(&id); err != nil {
		return nil, s.unavailable(fmt.Errorf("look for integration runtime %s: %w", runtime, err))
	}
	if !id.Valid {
		return nil, &NotFoundError{What: "integration runtime " + runtime}
	}
	var out []RuntimeState
	err = historyStmt(id.Int64, from, to).each(ctx, s.read, func(rows *sql.Rows) error {
		var key string
		st, err := scanState(rows, &key)
		out = append(out, st)
		return err
	})
	if err != nil {
		return nil, s.unavailable(fmt.Errorf("read the history of integration runtime %s: %w", runtime, err))
	}
	if len(out) > maxStates {
		return nil, &InvalidError{Field: "range", Problem: fmt.Sprintf("holds more than %d states of integration runtime %s: give a shorter one", maxStates, runtime)}
	}
	return out, nil
}

// historyStmt asks for the states of a runtime in a range.
func historyStmt(id int64, from, to adf.Time) *stmt {
	b := newStmt()
	for i, table := range []string{"runtime_past", "runtime_state"} {
		if i > 0 {
			b.add(" UNION ALL ")
		}
		b.add("SELECT node_key, node, state, version, from_t, seen FROM ", table, " WHERE resource_id = ").arg(id)
		if !to.IsZero() {
			b.add(" AND from_t < ").arg(int64(to))
		}
		if !from.IsZero() {
			b.add(" AND seen >= ").arg(int64(from))
		}
	}
	return b.add(" ORDER BY 5, 1 LIMIT ").num(maxStates + 1)
}
