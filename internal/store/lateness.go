package store

import (
	"context"
	"database/sql"
	"fmt"
	"math/bits"
	"time"

	"andon/internal/adf"
)

// Late counts rows that became visible only after a window that should have
// shown them had been read.
type Late struct {
	Within time.Duration // they were late by up to this, and by more than half of it
	Rows   int64
}

// latenessDays is how many days of the histogram are kept.
const latenessDays = 30

// latenessBucket returns b with d <= 2^b seconds.
func latenessBucket(d time.Duration) int64 {
	seconds := uint64(max(0, (d+time.Second-1)/time.Second))
	if seconds <= 1 {
		return 0
	}
	return int64(bits.Len64(seconds - 1))
}

// countLate adds rows that a page of a window brought though what was covered
// before should have held them.
func (w *writer) countLate(factory FactoryKey, late []time.Duration, now adf.Time) error {
	if len(late) == 0 {
		return nil
	}
	day := int64(now) / dayTicks
	for _, d := range late {
		err := w.exec(`INSERT INTO lateness (factory_id, day, bucket, n) VALUES (?, ?, ?, 1)
			ON CONFLICT (factory_id, day, bucket) DO UPDATE SET n = n + 1`, factory, day, latenessBucket(d))
		if err != nil {
			return err
		}
	}
	return w.exec("DELETE FROM lateness WHERE factory_id = ? AND day < ?", factory, day-latenessDays)
}

// Lateness returns the histogram of how late rows of a factory became visible
// since then, the least late first. Rows that were in time are not in it.
func (s *Store) Lateness(ctx context.Context, factory FactoryKey, since adf.Time) ([]Late, error) {
	var out []Late
	b := newStmt().add("SELECT bucket, sum(n) FROM lateness WHERE factory_id = ").arg(int64(factory))
	b.add(" AND day >= ").arg(int64(since) / dayTicks).add(" GROUP BY bucket ORDER BY bucket")
	err := b.each(ctx, s.read, func(rows *sql.Rows) error {
		var bucket, n int64
		if err := rows.Scan(&bucket, &n); err != nil {
			return err
		}
		out = append(out, Late{Within: time.Second << bucket, Rows: n})
		return nil
	})
	if err != nil {
		return nil, s.unavailable(fmt.Errorf("read the lateness of factory %d: %w", factory, err))
	}
	return out, nil
}
