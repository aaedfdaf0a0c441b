package redact

import (
	"cmp"
	"slices"
	"strings"
)

// span is a secret in a text.
type span struct {
	at       int    // where what gives it away begins: its name, or the secret itself
	from, to int    // where it is; there is none where they are equal
	with     string // what takes its place
	isJSON   bool   // with is what a walker made of a value in the JSON that begins at at
}

// text is a text that is being looked through. Each rule looks at the text as
// it came: nothing that another rule found changes what it sees, so that no
// secret can hide another one.
type text struct {
	r       *Redactor
	s       string
	depth   int
	spans   []span
	quotes  quotes
	reach   int // how far the secrets reach that were found by rules
	cut     int // the end of the text when JSON was read up to there: no bracket before it begins another
	encoded int // the end of what was decoded last
	work    int // how many bytes the rules have looked at
}

// mostWork is how many bytes the rules may look at for each byte of a text.
// What takes more was made to take time; it becomes Marker as a whole. So the
// time is linear, whatever the text is.
const mostWork = 64

// redactText looks through a text once.
func (r *Redactor) redactText(s string, depth int) string {
	if len(r.keys)+len(r.names) > 0 || r.hints.in(s) {
		t := text{r: r, s: s, depth: depth}
		s = t.redacted()
	}
	for _, re := range r.values {
		s = replaceMatches(re, s)
	}
	return s
}

func (t *text) redacted() string {
	t.base64()
	for i := 0; i < len(t.s); i++ {
		c := t.s[i]
		rules := t.r.rules[c]
		switch {
		case c == '{', c == '[':
			i = t.embedded(i) - 1
		case len(rules) == 0:
			continue
		case strings.HasPrefix(t.s[i:], Marker):
			i += len(Marker) - 1
			continue
		}
		for _, rule := range rules {
			if rule.word != "" && !hasFold(t.s[i:], rule.word) {
				continue
			}
			t.add(rule.find(t, i))
		}
		if t.work/mostWork > len(t.s)+mostWork {
			return Marker
		}
	}
	return t.edited()
}

// add notes a secret. One that begins with Marker was found before.
func (t *text) add(found span) {
	t.work += max(0, found.to-found.from)
	if found.from >= found.to || strings.HasPrefix(t.s[found.from:], Marker) {
		return
	}
	if found.with == "" {
		found.with = Marker
	}
	t.spans = append(t.spans, found)
	t.reach = max(t.reach, found.to)
	t.quotes.skip(t.s, found.from, found.to)
}

// edited returns the text without the secrets that were found. Those that
// overlap are one, with one exception: what JSON says of a value holds for all
// within it that was found by what lies in that JSON too.
func (t *text) edited() string {
	if len(t.spans) == 0 {
		return t.s
	}
	slices.SortStableFunc(t.spans, func(a, b span) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(b.to, a.to))
	})
	var out strings.Builder
	done := 0
	last := t.spans[0]
	for _, next := range t.spans[1:] {
		switch {
		case next.from >= last.to:
			out.WriteString(t.s[done:last.from])
			out.WriteString(last.with)
			done, last = last.to, next
		case last.isJSON && next.to <= last.to && next.at >= last.at:
		case next.isJSON && next.from == last.from && next.to == last.to && last.at >= next.at:
			last = next
		default:
			last = span{at: min(last.at, next.at), from: last.from, to: max(last.to, next.to), with: Marker}
		}
	}
	out.WriteString(t.s[done:last.from])
	out.WriteString(last.with)
	out.WriteString(t.s[last.to:])
	return out.String()
}

// value returns what begins at from as a value.
func (t *text) value(from int) value { return value{s: t.s, from: from, work: &t.work} }
