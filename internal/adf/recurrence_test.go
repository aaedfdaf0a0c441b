package adf_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"andon/internal/adf"
)

// cases returns the elements of a saved answer, of the kinds that public
// reports show.
func cases(t *testing.T, name string) []adf.Element {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "cases", name))
	if err != nil {
		t.Fatal(err)
	}
	page, err := adf.SplitPage(raw)
	if err != nil {
		t.Fatal(err)
	}
	all, ok := page.Elements("value")
	if !ok || len(all) == 0 {
		t.Fatalf("%s has no elements", name)
	}
	return all
}

// recurrences returns those of the triggers in a saved answer, and the paths
// of their odd fields.
func recurrences(t *testing.T, name string) (all map[string]*adf.Recurrence, odd map[string][]string) {
	t.Helper()
	all, odd = map[string]*adf.Recurrence{}, map[string][]string{}
	for _, e := range cases(t, name) {
		tr, err := adf.DecodeTrigger(e.Raw())
		if err != nil {
			t.Fatal(err)
		}
		all[tr.Name] = tr.Recurrence
		for _, o := range tr.Odd {
			odd[tr.Name] = append(odd[tr.Name], o.Field)
		}
	}
	return all, odd
}

// A scalar is an array of one, names come in any case, and days as numbers.
func TestLooseSchedulesAreRead(t *testing.T) {
	t.Parallel()
	start := mustTime(t, "2022-01-03T00:00:00Z")
	weekly := func(day string) *adf.Recurrence {
		return &adf.Recurrence{Frequency: "Week", Interval: new(int64(1)), StartTime: start, TimeZone: "UTC", Minutes: []int64{0}, Hours: []int64{3}, WeekDays: []string{day}}
	}
	got, odd := recurrences(t, "triggers-loose-schedules.json")
	want := map[string]*adf.Recurrence{"tr_lower": weekly("Saturday"), "tr_scalar": weekly("Sunday"), "tr_number": weekly("Sunday")}
	if diff := cmp.Diff(want, got); diff != "" || len(odd) > 0 {
		t.Errorf("odd %v (-want +got):\n%s", odd, diff)
	}
}

// Terraform writes an empty startTime, and days of the week for a month, with
// both of which ADF starts no trigger.
func TestSchedulesOfTerraform(t *testing.T) {
	t.Parallel()
	got, odd := recurrences(t, "triggers-of-terraform.json")
	want := map[string][]string{
		"tr_no_start":       {"properties.typeProperties.recurrence.startTime"},
		"tr_month_weekdays": {"properties.typeProperties.recurrence.schedule.weekDays"},
	}
	if diff := cmp.Diff(want, odd); diff != "" {
		t.Errorf("odd (-want +got):\n%s", diff)
	}
	for name, r := range got {
		if _, isOdd := want[name]; r.Incomplete != isOdd {
			t.Errorf("%s is incomplete: %t", name, r.Incomplete)
		}
	}
	if r := got["tr_month_first_monday"]; r.Frequency != "Month" || len(r.MonthlyOccurrences) == 0 || r.StartTime.IsZero() {
		t.Errorf("the first Monday of a month: %+v", r)
	}
}

func TestStartsWithoutZoneAndUnknownZonesAreKept(t *testing.T) {
	t.Parallel()
	ignored := cmpopts.IgnoreFields(adf.Recurrence{}, "Interval", "Frequency")
	got, odd := recurrences(t, "trigger-start-without-zone.json")
	want := map[string]*adf.Recurrence{"tr_export_daily": {StartTime: mustTime(t, "2023-01-01T01:01:00Z"), StartIsLocal: true, TimeZone: "UTC"}}
	if diff := cmp.Diff(want, got, ignored); diff != "" || len(odd) > 0 {
		t.Errorf("odd %v (-want +got):\n%s", odd, diff)
	}
	got, odd = recurrences(t, "triggers-unknown-zones.json")
	start := mustTime(t, "2025-01-01T04:00:00Z")
	want = map[string]*adf.Recurrence{
		"tr_utc_long": {StartTime: start, StartIsLocal: true, TimeZone: "Universal Coordinated Time"},
		"tr_aest":     {StartTime: start, StartIsLocal: true, TimeZone: "Australian Eastern Standard Time"},
		"tr_none":     {StartTime: start, StartIsLocal: true},
	}
	if diff := cmp.Diff(want, got, ignored); diff != "" || len(odd) > 0 {
		t.Errorf("odd %v (-want +got):\n%s", odd, diff)
	}
	got, _ = recurrences(t, "trigger-every-5-minutes.json")
	if r := got["tr_5min"]; r.StartIsLocal || r.EndTime != mustTime(t, "2019-11-15T16:31:00Z") || r.Incomplete {
		t.Errorf("%+v", r)
	}
}

func TestATumblingWindowMayHaveAListOfPipelines(t *testing.T) {
	t.Parallel()
	tr, err := adf.DecodeTrigger(cases(t, "trigger-window-with-pipelines.json")[0].Raw())
	if err != nil || len(tr.Pipelines) != 1 || tr.Pipelines[0].PipelineName != "pl_window" || tr.RuntimeState != adf.TriggerStopped || len(tr.Odd) > 0 {
		t.Errorf("%v, %+v", err, tr)
	}
	if r := tr.Recurrence; r == nil || r.Incomplete || r.Frequency != "Minute" || r.StartTime != mustTime(t, "2019-06-03T20:33:54.248Z") || r.Delay != "00:10:00" {
		t.Errorf("%+v", r)
	}
}

// One part that can't be read, or is missing, makes the whole recurrence
// incomplete; the parts that can be read stay.
func TestARecurrenceWithAnUnreadablePartIsIncomplete(t *testing.T) {
	t.Parallel()
	const whole = `"frequency":"week","interval":"2","startTime":"2022-01-03T00:00:00Z"`
	for recurrence, want := range map[string]struct {
		incomplete bool
		odd        int
	}{
		`{` + whole + `}`: {false, 0},
		`{` + whole + `,"schedule":{"weekDays":["MONDAY","friday","3"],"hours":23,"minutes":["59"]}}`:        {false, 0},
		`{` + whole + `,"schedule":{"monthDays":[1,-1],"monthlyOccurrences":[{"day":5,"occurrence":"-1"}]}}`: {false, 0},
		`{` + whole + `,"schedule":{"weekDays":["Someday"]}}`:                                                {true, 1},
		`{` + whole + `,"schedule":{"weekDays":[7]}}`:                                                        {true, 1},
		`{` + whole + `,"schedule":{"weekDays":{"day":"Monday"}}}`:                                           {true, 1},
		`{` + whole + `,"schedule":{"hours":[24]}}`:                                                          {true, 1},
		`{` + whole + `,"schedule":{"hours":"@pipeline().h"}}`:                                               {true, 1},
		`{` + whole + `,"schedule":{"minutes":[60,-1]}}`:                                                     {true, 2},
		`{` + whole + `,"schedule":{"monthDays":[0]}}`:                                                       {true, 1},
		`{` + whole + `,"schedule":{"monthlyOccurrences":[{"day":"Moonday","occurrence":0}]}}`:               {true, 2},
		`{` + whole + `,"schedule":"daily"}`:                                                                 {true, 1},
		`{` + whole + `,"endTime":"never"}`:                                                                  {true, 1},
		`{"interval":1,"startTime":"2022-01-03T00:00:00Z"}`:                                                  {true, 0},
		`{"frequency":"Day","startTime":"2022-01-03T00:00:00Z"}`:                                             {true, 0},
		`{"frequency":"Day","interval":1}`:                                                                   {true, 0},
		`{"frequency":"Fortnight","interval":1,"startTime":"2022-01-03T00:00:00Z"}`:                          {true, 1},
		`{"frequency":"Day","interval":0,"startTime":"2022-01-03T00:00:00Z"}`:                                {true, 1},
		`"daily"`: {true, 1},
	} {
		tr, err := adf.DecodeTrigger([]byte(`{"name":"tr","properties":{"type":"ScheduleTrigger","typeProperties":{"recurrence":` + recurrence + `}}}`))
		if err != nil || tr.Recurrence == nil || tr.Recurrence.Incomplete != want.incomplete || len(tr.Odd) != want.odd {
			t.Errorf("%s: %v, %+v, odd %v; want incomplete %t, %d odd", recurrence, err, tr.Recurrence, tr.Odd, want.incomplete, want.odd)
		}
	}
}

// Trigger runs of 2018 have dates without zone, month first, in UTC.
func TestATriggerRunOf2018(t *testing.T) {
	t.Parallel()
	run, err := cases(t, "trigger-run-2018.json")[0].TriggerRun()
	if err != nil || len(run.Odd) > 0 {
		t.Fatalf("%v, odd %v", err, run.Odd)
	}
	if want := mustTime(t, "2018-04-11T00:05:49Z"); run.ScheduleTime != want || run.TriggerTime != want {
		t.Errorf("schedule time %s, trigger time %s, want %s", run.ScheduleTime, run.TriggerTime, want)
	}
	old, err := adf.DecodeTriggerRun([]byte(`{"triggerRunId":"08586800000000000000000000041","properties":{"ScheduleTime":"12/01/2018 13:00:00"}}`))
	if err != nil || old.TriggerRunID != "08586800000000000000000000041" || old.ScheduleTime != mustTime(t, "2018-12-01T13:00:00Z") {
		t.Errorf("an id without its end: %v, %+v", err, old)
	}
}

func TestStatusesOfASavedFileInOtherSpellings(t *testing.T) {
	t.Parallel()
	got := map[adf.Status]int{}
	for _, e := range cases(t, "status-spellings.json") {
		run, err := e.PipelineRun()
		if err != nil || len(run.Odd) > 0 {
			t.Fatalf("%v, odd %v", err, run.Odd)
		}
		got[run.Status]++
	}
	if diff := cmp.Diff(map[adf.Status]int{adf.StatusCanceling: 2, adf.StatusCancelled: 3}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
