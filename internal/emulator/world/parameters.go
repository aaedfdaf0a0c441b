package world

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// parameter is one parameter of a pipeline and how its value comes about.
type parameter struct {
	name   string
	kind   paramKind
	values []string // JSON strings, of fixed (one) and choice
	secure bool     // declared as SecureString; Azure shows the value in plain text where it is handed on (azure.md §14)
}

type paramKind uint8

const (
	paramFixed       paramKind = iota // always the same value
	paramChoice                       // one of values, by the run's variant
	paramDay                          // the day before the run
	paramMonth                        // the month before the run
	paramWindowStart                  // of the trigger's window, or of the hour before the run
	paramWindowEnd
	paramFile // the path of a file that arrived
)

func fixed(name, raw string) parameter { return parameter{name: name, values: []string{asText(raw)}} }

// securely is a parameter that is declared as SecureString.
func securely(name, value string) parameter {
	p := fixed(name, strconv.Quote(value))
	p.secure = true
	return p
}

// asText makes a JSON string of what is none: the service writes all values so, also numbers, objects and arrays
// (Pipeline Runs - Get, example), and Microsoft's typed clients know no other form.
func asText(raw string) string {
	if strings.HasPrefix(raw, `"`) {
		return raw
	}
	text, err := json.Marshal(raw)
	if err != nil {
		return `""` // never: a string can be encoded
	}
	return string(text)
}

func choice(name string, values ...string) parameter {
	p := parameter{name: name, kind: paramChoice}
	for _, v := range values {
		p.values = append(p.values, strconv.Quote(v))
	}
	return p
}

func forDay() parameter   { return parameter{name: "day", kind: paramDay} }
func forMonth() parameter { return parameter{name: "month", kind: paramMonth} }

func forWindow() []parameter {
	return []parameter{{name: "windowStart", kind: paramWindowStart}, {name: "windowEnd", kind: paramWindowEnd}}
}

func forFile(folder string) parameter {
	return parameter{name: "fileName", kind: paramFile, values: []string{folder}}
}

// Parameters are the run's parameters as a JSON object in the pipeline's order. All values are strings, as ADF's
// specification has it; what is none is JSON in a string.
func (r *Run) Parameters() json.RawMessage { return r.appendParameters(nil) }

// handedParameters are the run's parameters as the activity that started it hands them on: those that are declared as
// SecureString in plain text (azure.md §14).
func (r *Run) handedParameters() json.RawMessage { return r.appendParametersAs(nil, true) }

// maskedText is what the run itself shows of a SecureString: a guess, for what the service shows there is not known.
const maskedText = `"**********"`

func (r *Run) appendParameters(raw []byte) []byte { return r.appendParametersAs(raw, false) }

func (r *Run) appendParametersAs(raw []byte, isPlain bool) []byte {
	raw = append(raw, '{')
	given := r.givenParameters()
	for i := range r.pipeline.parameters {
		p := &r.pipeline.parameters[i]
		if i > 0 {
			raw = append(raw, ',')
		}
		raw = strconv.AppendQuote(raw, p.name)
		raw = append(raw, ':')
		if p.secure && !isPlain {
			raw = append(raw, maskedText...)
			continue
		}
		if value, ok := given[p.name]; ok {
			raw = append(raw, value...)
			continue
		}
		raw = r.appendValue(raw, p)
	}
	return append(raw, '}')
}

// appendValue takes the values of the group's first run: a rerun keeps its parameters. Names and values are plain
// ASCII in all tables, for which Go's quoting is JSON's.
func (r *Run) appendValue(raw []byte, p *parameter) []byte {
	head := r.head()
	switch p.kind {
	case paramFixed:
		return append(raw, p.values[0]...)
	case paramChoice:
		return append(raw, p.values[int(head.variant)%len(p.values)]...)
	case paramDay, paramMonth, paramWindowStart, paramWindowEnd, paramFile:
	}
	local := head.start.time().Add(stockholmOffset(head.start))
	raw = append(raw, '"')
	switch p.kind {
	case paramDay:
		raw = local.AddDate(0, 0, -1).AppendFormat(raw, time.DateOnly)
	case paramMonth:
		raw = local.AddDate(0, 0, -local.Day()).AppendFormat(raw, "2006-01")
	case paramWindowStart:
		from, _ := r.window()
		raw = from.time().AppendFormat(raw, time.RFC3339)
	case paramWindowEnd:
		_, to := r.window()
		raw = to.time().AppendFormat(raw, time.RFC3339)
	case paramFile:
		raw = append(append(raw, p.values[0]...), '/')
		raw = append(raw, head.fileName()...)
	case paramFixed, paramChoice:
	}
	return append(raw, '"')
}

// givenParameters are those that the creator of the group's first run named; a rerun keeps them.
func (r *Run) givenParameters() map[string]json.RawMessage {
	if s := r.head().script; s != nil {
		return s.parameters
	}
	return nil
}

// fileName is the name of the file that arrived and started the run.
func (r *Run) fileName() string {
	local := r.start.time().Add(stockholmOffset(r.start))
	name := appendDigits(append(local.AppendFormat(nil, "20060102T150405"), '_'), mix(uint64(r.number))%100_000, 5)
	return string(name) + ".json"
}

// choiceOf is the value of the run's first choice parameter, the name a human would call the run by; empty without one.
func (r *Run) choiceOf() string {
	for i := range r.pipeline.parameters {
		if p := &r.pipeline.parameters[i]; p.kind == paramChoice {
			value := p.values[int(r.head().variant)%len(p.values)]
			return value[1 : len(value)-1]
		}
	}
	return ""
}

// RunDimension is a JSON object, empty for most pipelines.
func (r *Run) RunDimension() json.RawMessage {
	if r.pipeline.dimension == "" {
		return json.RawMessage("{}")
	}
	id := guid(r.world().seed, saltRun, uint64(r.number), 7)
	return json.RawMessage(`{` + strconv.Quote(r.pipeline.dimension) + `:` + strconv.Quote(id) + `}`)
}

// returnValue is what a finished run returns: an empty object but for the few pipelines that set a return value.
func (r *Run) returnValue() json.RawMessage {
	if r.pipeline.returns == "" || r.outcome != succeeded {
		return json.RawMessage("{}")
	}
	rows := mixAll(r.world().seed, saltRun, uint64(r.number), 8) % 250_000
	return json.RawMessage(`{` + strconv.Quote(r.pipeline.returns) + `:` + strconv.FormatUint(rows, 10) + `}`)
}
