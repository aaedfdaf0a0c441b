package store

import (
	"strings"
	"testing"
)

// TestWhatWouldRecoverIsSearched pins the plans of what a page of failed runs
// asks for.
func TestWhatWouldRecoverIsSearched(t *testing.T) {
	t.Parallel()
	s := planStore(t)
	for name, tt := range map[string]struct {
		b    *stmt
		want []string
	}{
		"trigger windows": {windowsStmt(numbers(500)), []string{
			"SEARCH r USING INTEGER PRIMARY KEY", "triggered_run_id (place_id=? AND run_id=?)", "SEARCH t USING INTEGER PRIMARY KEY",
			"trigger_run_window (place_id=? AND trigger_key=? AND window_from=? AND window_to=?)", "SEARCH other USING PRIMARY KEY (trigger_seq=?)",
		}},
		"parents": {parentsStmt("[]"), []string{"run_segment (<expr>=? AND run_id=?)", "SEARCH h USING INTEGER PRIMARY KEY"}},
	} {
		lines := strings.Join(explain(t, s, tt.b), "; ")
		for _, want := range tt.want {
			if !strings.Contains(lines, want) {
				t.Errorf("%s: %s, want %s", name, lines, want)
			}
		}
		if strings.Contains(strings.ReplaceAll(lines, "SCAN j", ""), "SCAN ") {
			t.Errorf("%s scans: %s", name, lines)
		}
	}
}
