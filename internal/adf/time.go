package adf

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Time is an instant as ADF writes it, in ticks of 100 ns since 1970-01-01 UTC.
// ADF writes up to seven fractional digits, which is exactly one tick. The zero
// value means that the time is absent (JSON null), not 1970.
type Time int64

// Oldest is 2015-01-01: Data Factory became generally available later in that
// year, so that nothing in it is older.
const Oldest Time = 1_420_070_400 * Time(TicksPerSecond)

// TicksPerSecond is the number of Time units in one second.
const TicksPerSecond = int64(time.Second / 100)

// TimeOf returns t in ticks, cutting what is finer than 100 ns.
func TimeOf(t time.Time) Time {
	if t.IsZero() {
		return 0
	}
	return Time(t.Unix()*TicksPerSecond + int64(t.Nanosecond())/100)
}

// IsZero reports whether the time is absent.
func (t Time) IsZero() bool { return t == 0 }

// Time returns the instant in UTC, and the zero time.Time when t is absent.
func (t Time) Time() time.Time {
	if t == 0 {
		return time.Time{}
	}
	sec := int64(t) / TicksPerSecond
	frac := int64(t) % TicksPerSecond
	return time.Unix(sec, frac*100).UTC()
}

// Add returns t moved by d; an absent time stays absent.
func (t Time) Add(d time.Duration) Time {
	if t == 0 {
		return 0
	}
	return t + Time(d/100)
}

// Sub returns t − u. Both have to be present.
func (t Time) Sub(u Time) time.Duration { return time.Duration(t-u) * 100 }

// String writes the time as ADF does: RFC 3339 in UTC with up to seven
// fractional digits, trailing zeros trimmed. An absent time is "".
func (t Time) String() string {
	if t == 0 {
		return ""
	}
	return t.Time().Format(time.RFC3339Nano)
}

// MarshalJSON writes the time as a string, or null when it is absent.
func (t Time) MarshalJSON() ([]byte, error) {
	if t == 0 {
		return []byte("null"), nil
	}
	return []byte(`"` + t.String() + `"`), nil
}

// UnmarshalJSON reads what ParseTime reads, and null or "" as absent. Of an
// object, which some versions of Windows PowerShell write, it reads "value".
func (t *Time) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*t = 0
		return nil
	}
	text, ok := timeText(b)
	if !ok {
		return fmt.Errorf("a time is a string, not %.40s", b)
	}
	v, err := ParseTime(text)
	if err != nil {
		return err
	}
	*t = v
	return nil
}

// timeLayouts are the forms met in ADF's answers and in files people saved
// from them, beyond RFC 3339. A time without zone is UTC.
var timeLayouts = [...]string{ //nolint:gochecknoglobals // a constant table
	"2006-01-02T15:04:05.999999999",
	"2006-01-02 15:04:05.999999999Z07:00",
	"2006-01-02 15:04:05.999999999",
	"2006-01-02",
}

// ParseTime reads a time as ADF writes it: RFC 3339, with a zone or without
// (then it is UTC), with a blank for the T, or a date alone. It reads
// /Date(1574202819000)/ too, which Windows PowerShell 5.1 writes. "" is absent
// and no error. Year 1 and 1601, which ADF's neighbours write for "not yet",
// are absent too. Any other text is an error that shows it.
func ParseTime(s string) (Time, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return 0, nil
	}
	if t, ok := parseMilliseconds(s); ok {
		return t, nil
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	for i := 0; err != nil && i < len(timeLayouts); i++ {
		t, err = time.Parse(timeLayouts[i], s)
	}
	if err != nil {
		return 0, fmt.Errorf("%.60q is not a time as ADF writes it (such as 2026-11-24T02:00:03.1182931Z)", s)
	}
	return timeOrAbsent(t), nil
}

// timeOrAbsent returns t, absent up to the year 1601.
func timeOrAbsent(t time.Time) Time {
	if t.UTC().Year() <= 1601 {
		return 0
	}
	return TimeOf(t)
}

// parseMilliseconds reads the form that .NET's older serializers write: the
// milliseconds since 1970 in UTC. An offset behind them says in which zone the
// time was written and does not move the instant: /Date(1574202819000+0200)/
// and /Date(1574202819000)/ are both 2019-11-19T22:33:39Z. ok is false for any
// other form, and for what lies beyond the year 9999.
func parseMilliseconds(s string) (t Time, ok bool) {
	if s[0] != '/' && s[0] != '\\' {
		return 0, false // nearly every time
	}
	s = strings.ReplaceAll(s, `\/`, "/") // JSON escapes the slashes, and files keep the escapes
	digits, isDate := strings.CutPrefix(s, "/Date(")
	digits, isClosed := strings.CutSuffix(digits, ")/")
	if !isDate || !isClosed {
		return 0, false
	}
	if i := strings.LastIndexAny(digits, "+-"); i > 0 {
		if _, err := time.Parse("-0700", digits[i:]); err != nil {
			return 0, false
		}
		digits = digits[:i]
	}
	ms, err := strconv.ParseInt(digits, 10, 64)
	const farthest = 253_402_300_800_000 // the year 10000
	if err != nil || ms <= -farthest || ms >= farthest {
		return 0, false
	}
	return timeOrAbsent(time.UnixMilli(ms)), true
}

// timeText returns the text of a time in JSON: a string, or the member "value"
// of an object, as in {"value":"/Date(1574202819000)/","DisplayHint":2,
// "DateTime":"Tuesday, 19 November 2019 22:33:39"}. Its DateTime is in the
// words and the zone of the machine that wrote it, so it is not read.
func timeText(value []byte) (text string, ok bool) {
	if len(value) > 0 && value[0] == '{' {
		members, err := parseObject(value)
		if err != nil {
			return "", false
		}
		value = members.find("value")
	}
	if len(value) < 2 || value[0] != '"' || value[len(value)-1] != '"' {
		return "", false
	}
	return unquote(value[1 : len(value)-1]), true
}

// propertyLayouts are how the service writes the dates in the properties of a
// trigger run: in English order and without a zone, meaning UTC. Recordings of
// 2018 to 2021 have twelve hours, those from 2022 on have 24.
var propertyLayouts = [...]string{ //nolint:gochecknoglobals // a constant table
	"1/2/2006 3:04:05 PM",
	"1/2/2006 15:04:05",
}

// parsePropertyTime reads a date in the properties of a trigger run, and what
// ParseTime reads.
func parsePropertyTime(s string) (Time, error) {
	for _, layout := range propertyLayouts {
		if t, err := time.Parse(layout, strings.TrimSpace(s)); err == nil {
			return timeOrAbsent(t), nil
		}
	}
	return ParseTime(s)
}
