package adf

import (
	"encoding/json"
	"errors"
	"iter"
)

// ErrNotJSON says that a text is no JSON.
var ErrNotJSON = errors.New("is not JSON")

// ErrNotPage says that a text is JSON, but no page of a list.
var ErrNotPage = errors.New("is JSON, but not an object of the expected form")

// Page is an answer of a list operation of ARM, taken apart once: its text is
// checked as a whole, and its elements are not checked again.
type Page struct{ members object }

// Element is one value of a page's list: valid JSON, a part of the page.
type Element struct{ raw []byte }

// SplitPage takes text apart. The error is ErrNotJSON or ErrNotPage.
func SplitPage(text []byte) (Page, error) {
	text = trim(text)
	if !json.Valid(text) {
		return Page{}, ErrNotJSON
	}
	if text[0] != '{' {
		return Page{}, ErrNotPage
	}
	return Page{split(text)}, nil
}

// Member returns the value of the member called name, nil when there is none.
func (p Page) Member(name string) json.RawMessage { return p.members.find(name) }

// Elements returns the members of the list called name except null ones, and
// false when name is not a list. A null list has none.
func (p Page) Elements(name string) (all []Element, ok bool) {
	list := p.members.find(name)
	switch {
	case len(list) == 0 || list[0] != '[' && list[0] != 'n':
		return nil, false
	case list[0] == 'n':
		return nil, true
	}
	for _, element := range elements(list) {
		if element[0] != 'n' {
			all = append(all, Element{element})
		}
	}
	return all, true
}

// elements takes a valid JSON array apart.
func elements(list []byte) iter.Seq2[int, json.RawMessage] {
	return func(yield func(int, json.RawMessage) bool) {
		n := 0
		for i := next(list, 1); list[i] != ']'; n++ {
			end := skip(list, i)
			if !yield(n, list[i:end:end]) {
				return
			}
			if i = next(list, end); list[i] == ',' {
				i = next(list, i+1)
			}
		}
	}
}

// Raw returns the element byte for byte.
func (e Element) Raw() json.RawMessage { return e.raw }

// PipelineRun reads the element in the manner of DecodePipelineRun.
func (e Element) PipelineRun() (PipelineRun, error) {
	members, err := splitObject(e.raw)
	return readPipelineRun(e.raw, members, err)
}

// ActivityRun reads the element in the manner of DecodeActivityRun.
func (e Element) ActivityRun() (ActivityRun, error) {
	members, err := splitObject(e.raw)
	return readActivityRun(e.raw, members, err)
}

// TriggerRun reads the element in the manner of DecodeTriggerRun.
func (e Element) TriggerRun() (TriggerRun, error) {
	members, err := splitObject(e.raw)
	return readTriggerRun(e.raw, members, err)
}
