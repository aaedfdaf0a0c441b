package store_test

import (
	"testing"
	"time"

	"andon/internal/adf"
	"andon/internal/store"
)

// updateAhead writes the end of a run whose update before lay three hours
// ahead of Azure's clock, and the like.
func (x suite) updateAhead(t *testing.T) {
	t.Parallel()
	at := func(minutes int) adf.Time { return hour(10).Add(time.Duration(minutes) * time.Minute) }
	run := func(status string, updated adf.Time) row {
		return row{ID: guid(1), Pipeline: "p", Status: status, Start: at(0), Ms: 60_000, Updated: updated}
	}
	for _, c := range []struct {
		name  string
		steps []toldRow
		want  string
	}{
		{"it ends an hour later", []toldRow{{run("InProgress", at(180)), at(0)}, {run("Succeeded", at(60)), at(60)}}, "Succeeded"},
		{"its end is seen when the time ahead has come", []toldRow{{run("InProgress", at(180)), at(0)}, {run("Succeeded", at(60)), at(600)}}, "Succeeded"},
		{"days ahead, and seen then", []toldRow{{run("InProgress", at(5000)), at(0)}, {run("Succeeded", at(60)), at(6000)}}, "Succeeded"},
		{"the version before comes again", []toldRow{{run("InProgress", at(180)), at(0)}, {run("Succeeded", at(60)), at(60)}, {run("InProgress", at(180)), at(61)}}, "Succeeded"},
		{"everything lies as far ahead", []toldRow{{run("Failed", at(180)), at(0)}, {run("Succeeded", at(181)), at(1)}}, "Succeeded"},
		{"a little ahead is no trouble", []toldRow{{run("Succeeded", at(4)), at(0)}, {run("Failed", at(2)), at(5)}}, "Succeeded"},
		{"the clock that told was an hour behind", []toldRow{{run("Succeeded", at(60)), at(0)}, {run("Failed", at(61)), at(62)}}, "Failed"},
	} {
		s := x.open(t)
		f := putFactory(t, s, "adf")
		for _, step := range c.steps {
			p := azurePage(step.row)
			p.Factory, p.Asked = f.Key, step.told
			if _, err := s.WriteRuns(t.Context(), p); err != nil {
				t.Fatal(err)
			}
		}
		d, err := s.Run(t.Context(), "adf", guid(1))
		if err != nil || string(d.Status) != c.want {
			t.Errorf("%s: the run is %s, want %s; %v", c.name, d.Status, c.want, err)
		}
		if err := s.Check(t.Context()); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// goneAhead is a run that Azure knows no more, though its last update lies in
// the future still: it is not asked for until then.
func (x suite) goneAhead(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f := putFactory(t, s, "adf")
	p := azurePage(row{ID: guid(1), Pipeline: "p", Status: "InProgress", Start: hour(10), Updated: hour(13)})
	p.Factory, p.Asked = f.Key, hour(10)
	if _, err := s.WriteRuns(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if err := s.MarkGone(t.Context(), f.Key, guid(1), hour(11)); err != nil {
		t.Fatal(err)
	}
	if open, err := s.OpenRuns(t.Context(), f.Key); err != nil || len(open) > 0 {
		t.Errorf("open: %v, %v", open, err)
	}
}

// toldRow is a row that Azure told at some time of its clock.
type toldRow struct {
	row  row
	told adf.Time
}

// undatedEnd writes the states of a run whose end says no lastUpdated, in any
// order: it would stay open for ever if it counted as older than the rest.
func (x suite) undatedEnd(t *testing.T) {
	t.Parallel()
	going := row{ID: guid(1), Pipeline: "p", Status: "InProgress", Start: hour(1), Updated: hour(2)}
	ended := row{ID: guid(1), Pipeline: "p", Status: "Succeeded", Start: hour(1), Ms: 1, Extra: map[string]any{"lastUpdated": nil}}
	dated := row{ID: guid(1), Pipeline: "p", Status: "Failed", Start: hour(1), Ms: 1, Updated: hour(3)}
	for _, c := range []struct {
		name  string
		pages []store.Page
		want  adf.Status
	}{
		{"after", []store.Page{azurePage(going), azurePage(ended)}, "Succeeded"},
		{"before", []store.Page{azurePage(ended), azurePage(going)}, "Succeeded"},
		{"from a file", []store.Page{importPage(ended), azurePage(dated)}, "Failed"},
		{"in a file", []store.Page{azurePage(dated), importPage(ended)}, "Failed"},
	} {
		s := x.open(t)
		f := putFactory(t, s, "adf")
		for _, p := range c.pages {
			p.Factory = f.Key
			if _, err := s.WriteRuns(t.Context(), p); err != nil {
				t.Fatal(err)
			}
		}
		d, err := s.Run(t.Context(), "adf", guid(1))
		if err != nil || d.Status != c.want {
			t.Errorf("%s: the run is %s, want %s; %v", c.name, d.Status, c.want, err)
		}
	}
}

func azurePage(r row) store.Page {
	return store.Page{Runs: []adf.PipelineRun{r.run()}, Origin: store.OriginAzure}
}

func importPage(r row) store.Page {
	return store.Page{Runs: []adf.PipelineRun{r.run()}, Origin: store.OriginFile}
}

// surroundingsOfOddTimes reads runs that begin long after now, or long after
// their own end.
func (x suite) surroundingsOfOddTimes(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f := putFactory(t, s, "adf")
	ahead := day0.Add(10 * 365 * 24 * time.Hour)
	write(t, s, f,
		row{ID: guid(1), Pipeline: "p", Status: "InProgress", Start: ahead},
		row{ID: guid(2), Pipeline: "child", Status: "InProgress", Start: ahead.Add(time.Hour), Parent: guid(1)},
		row{ID: guid(3), Pipeline: "p", Status: "Failed", Start: hour(500), Ms: 1, Extra: map[string]any{"runEnd": hour(1)}},
		row{ID: guid(4), Pipeline: "child", Status: "Failed", Start: hour(501), Ms: 1, Parent: guid(3)},
	)
	for _, n := range []int{1, 3} {
		d, err := s.Run(t.Context(), "adf", guid(n))
		if err != nil || d.ChildCount != 1 {
			t.Errorf("run %d has %d children, %v", n, d.ChildCount, err)
		}
	}
}

// impossible is a run whose end lies years before its start: it is read with
// its surroundings like any other.
func (x suite) impossible(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f := putFactory(t, s, "adf")
	const past = "2012-05-06T07:08:09Z"
	write(t, s, f,
		row{ID: guid(1), Pipeline: "p", Status: "Succeeded", Start: hour(1), Extra: map[string]any{"runEnd": past}},
		row{ID: guid(2), Pipeline: "p", Status: "Succeeded", Start: hour(2), Extra: map[string]any{"runStart": past, "runEnd": past, "lastUpdated": past}},
	)
	for _, id := range []string{guid(1), guid(2)} {
		got, err := s.Run(t.Context(), "adf", id)
		if err != nil || len(got.Odd) == 0 || got.ChildCount != 0 {
			t.Errorf("run %s: %+v, %v", id, got, err)
		}
	}
	got, err := s.Factory(t.Context(), "adf")
	if err != nil || got.OddRows != 2 || got.FirstRun != hour(1) || got.LastRun != adf.TimeOf(clock()) {
		t.Errorf("%d odd rows, runs from %s to %s, %v", got.OddRows, got.FirstRun, got.LastRun, err)
	}
}
