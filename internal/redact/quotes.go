package redact

import "strings"

// quotes follows which quotes are open in a text, from left to right.
type quotes struct {
	at             int  // how far the text has been followed
	prev           byte // what comes before that
	single, double bool
}

// openAt returns the quotes that are open before the byte at end.
func (q *quotes) openAt(s string, end int) string {
	for ; q.at < end; q.at++ {
		c := s[q.at]
		switch {
		case c == '\n':
			q.single, q.double = false, false
		case isQuote(c):
			q.see(c, s[q.at+1:])
		}
		q.prev = c
	}
	open := ""
	if q.single {
		open = `'`
	}
	if q.double {
		open += `"`
	}
	return open
}

// see takes in a quote and what follows it. One that begins a word opens, one
// within a word is an apostrophe, any other closes.
func (q *quotes) see(c byte, after string) {
	isOpen := &q.single
	if c == '"' {
		isOpen = &q.double
	}
	switch {
	case strings.IndexByte("\x00 \t\r\n([{=:,>\\|\"'", q.prev) >= 0 && !endsValue(after):
		*isOpen = true
	case !continues(after) || !isName(q.prev):
		*isOpen = false
	}
}

// skip passes over a secret, which is as if its marker stood there.
func (q *quotes) skip(s string, from, to int) {
	q.openAt(s, from)
	q.at, q.prev = max(q.at, to), Marker[len(Marker)-1]
}
