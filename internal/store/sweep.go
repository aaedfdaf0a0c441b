package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"andon/internal/adf"
)

// SweepKind says why a range was read once more.
type SweepKind string

// The kinds of sweeps.
const (
	SweepHour  SweepKind = "hour"  // the last day, every hour
	SweepDay   SweepKind = "day"   // all that Azure keeps, every day
	SweepAsked SweepKind = "asked" // a person asked for it
)

// Sweep is a range of lastUpdated that was read once more.
type Sweep struct {
	Kind         SweepKind
	Window       Window
	Began, Ended adf.Time
	Rows         int64 // read
	Missed       int64 // runs that were not here
	Outdated     int64 // runs that were here in an older version
	Whole        bool  // every row of the range was read, not samples
}

// sweepsKept is how long a sweep is remembered.
const sweepsKept = 400 * 24 * time.Hour

// AddSweep remembers a sweep that has ended.
func (s *Store) AddSweep(ctx context.Context, factory FactoryKey, sw Sweep) error {
	err := s.submit(ctx, func(w *writer) error {
		err := w.exec("INSERT INTO sweep (factory_id, kind, from_t, to_t, began, ended, rows_read, missed, outdated, whole) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			factory, string(sw.Kind), int64(sw.Window.From), int64(sw.Window.To), int64(sw.Began), int64(sw.Ended), sw.Rows, sw.Missed, sw.Outdated, boolInt(sw.Whole))
		if err != nil {
			return err
		}
		return w.exec("DELETE FROM sweep WHERE factory_id = ? AND ended < ?", factory, int64(sw.Ended.Add(-sweepsKept)))
	}, func() {
		place, _ := s.dicts.place(factory)
		s.live.publish([]Change{{Kind: ChangeFreshness, Factory: place}})
	})
	if err != nil {
		return fmt.Errorf("store a sweep of factory %d: %w", factory, err)
	}
	return nil
}

// Sweeps returns the sweeps of a factory that ended since then, newest first,
// at most limit.
func (s *Store) Sweeps(ctx context.Context, factory FactoryKey, since adf.Time, limit int) ([]Sweep, error) {
	var out []Sweep
	b := newStmt().add("SELECT kind, from_t, to_t, began, ended, rows_read, missed, outdated, whole FROM sweep INDEXED BY sweep_factory WHERE factory_id = ")
	b.arg(int64(factory)).add(" AND ended >= ").arg(int64(since)).add(" ORDER BY ended DESC LIMIT ").arg(int64(limit))
	err := b.each(ctx, s.read, func(rows *sql.Rows) error {
		var sw Sweep
		if err := rows.Scan(&sw.Kind, &sw.Window.From, &sw.Window.To, &sw.Began, &sw.Ended, &sw.Rows, &sw.Missed, &sw.Outdated, &sw.Whole); err != nil {
			return err
		}
		out = append(out, sw)
		return nil
	})
	if err != nil {
		return nil, s.unavailable(fmt.Errorf("read the sweeps of factory %d: %w", factory, err))
	}
	return out, nil
}
