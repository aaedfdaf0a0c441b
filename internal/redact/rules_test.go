package redact

import (
	"strings"
	"testing"
)

// TestRules runs the example and the counter-example of each rule, by that
// rule alone and by all of them.
func TestRules(t *testing.T) {
	t.Parallel()
	all := Default()
	for _, row := range textRules() {
		if row.what == "" || row.end == "" {
			t.Errorf("a rule does not say what it finds and where that ends: %s %s", row.what, row.end)
		}
		alone := &Redactor{hints: newHints()}
		for _, c := range []byte(row.starts) {
			alone.rules[c] = []rule{row}
		}
		for _, r := range []*Redactor{alone, all} {
			clean, changed := r.Text(row.example)
			if !changed || strings.Contains(clean, "Zq7Secret") || !strings.Contains(clean, Marker) {
				t.Errorf("%s: %s\nbecame %s", row.what, row.example, clean)
			}
			if again, changed := r.Text(clean); changed {
				t.Errorf("%s: %s\nbecame %s\nthen %s", row.what, row.example, clean, again)
			}
			if kept, changed := r.Text(row.keeps); changed || row.keeps == "" {
				t.Errorf("%s: %s\nbecame %s", row.what, row.keeps, kept)
			}
		}
	}
}
