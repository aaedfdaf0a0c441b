package world

import (
	"slices"
	"time"
)

// The zones that schedules are written in, by the names that Windows has for them.
const (
	zoneStockholm = "W. Europe Standard Time"
	zoneUTC       = "UTC"
)

// recurrence is a schedule trigger's (ADF REST, ScheduleTriggerRecurrence). A start time without a zone is a time of the
// recurrence's own zone, and so are the hours and minutes of the schedule.
type recurrence struct {
	Frequency string              `json:"frequency"`
	Interval  int                 `json:"interval"`
	StartTime string              `json:"startTime"`
	TimeZone  string              `json:"timeZone"`
	Schedule  *recurrenceSchedule `json:"schedule,omitempty"`
}

type recurrenceSchedule struct {
	Minutes   []int    `json:"minutes"`
	Hours     []int    `json:"hours"`
	WeekDays  []string `json:"weekDays,omitempty"`
	MonthDays []int    `json:"monthDays,omitempty"`
}

// recurrence says of a trigger when schedule.go starts it. One that fires once a day may say so by its start time alone;
// some of those give it with a zone, some without, as people do.
func (f *Factory) recurrence(t *trigger) recurrence {
	s := t.start
	first := dayOf(at(f.CreateTime)) + 2
	if s.steady() {
		return recurrence{
			Frequency: "Minute", Interval: int(s.every / time.Minute), StartTime: first.date().Format(time.RFC3339), TimeZone: zoneUTC,
		}
	}
	minutes, hours := s.clockTimes()
	r := recurrence{
		Frequency: "Day", Interval: 1, TimeZone: zoneStockholm, Schedule: &recurrenceSchedule{Minutes: minutes, Hours: hours},
		StartTime: first.date().Add(hm(hours[0], minutes[0])).Format("2006-01-02T15:04:05"),
	}
	switch s.days {
	case workingDays:
		r.Frequency, r.Schedule.WeekDays = "Week", []string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday"}
	case sundays:
		r.Frequency, r.Schedule.WeekDays = "Week", []string{"Sunday"}
	case mondays:
		r.Frequency, r.Schedule.WeekDays = "Week", []string{"Monday"}
	case firstOfMonth:
		r.Frequency, r.Schedule.MonthDays = "Month", []int{1}
	case closingDays:
		r.Frequency, r.Schedule.MonthDays = "Month", []int{1, 2, 3}
	case allDays:
		if len(hours) == 1 && len(minutes) == 1 && textKey(t.name)%2 == 0 {
			r.Schedule = nil
		}
	}
	if textKey(t.name)%3 == 0 {
		r.StartTime = first.clock(hm(hours[0], minutes[0])).time().Format(time.RFC3339)
	}
	return r
}

// clockTimes are the minutes and the hours that together, each with each, are the starts of a day.
func (s *start) clockTimes() (minutes, hours []int) {
	times := s.times
	if s.pattern == patternEvery {
		times = nil
		for t := s.from; t < s.to; t += s.every {
			times = append(times, t)
		}
	}
	for _, t := range times {
		minutes = append(minutes, int(t/time.Minute)%60)
		hours = append(hours, int(t/time.Hour))
	}
	slices.Sort(minutes)
	slices.Sort(hours)
	return slices.Compact(minutes), slices.Compact(hours)
}
