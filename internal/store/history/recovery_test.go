package history_test

import (
	"slices"
	"testing"
	"time"

	"andon/internal/adf"
	"andon/internal/store/history"
)

func TestRecover(t *testing.T) {
	t.Parallel()
	run := func(seq, start int64) history.Candidate {
		return history.Candidate{Seq: seq, ID: []byte{byte(seq)}, Start: start}
	}
	for _, tt := range []struct {
		name string
		e    history.Evidence
		want history.Recovery
	}{
		{"nothing has succeeded", history.Evidence{End: 100}, history.Recovery{State: history.Open}},
		{
			"a success that began before the end counts for nothing",
			history.Evidence{End: 100, Parameters: []history.Candidate{run(1, 99)}, SeriesSuccess: 99, HasSeriesSuccess: true},
			history.Recovery{State: history.Open},
		},
		{"at the end is after it", history.Evidence{End: 100, Parameters: []history.Candidate{run(1, 100)}}, history.Recovery{State: history.Recovered, Rule: history.ByParameters, By: run(1, 100)}},
		{"its series works again", history.Evidence{End: 100, SeriesSuccess: 100, HasSeriesSuccess: true}, history.Recovery{State: history.NotRedone}},
		{
			"a rerun goes before an earlier run with equal parameters",
			history.Evidence{End: 100, Rerun: []history.Candidate{run(1, 200)}, Parameters: []history.Candidate{run(2, 150)}},
			history.Recovery{State: history.Recovered, Rule: history.ByRerun, By: run(1, 200)},
		},
		{
			"within a rule the earliest, then the smaller id",
			history.Evidence{End: 100, Window: []history.Candidate{run(5, 150), run(3, 120), run(2, 120), run(1, 90)}},
			history.Recovery{State: history.Recovered, Rule: history.ByWindow, By: run(2, 120)},
		},
		{"a parent's recovery comes last", history.Evidence{End: 1, Parent: []history.Candidate{run(4, 7)}}, history.Recovery{State: history.Recovered, Rule: history.ByParent, By: run(4, 7)}},
	} {
		got := history.Recover(tt.e)
		if got.State != tt.want.State || got.Rule != tt.want.Rule || got.By.Seq != tt.want.By.Seq {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
		slices.Reverse(tt.e.Window)
		if again := history.Recover(tt.e); again.By.Seq != got.By.Seq {
			t.Errorf("%s: the order of candidates matters", tt.name)
		}
	}
}

func TestRunning(t *testing.T) {
	t.Parallel()
	at := func(seq, start int64) []history.Candidate {
		return []history.Candidate{{Seq: seq, ID: []byte{byte(seq)}, Start: start}}
	}
	for _, tt := range []struct {
		name string
		e    history.Evidence
		seq  int64
		rule history.RecoveryRule
	}{
		{"nothing goes on", history.Evidence{End: 100}, 0, history.NoRule},
		{"a success of the series says nothing about what goes on", history.Evidence{End: 100, SeriesSuccess: 200, HasSeriesSuccess: true}, 0, history.NoRule},
		{"a run that began before the end", history.Evidence{End: 100, Rerun: at(1, 99), Window: at(2, 98), Parameters: at(3, 97), Parent: at(4, 96)}, 0, history.NoRule},
		{"the rerun, though it began last", history.Evidence{End: 100, Rerun: at(1, 400), Window: at(2, 300), Parameters: at(3, 200), Parent: at(4, 100)}, 1, history.ByRerun},
		{"the trigger window", history.Evidence{End: 100, Rerun: at(1, 50), Window: at(2, 300), Parameters: at(3, 200), Parent: at(4, 100)}, 2, history.ByWindow},
		{"the parameters", history.Evidence{End: 100, Window: at(2, 50), Parameters: at(3, 200), Parent: at(4, 100)}, 3, history.ByParameters},
		{"the parent", history.Evidence{End: 100, Parameters: at(3, 50), Parent: at(4, 100)}, 4, history.ByParent},
		{"within a rule the earliest", history.Evidence{End: 100, Parameters: append(at(5, 300), at(6, 200)...)}, 6, history.ByParameters},
	} {
		if got, rule := history.Running(tt.e); got.Seq != tt.seq || rule != tt.rule {
			t.Errorf("%s: run %d by %q, want %d by %q", tt.name, got.Seq, rule, tt.seq, tt.rule)
		}
	}
}

func TestWordsOfRecovery(t *testing.T) {
	t.Parallel()
	for state, want := range map[history.State]string{history.Underived: "", history.Open: "open", history.NotRedone: "notRedone", history.Recovered: "recovered"} {
		if state.String() != want {
			t.Errorf("%d is %q, want %q", state, state, want)
		}
	}
	for rule, want := range map[history.RecoveryRule]string{history.NoRule: "", history.ByRerun: "rerun", history.ByWindow: "window", history.ByParameters: "parameters", history.ByParent: "parent"} {
		if rule.String() != want {
			t.Errorf("%d is %q, want %q", rule, rule, want)
		}
	}
}

func TestFlaps(t *testing.T) {
	t.Parallel()
	now := night.Add(24 * time.Hour)
	// every is a run of 5 s each so many seconds, with the failures named.
	every := func(seconds, n int, fails func(int) bool) (out []history.Outcome) {
		for i := range n {
			start := now.Add(-time.Duration(seconds*(n-i)) * time.Second)
			out = append(out, history.Outcome{Series: 1, Start: start, End: start.Add(5 * time.Second), Failed: fails(i)})
		}
		return out
	}
	tenth := func(i int) bool { return i%10 == 3 }
	// open are failures of a series of its own that began so long ago and stayed
	// open.
	open := func(ago ...time.Duration) (out []history.Outcome) {
		for _, d := range ago {
			out = append(out, history.Outcome{Series: 2, Start: now.Add(-d), End: now.Add(-d).Add(5 * time.Second), Failed: true, Open: true})
		}
		return out
	}
	day := history.FlapPeriod
	flapping := every(9, 100, tenth)
	for _, tt := range []struct {
		name     string
		outcomes []history.Outcome
		now      adf.Time
		flaps    bool
		again    time.Duration
	}{
		{"one in ten, at once well again", every(9, 100, tenth), now, true, 4 * time.Second},
		{"too few failures", every(9, 40, tenth), now, false, 4 * time.Second},
		{"works again only after 20 minutes", every(1200, 70, tenth), now, false, 0},
		{"three in a row at the end", every(9, 100, func(i int) bool { return tenth(i) || i >= 97 }), now, false, 4 * time.Second},
		{"two in a row at the end", every(9, 100, func(i int) bool { return tenth(i) || i >= 98 }), now.Add(-2 * time.Second), true, 4 * time.Second},
		{"three in a row earlier today", every(9, 100, func(i int) bool { return tenth(i) || i >= 50 && i < 53 }), now, true, 31 * time.Second},
		{"has not worked for longer than ever", every(9, 100, func(i int) bool { return tenth(i) || i == 99 }), now.Add(time.Minute), false, 4 * time.Second},
		{"never worked again", every(9, 6, func(int) bool { return true }), now, false, 0},
		{"nothing ran", nil, now, false, 0},
		{"another series failed 3 times in a row 2 days ago", append(open(50*time.Hour, 49*time.Hour, 48*time.Hour), flapping...), now, false, 4 * time.Second},
		{"another series failed once, 30 h ago", append(open(30*time.Hour), flapping...), now, false, 4 * time.Second},
		{"another series failed 8 s ago", append(open(8*time.Second), flapping...), now, true, 4 * time.Second},
		{"3 in a row, the first of them before the 24 h", append(open(day+time.Minute, day-time.Minute, 8*time.Second), flapping...), now, false, 4 * time.Second},
		{"failures of before the 24 h do not make it flap", append(open(28*time.Hour, 27*time.Hour), every(9, 40, tenth)...), now, false, 4 * time.Second},
		{"an open failure that a success followed", append(flapping[:97:97], history.Outcome{Series: 1, Start: now.Add(-26 * time.Second), End: now.Add(-20 * time.Second), Failed: true, Open: true}, flapping[98], flapping[99]), now, false, 4 * time.Second},
		{"a run that failed after a success that began before its end", append([]history.Outcome{{Series: 1, Start: now.Add(-10 * time.Minute), End: now.Add(-time.Minute), Failed: true}}, flapping...), now, true, 6 * time.Second},
	} {
		got, ok := history.Flaps(tt.outcomes, tt.now)
		var runs int
		for _, o := range tt.outcomes {
			if o.Start >= tt.now.Add(-day) {
				runs++
			}
		}
		if ok != tt.flaps || got.WorksAgain != tt.again || got.Runs != runs {
			t.Errorf("%s: %+v %v, want %v, %s", tt.name, got, ok, tt.flaps, tt.again)
		}
	}
}
