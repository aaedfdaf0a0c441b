package store

import (
	"strings"
	"testing"
)

// TestOlderSeriesAreFoundByIndex pins how the failed runs of a series are found:
// a store has many runs of a series, and each overview asks.
func TestOlderSeriesAreFoundByIndex(t *testing.T) {
	t.Parallel()
	s := planStore(t)
	for _, n := range []int{1, 2 * spelledOut} {
		for _, tt := range []struct {
			cond *stmt
			want []string
		}{
			{recoveredSince(1), []string{"USING COVERING INDEX run_failed_series (series_id=? AND recovery=? AND work_end>?)"}},
			{shownByAzure(), []string{"USING INDEX run_failed_series (series_id=? AND recovery=?)", "USING INDEX run_pipeline (pipeline_id=? AND run_start=?)"}},
		} {
			b := newStmt().add("SELECT id FROM series WHERE id IN ").nums(numbers(n)).add(" AND ", tt.cond.text.String())
			b.args = append(b.args, tt.cond.args...)
			plan := strings.Join(explain(t, s, b), "; ")
			for _, want := range append(tt.want, "SEARCH series USING INTEGER PRIMARY KEY (rowid=?)") {
				if !strings.Contains(plan, want) {
					t.Errorf("%d series: %s, want %s", n, plan, want)
				}
			}
		}
	}
}
