package redact

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// maxDepth bounds how deep values, and JSON within strings, are looked into.
const maxDepth = 64

// walker goes through one JSON text, which is known to be valid, and notes
// what has to be replaced.
type walker struct {
	r     *Redactor
	raw   []byte
	drop  Options
	edits []edit // in order, and not overlapping
}

// edit puts a string in the place of raw[start:end].
type edit struct {
	start, end int
	text       string
}

// edited returns the text, which is s, with its edits carried out.
func (w *walker) edited(s string) string {
	if len(w.edits) == 0 {
		return s
	}
	out := make([]byte, 0, len(w.raw)+len(w.edits)*len(Marker))
	done := 0
	for _, e := range w.edits {
		out = append(out, w.raw[done:e.start]...)
		out = appendQuoted(out, e.text)
		done = e.end
	}
	return string(append(out, w.raw[done:]...))
}

func (w *walker) edit(start, end int, text string) {
	w.edits = append(w.edits, edit{start, end, text})
}

// value looks into the value that begins at i and returns its end.
func (w *walker) value(i, depth int) int {
	switch w.raw[i] {
	case '{', '[':
		if depth >= maxDepth {
			end := w.skip(i)
			if w.r.suspects(w.raw[i:end]) {
				w.edit(i, end, TooDeep)
			}
			return end
		}
		if w.raw[i] == '{' {
			return w.object(i, depth)
		}
		return w.array(i, depth)
	case '"':
		end := w.skip(i)
		w.string(i, end, depth)
		return end
	}
	end := w.skip(i)
	if isNumeral(w.raw[i]) {
		for _, re := range w.r.values {
			if re.Match(w.raw[i:end]) {
				w.edit(i, end, Marker)
				break
			}
		}
	}
	return end
}

// array looks into the elements. What follows an option of a command line, as
// in ["--password","p1"], is taken like a member of that name.
func (w *walker) array(i, depth int) int {
	kind := public
	for i = w.next(i + 1); w.raw[i] != ']'; {
		start := i
		if end := w.skipText(start); kind == public || end == start || w.raw[start+1] == '-' || !w.hide(kind, start, end) {
			i = w.value(start, depth+1)
			kind = w.option(w.raw[start:i])
		} else {
			i, kind = end, public
		}
		if i = w.next(i); w.raw[i] == ',' {
			i = w.next(i + 1)
		}
	}
	return i + 1
}

// skipText returns the end of the string that begins at i; i for other values.
func (w *walker) skipText(i int) int {
	if w.raw[i] != '"' {
		return i
	}
	return w.stringEnd(i)
}

// option returns what an element makes of the one after it.
func (w *walker) option(element []byte) secrecy {
	if len(element) < 5 || len(element) > longestName || element[0] != '"' || element[1] != '-' {
		return public
	}
	name := string(element[1 : len(element)-1])
	if !isAll(name, isName) {
		return public
	}
	return w.r.kindOf([]byte(name))
}

// object looks into the members. A name and a value beside each other, in
// whatever order, are taken like a member of that name, and so are the keys of
// a service beside each other.
func (w *walker) object(i, depth int) int {
	var beside label
	var keys listing
	var values []pairValue
	for i = w.next(i + 1); w.raw[i] != '}'; {
		keyEnd := w.skip(i)
		key, kind := w.key(i, keyEnd, depth)
		start := w.next(w.next(keyEnd) + 1) // beyond the colon
		first := len(w.edits)
		var end int
		switch {
		case depth == 0 && w.drops(key):
			end = w.skip(start)
			w.hide(secret, start, end)
		case kind != public && !w.isReference(start):
			end = w.skip(start)
			w.hide(kind, start, end)
		default:
			end = w.value(start, depth+1)
		}
		beside.note(key, w.raw[start:end])
		member := keys.note(key, w.raw[start:end])
		if member != 0 || isValueName(key) {
			values = append(values, pairValue{start, end, first, len(w.edits), member})
		}
		if i = w.next(end); w.raw[i] == ',' {
			i = w.next(i + 1)
		}
	}
	if len(values) > 0 {
		w.hidePaired(values, beside.kind(w.r), keys.secrets())
	}
	return i + 1
}

// pairValue is a value that is a secret if the right ones are beside it, and
// the edits within it.
type pairValue struct {
	start, end, first, last int
	member                  listed // 0 for one that has its name beside it
}

// hidePaired hides values that turned out to have the name of a secret beside
// them, or to be keys of a service, in place of what was edited within.
func (w *walker) hidePaired(values []pairValue, named secrecy, keys listed) {
	if named == public && keys == 0 {
		return
	}
	from := values[0].first
	before := slices.Clone(w.edits[from:])
	w.edits = w.edits[:from]
	done := 0
	for _, v := range values {
		w.edits = append(w.edits, before[done:v.first-from]...)
		isSecret := v.member&keys != 0 || v.member == 0 && named != public
		if !isSecret || !w.hide(max(named, guarded), v.start, v.end) {
			w.edits = append(w.edits, before[v.first-from:v.last-from]...)
		}
		done = v.last - from
	}
	w.edits = append(w.edits, before[done:]...)
}

// key returns the name of a member and what it makes of its value. A secret
// within the name itself is replaced.
func (w *walker) key(start, end, depth int) (name []byte, kind secrecy) {
	name = w.raw[start+1 : end-1]
	if !w.r.suspects(w.raw[start:end]) {
		return name, public // as most are; the hints hold a part of each name
	}
	if bytes.IndexByte(name, '\\') >= 0 {
		name = []byte(w.decoded(start, end))
	}
	before := len(w.edits)
	w.string(start, end, depth)
	kind = w.r.kindOf(name)
	if len(w.edits) > before {
		kind = max(kind, w.r.kindOf([]byte(w.edits[before].text)))
	}
	return name, kind
}

func (r *Redactor) kindOf(name []byte) secrecy {
	if len(r.names) > 0 && r.names[strings.ToLower(string(name))] {
		return secret
	}
	for _, re := range r.keys {
		if re.Match(name) {
			return secret
		}
	}
	return isSecret(string(name))
}

func (w *walker) drops(key []byte) bool {
	return w.drop.DropInput && bytes.EqualFold(key, []byte("input")) || w.drop.DropOutput && bytes.EqualFold(key, []byte("output"))
}

// hide replaces a secret value, and reports whether there was one: null,
// true, false, what is empty and what is masked with asterisks hide nothing.
func (w *walker) hide(kind secrecy, start, end int) bool {
	value := w.raw[start:end]
	switch c := value[0]; {
	case c == 't', c == 'f', c == 'n':
		return false
	case c == '{', c == '[':
		if w.raw[w.next(start+1)] == c+2 { // the closing one
			return false
		}
	case c == '"':
		text := w.decoded(start, end)
		if text == Marker || text == TooDeep || isMasked(text) || kind == guarded && isNumber(text) {
			return false
		}
	case kind == guarded:
		return false
	}
	w.edit(start, end, Marker)
	return true
}

// string looks for secrets in the string at raw[start:end].
func (w *walker) string(start, end, depth int) {
	if end-start < 5 && len(w.r.values) == 0 || !w.r.suspects(w.raw[start:end]) {
		return
	}
	text := w.decoded(start, end)
	if clean := w.r.clean(text, depth); clean != text {
		w.edit(start, end, clean)
	}
}

// clean returns the text of a string without its secrets. A text that is no
// JSON before they are taken out can be JSON after that.
func (r *Redactor) clean(text string, depth int) string {
	return settle(text, Marker, func(s string) string {
		if depth >= maxDepth || !isJSON(s) {
			return r.redactText(s, depth)
		}
		nested := walker{r: r, raw: []byte(s)}
		nested.value(nested.next(0), depth+1)
		return nested.edited(s)
	})
}

// isJSON reports whether a text is JSON that can hold texts.
func isJSON(text string) bool {
	trimmed := strings.TrimLeft(text, " \t\r\n")
	return trimmed != "" && strings.IndexByte(`{["`, trimmed[0]) >= 0 && json.Valid([]byte(text))
}

// decoded returns the text of the string at raw[start:end].
func (w *walker) decoded(start, end int) string {
	if bytes.IndexByte(w.raw[start:end], '\\') < 0 {
		return string(w.raw[start+1 : end-1])
	}
	var text string
	if err := json.Unmarshal(w.raw[start:end], &text); err != nil {
		return "" // not reached: the whole text is valid
	}
	return text
}

// isReference reports whether the value at i is an object that refers to a
// secret without holding one: a Key Vault secret's name, a credential's.
func (w *walker) isReference(i int) bool {
	if w.raw[i] != '{' {
		return false
	}
	members, kind, name := 0, "", false
	for i = w.next(i + 1); w.raw[i] != '}' && members < 8; members++ {
		keyEnd := w.skip(i)
		key := w.decoded(i, keyEnd)
		start := w.next(w.next(keyEnd) + 1)
		end := w.skip(start)
		switch {
		case strings.EqualFold(key, "type") && w.raw[start] == '"':
			kind = w.decoded(start, end)
		case strings.EqualFold(key, "secretName"), strings.EqualFold(key, "referenceName"):
			name = true
		}
		if i = w.next(end); w.raw[i] == ',' {
			i = w.next(i + 1)
		}
	}
	return name && (kind == "AzureKeyVaultSecret" || strings.HasSuffix(kind, "Reference"))
}

// isKey compares without regard to case.
func isKey(key []byte, name string) bool {
	return len(key) == len(name) && key[0]|' ' == name[0]|' ' && strings.EqualFold(string(key), name)
}

// next returns the index of the first byte from i on that is not white space,
// the length of the text where there is none.
func (w *walker) next(i int) int {
	for i < len(w.raw) && (w.raw[i] == ' ' || w.raw[i] == '\t' || w.raw[i] == '\r' || w.raw[i] == '\n') {
		i++
	}
	return i
}

// skip returns the end of the value that begins at i.
func (w *walker) skip(i int) int {
	if w.raw[i] == '"' {
		return w.stringEnd(i)
	}
	for depth := 0; i < len(w.raw); {
		switch w.raw[i] {
		case '"':
			i = w.stringEnd(i)
		case '{', '[':
			depth++
			i++
		case '}', ']':
			depth--
			i++
		case ',', ':', ' ', '\t', '\r', '\n':
			i++
			continue // inside of an object or array
		default:
			for i < len(w.raw) && !endsLiteral(w.raw[i]) {
				i++
			}
		}
		if depth == 0 {
			return i
		}
	}
	return i
}

// stringEnd returns the end of the string that begins at i.
func (w *walker) stringEnd(i int) int {
	for i++; ; {
		i += bytes.IndexByte(w.raw[i:], '"')
		backslashes := 0
		for w.raw[i-1-backslashes] == '\\' {
			backslashes++
		}
		i++
		if backslashes%2 == 0 {
			return i
		}
	}
}

func endsLiteral(c byte) bool { return c == ',' || c == ']' || c == '}' || c <= ' ' }

func isNumeral(c byte) bool { return c == '-' || isDigit(c) }

// appendQuoted appends s as a JSON string, escaping what has to be and
// nothing else.
func appendQuoted(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	done := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[done:i]...)
		done = i + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	b = append(b, s[done:]...)
	return append(b, '"')
}
