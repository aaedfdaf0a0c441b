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
	} {
		got, err := adf.ParseTime(text)
		if err != nil || got.String() != want {
			t.Errorf("%q gives %q, %v; want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"now", "11/24/2026", "2026-13-01", "2026-11-24T25:00:00Z", "1764000000", "2026-11-24T02:00:03Z Z"} {
		if got, err := adf.ParseTime(text); err == nil {
			t.Errorf("%q gives %s, want an error", text, got)
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
