package adf

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"
)

// object is the members of a JSON object, in their order and as they stand.
// Rows are read through it and not through encoding/json's structs, since
// those give up at a member of a wrong type, which must cost only itself, and
// take several times as long.
type object []member

type member struct{ key, value []byte }

// parseObject takes raw apart. The error describes what else raw is, without
// quoting it.
func parseObject(raw []byte) (object, error) {
	raw = trim(raw)
	if len(raw) > 0 && raw[0] == '{' && !json.Valid(raw) {
		return nil, errors.New("is not valid JSON")
	}
	return splitObject(raw)
}

// trim takes off the white space that JSON knows, and no other.
func trim(text []byte) []byte { return bytes.Trim(text, " \t\r\n") }

// splitObject is parseObject for what is known to be valid JSON, without
// white space around it.
func splitObject(raw []byte) (object, error) {
	if len(raw) == 0 || raw[0] != '{' {
		return nil, fmt.Errorf("is %s where an object was expected", describe(raw))
	}
	return split(raw), nil
}

// split takes a valid JSON object apart.
func split(raw []byte) object {
	members := make(object, 0, 24) // ADF's longest row has 20
	for i := next(raw, 1); raw[i] != '}'; {
		keyEnd := skip(raw, i)
		start := next(raw, next(raw, keyEnd)+1) // beyond the colon
		end := skip(raw, start)
		members = append(members, member{key: raw[i+1 : keyEnd-1], value: raw[start:end]})
		if i = next(raw, end); raw[i] == ',' {
			i = next(raw, i+1)
		}
	}
	return members
}

// next returns the index of the first byte of the valid JSON text b from i
// on that is not white space.
func next(b []byte, i int) int {
	for b[i] == ' ' || b[i] == '\t' || b[i] == '\r' || b[i] == '\n' {
		i++
	}
	return i
}

// skip returns the index after the value that begins at b[i], where b is a
// valid JSON text in which something follows the value.
func skip(b []byte, i int) int {
	switch b[i] {
	case '"':
		return skipString(b, i)
	case '{', '[':
		depth := 0
		for {
			switch b[i] {
			case '"':
				i = skipString(b, i) - 1
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			}
			i++
		}
	default: // a number, true, false or null
		for !endsLiteral(b[i]) {
			i++
		}
		return i
	}
}

func endsLiteral(c byte) bool {
	return c == ',' || c == '}' || c == ']' || c == ' ' || c == '\t' || c == '\r' || c == '\n'
}

func skipString(b []byte, i int) int {
	for i++; b[i] != '"'; i++ {
		if b[i] == '\\' {
			i++
		}
	}
	return i + 1
}

// find returns the value of the member called name, nil when there is none.
// Of several the last counts. A name that differs in case only, as
// PowerShell's "RunId" does, is taken where there is no exact one.
func (o object) find(name string) json.RawMessage {
	for _, m := range slices.Backward(o) {
		if string(m.key) == name {
			return m.value
		}
	}
	for _, m := range slices.Backward(o) {
		if bytes.EqualFold(m.key, []byte(name)) {
			return m.value
		}
	}
	return nil
}

// unquote returns the text of a JSON string without its quotes, given what
// stands between them.
func unquote(inner []byte) string {
	if bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
		return string(inner)
	}
	var text string
	quoted := append(append([]byte{'"'}, inner...), '"')
	if err := json.Unmarshal(quoted, &text); err != nil {
		return "" // not reached: the whole text was valid
	}
	return text
}

// describe names the JSON type of b.
func describe(b []byte) string {
	if len(b) == 0 {
		return "nothing"
	}
	switch b[0] {
	case '"':
		return "a string"
	case '{':
		return "an object"
	case '[':
		return "an array"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	default:
		return "a number"
	}
}
