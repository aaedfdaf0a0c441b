package world

import "time"

// instant is a time as nanoseconds since 1970, always whole 100 ns ticks, which is as fine as ADF writes times.
type instant int64

const tick = 100

func at(t time.Time) instant { return instant(t.UnixNano() / tick * tick) }

func (i instant) time() time.Time { return time.Unix(0, int64(i)).UTC() }

func (i instant) add(d time.Duration) instant { return i + instant(d/tick*tick) }

func (i instant) sub(j instant) time.Duration { return time.Duration(i - j) }

// day is a date in Stockholm, where the company sits, as days since 1970-01-01.
type day int

const dayLength = 24 * time.Hour

func dayOf(i instant) day {
	local := int64(i) + int64(stockholmOffset(i))
	return day(local / int64(dayLength))
}

func (d day) date() time.Time { return time.Unix(int64(d)*86400, 0).UTC() }

func (d day) weekday() time.Weekday { return d.date().Weekday() }

func (d day) weekend() bool {
	w := d.weekday()
	return w == time.Saturday || w == time.Sunday
}

// monthEnd reports the days of closing the books: the last two of a month and the first three.
func (d day) monthEnd() bool {
	return d.date().Day() <= 3 || (d+2).date().Day() <= 2
}

// clock is the instant at which Stockholm's clocks show d and then sinceMidnight.
func (d day) clock(sinceMidnight time.Duration) instant {
	asIfUTC := instant(int64(d) * int64(dayLength)).add(sinceMidnight)
	return asIfUTC - instant(stockholmOffset(asIfUTC-instant(time.Hour)))
}

// timeOfDay is what Stockholm's clocks show at i, since midnight.
func timeOfDay(i instant) time.Duration {
	local := int64(i) + int64(stockholmOffset(i))
	return time.Duration(local % int64(dayLength))
}

// stockholmOffset follows the European Union's rule for summer time itself, so that the same seed gives the same runs
// whatever zone database a machine has.
func stockholmOffset(i instant) time.Duration {
	year := i.time().Year()
	if i >= lastSunday(year, time.March) && i < lastSunday(year, time.October) {
		return 2 * time.Hour
	}
	return time.Hour
}

// lastSunday is 01:00 UTC on the last Sunday of a month of 31 days.
func lastSunday(year int, month time.Month) instant {
	end := time.Date(year, month, 31, 1, 0, 0, 0, time.UTC)
	return at(end.AddDate(0, 0, -int(end.Weekday())))
}
