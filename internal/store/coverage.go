package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/ncruces/go-sqlite3"

	"andon/internal/adf"
)

// windowTable is a table of merged windows, and its column of the factory.
type windowTable struct{ table, factory string }

// coveredRuns are the windows that were asked for runs, coveredTriggerRuns
// those that were asked for trigger runs.
func coveredRuns() windowTable { return windowTable{"coverage", "factory_id"} }

func coveredTriggerRuns() windowTable { return windowTable{"trigger_coverage", "place_id"} }

// cover adds a window to a factory's coverage, merged with what it touches.
func (w *writer) cover(in windowTable, factory FactoryKey, win Window) error {
	of := " WHERE " + in.factory + " = ?"
	from, to := int64(win.From), int64(win.To)
	if from > to {
		return &InvalidError{Field: "window", Problem: fmt.Sprintf("ends at %s, before it begins at %s", win.To, win.From)}
	}
	// Ticks are whole numbers: a window that begins one tick after another's end leaves no gap.
	var touching []int64
	err := w.query("SELECT from_t, to_t FROM "+in.table+of+" AND from_t <= ? AND to_t >= ?", func(st *sqlite3.Stmt) bool {
		touching = append(touching, st.ColumnInt64(0))
		from, to = min(from, st.ColumnInt64(0)), max(to, st.ColumnInt64(1))
		return true
	}, factory, to+1, from-1)
	if err != nil {
		return err
	}
	for _, t := range touching {
		if err := w.exec("DELETE FROM "+in.table+of+" AND from_t = ?", factory, t); err != nil {
			return err
		}
	}
	return w.exec("INSERT INTO "+in.table+" ("+in.factory+", from_t, to_t) VALUES (?, ?, ?)", factory, from, to)
}

// Coverage returns the windows of lastUpdated that were read to their end,
// merged, oldest first.
func (s *Store) Coverage(ctx context.Context, factory FactoryKey) ([]Window, error) {
	return s.windows(ctx, coveredRuns(), factory)
}

func (s *Store) windows(ctx context.Context, in windowTable, factory FactoryKey) ([]Window, error) {
	var out []Window
	b := newStmt().add("SELECT from_t, to_t FROM ", in.table, " WHERE ", in.factory, " = ").arg(int64(factory)).add(" ORDER BY from_t")
	err := b.each(ctx, s.read, func(rows *sql.Rows) error {
		var win Window
		if err := rows.Scan(&win.From, &win.To); err != nil {
			return err
		}
		out = append(out, win)
		return nil
	})
	if err != nil {
		return nil, s.unavailable(fmt.Errorf("read the coverage of factory %d: %w", factory, err))
	}
	return out, nil
}

// Watermark returns a factory's freshness: everything last updated before it
// is stored. It is zero before the first completed window.
func (s *Store) Watermark(ctx context.Context, factory FactoryKey) (adf.Time, error) {
	var at adf.Time
	err := s.read.QueryRowContext(ctx, "SELECT as_of FROM factory WHERE id = ?", int64(factory)).Scan(&at)
	if err != nil {
		return 0, s.unavailable(fmt.Errorf("read the watermark of factory %d: %w", factory, err))
	}
	return at, nil
}

// gaps returns what the windows, merged and oldest first, leave of a span.
func gaps(span Window, covered []Window) []Window {
	var out []Window
	at := span.From
	for _, w := range covered {
		if w.To < at {
			continue
		}
		if w.From > span.To {
			break
		}
		if w.From > at+1 {
			out = append(out, Window{at, w.From})
		}
		at = max(at, w.To)
	}
	if at < span.To {
		out = append(out, Window{at, span.To})
	}
	return out
}

// coverageOf sums a factory's windows up.
func coverageOf(wantedFrom adf.Time, windows []Window, pending int) Coverage {
	c := Coverage{WantedFrom: wantedFrom, ActivitiesPending: pending}
	if len(windows) == 0 {
		if wantedFrom != 0 {
			c.DoneShare = new(float64)
		}
		return c
	}
	c.From, c.To = windows[0].From, windows[len(windows)-1].To
	if wantedFrom == 0 {
		c.Gaps = gaps(Window{c.From, c.To}, windows)
		return c
	}
	// What is older than wanted was read once, and what is missing of it is missing.
	c.Gaps = gaps(Window{min(wantedFrom, c.From), c.To}, windows)
	span := Window{min(wantedFrom, c.To), c.To}
	missing := gaps(span, windows)
	c.Complete = len(missing) == 0
	share := 1.0
	if length := float64(span.To - span.From); length > 0 {
		var lacks float64
		for _, g := range missing {
			lacks += float64(g.To - g.From)
		}
		share = 1 - lacks/length
	}
	c.DoneShare = &share
	return c
}
