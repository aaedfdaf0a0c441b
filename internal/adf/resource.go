package adf

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Resource is what every named thing in a factory has: pipelines, triggers,
// integration runtimes, linked services, datasets.
type Resource struct {
	ID   *string // ARM id; nil in a definition file
	Name string  // compare without regard to case; "" makes the resource unusable
	Type string  // its kind in ADF's words, such as ScheduleTrigger; "" for a pipeline, which has none
	ETag string  // changes with each publishing; "" when absent
	// Properties is all that is particular to it. Nil when absent.
	Properties json.RawMessage

	Raw json.RawMessage // byte for byte
	Odd []FieldError    // fields that could not be read, by their path; nil for a clean one
}

// DecodeResource reads one child resource of any kind. The error is non-nil
// only when raw is not a JSON object or has no name. raw is kept, not copied.
func DecodeResource(raw []byte) (Resource, error) {
	r, w, _, err := openResource("resource", raw)
	r.Odd = w.odd
	return r, err
}

// openResource reads what all resources have, and returns the rows in which
// the rest stands. kind is for the error.
func openResource(kind string, raw []byte) (r Resource, whole, properties *row, err error) {
	members, err := parseObject(raw)
	if err != nil {
		return Resource{Raw: raw}, &row{}, &row{}, fmt.Errorf("a %s %w", kind, err)
	}
	w := &row{object: members}
	p := w.within("properties")
	r = Resource{
		ID: w.text("id"), Name: w.word("name"), Type: p.word("type"), ETag: w.word("etag"),
		Properties: w.raw("properties"), Raw: raw,
	}
	if r.Name == "" {
		err = errors.New("a " + kind + " without a readable name")
	}
	return r, w, p, err
}
