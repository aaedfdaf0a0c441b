package world

import (
	"math"
	"math/rand/v2"
	"time"
)

// start is one trigger of a pipeline, or people who start it by hand.
type start struct {
	trigger string // empty for people
	origin  origin
	pattern pattern

	times    []time.Duration // of patternTimes: since midnight in Stockholm
	every    time.Duration   // of patternEvery, patternStream and patternWindow
	from, to time.Duration   // of patternEvery: part of the day
	perDay   float64         // of patternArrivals: on a working day

	days      dayFilter
	after     string  // of patternWindow: the trigger whose same window must have succeeded
	alone     bool    // of patternWindow: one window at a time
	together  bool    // of patternTimes: one trigger run starts several pipelines
	throttled bool    // of patternStream: the other side refuses some of the calls
	monthEnd  float64 // how many times as much at the end of a month; 0 means as always
}

// pattern is how the starts of one day come about.
type pattern uint8

const (
	patternTimes    pattern = iota // at set times
	patternEvery                   // every so often in a part of the day
	patternArrivals                // whenever something arrives, or somebody wants it
	patternStream                  // as arrivals in history; every few seconds once the live feed is on
	patternWindow                  // when a window of the universal time has closed; see windows.go
)

type dayFilter uint8

const (
	allDays dayFilter = iota
	workingDays
	sundays
	mondays
	firstOfMonth
	closingDays // the first three days of a month
)

func (f dayFilter) includes(d day) bool {
	switch f {
	case workingDays:
		return !d.weekend()
	case sundays:
		return d.weekday() == time.Sunday
	case mondays:
		return d.weekday() == time.Monday
	case firstOfMonth:
		return d.date().Day() == 1
	case closingDays:
		return d.date().Day() <= 3
	case allDays:
	}
	return true
}

func hm(hour, minute int) time.Duration {
	return time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute
}

func daily(trigger string, hour, minute int) start {
	return start{trigger: trigger, origin: bySchedule, times: []time.Duration{hm(hour, minute)}}
}

func dailyAt(trigger string, times ...time.Duration) start {
	return start{trigger: trigger, origin: bySchedule, times: times}
}

func on(days dayFilter, s start) start { s.days = days; return s }

func every(trigger string, interval time.Duration, fromHour, toHour int) start {
	return start{trigger: trigger, origin: bySchedule, pattern: patternEvery, every: interval, from: hm(fromHour, 0), to: hm(toHour, 0)}
}

// hourlyWindows is a tumbling window trigger; each window is processed two minutes after it closed.
func hourlyWindows(trigger string) start {
	return start{trigger: trigger, origin: byWindow, pattern: patternWindow, every: time.Hour}
}

// windowsAfter is one that waits until another has done the same window, and does one window after the other.
func windowsAfter(trigger, other string) start {
	s := hourlyWindows(trigger)
	s.after, s.alone = other, true
	return s
}

// together marks a trigger that starts several pipelines in one trigger run.
func together(s start) start { s.together = true; return s }

func blobs(trigger string, perDay float64) start {
	return start{trigger: trigger, origin: byBlob, pattern: patternArrivals, perDay: perDay}
}

func events(trigger string, perDay float64) start {
	return start{trigger: trigger, origin: byEvent, pattern: patternArrivals, perDay: perDay}
}

// stream is a feed of events that a campaign switched on shortly before the world starts; before, it was a trickle.
func stream(trigger string, interval time.Duration, perDay float64) start {
	return start{trigger: trigger, origin: byEvent, pattern: patternStream, every: interval, perDay: perDay}
}

func throttled(s start) start { s.throttled = true; return s }

func people(perDay float64) start {
	return start{origin: byHand, pattern: patternArrivals, perDay: perDay, days: workingDays}
}

func busyAtMonthEnd(factor float64, s start) start { s.monthEnd = factor; return s }

// elastic reports whether the number of starts may follow the size of the world: a nightly run happens once a night,
// but files arrive as they like.
func (s *start) elastic() bool { return s.pattern == patternArrivals || s.pattern == patternStream }

// expected is how many starts d brings on average.
func (s *start) expected(d day) float64 {
	if !s.days.includes(d) {
		return 0
	}
	switch s.pattern {
	case patternTimes:
		return float64(len(s.times))
	case patternEvery:
		return math.Ceil(float64(s.to-s.from) / float64(s.every))
	case patternWindow:
		return float64(dayLength) / float64(s.every)
	case patternArrivals, patternStream:
	}
	return s.perDay * s.busyness(d)
}

// busyness is how d compares with a working day in mid-month.
func (s *start) busyness(d day) float64 {
	b := 1.0
	switch d.weekday() {
	case time.Saturday:
		b = 0.55
	case time.Sunday:
		b = 0.45
	case time.Friday:
		b = 1.15
	case time.Monday, time.Tuesday, time.Wednesday, time.Thursday:
	}
	if s.monthEnd > 0 && d.monthEnd() {
		b *= s.monthEnd
	}
	return b
}

// occurrences are the starts of one day, with scale times as many arrivals. Triggers fire up to three seconds late, as
// they do.
func (s *start) occurrences(d day, scale float64, rng *rand.Rand) []instant {
	if !s.days.includes(d) {
		return nil
	}
	var all []instant
	late := func() time.Duration { return time.Duration(rng.Int64N(int64(3 * time.Second))) }
	switch s.pattern {
	case patternTimes:
		for _, t := range s.times {
			if s.together {
				all = append(all, d.clock(t).add(s.sameDelay(d, t)))
				continue
			}
			all = append(all, d.clock(t).add(late()))
		}
	case patternEvery:
		for _, when := range s.regular(d) {
			all = append(all, when.add(late()))
		}
	case patternWindow:
	case patternArrivals, patternStream:
		for range poisson(s.expected(d)*scale, rng) {
			all = append(all, d.clock(s.arrival(rng)))
		}
	}
	return all
}

// sameDelay is how late a trigger fires that starts several pipelines at the same moment.
func (s *start) sameDelay(d day, t time.Duration) time.Duration {
	h := mixAll(textKey(s.trigger), saltTrigger, uint64(d), uint64(t)) //nolint:gosec // days after 1970
	return time.Duration(h % uint64(3*time.Second/tick) * tick)
}

// regular are the times of patternEvery on one day. What goes on round the clock, several times an hour, takes no notice
// of clocks being changed, as ADF's Minute recurrence does not; the rest keeps to Stockholm's clocks.
func (s *start) regular(d day) []instant {
	var all []instant
	if s.steady() {
		for when := d.clock(0); when < (d + 1).clock(0); when = when.add(s.every) {
			all = append(all, when)
		}
		return all
	}
	for t := s.from; t < s.to; t += s.every {
		all = append(all, d.clock(t))
	}
	return all
}

func (s *start) steady() bool {
	return s.from == 0 && s.to == dayLength && s.every < time.Hour && s.days == allDays
}

// arrival is a time of day: mostly office hours, a little in the evening, hardly at night.
func (s *start) arrival(rng *rand.Rand) time.Duration {
	weight := [24]int{1, 1, 1, 1, 1, 1, 3, 5, 8, 9, 9, 8, 6, 8, 9, 9, 8, 6, 4, 4, 4, 4, 3, 2}
	if s.origin == byHand {
		weight = [24]int{7: 2, 8: 6, 9: 8, 10: 8, 11: 6, 12: 3, 13: 8, 14: 8, 15: 7, 16: 5, 17: 2, 20: 1}
	}
	total := 0
	for _, w := range weight {
		total += w
	}
	n := rng.IntN(total)
	hour := 0
	for n >= weight[hour] {
		n -= weight[hour]
		hour++
	}
	return time.Duration(hour)*time.Hour + time.Duration(rng.Int64N(int64(time.Hour)))
}

// poisson draws how many of many unlikely things happen when mean of them do on average.
func poisson(mean float64, rng *rand.Rand) int {
	if mean <= 0 {
		return 0
	}
	if mean > 60 { // the normal distribution is near enough and does not underflow
		return max(0, int(math.Round(mean+math.Sqrt(mean)*rng.NormFloat64())))
	}
	n, product, limit := 0, rng.Float64(), math.Exp(-mean)
	for product > limit {
		n++
		product *= rng.Float64()
	}
	return n
}
