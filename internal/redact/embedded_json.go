package redact

import (
	"encoding/json"
	"slices"
	"strings"
)

// textDepth is how many levels of maxDepth JSON within a text counts for. A
// text may be looked through more than once, and so may the texts within it:
// this bounds how often.
const textDepth = 16

// embedded looks into the JSON that begins with the bracket at i and returns
// where the rules for texts go on. JSON that is whole is JSON and nothing else.
// What is cut at the end of the text, or breaks off within it, need not be
// JSON at all, so all other rules look there too; and where it breaks off,
// another bracket within it may begin JSON of its own.
func (t *text) embedded(i int) (next int) {
	if i < t.cut || t.depth+textDepth >= maxDepth {
		return i + 1
	}
	end, missing := jsonPrefix(t.s, i)
	t.work += end - i
	if strings.IndexByte(t.s[i:end], '"') >= 0 {
		t.walk(i, end, missing)
	}
	if read := t.s[i:end]; i < t.reach && t.reach < end && (strings.Contains(read, `":`) || strings.Contains(read, `",`)) {
		// A secret that ends within JSON takes all of it with it: the rest
		// is no JSON without its beginning.
		t.spans = append(t.spans, span{at: i, from: i, to: end, with: Marker})
	}
	switch {
	case missing == "":
		return end
	case end == len(t.s):
		t.cut = end
	}
	return i + 1
}

// walk finds the secrets in the JSON at s[start:end].
func (t *text) walk(start, end int, missing string) {
	raw := wellFormed(t.s[start:end] + missing)
	if !json.Valid(raw) {
		return // nested more deeply than encoding/json goes
	}
	w := walker{r: t.r, raw: raw}
	w.value(0, t.depth+textDepth)
	for _, e := range w.edits {
		from, to, with := start+e.start, start+e.end, string(appendQuoted(nil, e.text))
		switch {
		case to <= end:
		case t.s[from] == '"':
			to, with = end, strings.TrimSuffix(with, `"`)
		default:
			to = bracketEnd(t.s, from)
			t.work += to - from
		}
		t.spans = append(t.spans, span{at: start, from: from, to: to, with: with, isJSON: true})
	}
}

// What jsonPrefix can wait for.
const (
	wantsValue = iota
	wantsFirst // member or element, or the closing bracket
	wantsKey
	wantsColon
	wantsNext // comma, or the closing bracket
)

// jsonPrefix reads the JSON that begins with the bracket at i as far as it
// goes, and returns its end and what has to follow to make it whole. It is
// lax about strings, which wellFormed puts right.
func jsonPrefix(s string, i int) (end int, missing string) {
	var open []byte // the closing brackets to come, the last first
	wants := wantsValue
	for {
		for i < len(s) && isBlank(s[i]) {
			i++
		}
		if i == len(s) {
			return i, missingOf(wants, open)
		}
		isKey := wants == wantsKey || wants == wantsFirst && open[len(open)-1] == '}'
		isValue := wants == wantsValue || wants == wantsFirst && !isKey
		switch c := s[i]; {
		case (wants == wantsFirst || wants == wantsNext) && c == open[len(open)-1]:
			if open, wants = open[:len(open)-1], wantsNext; len(open) == 0 {
				return i + 1, ""
			}
		case wants == wantsNext && c == ',':
			wants = wantsValue
			if open[len(open)-1] == '}' {
				wants = wantsKey
			}
		case wants == wantsColon && c == ':':
			wants = wantsValue
		case isValue && (c == '{' || c == '['):
			open, wants = append(open, c+2), wantsFirst
		case isValue && c != '"':
			n := literalLength(s[i:])
			if n == 0 {
				return i, missingOf(wants, open)
			}
			i += n - 1
			wants = wantsNext
		case c == '"' && (isKey || isValue):
			if wants = wantsNext; isKey {
				wants = wantsColon
			}
			for i++; i < len(s) && s[i] != '"'; i++ {
				if s[i] == '\\' {
					i++
				}
			}
			switch {
			case i == len(s):
				return i, `"` + missingOf(wants, open)
			case i > len(s): // cut after a backslash
				return len(s), `\"` + missingOf(wants, open)
			}
		default:
			return i, missingOf(wants, open)
		}
		i++
	}
}

// missingOf returns what completes JSON that waits for something and has
// brackets open.
func missingOf(wants int, open []byte) string {
	slices.Reverse(open)
	switch wants {
	case wantsKey:
		return `"":null` + string(open)
	case wantsColon:
		return `:null` + string(open)
	case wantsValue:
		return `null` + string(open)
	}
	return string(open)
}

// literalLength returns how long the number, true, false or null is that s
// begins with; 0 for none.
func literalLength(s string) int {
	for _, word := range []string{"true", "false", "null"} {
		if strings.HasPrefix(s, word) {
			return len(word)
		}
	}
	n := 0
	for n < len(s) && (isDigit(s[n]) || strings.IndexByte("+-.eE", s[n]) >= 0) {
		n++
	}
	if n == 0 || !json.Valid([]byte(s[:n])) {
		return 0
	}
	return n
}

// wellFormed returns JSON without what strings must not hold, at its length.
func wellFormed(s string) []byte {
	b := []byte(s)
	inString := false
	for i := 0; i < len(b); i++ {
		switch {
		case b[i] == '"':
			inString = !inString
		case !inString:
		case b[i] < ' ':
			b[i] = ' '
		case b[i] == '\\' && isEscape(s[i+1:]):
			i++
		case b[i] == '\\':
			b[i] = '/'
			if i++; i < len(b) && b[i] < ' ' {
				b[i] = ' '
			}
		}
	}
	return b
}

// isEscape reports whether s goes on as JSON demands it after a backslash.
func isEscape(s string) bool {
	if s == "" || strings.IndexByte(`"\/bfnrtu`, s[0]) < 0 {
		return false
	}
	return s[0] != 'u' || json.Valid([]byte(`"\`+s[:min(len(s), 5)]+`"`))
}

// bracketEnd returns the end of what begins with the bracket at i, JSON or
// the like, the end of the text where it is cut.
func bracketEnd(s string, i int) int {
	for depth := 0; i < len(s); i++ {
		switch s[i] {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		case '"', '\'', '\\':
			v := value{s: s, from: i, work: new(int)}
			if quote := v.skipQuote(); quote != "" {
				if i = v.closing(quote); isDoubled(quote) {
					i++
				}
			}
			for i < len(s) && s[i] == '\\' {
				i++
			}
			if i < len(s) && !isQuote(s[i]) {
				i-- // backslashes before something else
			}
		}
	}
	return len(s)
}

// longestReference is how long a reference to a secret may be.
const longestReference = 1_000

// refers reports whether the object that begins at i, in JSON within a text,
// refers to a secret without being one.
func refers(s string, i int) bool {
	s = s[i:min(len(s), i+longestReference)]
	s = s[:bracketEnd(s, 0)]
	isOf := strings.Contains(s, "AzureKeyVaultSecret") || strings.Contains(s, `Reference"`) || strings.Contains(s, `Reference\`) || strings.Contains(s, `Reference'`)
	return strings.HasSuffix(s, "}") && isOf && (strings.Contains(s, "secretName") || strings.Contains(s, "referenceName"))
}
