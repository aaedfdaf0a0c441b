package history

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
)

// maxTextNesting is how many times JSON within a text within JSON … is read
// as JSON. What lies deeper is compared as text.
const maxTextNesting = 8

// canonicalValue returns the form in which a parameter's value is compared: a
// scalar is its text, so that 5 equals "5"; an object has its members in
// order; a text that holds a JSON object or array is that object or array.
//
// Example: `{"b":1,"a":"x"}` and `"{\"a\": \"x\", \"b\": \"1\"}"` have the
// same form.
func canonicalValue(raw json.RawMessage) string {
	var out strings.Builder
	writeCanonical(&out, raw, 0, true)
	return out.String()
}

// writeCanonical appends the form of raw. A scalar at the top is its bare
// text; within an object or array it is quoted, so that `["a,b"]` and
// `["a","b"]` differ.
func writeCanonical(out *strings.Builder, raw json.RawMessage, texts int, top bool) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 {
		return
	}
	switch raw[0] {
	case '{':
		writeObject(out, raw, texts)
	case '[':
		writeArray(out, raw, texts)
	case '"':
		var text string
		if json.Unmarshal(raw, &text) != nil {
			text = string(raw)
		}
		if inner, ok := jsonWithin(text); ok && texts < maxTextNesting {
			writeCanonical(out, inner, texts+1, top)
			return
		}
		writeScalar(out, text, top)
	default:
		writeScalar(out, string(raw), top)
	}
}

func writeScalar(out *strings.Builder, text string, top bool) {
	if top {
		out.WriteString(text)
		return
	}
	quoted, err := json.Marshal(text)
	if err != nil {
		quoted = []byte(text) // texts always marshal
	}
	out.Write(quoted)
}

func writeObject(out *strings.Builder, raw json.RawMessage, texts int) {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		out.Write(raw)
		return
	}
	names := make([]string, 0, len(members))
	for name := range members {
		names = append(names, name)
	}
	slices.Sort(names)
	out.WriteByte('{')
	for i, name := range names {
		if i > 0 {
			out.WriteByte(',')
		}
		writeScalar(out, name, false)
		out.WriteByte(':')
		writeCanonical(out, members[name], texts, false)
	}
	out.WriteByte('}')
}

func writeArray(out *strings.Builder, raw json.RawMessage, texts int) {
	var items []json.RawMessage
	if json.Unmarshal(raw, &items) != nil {
		out.Write(raw)
		return
	}
	out.WriteByte('[')
	for i, item := range items {
		if i > 0 {
			out.WriteByte(',')
		}
		writeCanonical(out, item, texts, false)
	}
	out.WriteByte(']')
}

// jsonWithin returns the JSON object or array that a text holds. A text that
// is a bare number or word stays a text: its form is the same either way.
func jsonWithin(text string) (json.RawMessage, bool) {
	trimmed := strings.TrimSpace(text)
	if trimmed == "" || trimmed[0] != '{' && trimmed[0] != '[' {
		return nil, false
	}
	d := json.NewDecoder(strings.NewReader(trimmed))
	var raw json.RawMessage
	if d.Decode(&raw) != nil {
		return nil, false
	}
	_, err := d.Token()
	return raw, errors.Is(err, io.EOF)
}
