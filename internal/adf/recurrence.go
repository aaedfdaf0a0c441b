package adf

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// recurrence reads when a trigger fires. It takes the loose forms that ADF
// accepts too: a scalar for an array of one, names in any case, numbers in
// strings.
func (r *row) recurrence() *Recurrence {
	before := r.oddSoFar()
	within := r.within("schedule")
	c := &Recurrence{
		Frequency: r.frequency("frequency"), Interval: r.whole("interval"), TimeZone: r.word("timeZone"),
		Minutes: within.wholes("minutes", 0, 59), Hours: within.wholes("hours", 0, 23), MonthDays: within.wholes("monthDays", -31, 31),
		WeekDays: within.weekDays("weekDays"), MonthlyOccurrences: within.raw("monthlyOccurrences"),
		Delay: r.word("delay"), MaxConcurrency: r.whole("maxConcurrency"),
	}
	c.StartTime, c.StartIsLocal = r.clock("startTime")
	c.EndTime, c.EndIsLocal = r.clock("endTime")
	if text := r.find("startTime"); string(text) == `""` {
		r.isOdd("startTime", "is empty where a time was expected") // Terraform writes it; ADF refuses to start such a trigger
	}
	if c.Interval != nil && *c.Interval < 1 {
		r.isOdd("interval", "is not 1 or more")
	}
	if c.Frequency == "Month" && len(c.WeekDays) > 0 {
		within.isOdd("weekDays", "does not go with a frequency of Month: Data Factory refuses to start such a trigger")
	}
	if slices.Contains(c.MonthDays, 0) {
		within.isOdd("monthDays", "has a day 0")
	}
	within.checkOccurrences("monthlyOccurrences")
	c.Incomplete = r.oddSoFar() > before || c.Frequency == "" || c.Interval == nil || c.StartTime.IsZero()
	return c
}

// frequency returns a frequency in ADF's spelling; any other word is odd and
// stays as it is.
func (r *row) frequency(field string) string {
	word := r.word(field)
	if word == "" {
		return ""
	}
	allowed := []string{"Minute", "Hour", "Day", "Week", "Month", "Year"}
	i := slices.IndexFunc(allowed, func(known string) bool { return strings.EqualFold(known, word) })
	if i < 0 {
		r.isOdd(field, "is none of "+strings.Join(allowed, ", "))
		return word
	}
	return allowed[i]
}

// wholes returns the whole numbers from least to most of an array; any other
// element is odd.
func (r *row) wholes(field string, least, most int64) []int64 {
	var out []int64
	for place, value := range r.oneOrMore(field) {
		n, err := strconv.ParseInt(strings.Trim(string(value), `"`), 10, 64)
		switch {
		case err != nil:
			r.isOdd(place, "is "+describe(value)+" where a whole number was expected")
		case n < least || n > most:
			r.isOdd(place, fmt.Sprintf("is not a number from %d to %d", least, most))
		default:
			out = append(out, n)
		}
	}
	return out
}

// weekDays returns the days of a week in ADF's spelling; any other element is
// odd.
func (r *row) weekDays(field string) []string {
	var out []string
	for place, value := range r.oneOrMore(field) {
		day, ok := weekDay(value)
		if !ok {
			r.isOdd(place, "is "+describe(value)+" where a day of the week was expected (Monday to Sunday)")
			continue
		}
		out = append(out, day)
	}
	return out
}

// weekDay reads a day's name in any case, or its number in .NET, which ADF is
// written in: 0 is Sunday, 6 is Saturday.
func weekDay(value []byte) (name string, ok bool) {
	text := string(value)
	if len(value) > 1 && value[0] == '"' {
		text = strings.TrimSpace(unquote(value[1 : len(value)-1]))
	}
	for day := time.Sunday; day <= time.Saturday; day++ {
		if strings.EqualFold(text, day.String()) || text == strconv.Itoa(int(day)) {
			return day.String(), true
		}
	}
	return "", false
}

// checkOccurrences notes what can't be read of days such as the first Monday
// of a month: {"day":"Monday","occurrence":1}.
func (r *row) checkOccurrences(field string) {
	for _, w := range r.rows(field) {
		if _, ok := weekDay(w.find("day")); !ok {
			w.isOdd("day", "is no day of the week (Monday to Sunday)")
		}
		if n := w.whole("occurrence"); n == nil || *n == 0 || *n < -5 || *n > 5 {
			w.isOdd("occurrence", "is not a number from 1 to 5, or from -5 to -1")
		}
	}
}

// oneOrMore returns the elements of an array with their paths, and what is no
// array as its only element.
func (r *row) oneOrMore(field string) func(yield func(string, json.RawMessage) bool) {
	return func(yield func(string, json.RawMessage) bool) {
		value := r.find(field)
		switch {
		case len(value) == 0 || value[0] == 'n':
		case value[0] != '[':
			yield(field, value)
		default:
			for i, element := range elements(value) {
				if !yield(field+"["+strconv.Itoa(i)+"]", element) {
					return
				}
			}
		}
	}
}

// oddSoFar is how many fields of the whole row could not be read up to now.
func (r *row) oddSoFar() int {
	for r.outer != nil {
		r = r.outer
	}
	return len(r.odd)
}
