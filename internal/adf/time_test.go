package adf_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"andon/internal/adf"
)

// ticks draws a time from 1602 to 9999 in units of 100 ns.
func ticks() *rapid.Generator[int64] {
	from := time.Date(1602, 1, 1, 0, 0, 0, 0, time.UTC).Unix() * adf.TicksPerSecond
	to := time.Date(9999, 12, 31, 23, 59, 59, 999_999_900, time.UTC).Unix()*adf.TicksPerSecond + 9_999_999
	return rapid.Int64Range(from, to).Filter(func(n int64) bool { return n != 0 })
}

func TestTimesKeepSevenDigitsBothWays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := adf.Time(ticks().Draw(t, "ticks"))
		text := want.String()
		if !strings.HasSuffix(text, "Z") || strings.HasSuffix(text, "0Z") && strings.Contains(text, ".") {
			t.Errorf("%s is not written as ADF does", text)
		}
		got, err := adf.ParseTime(text)
		if err != nil || got != want {
			t.Errorf("%s gives %d, %v; want %d", text, got, err, want)
		}
		if back := adf.TimeOf(want.Time()); back != want {
			t.Errorf("by way of time.Time: %d, want %d", back, want)
		}
		marshalled, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var unmarshalled adf.Time
		if err := json.Unmarshal(marshalled, &unmarshalled); err != nil || unmarshalled != want {
			t.Errorf("by way of JSON %s: %d, %v; want %d", marshalled, unmarshalled, err, want)
		}
	})
}

func TestTimesKeepTheirOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := adf.Time(ticks().Draw(t, "a")), adf.Time(ticks().Draw(t, "b"))
		if (a < b) != a.Time().Before(b.Time()) {
			t.Errorf("%s and %s change their order", a, b)
		}
		d := time.Duration(rapid.Int64Range(-1e15, 1e15).Draw(t, "d")) * 100
		if moved := a.Add(d); moved != 0 && moved.Sub(a) != d {
			t.Errorf("%s + %s - itself = %s", a, d, moved.Sub(a))
		}
	})
}

func TestParseTimeForms(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"2026-11-24T02:00:03.1182931Z":   "2026-11-24T02:00:03.1182931Z",
		"2026-11-24T02:00:03.1100000Z":   "2026-11-24T02:00:03.11Z",
		"2026-11-24T02:00:03.118293199Z": "2026-11-24T02:00:03.1182931Z",
		"2026-11-24T02:00:03Z":           "2026-11-24T02:00:03Z",
		"2026-11-24T02:00:03+00:00":      "2026-11-24T02:00:03Z",
		"2026-11-24T02:00:03-05:00":      "2026-11-24T07:00:03Z",
		"2026-11-24T02:00:03":            "2026-11-24T02:00:03Z",
		"2026-11-24 02:00:03.5":          "2026-11-24T02:00:03.5Z",
		"2026-11-24 02:00:03Z":           "2026-11-24T02:00:03Z",
		" 2026-11-24 ":                   "2026-11-24T00:00:00Z",
		"1969-12-31T23:59:59.9999999Z":   "1969-12-31T23:59:59.9999999Z",
		"9999-12-31T23:59:59.9999999Z":   "9999-12-31T23:59:59.9999999Z",
		"":                               "",
		"0001-01-01T00:00:00":            "",
		"1601-01-01T00:00:00Z":           "",
		"/Date(1574202819000)/":          "2019-11-19T22:33:39Z",
		"/Date(1574202849412)/":          "2019-11-19T22:34:09.412Z",
		`\/Date(1574202819000)\/`:        "2019-11-19T22:33:39Z",
		"/Date(1574202819000+0200)/":     "2019-11-19T22:33:39Z", // the offset does not move the instant
		"/Date(1574202819000-0530)/":     "2019-11-19T22:33:39Z",
		"/Date(-1)/":                     "1969-12-31T23:59:59.999Z",
		"/Date(-62135596800000)/":        "", // .NET's DateTime.MinValue
		"/Date(253402300799999)/":        "9999-12-31T23:59:59.999Z",
	} {
		got, err := adf.ParseTime(text)
		if err != nil || got.String() != want {
			t.Errorf("%q gives %q, %v; want %q", text, got, err, want)
		}
	}
	for _, text := range []string{
		"now", "11/24/2026", "2026-13-01", "2026-11-24T25:00:00Z", "1764000000", "2026-11-24T02:00:03Z Z",
		"/Date()/", "/Date(soon)/", "/Date(1574202819000", "Date(1574202819000)", "/Date(1574202819000+2)/", "/Date(1574202819000+9999)/", "/Date(253402300800000)/",
		"/Date(99999999999999999999)/", "/Date(--1)/",
	} {
		if got, err := adf.ParseTime(text); err == nil {
			t.Errorf("%q gives %s, want an error", text, got)
		}
	}
}

// Some versions of Windows PowerShell 5.1 write a time as an object, whose
// DateTime is in the words of the machine that wrote it.
func TestATimeInAnObjectIsItsValue(t *testing.T) {
	t.Parallel()
	const raw = `{"value":"\/Date(1574202819000)\/","DisplayHint":2,"DateTime":"Mittwoch, 20. November 2019 00:33:39"}`
	want := "2019-11-19T22:33:39Z"
	var got adf.Time
	if err := json.Unmarshal([]byte(raw), &got); err != nil || got.String() != want {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
	run, err := adf.DecodePipelineRun([]byte(`{"runId":"r","runStart":` + raw + `,"runEnd":{"DateTime":"Mittwoch, 20. November 2019 00:33:39"}}`))
	if err != nil || run.RunStart.String() != want || !run.RunEnd.IsZero() || len(run.Odd) != 1 || run.Odd[0].Field != "runEnd" {
		t.Errorf("start %s, end %s, odd %v, %v; want %s, and runEnd alone odd", run.RunStart, run.RunEnd, run.Odd, err, want)
	}
	for _, bad := range []string{`{}`, `{"value":7}`, `{"value":{"value":"2019-11-19"}}`, `[]`, `7`} {
		if err := json.Unmarshal([]byte(bad), &got); err == nil {
			t.Errorf("%s is a time: %s", bad, got)
		}
	}
}

func TestAbsentTime(t *testing.T) {
	t.Parallel()
	var absent adf.Time
	text, err := json.Marshal(absent)
	if err != nil || string(text) != "null" {
		t.Errorf("JSON = %s, %v; want null", text, err)
	}
	if !absent.IsZero() || absent.String() != "" || !absent.Time().IsZero() || absent.Add(time.Hour) != 0 || adf.TimeOf(time.Time{}) != 0 {
		t.Error("an absent time became a time")
	}
	for _, raw := range []string{`null`, `""`} {
		v := adf.Time(7)
		if err := json.Unmarshal([]byte(raw), &v); err != nil || v != 0 {
			t.Errorf("%s gives %d, %v; want absent", raw, v, err)
		}
	}
}

func TestStatuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[adf.Status]struct {
		canonical adf.Status
		terminal  bool
	}{
		"Succeeded":   {adf.StatusSucceeded, true},
		"FAILED":      {adf.StatusFailed, true},
		"canceled":    {adf.StatusCancelled, true},
		"Cancelled":   {adf.StatusCancelled, true},
		"Canceling":   {adf.StatusCanceling, false},
		"In Progress": {adf.StatusInProgress, false},
		"Cancelling":  {adf.StatusCanceling, false},
		"CANCELED":    {adf.StatusCancelled, true},
		"in_progress": {adf.StatusInProgress, false},
		"Timed-Out":   {adf.StatusTimedOut, false},
		"WAITING":     {adf.StatusWaiting, false},
		"queued":      {adf.StatusQueued, false},
		"skipped":     {adf.StatusSkipped, false},
		"TimedOut":    {adf.StatusTimedOut, false},
		"Pondering":   {"Pondering", false},
		"":            {"", false},
	} {
		if got := text.Canonical(); got != want.canonical || text.Terminal() != want.terminal {
			t.Errorf("%q: %q, terminal %t; want %q, %t", text, got, text.Terminal(), want.canonical, want.terminal)
		}
	}
	for _, s := range adf.KnownStatuses() {
		if s.Canonical() != s {
			t.Errorf("%s is not its own spelling", s)
		}
	}
}
