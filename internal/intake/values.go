package intake

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

const (
	// maxValue bounds one row, and so what is held in memory. ADF bounds a
	// pipeline's payload to 896 KB (Azure Data Factory limits).
	maxValue = 8 << 20
	// maxNesting bounds arrays and pages within each other.
	maxNesting = 4
	tapeRead   = 16 << 10
)

var errTooLarge = fmt.Errorf("holds one value of more than %d MB, which is no run", maxValue>>20)

// readValues reads JSON values that follow each other and hands what stands
// where a run is expected to row, byte for byte: a single object, the
// elements of an array, and those of a page's "value".
func readValues(text io.Reader, row func(raw []byte) error) error {
	v := values{tape: &tape{from: text}, row: row}
	return v.all()
}

type values struct {
	tape *tape
	dec  *json.Decoder
	row  func(raw []byte) error
}

// all reads values until there are no more.
func (v *values) all() error {
	v.dec = json.NewDecoder(v.tape)
	for {
		v.tape.forget(v.dec.InputOffset())
		if err := v.value(0); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
	}
}

// value reads one value, whatever it is. io.EOF means that there is none.
func (v *values) value(depth int) error {
	token, err := v.dec.Token()
	if errors.Is(err, io.EOF) && depth == 0 {
		return io.EOF
	}
	if err != nil {
		return v.problem(err)
	}
	delim, _ := token.(json.Delim)
	switch {
	case token == nil: // null
		return nil
	case delim == '[' && depth < maxNesting:
		return v.array(depth)
	case delim == '{' && depth < maxNesting:
		return v.object(depth, v.dec.InputOffset()-1)
	case delim != 0:
		return fmt.Errorf("has lists within lists, %d deep, where runs are expected", maxNesting)
	default:
		return v.row([]byte(`""`)) // neither run nor page
	}
}

// array hands on each element of an array whose bracket was read.
func (v *values) array(depth int) error {
	for v.dec.More() {
		v.tape.forget(v.dec.InputOffset())
		if err := v.value(depth + 1); err != nil {
			return err
		}
	}
	return v.end()
}

// object reads an object whose brace, at offset start, was read: a page when
// it has a list called value, else a row.
func (v *values) object(depth int, start int64) error {
	page := false
	for v.dec.More() {
		name, err := v.dec.Token()
		if err != nil {
			return v.problem(err)
		}
		if key, _ := name.(string); strings.EqualFold(key, "value") && v.tape.next(v.dec.InputOffset()) == '[' {
			page = true
			err = v.value(depth + 1)
		} else {
			err = v.skip()
		}
		if err != nil {
			return err
		}
	}
	if err := v.end(); err != nil || page {
		return err
	}
	return v.row(v.tape.slice(start, v.dec.InputOffset()))
}

func (v *values) skip() error {
	var raw json.RawMessage
	if err := v.dec.Decode(&raw); err != nil {
		return v.problem(err)
	}
	return nil
}

// end reads a closing bracket or brace.
func (v *values) end() error {
	if _, err := v.dec.Token(); err != nil {
		return v.problem(err)
	}
	return nil
}

// problem says what stops the reading, and where.
func (v *values) problem(err error) error {
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, errTooLarge):
		return errTooLarge
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("is cut short after byte %d", v.tape.end())
	case errors.As(err, &syntax):
		return fmt.Errorf("is not JSON from byte %d on", syntax.Offset)
	default:
		return readError(err)
	}
}

// tape keeps the bytes that a decoder has read since the last forget, so that
// a value can be had as it was written, and looks ahead of the decoder.
type tape struct {
	from io.Reader
	kept []byte
	base int64 // offset of kept[0]
	read int   // how much of kept the decoder has
}

func (t *tape) Read(p []byte) (int, error) {
	if t.read == len(t.kept) {
		if err := t.more(); err != nil {
			return 0, err
		}
	}
	n := copy(p, t.kept[t.read:])
	t.read += n
	return n, nil
}

// more reads on.
func (t *tape) more() error {
	if len(t.kept) > maxValue {
		return errTooLarge
	}
	t.kept = slices.Grow(t.kept, tapeRead)
	n, err := t.from.Read(t.kept[len(t.kept) : len(t.kept)+tapeRead])
	t.kept = t.kept[:len(t.kept)+n]
	if n > 0 {
		return nil // err comes again
	}
	return err
}

// forget drops what lies before offset, which the decoder has read.
func (t *tape) forget(offset int64) {
	drop := int(offset - t.base)
	t.kept = t.kept[:copy(t.kept, t.kept[drop:])]
	t.base, t.read = offset, t.read-drop
}

// slice returns the bytes between two offsets; they are good until the next
// forget.
func (t *tape) slice(from, to int64) []byte { return t.kept[from-t.base : to-t.base] }

func (t *tape) end() int64 { return t.base + int64(len(t.kept)) }

// next returns the first byte of the value whose name ends at offset; 0 when
// there is none.
func (t *tape) next(offset int64) byte {
	for {
		if rest := bytes.TrimLeft(t.kept[offset-t.base:], " \t\r\n:"); len(rest) > 0 {
			return rest[0]
		}
		if t.more() != nil {
			return 0 // the decoder will meet it
		}
	}
}

// rowKinds remembers what the rows were that are no runs, to name it.
type rowKinds struct {
	rows int
	what string
}

func (k *rowKinds) add(raw []byte) {
	k.rows++
	if k.what != "" {
		return
	}
	var w map[string]json.RawMessage
	if json.Unmarshal(raw, &w) != nil {
		k.what = "values that are no objects"
		return
	}
	has := func(name string) bool {
		for key := range w {
			if strings.EqualFold(key, name) {
				return true
			}
		}
		return false
	}
	switch {
	case has("error") && len(w) == 1, has("code") && has("message"):
		k.what = "an error answer of Azure"
	case has("activityRunId"), has("activityName"):
		k.what = "activity runs"
	case has("triggerRunId"):
		k.what = "trigger runs"
	case has("access_token"):
		k.what = "a token answer, which should be deleted"
	default:
		k.what = "objects without runId"
	}
}

// problem says why a file without runs is one; nil when it just has no rows.
func (k *rowKinds) problem() error {
	if k.rows == 0 {
		return nil
	}
	return fmt.Errorf("holds %s, not pipeline runs: %s", k.what, howToExport)
}
