package world_test

import (
	"cmp"
	"slices"
	"strings"
	"testing"
	"time"

	"andon/internal/emulator/world"
)

// definedTrigger is what a client reads of a trigger's definition.
type definedTrigger struct {
	Type         string
	RuntimeState string
	Pipelines    []triggeredPipeline
	Pipeline     *triggeredPipeline

	TypeProperties struct {
		Recurrence     *definedRecurrence
		Frequency      string
		Interval       int
		StartTime      time.Time
		Delay          string
		MaxConcurrency int
		DependsOn      []struct{ ReferenceTrigger named }
	}
}

type triggeredPipeline struct{ PipelineReference named }

type definedRecurrence struct {
	Frequency string
	Interval  int
	StartTime string
	TimeZone  string
	Schedule  *struct {
		Minutes, Hours, MonthDays []int
		WeekDays                  []string
	}
}

func triggers(t *testing.T, f *world.Factory) map[string]definedTrigger {
	t.Helper()
	all := map[string]definedTrigger{}
	for _, r := range f.TriggerResources() {
		if _, twice := all[r.Name]; twice {
			t.Errorf("%s: two triggers are called %s", f.Name, r.Name)
		}
		all[r.Name] = parse[definedTrigger](t, r.Properties)
	}
	return all
}

// zone is the zone that Windows calls so.
func zone(t *testing.T, windows string) *time.Location {
	t.Helper()
	name, ok := map[string]string{"W. Europe Standard Time": "Europe/Berlin", "UTC": "UTC"}[windows]
	if !ok {
		t.Fatalf("Windows knows no zone %q", windows)
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// occurrences are the times of a recurrence in a closed interval, worked out from the definition alone: minutes and hours
// are absolute steps, days and longer keep to the clocks of the zone.
func (r *definedRecurrence) occurrences(t *testing.T, from, to time.Time) []time.Time {
	t.Helper()
	loc := zone(t, r.TimeZone)
	begin, err := time.Parse(time.RFC3339, r.StartTime)
	if err != nil {
		if begin, err = time.ParseInLocation("2006-01-02T15:04:05", r.StartTime, loc); err != nil {
			t.Fatal(err)
		}
	}
	begin = begin.In(loc)
	var all []time.Time
	add := func(when time.Time) {
		if !when.Before(from) && !when.After(to) && !when.Before(begin) {
			all = append(all, when.UTC())
		}
	}
	if r.Frequency == "Minute" {
		step := time.Duration(r.Interval) * time.Minute
		for when := begin.Add(from.Sub(begin) - from.Sub(begin)%step); !when.After(to); when = when.Add(step) {
			add(when)
		}
		return all
	}
	minutes, hours := []int{begin.Minute()}, []int{begin.Hour()}
	if r.Schedule != nil {
		minutes, hours = r.Schedule.Minutes, r.Schedule.Hours
	}
	for d := from.In(loc).AddDate(0, 0, -1); d.Before(to.AddDate(0, 0, 2)); d = d.AddDate(0, 0, 1) {
		switch {
		case r.Frequency == "Week" && !slices.Contains(r.Schedule.WeekDays, d.Weekday().String()):
			continue
		case r.Frequency == "Month" && !slices.Contains(r.Schedule.MonthDays, d.Day()):
			continue
		}
		for _, h := range hours {
			for _, m := range minutes {
				add(time.Date(d.Year(), d.Month(), d.Day(), h, m, 0, 0, loc))
			}
		}
	}
	return all
}

// azure.md §2.6 [K]: a schedule's times are those of its zone, which has a Windows name. The history holds
// 25 October 2026, when Stockholm's clocks go back.
func TestSchedulesSayWhenTheirPipelinesStart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3, 20_000)
	from, to := worldStart().Add(-43*24*time.Hour), worldStart()
	forms := map[string]int{}
	for _, f := range w.Factories() {
		fired := map[string][]time.Time{}
		for _, run := range w.TriggerRuns(f, from, to) {
			if s := run.At(to); s.TriggerType == "ScheduleTrigger" {
				when, err := time.Parse("01/02/2006 15:04:05", s.Properties["ScheduleTime"])
				if err != nil {
					t.Fatal(err)
				}
				if late := run.Timestamp().Sub(when); late < 0 || late > 3*time.Second {
					t.Fatalf("%s of %v fired %v late", run.Name(), when, late)
				}
				if !when.Before(from) {
					fired[run.Name()] = append(fired[run.Name()], when)
				}
			}
		}
		for name, d := range triggers(t, f) {
			r := d.TypeProperties.Recurrence
			if r == nil {
				continue
			}
			forms[r.Frequency]++
			count(forms, "without schedule", r.Schedule == nil)
			count(forms, "local start", !strings.HasSuffix(r.StartTime, "Z"))
			count(forms, "absolute start", strings.HasSuffix(r.StartTime, "Z"))
			want := r.occurrences(t, from, to.Add(-3*time.Second))
			if d.RuntimeState != world.TriggerStarted || len(d.Pipelines) == 0 {
				forms["idle "+d.RuntimeState]++
				want = nil
			}
			slices.SortFunc(want, time.Time.Compare)
			if got := fired[name]; !slices.EqualFunc(got, want, time.Time.Equal) {
				t.Errorf("%s/%s fired %d times, by its definition %d: %v", f.Name, name, len(got), len(want), firstDifference(got, want))
			}
		}
	}
	for _, form := range []string{"Minute", "Day", "Week", "Month", "without schedule", "local start", "absolute start", "idle Started", "idle Stopped"} {
		if forms[form] == 0 {
			t.Errorf("no schedule: %s (%v)", form, forms)
		}
	}
}

func firstDifference(got, want []time.Time) []time.Time {
	for i := range min(len(got), len(want)) {
		if !got[i].Equal(want[i]) {
			return []time.Time{got[i], want[i]}
		}
	}
	return append(got[min(len(got), len(want)):], want[min(len(got), len(want)):]...)[:1]
}

// azure.md §2.4 [K]: invokedBy.id of a triggered run is the triggerRunId.
func TestEveryTriggeredRunIsNamedByItsTriggerRun(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1500, 20_000} {
		w := newWorld(t, 2, size)
		several := 0
		for _, f := range w.Factories() {
			defined := triggers(t, f)
			for _, r := range w.Runs(f) {
				by := r.InvokedBy()
				if by.InvokedByType == "Manual" || by.InvokedByType == "PipelineActivity" {
					continue
				}
				d, ok := defined[by.Name]
				if !ok || d.Type != by.InvokedByType || d.RuntimeState != world.TriggerStarted || !d.starts(r.PipelineName()) {
					t.Fatalf("run %s of %s: invoked by %+v, whose trigger is %+v", r.RunID(), r.PipelineName(), by, d)
				}
				run := w.TriggerRunByID(f, strings.ToLower(by.ID))
				if run == nil {
					t.Fatalf("run %s: there is no trigger run %s", r.RunID(), by.ID)
				}
				s := run.At(worldStart())
				if s.TriggeredPipelines[r.PipelineName()] != r.RunID() || s.TriggerName != by.Name || s.TriggerRunID != by.ID || run.Timestamp().After(r.RunStart()) {
					t.Fatalf("run %s of %s: its trigger run is %+v", r.RunID(), r.PipelineName(), s)
				}
				if len(s.TriggeredPipelines) > 1 {
					several++
				}
			}
		}
		if size == 20_000 && several == 0 {
			t.Error("no trigger run started several pipelines")
		}
	}
}

func (d *definedTrigger) starts(pipeline string) bool {
	all := d.Pipelines
	if d.Pipeline != nil {
		all = append(all, *d.Pipeline)
	}
	return slices.ContainsFunc(all, func(p triggeredPipeline) bool {
		return p.PipelineReference == named{ReferenceName: pipeline, Type: "PipelineReference"}
	})
}

// azure.md §2.6, §13 [R]: what triggers look like.
func TestTriggersHaveTheShapeOfTheirType(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2, 200)
	seen := map[string]int{}
	for _, f := range w.Factories() {
		for _, r := range f.TriggerResources() {
			p := parse[map[string]any](t, r.Properties)
			of, _ := p["typeProperties"].(map[string]any)
			kind, _ := p["type"].(string)
			state, _ := p["runtimeState"].(string)
			seen[kind]++
			seen[state]++
			_, list := p["pipelines"].([]any)
			_, single := p["pipeline"].(map[string]any)
			if list == single || single != (kind == "TumblingWindowTrigger") {
				t.Errorf("%s (%s): list of pipelines %v, one pipeline %v", r.Name, kind, list, single)
			}
			if list && len(p["pipelines"].([]any)) == 0 {
				seen["no pipelines"]++
			}
			members := map[string][]string{
				"ScheduleTrigger": {"recurrence"}, "TumblingWindowTrigger": {"frequency", "interval", "startTime", "delay", "maxConcurrency", "retryPolicy", "dependsOn"},
				"BlobEventsTrigger": {"scope", "events", "blobPathBeginsWith", "ignoreEmptyBlobs"}, "CustomEventsTrigger": {"scope", "events", "subjectBeginsWith"},
			}[kind]
			for _, member := range members {
				if _, ok := of[member]; !ok {
					t.Errorf("%s (%s) has no %s", r.Name, kind, member)
				}
			}
			if after, _ := of["dependsOn"].([]any); len(after) > 0 {
				seen["dependsOn"]++
			}
		}
	}
	for _, want := range []string{
		"ScheduleTrigger", "TumblingWindowTrigger", "BlobEventsTrigger", "CustomEventsTrigger", world.TriggerStarted, world.TriggerStopped, world.TriggerDisabled,
		"no pipelines", "dependsOn",
	} {
		if seen[want] == 0 {
			t.Errorf("no trigger: %s", want)
		}
	}
}

// azure.md §2.6 [S]: the windows of a tumbling window trigger follow one another in universal time, whatever clocks do.
func TestWindowsHaveNoGapsAndKeepTheirLimits(t *testing.T) {
	t.Parallel()
	const date = "01/02/2006 15:04:05"
	w := newWorld(t, 3, 20_000)
	from := worldStart().Add(-43 * 24 * time.Hour)
	for _, f := range w.Factories() {
		succeeded, byTrigger := map[string]time.Time{}, map[string][]world.TriggerRun{}
		for _, run := range w.TriggerRuns(f, from, worldStart()) {
			if s := run.At(worldStart()); s.TriggerType == "TumblingWindowTrigger" {
				byTrigger[run.Name()] = append(byTrigger[run.Name()], run)
				for _, r := range run.Runs(worldStart()) {
					if s.Status == world.StatusSucceeded {
						succeeded[run.Name()+s.Properties["windowEndTime"]] = r.SettledAt()
					}
				}
			}
		}
		defined := triggers(t, f)
		for name, runs := range byTrigger {
			p := defined[name].TypeProperties
			var ended, before time.Time
			for _, run := range runs {
				s := run.At(worldStart())
				opens, _ := time.Parse(date, s.Properties["windowStartTime"])
				closes, err := time.Parse(date, s.Properties["windowEndTime"])
				if err != nil || closes.Sub(opens) != time.Duration(p.Interval)*time.Hour || opens.Sub(p.StartTime)%time.Hour != 0 {
					t.Fatalf("%s: window %v to %v", name, opens, closes)
				}
				if !before.IsZero() && !opens.Equal(before) {
					t.Fatalf("%s: a window opens at %v, the one before closed at %v", name, opens, before)
				}
				before = closes
				if late := run.Timestamp().Sub(closes); late < 2*time.Minute || late > 2*time.Minute+3*time.Second {
					t.Fatalf("%s: the window that closed at %v fired %v later", name, closes, late)
				}
				for _, r := range run.Runs(worldStart()) {
					if p.MaxConcurrency == 1 && r.RunStart().Before(ended) {
						t.Fatalf("%s: the window to %v starts at %v, the one before ends at %v", name, closes, r.RunStart(), ended)
					}
					ended = r.SettledAt().Add(-time.Millisecond)
					for _, after := range p.DependsOn {
						if done := succeeded[after.ReferenceTrigger.ReferenceName+s.Properties["windowEndTime"]]; done.IsZero() || r.RunStart().Before(done) {
							t.Fatalf("%s: the window to %v starts at %v, %s succeeded at %v", name, closes, r.RunStart(), after.ReferenceTrigger.ReferenceName, done)
						}
					}
				}
			}
		}
	}
}

// byStamp orders trigger runs as World.TriggerRuns does.
func byStamp(a, b world.TriggerRun) int {
	return cmp.Or(a.Timestamp().Compare(b.Timestamp()), strings.Compare(a.Name(), b.Name()))
}
