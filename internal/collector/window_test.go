package collector

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"andon/internal/adf"
	"andon/internal/store"
)

func at(d time.Duration) adf.Time {
	return adf.TimeOf(time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)).Add(d)
}

func span(from, to time.Duration) store.Window { return store.Window{From: at(from), To: at(to)} }

const day = 24 * time.Hour

func TestPollWindowOverlapsWhatIsCovered(t *testing.T) {
	t.Parallel()
	const overlap = 7 * time.Minute
	for name, c := range map[string]struct {
		have []store.Window
		now  time.Duration
		want store.Window
	}{
		"nothing is covered":        {nil, 0, span(-day, ahead)},
		"the last poll was just so": {[]store.Window{span(-45*day, -30*time.Second)}, 0, span(-30*time.Second-overlap, ahead)},
		"the newest interval counts, whatever the order": {
			[]store.Window{span(-2*time.Hour, -time.Hour), span(-40*day, -day)}, 0, span(-time.Hour-overlap, ahead),
		},
		"a gap just so short overlaps as well": {[]store.Window{span(-45*day, -day)}, 0, span(-day-overlap, ahead)},
		"a long gap is left to the fill":       {[]store.Window{span(-45*day, -3*day)}, 0, span(-day, ahead)},
		"a clock was put back":                 {[]store.Window{span(-day, time.Hour)}, 0, span(-overlap, ahead)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, pollWindow(c.have, at(c.now), overlap)); diff != "" {
				t.Errorf("window (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEveryOtherPollReachesBackHalfWhereTheOverlapFillsAPage(t *testing.T) {
	t.Parallel()
	const overlap = 10 * time.Minute
	const half, first = overlap / 2, overlap + overlap/2
	full, small := result{pages: 2, rows: 130}, result{pages: 1, rows: 70}
	for name, c := range map[string]struct {
		polls []result // a minute apart
		fail  int      // of the poll with this number; 0 for none
		reach []time.Duration
	}{
		"one page is always whole":            {[]result{small, small, small}, 0, []time.Duration{first, overlap, overlap}},
		"every other one is whole":            {[]result{full, small, full, small}, 0, []time.Duration{first, half, overlap + time.Minute, half}},
		"it has become calmer":                {[]result{full, small, small, small}, 0, []time.Duration{first, half, overlap + time.Minute, overlap}},
		"a late row was met":                  {[]result{{pages: 2, missed: 1}, full, small}, 0, []time.Duration{first, overlap, half}},
		"a shallow poll broke off":            {[]result{full, small, full}, 2, []time.Duration{first, half, overlap}},
		"a whole poll broke off":              {[]result{full, small, full, full}, 3, []time.Duration{first, half, overlap + time.Minute, overlap + time.Minute}},
		"the first one of all has broken off": {[]result{full, full, small}, 1, []time.Duration{first, first, half}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var d depth
			newest := at(0)
			var got []time.Duration
			for i, sum := range c.polls {
				reach, isWhole := d.next(overlap, newest, newest.Add(time.Minute))
				got = append(got, reach)
				var err error
				if c.fail == i+1 {
					err = errTooFull
				} else {
					newest = newest.Add(time.Minute)
				}
				d.took(sum, isWhole, err)
			}
			if diff := cmp.Diff(c.reach, got); diff != "" {
				t.Errorf("polls reach back (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhatIsMissingComesNewestFirst(t *testing.T) {
	t.Parallel()
	const overlap = 7 * time.Minute
	for name, c := range map[string]struct {
		want store.Window
		have []store.Window
		plan []store.Window
	}{
		"nothing covered":      {span(-60*time.Hour, 0), nil, []store.Window{span(-day, 0), span(-60*time.Hour, -day)}},
		"all covered":          {span(-2*day, 0), []store.Window{span(-day, time.Hour), span(-3*day, -day)}, nil},
		"covered beyond":       {span(-day, 0), []store.Window{span(-9*day, 9*day)}, nil},
		"covered elsewhere":    {span(-day, 0), []store.Window{span(-9*day, -8*day), span(day, 2*day)}, []store.Window{span(-day, 0)}},
		"nothing wanted":       {span(0, 0), nil, nil},
		"wanted end is before": {span(0, -day), nil, nil},
		"gaps overlap the end of what is before them": {
			span(-5*day, 0),
			[]store.Window{span(-4*day, -3*day), span(-2*day, -day)},
			[]store.Window{span(-day-overlap, 0), span(-3*day-overlap, -2*day), span(-5*day, -4*day)},
		},
		"a long gap overlaps once": {
			span(-9*day, 0),
			[]store.Window{span(-9*day, -3*day)},
			[]store.Window{span(-day, 0), span(-3*day-overlap, -day)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var plan []store.Window
			p := newPlanner(c.want, c.have, overlap)
			for w, ok := p.next(); ok; w, ok = p.next() {
				plan = append(plan, w)
				p.took(w, fewPages-1)
			}
			if diff := cmp.Diff(c.plan, plan); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
		})
	}
}

// Windows grow while they are nearly empty and shrink when they are full, and
// whatever their lengths they cover what is missing, newest first.
func TestThePlanCoversExactlyWhatIsMissing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		have := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) store.Window {
			from := time.Duration(rapid.IntRange(-1000, 1000).Draw(t, "from")) * time.Hour
			return span(from, from+time.Duration(rapid.IntRange(0, 600).Draw(t, "hours"))*time.Hour)
		}), 0, 6).Draw(t, "have")
		want := span(-800*time.Hour, 600*time.Hour)
		lacks := gaps(want, have)
		p := newPlanner(want, have, leastOverlap)
		var plan []store.Window
		for {
			w, ok := p.next()
			if !ok {
				break
			}
			length := w.To.Sub(w.From)
			if length <= 0 || length > longestLength+longestLength/4+leastOverlap {
				t.Fatalf("a window of %s", length)
			}
			if n := len(plan); n > 0 && w.To > plan[n-1].From.Add(leastOverlap) {
				t.Fatalf("%v comes after %v", w, plan[n-1])
			}
			if lacking := gaps(w, have); len(lacking) == 0 {
				t.Fatalf("%v is covered", w)
			}
			plan = append(plan, w)
			most := 400
			if len(plan) > 500 { // a world that is full for ever would be read for ever
				most = fewPages - 1
			}
			p.took(w, rapid.IntRange(1, most).Draw(t, "pages"))
			if p.length < shortestLength || p.length > longestLength {
				t.Fatalf("windows of %s", p.length)
			}
		}
		if left := gaps(want, append(slices.Clone(have), plan...)); len(left) > 0 || p.left() != 0 {
			t.Fatalf("still missing: %v, %s", left, p.left())
		}
		for _, w := range plan {
			if inside := (store.Window{From: w.From.Add(leastOverlap), To: w.To}); inside.From < inside.To && len(gaps(inside, lacks)) > 0 {
				t.Fatalf("%v was not missing", w)
			}
		}
	})
}

func TestTheLengthOfWindowsFollowsHowFullTheyAre(t *testing.T) {
	t.Parallel()
	lengths := func(pagesPerDay float64) (all []time.Duration) {
		p := newPlanner(span(-45*day, 0), nil, leastOverlap)
		for {
			w, ok := p.next()
			if !ok {
				return all
			}
			length := w.To.Sub(w.From)
			all = append(all, length)
			p.took(w, 1+int(pagesPerDay*length.Hours()/24))
		}
	}
	if got := lengths(0); !slices.Equal(got, []time.Duration{day, 2 * day, 4 * day, 8 * day, 15 * day, 15 * day}) {
		t.Errorf("a quiet factory: %s", got)
	}
	if got := lengths(10); len(got) != 45 {
		t.Errorf("ten pages a day: %d windows", len(got))
	}
	busy := lengths(400)
	if busy[1] != 12*time.Hour || busy[len(busy)-1] > 3*time.Hour {
		t.Errorf("a busy factory: %s … %s", busy[1], busy[len(busy)-1])
	}
}

func TestHalvesMakeTheWhole(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		from := adf.Time(rapid.Int64Range(0, 1<<50).Draw(t, "from"))
		w := store.Window{From: from, To: from + adf.Time(rapid.Int64Range(2, 1<<50).Draw(t, "length"))}
		h := halves(w)
		if h[0].From != w.From || h[0].To != h[1].From || h[1].To != w.To || h[0].From >= h[0].To || h[1].From >= h[1].To {
			t.Fatalf("%v and %v of %v", h[0], h[1], w)
		}
	})
}

func TestTheOverlapFollowsTheLatenessSeen(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		seen []store.Late
		want time.Duration
	}{
		"nothing was late":         {nil, leastOverlap},
		"a little late":            {[]store.Late{{Within: 64 * time.Second, Rows: 1000}}, leastOverlap},
		"ten minutes":              {[]store.Late{{Within: 64 * time.Second, Rows: 10}, {Within: 1024 * time.Second, Rows: 10}}, 2048 * time.Second},
		"one of a thousand later":  {[]store.Late{{Within: 256 * time.Second, Rows: 999}, {Within: 1024 * time.Second, Rows: 1}}, 512 * time.Second},
		"later than polls can pay": {[]store.Late{{Within: 5 * time.Hour, Rows: 7}}, mostOverlap},
	} {
		if got := overlapFor(c.seen); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// world is the simplest Azure: each run has versions, each shown from some
// time after its lastUpdated on.
type world struct{ runs [][]version }

type version struct{ updated, visible time.Duration }

// answer returns the versions that a query at now shows within w.
func (w world) answer(q store.Window, now time.Duration) map[int]version {
	rows := map[int]version{}
	for i, versions := range w.runs {
		shown := -1
		for n, v := range versions {
			if v.visible <= now {
				shown = n
			}
		}
		if shown >= 0 && at(versions[shown].updated) >= q.From && at(versions[shown].updated) <= q.To {
			rows[i] = versions[shown]
		}
	}
	return rows
}

// rules are what the model's collector goes by. The real ones are sound; the
// others are broken on purpose, to show that the model sees it.
type rules struct {
	poll func(have []store.Window, now adf.Time) store.Window
	// polled, where not nil, hears whether the poll broke off.
	polled func(broke bool)
	// until returns where what the fill reads has to end.
	until func(have []store.Window, now adf.Time) adf.Time
	plan  func(want store.Window, have []store.Window) *planner
	// counts returns what a window covers that was asked at now.
	counts func(w store.Window, now adf.Time) store.Window
}

func soundRules(overlap time.Duration) rules {
	return rules{
		poll:  func(have []store.Window, now adf.Time) store.Window { return pollWindow(have, now, overlap) },
		until: func(have []store.Window, now adf.Time) adf.Time { return pollWindow(have, now, overlap).From },
		plan:  func(want store.Window, have []store.Window) *planner { return newPlanner(want, have, overlap) },
		counts: func(w store.Window, now adf.Time) store.Window {
			r := reading{window: w, asked: now, to: w.To}
			covered, _, _ := r.reaches(now)
			return covered
		},
	}
}

// missed lets a collector live through polls, breakdowns and long pauses, as
// the seed draws them, in a world where a version becomes visible up to lateness
// after its lastUpdated. It returns a version that is shown at the end and was
// never collected, "" when there is none.
func missed(seed uint64, runs int, r rules, lateness time.Duration) string {
	const length = 80 * time.Hour
	const history = 60 * time.Hour
	// rapid's own numbers crowd near zero; a world needs them spread.
	draw := rand.New(rand.NewPCG(seed, 0))
	upTo := func(d time.Duration) time.Duration { return time.Duration(draw.Int64N(int64(d))) }
	var azure world
	for range runs {
		var versions []version
		updated := time.Duration(0)
		for range 1 + draw.IntN(3) {
			updated += 1 + upTo(length/3)
			versions = append(versions, version{updated, updated + upTo(lateness)})
		}
		azure.runs = append(azure.runs, versions)
	}
	var have []store.Window
	collected := map[int]adf.Time{}
	read := func(w store.Window, now time.Duration) {
		for i, v := range azure.answer(w, now) {
			collected[i] = max(collected[i], at(v.updated))
		}
		have = append(have, r.counts(w, at(now)))
	}
	fill := func(now time.Duration, breaks func() bool) {
		want := store.Window{From: at(now).Add(-history), To: r.until(have, at(now))}
		p := r.plan(want, have)
		for {
			w, ok := p.next()
			if !ok {
				return
			}
			if !breaks() {
				read(w, now)
				p.took(w, 1+draw.IntN(60))
			}
		}
	}
	poll := func(now time.Duration, breaks bool) bool {
		w := r.poll(have, at(now))
		if !breaks {
			read(w, now)
		}
		if r.polled != nil {
			r.polled(breaks)
		}
		return !breaks
	}
	now := time.Duration(0)
	for now < length+lateness {
		now += 1 + upTo(2*time.Hour)
		if draw.IntN(10) == 0 {
			now += upTo(30 * time.Hour)
		}
		if poll(now, draw.IntN(3) == 0) {
			fill(now, func() bool { return draw.IntN(2) == 0 })
		}
	}
	poll(now, false)
	poll(now, false) // of which one reaches back the whole overlap
	fill(now, func() bool { return false })
	for i, v := range azure.answer(store.Window{From: at(now).Add(-history), To: at(now)}, now) {
		if collected[i] < at(v.updated) {
			return fmt.Sprintf("run %d, updated at %s, visible at %s, at the end %s", i, v.updated, v.visible, now)
		}
	}
	return ""
}

func TestNoRunIsMissedWhenLatenessIsBelowTheOverlap(t *testing.T) {
	t.Parallel()
	for _, overlap := range []time.Duration{leastOverlap, mostOverlap, 6 * time.Hour} {
		rapid.Check(t, func(t *rapid.T) {
			seed, runs := rapid.Uint64().Draw(t, "seed"), rapid.IntRange(1, 12).Draw(t, "runs")
			for name, r := range map[string]rules{"every poll whole": soundRules(overlap), "every other": alternating(overlap)} {
				for world := range uint64(10) { // one rarely shows a broken rule
					if miss := missed(seed+world, runs, r, overlap-time.Second); miss != "" {
						t.Fatalf("%s: missed %s", name, miss)
					}
				}
			}
		})
	}
}

// alternating are the rules of a busy factory, each of whose windows takes more
// than one page.
func alternating(overlap time.Duration) rules {
	r := soundRules(overlap)
	r.plan = func(want store.Window, have []store.Window) *planner { return newPlanner(want, have, deepest(overlap)) }
	var d depth
	var isWhole bool
	r.poll = func(have []store.Window, now adf.Time) store.Window {
		var reach time.Duration
		reach, isWhole = d.next(overlap, newestOf(have), now)
		return pollWindow(have, now, reach)
	}
	r.polled = func(broke bool) {
		var err error
		if broke {
			err = errTooFull
		}
		d.took(result{pages: 2}, isWhole, err)
	}
	return r
}

// TestTheModelSeesBrokenRules shows that the test above can fail: each rule,
// broken on purpose, loses runs.
func TestTheModelSeesBrokenRules(t *testing.T) {
	t.Parallel()
	const overlap = 6 * time.Hour // so that short worlds show it
	sound := soundRules(overlap)
	for name, c := range map[string]struct {
		broken   func(*rules)
		lateness time.Duration
	}{
		"rows later than the overlap": {func(*rules) {}, overlap * 2},
		"polls without overlap": {func(r *rules) {
			r.poll = func(have []store.Window, now adf.Time) store.Window { return pollWindow(have, now, 0) }
		}, overlap},
		"whole polls that overlap the half ones only": {func(r *rules) {
			isWhole := false
			r.poll = func(have []store.Window, now adf.Time) store.Window {
				isWhole = !isWhole
				if isWhole {
					return pollWindow(have, now, overlap)
				}
				return pollWindow(have, now, overlap/2)
			}
		}, overlap},
		"gaps that overlap the half ones only": {func(r *rules) {
			*r = alternating(overlap)
			r.plan = func(want store.Window, have []store.Window) *planner { return newPlanner(want, have, overlap/2) }
		}, overlap},
		"gaps without overlap": {func(r *rules) {
			r.plan = func(want store.Window, have []store.Window) *planner { return newPlanner(want, have, 0) }
		}, overlap},
		"a window counts to where it asked ahead": {func(r *rules) {
			r.counts = func(w store.Window, _ adf.Time) store.Window { return w }
		}, overlap},
		"the watermark moves past a gap": {func(r *rules) {
			r.counts = func(w store.Window, now adf.Time) store.Window {
				return store.Window{From: w.From.Add(-day), To: min(w.To, now)}
			}
		}, overlap},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := sound
			c.broken(&r)
			for seed := range uint64(5000) { // one world rarely shows it
				if miss := missed(seed, 12, r, c.lateness); miss != "" {
					t.Logf("world %d: %s", seed, miss)
					return
				}
			}
			t.Error("no run was missed: the model is blind to it")
		})
	}
}
