package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/ncruces/go-sqlite3"

	"andon/internal/adf"
)

const (
	// LagSlot is the time that one figure of Lags stands for.
	LagSlot = 15 * time.Minute
	// lagKept is how long lags are kept.
	lagKept  = 8 * 24 * time.Hour
	lagTicks = int64(LagSlot / 100) // a tick is 100 ns
)

// Lag is how stale a factory got at worst within a slot.
type Lag struct {
	Start adf.Time      // of the slot, LagSlot long
	Worst time.Duration // freshness right before the latest poll
}

// refreshTo moves the freshness of a factory, and notes how stale it had got.
func (w *writer) refreshTo(factory FactoryKey, asOf adf.Time) error {
	var before int64
	err := w.queryRow("SELECT as_of FROM factory WHERE id = ?", func(st *sqlite3.Stmt) { before = st.ColumnInt64(0) }, factory)
	if err != nil || int64(asOf) <= before {
		return err
	}
	if err := w.exec("UPDATE factory SET as_of = ? WHERE id = ?", int64(asOf), factory); err != nil || before == 0 {
		return err
	}
	slot, worst := floorDiv(int64(asOf), lagTicks), asOf.Sub(adf.Time(before)).Milliseconds()
	err = w.exec("INSERT INTO lag (factory_id, slot, worst_ms) VALUES (?, ?, ?) ON CONFLICT (factory_id, slot) DO UPDATE SET worst_ms = max(worst_ms, excluded.worst_ms)",
		factory, slot, worst)
	if err != nil || slot == floorDiv(before, lagTicks) {
		return err
	}
	return w.exec("DELETE FROM lag WHERE factory_id = ? AND slot < ?", factory, slot-int64(lagKept/LagSlot))
}

// Lags returns how stale each factory got since then, oldest first. A slot in
// which no window was completed has none.
func (s *Store) Lags(ctx context.Context, since adf.Time) (map[FactoryKey][]Lag, error) {
	out := map[FactoryKey][]Lag{}
	b := newStmt().add("SELECT factory_id, slot, worst_ms FROM lag WHERE slot >= ").arg(floorDiv(int64(since), lagTicks)).add(" ORDER BY factory_id, slot")
	err := b.each(ctx, s.read, func(rows *sql.Rows) error {
		var key FactoryKey
		var slot, worst int64
		if err := rows.Scan(&key, &slot, &worst); err != nil {
			return err
		}
		out[key] = append(out[key], Lag{Start: adf.Time(slot * lagTicks), Worst: time.Duration(worst) * time.Millisecond})
		return nil
	})
	if err != nil {
		return nil, s.unavailable(fmt.Errorf("read how stale factories got: %w", err))
	}
	return out, nil
}

// Corrected sums up what sweeps found in a factory.
type Corrected struct {
	Sweeps           int64
	Missed, Outdated int64
	Last             adf.Time // end of the last sweep; zero for none
}

// CorrectedSince sums up the sweeps that ended since then, by factory.
func (s *Store) CorrectedSince(ctx context.Context, since adf.Time) (map[FactoryKey]Corrected, error) {
	out := map[FactoryKey]Corrected{}
	b := newStmt().add("SELECT factory_id, count(*), sum(missed), sum(outdated), max(ended) FROM sweep WHERE ended >= ").arg(int64(since)).add(" GROUP BY factory_id")
	err := b.each(ctx, s.read, func(rows *sql.Rows) error {
		var key FactoryKey
		var h Corrected
		if err := rows.Scan(&key, &h.Sweeps, &h.Missed, &h.Outdated, &h.Last); err != nil {
			return err
		}
		out[key] = h
		return nil
	})
	if err != nil {
		return nil, s.unavailable(fmt.Errorf("read what sweeps corrected: %w", err))
	}
	return out, nil
}
