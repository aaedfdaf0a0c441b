package history

import (
	"regexp"
	"strings"
)

// A date, a month, a week, a quarter or a time of day, as people and ADF's
// own functions write them. Each pattern is of the whole value.
const (
	year    = `(?:19|20)\d\d`
	month   = `(?:0[1-9]|1[0-2])`
	day     = `(?:0[1-9]|[12]\d|3[01])`
	anyDay  = `(?:0?[1-9]|[12]\d|3[01])`
	clock   = `(?:[01]?\d|2[0-4]):[0-5]\d(?::[0-5]\d(?:[.,]\d{1,9})?)?(?: ?[AP]M)?`
	zone    = `(?: ?(?:Z|UTC|GMT|[+-]\d\d:?\d\d))?`
	months  = `(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)`
	compact = year + month + day
	sep     = `[-/._]`
	dated   = `(?:` + year + sep + month + sep + day + `|` + compact + `|` + anyDay + sep + anyDay + sep + year + `)`
)

// isMoment matches a value that is a date, a month or a time and nothing else.
var isMoment = regexp.MustCompile(`(?i)^(?:` + strings.Join([]string{
	dated + `(?:[T _-]?` + clock + zone + `)?`,                     // 2026-10-28, 20261028, 28.10.2026, 10/28/2026 1:00:00 AM, 2026-10-28T01:00:00Z
	compact + `[T_-]?(?:[01]\d|2[0-4])(?:[0-5]\d){0,2}Z?`,          // 2026102813, 20261028T130000
	year + sep + `?` + month,                                       // 2026-10, 202610
	year + sep + `?Q[1-4]`,                                         // 2026-Q4
	year + sep + `?W(?:0[1-9]|[1-4]\d|5[0-3])`,                     // 2026-W44
	months + `[ -]` + year,                                         // October 2026
	anyDay + `[ -]` + months + `[ -]` + year,                       // 28 Oct 2026
	months + ` ` + anyDay + `,? ` + year,                           // October 28, 2026
	year + sep + month + sep + day + `[T _]` + `(?:[01]\d|2[0-4])`, // 2026-10-28T13
	clock + zone, // 13:00
}, "|") + `)$`)

// holdsMoment matches a text with a date in it, such as a file's name.
var holdsMoment = regexp.MustCompile(`(?:^|\D)(?:` + year + sep + month + sep + day + `|` + year + `/` + month + `|` + compact + `(?:T?(?:[01]\d|2[0-4])(?:[0-5]\d){0,2})?)(?:\D|$)`)

var (
	holdsGUID    = regexp.MustCompile(`(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	isLongNumber = regexp.MustCompile(`^[+-]?\d{6,}$`)
)

// maxLookedAt is how many bytes of a value the rules look at.
const maxLookedAt = 4096

// looksMoving reports whether a value is of a kind that is new each time: a
// GUID, a number of six or more digits, or text that holds a date.
func looksMoving(text string) bool {
	text = lookedAt(text)
	return isMoment.MatchString(text) || holdsGUID.MatchString(text) || isLongNumber.MatchString(text) || holdsMoment.MatchString(text)
}

func lookedAt(text string) string { return text[:min(len(text), maxLookedAt)] }
