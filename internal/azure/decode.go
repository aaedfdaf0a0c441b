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

// continuation is the member of a page of runs that asks for the next one.
const continuation = "continuationToken"

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
	rows, odd, next, err := decodeRows(body, adf.Element.PipelineRun)
	return RunPage{Runs: rows, Odd: odd, Next: next}, err
}

// DecodeActivityPage reads an answer of ADF REST, Activity Runs - Query By
// Pipeline Run, in the manner of DecodeRunPage.
func DecodeActivityPage(body []byte) (ActivityPage, error) {
	rows, odd, next, err := decodeRows(body, adf.Element.ActivityRun)
	return ActivityPage{Activities: rows, Odd: odd, Next: next}, err
}

// DecodeTriggerRunPage reads an answer of ADF REST, Trigger Runs - Query By
// Factory, in the manner of DecodeRunPage.
func DecodeTriggerRunPage(body []byte) (TriggerRunPage, error) {
	rows, odd, next, err := decodeRows(body, adf.Element.TriggerRun)
	return TriggerRunPage{Runs: rows, Odd: odd, Next: next}, err
}

// decodeRows reads the elements of a page of runs, and the token of the next
// page.
func decodeRows[T any](body []byte, read func(adf.Element) (T, error)) (rows []T, odd []OddRow, next string, err error) {
	elements, next, err := splitPage(body, continuation)
	if err != nil {
		return nil, nil, "", err
	}
	rows = make([]T, 0, len(elements))
	for _, element := range elements {
		row, err := read(element)
		if err != nil {
			odd = append(odd, OddRow{Raw: element.Raw(), Problem: err.Error()})
			continue
		}
		rows = append(rows, row)
	}
	return rows, odd, next, nil
}

// splitPage takes a page apart into its elements but null ones and its text
// called next, which asks for the page after it.
func splitPage(body []byte, next string) (rows []adf.Element, link string, err error) {
	page, err := openObject(body)
	if err != nil {
		return nil, "", err
	}
	if page.Member("value") == nil {
		return nil, "", errors.New(`it has no "value", so it is not a page`)
	}
	rows, ok := page.Elements("value")
	if !ok {
		return nil, "", errors.New(`its "value" is not an array`)
	}
	if token := page.Member(next); len(token) > 0 {
		if err := json.Unmarshal(token, &link); err != nil {
			return nil, "", fmt.Errorf("its %s is not a string, so its further pages can't be asked for", next)
		}
	}
	return rows, link, nil
}

// openObject takes an answer apart, or says what keeps it from being a JSON
// object.
func openObject(body []byte) (adf.Page, error) {
	text := bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")) // a byte-order mark, in saved files
	page, err := adf.SplitPage(text)
	switch {
	case errors.Is(err, adf.ErrNotJSON):
		return adf.Page{}, syntaxProblem(text)
	case err != nil:
		return adf.Page{}, fmt.Errorf("it %w", err)
	}
	return page, nil
}

// syntaxProblem says where text ceases to be JSON: errCut when it ends too
// early. It never quotes the text.
func syntaxProblem(text []byte) error {
	if cutShort(text) {
		return errCut
	}
	err := json.Unmarshal(text, new(json.RawMessage))
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("it is not JSON from byte %d on", syntax.Offset)
	}
	return errors.New("it is not JSON")
}

// cutShort reports whether text is the beginning of a JSON text.
func cutShort(text []byte) bool {
	err := json.NewDecoder(bytes.NewReader(text)).Decode(new(json.RawMessage))
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)
}
