package api

import (
	"encoding/json"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"andon/internal/adf"
)

// Time is an instant that is always known. It is written as ADF writes times:
// RFC 3339 in UTC with up to seven fractional digits, trailing zeros trimmed.
type Time adf.Time

// MarshalJSON writes the time as a string.
func (t Time) MarshalJSON() ([]byte, error) { return []byte(`"` + adf.Time(t).String() + `"`), nil }

// Schema describes the time in the OpenAPI document.
func (Time) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date-time"}
}

// NullTime is an instant that may be unknown: then it is zero, and null in
// JSON.
type NullTime adf.Time

// MarshalJSON writes the time as a string or null.
func (t NullTime) MarshalJSON() ([]byte, error) { return adf.Time(t).MarshalJSON() }

// Schema describes the time in the OpenAPI document.
func (NullTime) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date-time", Nullable: true}
}

func nullTime(t time.Time) NullTime {
	if t.IsZero() {
		return 0
	}
	return NullTime(adf.TimeOf(t))
}

// Null is an object that may be absent: then Value is nil, and null in JSON.
// huma can't say of a named object that it is nullable, so this type says it.
type Null[T any] struct{ Value *T }

// MarshalJSON writes the object or null.
func (n Null[T]) MarshalJSON() ([]byte, error) { return json.Marshal(n.Value) }

// Schema describes the object or null in the OpenAPI document.
func (Null[T]) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{AnyOf: []*huma.Schema{r.Schema(reflect.TypeFor[T](), true, ""), {Type: "null"}}}
}

// OddField is a field of ADF's row that could not be read. The row's good
// fields are shown all the same.
type OddField struct {
	Field   string `json:"field" doc:"ADF's name of the field; empty for the row as a whole."`
	Problem string `json:"problem" doc:"What is odd about it, in words."`
}

func oddFields(odd []adf.FieldError) []OddField {
	out := make([]OddField, 0, len(odd))
	for _, o := range odd {
		out = append(out, OddField(o))
	}
	return out
}

// orNull returns nil for what the rooms below write as "" when it is absent.
func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// trueOrNull returns nil for false.
func trueOrNull(b bool) *bool {
	if !b {
		return nil
	}
	return &b
}

// orJSONNull returns raw, or null for an absent value.
func orJSONNull(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 {
		return json.RawMessage("null")
	}
	return raw
}

// counts writes runs per status with the statuses as plain words.
func counts(by map[adf.Status]int64) map[string]int64 {
	out := make(map[string]int64, len(by))
	for status, n := range by {
		out[string(status)] = n
	}
	return out
}
