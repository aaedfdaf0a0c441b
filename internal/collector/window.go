package collector

import (
	"cmp"
	"slices"
	"time"

	"andon/internal/adf"
	"andon/internal/store"
)

const (
	// windowLength bounds a window of history, so that one that breaks off
	// costs little.
	windowLength = 24 * time.Hour
	// overlap is how far a window reaches back over the one before it. A row
	// is known to become visible up to a minute after its lastUpdated.
	overlap = 5 * time.Minute
	// ahead is how far beyond now the newest window asks, so that clocks that
	// differ a little hide nothing.
	ahead = 5 * time.Minute
)

// pollWindow returns what the next poll asks for: everything since the newest
// covered moment, overlapping it, but at most the last windowLength. A longer
// gap is left to planFill, so that the news never waits for history.
func pollWindow(have []store.Window, now adf.Time) store.Window {
	from := now.Add(-windowLength)
	for _, w := range have {
		from = max(from, w.To.Add(-overlap))
	}
	// Coverage can lie in the future only when a clock was put back.
	return store.Window{From: min(from, now.Add(-overlap)), To: now.Add(ahead)}
}

// planFill cuts what have lacks of want into windows of at most windowLength,
// newest first. A window that continues what is covered overlaps its end,
// since rows of its last minutes may not have been visible when it was asked.
func planFill(want store.Window, have []store.Window) []store.Window {
	var plan []store.Window
	for _, gap := range slices.Backward(gaps(want, have)) {
		to := gap.To
		for to > gap.From {
			from := max(gap.From, to.Add(-windowLength))
			plan = append(plan, store.Window{From: from, To: to})
			to = from
		}
		if len(plan) > 0 && gap.From > want.From {
			plan[len(plan)-1].From = gap.From.Add(-overlap)
		}
	}
	return plan
}

// gaps returns what have lacks of want, oldest first. have may be unsorted and
// overlapping.
func gaps(want store.Window, have []store.Window) []store.Window {
	sorted := slices.SortedFunc(slices.Values(have), func(a, b store.Window) int {
		return cmp.Compare(a.From, b.From)
	})
	var missing []store.Window
	reached := want.From
	for _, w := range sorted {
		if w.From > reached && reached < want.To {
			missing = append(missing, store.Window{From: reached, To: min(w.From, want.To)})
		}
		reached = max(reached, w.To)
	}
	if reached < want.To {
		missing = append(missing, store.Window{From: reached, To: want.To})
	}
	return missing
}
