package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"
)

// usualRuns is how many runs tell how long a pipeline usually takes, and
// usualLeast how many it takes to say so.
const (
	usualRuns  = 20
	usualLeast = 3
)

// UsualDuration returns how long runs of the same pipeline as run usually
// take: the median of its last successes. 0 is unknown.
func (s *Store) UsualDuration(ctx context.Context, run RunKey) (time.Duration, error) {
	var took []int64
	b := newStmt().add("SELECT duration_ms FROM run").index("run_pipeline").add(" WHERE pipeline_id = (SELECT pipeline_id FROM run WHERE seq = ")
	b.arg(int64(run)).add(") AND status = ").num(statusSucceeded).add(" AND duration_ms IS NOT NULL ORDER BY run_start DESC LIMIT ").num(usualRuns)
	err := b.each(ctx, s.read, func(rows *sql.Rows) error {
		var ms int64
		if err := rows.Scan(&ms); err != nil {
			return err
		}
		took = append(took, ms)
		return nil
	})
	if err != nil {
		return 0, s.unavailable(fmt.Errorf("read how long runs usually take: %w", err))
	}
	if len(took) < usualLeast {
		return 0, nil
	}
	slices.Sort(took)
	return time.Duration(took[len(took)/2]) * time.Millisecond, nil
}
