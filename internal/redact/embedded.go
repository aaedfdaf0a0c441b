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

// embedded looks into the JSON that begins with the bracket at i, whole or
// cut, and returns where the rules for texts go on.
func (t *text) embedded(i int) (next int) {
	if i < t.parsed || t.depth+textDepth >= maxDepth {
		return i + 1
	}
	end, missing := jsonPrefix(t.s, i)
	t.parsed = end
	if !t.isParsed && strings.IndexByte(t.s[i:end], '"') >= 0 {
		t.walk(i, end, missing)
	}
	if missing == "" {
		return max(end, t.done)
	}
	// What isn't whole need not be JSON at all, so the other rules look too.
	return max(i+1, t.done)
}

// walk takes the secrets out of the JSON at s[start:end].
func (t *text) walk(start, end int, missing string) {
	raw := mended(t.s[start:end] + missing)
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
		}
		t.replace(from, to, with)
	}
}

// beyondJSON returns the end of a secret, or of the JSON that begins within it:
// without its beginning, it could not be told what the rest of it is.
func (t *text) beyondJSON(from, to int) int {
	for i := max(from, t.parsed); i < to; i = max(i+1, t.parsed) {
		if t.s[i] != '{' && t.s[i] != '[' {
			continue
		}
		t.parsed, _ = jsonPrefix(t.s, i)
		if read := t.s[i:t.parsed]; t.parsed > to && (strings.Contains(read, `":`) || strings.Contains(read, `",`)) {
			return t.parsed
		}
	}
	return to
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
// lax about what stands in strings, which mended puts right.
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

// mended returns JSON without what must not stand in strings, at its length.
func mended(s string) []byte {
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
			v := value{s: s, from: i}
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
