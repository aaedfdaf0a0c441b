package azure

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"andon/internal/adf"
)

// OddRow is an element of a page that can't stand as a row.
type OddRow struct {
	Raw     json.RawMessage // the element byte for byte
	Problem string          // why, half a sentence without values
}

// errCut marks JSON that ends too early.
var errCut = errors.New("the JSON ends in the middle")

// DecodeRunPage reads an answer of ADF REST, Pipeline Runs - Query By
// Factory. A row with odd fields keeps its good ones and names the others; an
// element that is no row at all goes to Odd; null elements are dropped. The
// error is non-nil only when body as a whole is no page: not JSON, cut short,
// without "value", or with a continuation token that is not a string, since
// then rows would be missing without notice. Raw rows are parts of body.
// Asked is left zero.
func DecodeRunPage(body []byte) (RunPage, error) {
	rows, next, err := decodePage(body)
	if err != nil {
		return RunPage{}, err
	}
	page := RunPage{Runs: make([]adf.PipelineRun, 0, len(rows)), Next: next}
	for _, raw := range rows {
		run, err := adf.DecodePipelineRun(raw)
		if err != nil {
			page.Odd = append(page.Odd, OddRow{Raw: raw, Problem: err.Error()})
			continue
		}
		page.Runs = append(page.Runs, run)
	}
	return page, nil
}

// DecodeActivityPage reads an answer of ADF REST, Activity Runs - Query By
// Pipeline Run, in the manner of DecodeRunPage.
func DecodeActivityPage(body []byte) (ActivityPage, error) {
	rows, next, err := decodePage(body)
	if err != nil {
		return ActivityPage{}, err
	}
	page := ActivityPage{Activities: make([]adf.ActivityRun, 0, len(rows)), Next: next}
	for _, raw := range rows {
		run, err := adf.DecodeActivityRun(raw)
		if err != nil {
			page.Odd = append(page.Odd, OddRow{Raw: raw, Problem: err.Error()})
			continue
		}
		page.Activities = append(page.Activities, run)
	}
	return page, nil
}

// decodePage takes a page apart into its elements and what follows it.
func decodePage(body []byte) (rows []json.RawMessage, next string, err error) {
	var page struct {
		Value             json.RawMessage `json:"value"`
		ContinuationToken json.RawMessage `json:"continuationToken"`
	}
	if err := unmarshal(body, &page); err != nil {
		return nil, "", err
	}
	if rows, err = elements(page.Value); err != nil {
		return nil, "", err
	}
	if len(page.ContinuationToken) > 0 {
		if err := json.Unmarshal(page.ContinuationToken, &next); err != nil {
			return nil, "", errors.New("its continuationToken is not a string, so its further pages can't be asked for")
		}
	}
	return rows, next, nil
}

// elements returns the members of a page's value but null ones. A null value
// is how some serializers write an empty list.
func elements(value json.RawMessage) ([]json.RawMessage, error) {
	if len(value) == 0 {
		return nil, errors.New(`it has no "value", so it is not a page`)
	}
	var all []json.RawMessage
	if err := json.Unmarshal(value, &all); err != nil {
		return nil, errors.New(`its "value" is not an array`)
	}
	rows := all[:0]
	for _, raw := range all {
		if !bytes.Equal(raw, []byte("null")) {
			rows = append(rows, raw)
		}
	}
	return rows, nil
}

// unmarshal reads one JSON object. Its error is errCut when the text ends too
// early, and never quotes the text.
func unmarshal(body []byte, into any) error {
	text := bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")) // a byte-order mark, in saved files
	err := json.Unmarshal(text, into)
	if err == nil {
		return nil
	}
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		if cutShort(text) {
			return errCut
		}
		return fmt.Errorf("it is not JSON from byte %d on", syntax.Offset)
	}
	return errors.New("it is JSON, but not an object of the expected form")
}

// cutShort reports whether text is the beginning of a JSON text.
func cutShort(text []byte) bool {
	err := json.NewDecoder(bytes.NewReader(text)).Decode(new(json.RawMessage))
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)
}
