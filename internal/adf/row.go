package adf

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// row reads the fields of one JSON object and collects what it could not
// read. A problem names the field's JSON type and not its value: values can
// hold secrets.
type row struct {
	object

	odd []FieldError
}

func (r *row) isOdd(field, problem string) {
	r.odd = append(r.odd, FieldError{Field: field, Problem: problem})
}

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
func (r *row) instant(field string) Time {
	value := r.find(field)
	if len(value) == 0 || value[0] == 'n' {
		return 0
	}
	if value[0] != '"' {
		r.isOdd(field, "is "+describe(value)+" where a time was expected")
		return 0
	}
	t, err := ParseTime(unquote(value[1 : len(value)-1]))
	if err != nil {
		r.isOdd(field, "is a string, but not a time as ADF writes it")
	}
	return t
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
