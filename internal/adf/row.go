package adf

import (
	"encoding/json"
	"iter"
	"math"
	"strconv"
	"strings"
	"time"
)

// row reads the fields of one JSON object and collects what it could not
// read. A problem names the field's JSON type and not its value: values can
// hold secrets.
type row struct {
	object

	odd []FieldError

	outer  *row            // the row that it is a part of; nil for a whole one
	place  string          // in the outer row: a field, or one of its elements
	source json.RawMessage // of an element of an array: byte for byte
}

// isOdd notes a field that can't be read, by its path in the whole row.
func (r *row) isOdd(field, problem string) {
	if r.outer != nil {
		r.outer.isOdd(r.place+"."+field, problem)
		return
	}
	r.odd = append(r.odd, FieldError{Field: field, Problem: problem})
}

// within returns the object in a field, to be read as a part of the row. An
// absent one and what is none have no fields.
func (r *row) within(field string) *row {
	inner := &row{outer: r, place: field}
	value := r.find(field)
	if len(value) == 0 || value[0] == 'n' {
		return inner
	}
	members, err := splitObject(value)
	if err != nil {
		r.isOdd(field, err.Error())
	}
	inner.object = members
	return inner
}

// list returns the elements of an array, none for an absent one and for what
// is no array.
func (r *row) list(field string) iter.Seq2[int, json.RawMessage] {
	value := r.find(field)
	switch {
	case len(value) > 0 && value[0] == '[':
		return elements(value)
	case len(value) > 0 && value[0] != 'n':
		r.isOdd(field, "is "+describe(value)+" where an array was expected")
	}
	return elements([]byte("[]"))
}

// rows returns the objects in an array, each to be read as a part of the row.
// Null elements are dropped, and what else is none is odd.
func (r *row) rows(field string) []*row {
	var out []*row
	for i, value := range r.list(field) {
		place := field + "[" + strconv.Itoa(i) + "]"
		switch members, err := splitObject(value); {
		case err == nil:
			out = append(out, &row{object: members, outer: r, place: place, source: value})
		case value[0] != 'n':
			r.isOdd(place, err.Error())
		}
	}
	return out
}

// words returns the strings of an array; any other element is odd.
func (r *row) words(field string) []string {
	var out []string
	for i, value := range r.list(field) {
		if value[0] != '"' {
			r.isOdd(field+"["+strconv.Itoa(i)+"]", "is "+describe(value)+" where a string was expected")
			continue
		}
		out = append(out, unquote(value[1:len(value)-1]))
	}
	return out
}

// has reports whether there is such a field, null or not.
func (r *row) has(field string) bool { return r.find(field) != nil }

// raw returns any JSON, nil for an absent field. An explicit null is kept: it
// is what ADF sent.
func (r *row) raw(field string) json.RawMessage { return r.find(field) }

// text returns a string, nil for an absent one, null and what is none.
func (r *row) text(field string) *string {
	value := r.find(field)
	switch {
	case len(value) == 0 || value[0] == 'n':
		return nil
	case value[0] == '"':
		s := unquote(value[1 : len(value)-1])
		return &s
	}
	r.isOdd(field, "is "+describe(value)+" where a string was expected")
	return nil
}

// word is text with "" for an absent one.
func (r *row) word(field string) string {
	if s := r.text(field); s != nil {
		return *s
	}
	return ""
}

// instant returns a time, absent where there is none.
func (r *row) instant(field string) Time { return r.instantAs(field, ParseTime) }

// instantAs is instant for a text that parse reads.
func (r *row) instantAs(field string, parse func(string) (Time, error)) Time {
	value := r.find(field)
	if len(value) == 0 || value[0] == 'n' {
		return 0
	}
	text, ok := timeText(value)
	if !ok {
		r.isOdd(field, "is "+describe(value)+" where a time was expected")
		return 0
	}
	t, err := parse(text)
	if err != nil {
		r.isOdd(field, "is a string, but not a time as ADF writes it")
	}
	return t
}

// clock returns a time, and whether it says no zone: then it is read as UTC,
// though it is the clock of another.
func (r *row) clock(field string) (t Time, isLocal bool) {
	t = r.instantAs(field, func(text string) (Time, error) {
		if _, err := time.Parse("2006-01-02T15:04:05.999999999", strings.TrimSpace(text)); err == nil {
			isLocal = true
		}
		return ParseTime(text)
	})
	return t, isLocal
}

// number returns a number, which may be written in a string.
func (r *row) number(field string) *float64 {
	value := r.find(field)
	text := strings.Trim(string(value), `"`)
	if text == "" || text == "null" {
		return nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		r.isOdd(field, "is "+describe(value)+" where a number was expected")
		return nil
	}
	return &f
}

// whole returns a whole number. Numbers written with a fraction (12.0, 12.5:
// rounded) and numbers in a string are taken too, since both occur.
func (r *row) whole(field string) *int64 {
	value := r.find(field)
	text := strings.Trim(string(value), `"`)
	if text == "" || text == "null" {
		return nil
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return &n
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(f) || math.Abs(f) >= 1<<62 {
		r.isOdd(field, "is "+describe(value)+" where a whole number was expected")
		return nil
	}
	n := int64(math.Round(f))
	return &n
}

// length returns a whole number of milliseconds; a negative one is odd, and no
// length.
func (r *row) length(field string) *int64 {
	n := r.whole(field)
	if n != nil && *n < 0 {
		r.isOdd(field, "is negative")
		return nil
	}
	return n
}

// checkTimes notes times that can't be: of before there was a Data Factory, or
// an end before its start.
func (r *row) checkTimes(startField string, start Time, endField string, end Time) {
	r.checkOldest(startField, start)
	r.checkOldest(endField, end)
	if start != 0 && end != 0 && end < start {
		r.isOdd(endField, "lies before "+startField)
	}
}

func (r *row) checkOldest(field string, t Time) {
	if t != 0 && t < Oldest {
		r.isOdd(field, "lies before there was a Data Factory")
	}
}

// truth returns a boolean, which may be written as a string.
func (r *row) truth(field string) *bool {
	value := r.find(field)
	text := strings.Trim(string(value), `"`)
	yes := strings.EqualFold(text, "true")
	switch {
	case text == "" || text == "null":
		return nil
	case yes || strings.EqualFold(text, "false"):
		return &yes
	}
	r.isOdd(field, "is "+describe(value)+" where true or false was expected")
	return nil
}

func (r *row) invokedBy(field string) *InvokedBy {
	value := r.find(field)
	if len(value) == 0 || value[0] == 'n' {
		return nil
	}
	members, err := splitObject(value)
	if err != nil {
		r.isOdd(field, err.Error())
		return nil
	}
	inner := row{object: members}
	by := &InvokedBy{
		ID: inner.text("id"), Name: inner.text("name"), InvokedByType: inner.text("invokedByType"),
		PipelineName: inner.text("pipelineName"), PipelineRunID: inner.text("pipelineRunId"),
	}
	for _, o := range inner.odd {
		r.isOdd(field, "has a member "+o.Field+" that "+o.Problem)
	}
	if by.InvokedByType == nil && by.Name != nil && *by.Name == InvokedManually {
		manual := InvokedManually
		by.InvokedByType = &manual // rows of 2018 lack the type
	}
	return by
}
