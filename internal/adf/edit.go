package adf

import (
	"encoding/json"
	"slices"
	"strings"
)

// maxReferenceDepth is how deep references to pipelines are looked for. In
// ADF's own rows they are at most ten levels deep.
const maxReferenceDepth = 64

// EditMember returns raw with the value of one of its members changed, and
// whether edit changed it. All else stays byte for byte. raw is valid JSON;
// where it is no object, or has no such member, it is returned as it is. name
// is compared without regard to case.
func EditMember(raw []byte, name string, edit func(value json.RawMessage) (json.RawMessage, bool)) (edited []byte, changed bool) {
	e := editing{raw: raw}
	for _, m := range e.members(next(raw, 0)) {
		if strings.EqualFold(m.name, name) {
			e.edit(m, edit)
		}
	}
	return e.result()
}

// EditParameters returns raw with the parameters changed that it hands to
// pipelines, and whether edit changed any. Such parameters are beside a
// reference to a pipeline: in the input of an Execute Pipeline activity and in
// its definition, and in a trigger. In
//
//	{"pipeline":{"referenceName":"pl_child","type":"PipelineReference"},"parameters":{"pin":"4711"}}
//
// edit is called with "pl_child" and {"pin":"4711"}. raw is valid JSON.
func EditParameters(raw []byte, edit func(pipeline string, parameters json.RawMessage) (json.RawMessage, bool)) (edited []byte, changed bool) {
	e := editing{raw: raw}
	e.references(next(raw, 0), 0, edit)
	return e.result()
}

// editing is the work of changing parts of one JSON text.
type editing struct {
	raw   []byte
	parts []part // in order, and not overlapping
}

// part is what takes the place of raw[start:end].
type part struct {
	start, end int
	value      []byte
}

// placed is a member of an object, and where its value is.
type placed struct {
	name       string
	start, end int
}

// members returns those of the object at i, none where there is another value.
func (e *editing) members(i int) []placed {
	if i >= len(e.raw) || e.raw[i] != '{' {
		return nil
	}
	var all []placed
	for i = next(e.raw, i+1); e.raw[i] != '}'; {
		keyEnd := skip(e.raw, i)
		start := next(e.raw, next(e.raw, keyEnd)+1) // beyond the colon
		end := skip(e.raw, start)
		all = append(all, placed{unquote(e.raw[i+1 : keyEnd-1]), start, end})
		if i = next(e.raw, end); e.raw[i] == ',' {
			i = next(e.raw, i+1)
		}
	}
	return all
}

func (e *editing) edit(m placed, edit func(json.RawMessage) (json.RawMessage, bool)) {
	if value, changed := edit(slices.Clip(e.raw[m.start:m.end])); changed {
		e.parts = append(e.parts, part{m.start, m.end, value})
	}
}

// references edits the parameters in the value at i and in what is within.
func (e *editing) references(i, depth int, edit func(string, json.RawMessage) (json.RawMessage, bool)) {
	if depth == maxReferenceDepth || i >= len(e.raw) {
		return
	}
	if e.raw[i] == '[' {
		for i = next(e.raw, i+1); e.raw[i] != ']'; {
			end := skip(e.raw, i)
			e.references(i, depth+1, edit)
			if i = next(e.raw, end); e.raw[i] == ',' {
				i = next(e.raw, i+1)
			}
		}
		return
	}
	members := e.members(i)
	pipeline := e.referred(members)
	for _, m := range members {
		if pipeline != "" && strings.EqualFold(m.name, "parameters") {
			e.edit(m, func(value json.RawMessage) (json.RawMessage, bool) { return edit(pipeline, value) })
			continue
		}
		e.references(m.start, depth+1, edit)
	}
}

// referred returns the name of the pipeline that an object refers to, "" for
// none and for one that an expression names.
func (e *editing) referred(members []placed) string {
	for _, m := range members {
		if !strings.EqualFold(m.name, "pipeline") && !strings.EqualFold(m.name, "pipelineReference") {
			continue
		}
		for _, inner := range e.members(m.start) {
			if strings.EqualFold(inner.name, "referenceName") && e.raw[inner.start] == '"' {
				return unquote(e.raw[inner.start+1 : inner.end-1])
			}
		}
	}
	return ""
}

func (e *editing) result() ([]byte, bool) {
	if len(e.parts) == 0 {
		return e.raw, false
	}
	out := make([]byte, 0, len(e.raw))
	done := 0
	for _, p := range e.parts {
		out = append(append(out, e.raw[done:p.start]...), p.value...)
		done = p.end
	}
	return append(out, e.raw[done:]...), true
}
