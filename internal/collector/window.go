package collector

import (
	"cmp"
	"slices"
	"time"

	"andon/internal/adf"
	"andon/internal/store"
)

const (
	// firstLength is how long the first windows of history are. Then their
	// length follows how full they are, between the two others.
	firstLength    = 24 * time.Hour
	shortestLength = time.Minute
	longestLength  = 15 * 24 * time.Hour
	// leastOverlap is how far a window reaches back over the one before it at
	// least. A row is known to become visible up to a minute after its
	// lastUpdated.
	leastOverlap = 5 * time.Minute
	// mostOverlap bounds what every poll reads again; sweeps find what is later.
	mostOverlap = time.Hour
	// ahead is how far beyond now the newest window asks, so that clocks that
	// differ a little hide nothing.
	ahead = 5 * time.Minute
	// azureKeeps is how long after its lastUpdated Azure keeps a run or trigger
	// run.
	azureKeeps = DefaultHistory
	// dateStep is how exact the Date header of an answer is.
	dateStep = time.Second
)

// stillKept cuts w to what Azure still had when it answered at the given time,
// by its own clock. It returns false when Azure had forgotten all of it: then an
// answer without rows says nothing of w.
//
// Example: days 50 to 40 before the answer are cut to days 45 to 40, and days 50
// to 46 to nothing.
func stillKept(w store.Window, answered adf.Time) (store.Window, bool) {
	kept := answered.Add(dateStep - azureKeeps)
	if w.From >= kept {
		return w, true
	}
	return store.Window{From: kept, To: w.To}, w.To > kept
}

// outOfReach returns up to where it is not worth asking for history: Azure has
// forgotten it, or will have within a minute. The minute is longer than clocks
// and their steps differ, so that the rest that stillKept leaves of a window is
// not asked for again and again.
func outOfReach(now adf.Time) adf.Time { return now.Add(shortestLength - azureKeeps) }

// pollWindow returns what the next poll asks for: everything since the newest
// covered moment, overlapping it. A gap longer than firstLength is left to the
// fill, so that the news never waits for history.
func pollWindow(have []store.Window, now adf.Time, overlap time.Duration) store.Window {
	from := now.Add(-firstLength)
	newest := newestOf(have)
	if newest >= from {
		from = newest.Add(-overlap)
	}
	// Coverage can lie in the future only when a clock was put back.
	return store.Window{From: min(from, now.Add(-overlap)), To: now.Add(ahead)}
}

// newestOf returns the newest covered moment, zero for none.
func newestOf(have []store.Window) adf.Time {
	var newest adf.Time
	for _, w := range have {
		newest = max(newest, w.To)
	}
	return newest
}

// depth decides how far polls reach back. Where the overlap takes more than one
// page, every other poll reaches back half of it, which is what 99 of 100 late
// rows need. A whole one overlaps the whole one before it, whatever lay between,
// so that the overlap is never less than it has to be, and a row that is late by
// more than half of it waits for one poll more. What continues a window of which
// nobody knows whether it was whole overlaps it by deepest. The zero value is
// ready.
type depth struct {
	shallow bool     // the next one
	wasDeep bool     // the last one was whole
	whole   adf.Time // the end of the last whole window; zero before the first
}

// next returns how far the next poll reaches back from newest, the end of the
// last window.
func (d *depth) next(overlap time.Duration, newest, now adf.Time) (reach time.Duration, isWhole bool) {
	if d.wasDeep {
		d.whole, d.wasDeep = newest, false
	}
	switch {
	case d.shallow && now.Sub(d.whole) <= overlap/2:
		return overlap / 2, false
	case d.whole.IsZero():
		return deepest(overlap), true // the process before this one may have ended with a shallow poll
	default:
		return overlap + max(0, newest.Sub(d.whole)), true
	}
}

// deepest is how far back from the end of a shallow window the whole overlap of
// the whole one before it may reach.
func deepest(overlap time.Duration) time.Duration { return overlap + overlap/2 }

// took takes in how a poll went. After anything unusual the next one is whole.
func (d *depth) took(got result, isWhole bool, err error) {
	d.wasDeep = isWhole && err == nil
	d.shallow = d.wasDeep && got.pages > 1 && got.missed+got.outdated == 0
}

// gaps returns what have lacks of want, oldest first. have may be unsorted and
// overlapping.
func gaps(want store.Window, have []store.Window) []store.Window {
	sorted := slices.SortedFunc(slices.Values(have), func(a, b store.Window) int {
		return cmp.Compare(a.From, b.From)
	})
	var lacks []store.Window
	reached := want.From
	for _, w := range sorted {
		if w.From > reached && reached < want.To {
			lacks = append(lacks, store.Window{From: reached, To: min(w.From, want.To)})
		}
		reached = max(reached, w.To)
	}
	if reached < want.To {
		lacks = append(lacks, store.Window{From: reached, To: want.To})
	}
	return lacks
}

// coveredBy returns the part of the coverage that w reaches into, nil for
// none; with several it is the newest.
func coveredBy(have []store.Window, w store.Window) *store.Window {
	var newest *store.Window
	for i := range have {
		if have[i].From <= w.To && have[i].To >= w.From && (newest == nil || have[i].To > newest.To) {
			newest = &have[i]
		}
	}
	return newest
}

// halves cuts w in the middle, older half first.
func halves(w store.Window) [2]store.Window {
	middle := w.From + (w.To-w.From)/2
	return [2]store.Window{{From: w.From, To: middle}, {From: middle, To: w.To}}
}

const (
	// fewPages and manyPages are how full a window of history should be: full
	// enough not to waste requests, and so short that one that breaks off
	// costs little.
	fewPages  = 5
	manyPages = 40
)

// planner hands out what is missing of history, newest first, in windows
// whose length follows how full they turn out to be.
type planner struct {
	want    store.Window
	todo    []store.Window // the newest last
	length  time.Duration
	overlap time.Duration
}

// newPlanner plans to read what have lacks of want.
func newPlanner(want store.Window, have []store.Window, overlap time.Duration) *planner {
	return &planner{want: want, todo: gaps(want, have), length: firstLength, overlap: overlap}
}

// planKept plans to read what have lacks from wanted to to, as far as Azure
// still has it.
func planKept(wanted, to, now adf.Time, have []store.Window, overlap time.Duration) *planner {
	p := newPlanner(store.Window{From: max(wanted, now.Add(-azureKeeps)), To: to}, have, overlap)
	p.todo = slices.DeleteFunc(p.todo, func(w store.Window) bool { return w.To <= outOfReach(now) })
	return p
}

// next takes the newest window that is left. One that continues what is
// covered overlaps its end, since rows of its last minutes may not have been
// visible when it was asked. The overlap belongs to the window that begins
// where nothing is covered: by itself it would not be missed if it broke off.
func (p *planner) next() (store.Window, bool) {
	if len(p.todo) == 0 {
		return store.Window{}, false
	}
	top := &p.todo[len(p.todo)-1]
	w := *top
	// What would be left over of a gap is taken along.
	if w.To.Sub(w.From) > p.length+p.length/4 {
		w.From = w.To.Add(-p.length)
		top.To = w.From
		return w, true
	}
	p.todo = p.todo[:len(p.todo)-1]
	if w.From > p.want.From {
		w.From = w.From.Add(-p.overlap)
	}
	return w, true
}

// took says how many pages a window had.
func (p *planner) took(w store.Window, pages int) {
	length := w.To.Sub(w.From)
	switch {
	case pages > manyPages:
		p.length = max(shortestLength, min(p.length, length/2))
	case pages < fewPages && length >= p.length:
		p.length = min(longestLength, p.length*2)
	}
}

// left returns how much time is still to be read.
func (p *planner) left() time.Duration {
	var sum time.Duration
	for _, w := range p.todo {
		sum += w.To.Sub(w.From)
	}
	return sum
}
