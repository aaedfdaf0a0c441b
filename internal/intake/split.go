package intake

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

const (
	// maxRecord bounds one record, and so what is held in memory. ADF bounds a
	// pipeline's payload to 896 KB (Azure Data Factory limits).
	maxRecord = 8 << 20
	// maxNesting bounds arrays and pages within each other.
	maxNesting = 4
)

// position is where in a file a record is.
type position struct {
	unit string // line or record
	n    int64  // counted from 1
}

func (p position) String() string { return fmt.Sprintf("%s %d", p.unit, p.n) }

// outlet is where a reader puts what it finds.
type outlet struct {
	// record takes one JSON object, which may be invalid. Its bytes are good
	// during the call only. An error ends the reading: it is the store's.
	record func(raw []byte, at position) error
	refuse func(why reason, at position)
}

// storeError tells an error of the store from one of the file.
type storeError struct{ err error }

func (e *storeError) Error() string { return e.err.Error() }

func (o outlet) put(raw []byte, at position) error {
	if err := o.record(raw, at); err != nil {
		return &storeError{err}
	}
	return nil
}

var errCutShort = errors.New("is cut short")

// splitter finds the records in JSON values that follow each other: single
// objects, elements of arrays, elements of the lists "value" and "records" of a
// page, and rows of the tables of a Log Analytics answer. It reads bytes and
// checks as little as it needs to find where a record ends, so that a broken or
// an endless one costs only itself.
type splitter struct {
	text *bufio.Reader
	out  outlet
	line int64 // of JSON lines; 0 when the file is not read by lines

	offset     int64 // of the next byte
	records    int64
	kept       []byte
	isKeeping  bool
	isTooLarge bool // what is being kept outgrew maxRecord

	hasMore bool // the last page names a further one
}

// all reads values until there are no more.
func (s *splitter) all() error {
	for {
		c, err := s.nextMark()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = s.value(c, 0)
		}
		if err != nil {
			return s.problem(err)
		}
	}
}

// problem says what stops the reading, and where.
func (s *splitter) problem(err error) error {
	var stop *storeError
	var syntax *notJSONError
	switch {
	case errors.As(err, &stop), errors.As(err, &syntax):
		return err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w after byte %d", errCutShort, s.offset)
	default:
		return err
	}
}

type notJSONError struct{ offset int64 }

func (e *notJSONError) Error() string { return fmt.Sprintf("is not JSON from byte %d on", e.offset) }

func (s *splitter) read() (byte, error) {
	c, err := s.text.ReadByte()
	if err != nil {
		return 0, err
	}
	s.offset++
	if s.isKeeping {
		if len(s.kept) == maxRecord {
			s.isKeeping, s.isTooLarge = false, true
		} else {
			s.kept = append(s.kept, c)
		}
	}
	return c, nil
}

// unread gives the last byte back.
func (s *splitter) unread() error {
	s.offset--
	if s.isKeeping {
		s.kept = s.kept[:len(s.kept)-1]
	}
	return s.text.UnreadByte()
}

// nextMark returns the next byte that is not white space.
func (s *splitter) nextMark() (byte, error) {
	for {
		c, err := s.read()
		if err != nil || c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			return c, err
		}
	}
}

func (s *splitter) keep(first string) {
	s.kept = append(s.kept[:0], first...)
	s.isKeeping, s.isTooLarge = true, false
}

func (s *splitter) drop() {
	s.kept = s.kept[:0]
	s.isKeeping, s.isTooLarge = false, false
}

// at is the position of the record that was counted last.
func (s *splitter) at() position {
	if s.line > 0 {
		return position{"line", s.line}
	}
	return position{"record", s.records}
}

func (s *splitter) refuse(why reason) {
	s.records++
	s.out.refuse(why, s.at())
}

// value reads a value that begins with c and stands where a run is expected.
func (s *splitter) value(c byte, depth int) error {
	switch {
	case c == '[' && depth < maxNesting:
		return s.array(depth)
	case c == '{' && depth < maxNesting:
		return s.object(depth)
	case c == '[' || c == '{':
		s.refuse(tooDeep)
		return s.skip(c)
	case c == 'n': // null
		return s.skip(c)
	case startsValue(c):
		s.refuse(noObject)
		return s.skip(c)
	default:
		return &notJSONError{s.offset - 1}
	}
}

// startsValue reports whether a JSON value can begin with c.
func startsValue(c byte) bool { return strings.IndexByte("{[\"tfn-0123456789", c) >= 0 }

// array reads the elements of an array whose bracket was read.
func (s *splitter) array(depth int) error {
	for {
		c, err := s.nextMark()
		switch {
		case err != nil:
			return err
		case c == ']':
			return nil
		case c == ',':
		default:
			if err := s.value(c, depth+1); err != nil {
				return err
			}
		}
	}
}

// object reads an object whose brace was read: a page when it has a list called
// value or records, tables when it has those, else a record.
func (s *splitter) object(depth int) error {
	s.keep("{")
	isPage, hasMore := false, false
	err := s.members(func(key string) error {
		c, err := s.nextMark()
		if err != nil {
			return err
		}
		switch {
		case c == '[' && (strings.EqualFold(key, "value") || strings.EqualFold(key, "records")):
			isPage = true
			s.drop()
			return s.array(depth + 1)
		case c == '[' && strings.EqualFold(key, "tables"):
			isPage = true
			s.drop()
			return s.tables()
		case c == '"' && (strings.EqualFold(key, "continuationToken") || strings.EqualFold(key, "nextLink")):
			from := s.offset
			err := s.skip(c)
			hasMore = s.offset-from > 1
			return err
		default:
			return s.skip(c)
		}
	})
	if err != nil {
		return err
	}
	if isPage {
		s.drop()
		s.hasMore = hasMore
		return nil
	}
	return s.recordKept()
}

// recordKept hands on what was kept.
func (s *splitter) recordKept() error {
	s.records++
	raw, isTooLarge := s.kept, s.isTooLarge
	s.isKeeping = false
	if isTooLarge {
		s.drop()
		s.out.refuse(tooLarge, s.at())
		return nil
	}
	return s.out.put(raw, s.at())
}

// members calls each for every member of an object whose brace was read, when
// its name and colon were read.
func (s *splitter) members(each func(key string) error) error {
	for {
		c, err := s.nextMark()
		switch {
		case err != nil:
			return err
		case c == '}':
			return nil
		case c == ',':
			continue
		case c != '"':
			return &notJSONError{s.offset - 1}
		}
		key, err := s.key()
		if err != nil {
			return err
		}
		if c, err = s.nextMark(); err != nil {
			return err
		}
		if c != ':' {
			return &notJSONError{s.offset - 1}
		}
		if err := each(key); err != nil {
			return err
		}
	}
}

// maxKey is the longest name that a reader looks for.
const maxKey = 32

// key reads a name whose first quote was read. One that is longer than any that
// matters is cut.
func (s *splitter) key() (string, error) {
	var name []byte
	for {
		c, err := s.read()
		switch {
		case err != nil:
			return "", err
		case c == '"':
			return string(name), nil
		case c == '\\':
			if _, err := s.read(); err != nil {
				return "", err
			}
		}
		if len(name) <= maxKey {
			name = append(name, c)
		}
	}
}

// skip reads to the end of a value that begins with c. Where a member has no
// value, c ends its object or list: it is given back.
func (s *splitter) skip(c byte) error {
	depth := 0
	for {
		switch c {
		case '"':
			if err := s.skipString(); err != nil {
				return err
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth < 0 {
				return s.unread() // a value is missing
			}
		default:
			if depth == 0 {
				return s.skipLiteral(c)
			}
		}
		if depth == 0 {
			return nil
		}
		var err error
		if c, err = s.read(); err != nil {
			return err
		}
	}
}

func (s *splitter) skipString() error {
	for {
		if err := s.takePlain(); err != nil {
			return err
		}
		c, err := s.read()
		if err == nil && c == '\\' {
			_, err = s.read()
		}
		if err != nil || c == '"' {
			return err
		}
	}
}

// takePlain reads what is buffered of a string up to a quote or a backslash.
func (s *splitter) takePlain() error {
	some, err := s.text.Peek(s.text.Buffered())
	if err != nil {
		return err
	}
	if i := bytes.IndexByte(some, '"'); i >= 0 {
		some = some[:i]
	}
	if i := bytes.IndexByte(some, '\\'); i >= 0 {
		some = some[:i]
	}
	s.offset += int64(len(some))
	switch {
	case !s.isKeeping:
	case len(s.kept)+len(some) > maxRecord:
		s.isKeeping, s.isTooLarge = false, true
	default:
		s.kept = append(s.kept, some...)
	}
	_, err = s.text.Discard(len(some))
	return err
}

// skipLiteral reads a number, a word, or what should be one, up to what ends it.
func (s *splitter) skipLiteral(c byte) error {
	for {
		switch c {
		case ',', '}', ']', ' ', '\t', '\r', '\n':
			return s.unread()
		}
		var err error
		if c, err = s.read(); err != nil {
			if errors.Is(err, io.EOF) {
				return nil // the caller meets it
			}
			return err
		}
	}
}

// tables reads the tables of an answer of Log Analytics, whose bracket was read:
// columns apart from rows.
func (s *splitter) tables() error {
	for {
		c, err := s.nextMark()
		switch {
		case err != nil:
			return err
		case c == ']':
			return nil
		case c == ',':
		case c == '{':
			if err := s.table(); err != nil {
				return err
			}
		case !startsValue(c):
			return &notJSONError{s.offset - 1}
		default:
			s.refuse(noObject)
			if err := s.skip(c); err != nil {
				return err
			}
		}
	}
}

func (s *splitter) table() error {
	var columns []string
	return s.members(func(key string) error {
		c, err := s.nextMark()
		switch {
		case err != nil:
			return err
		case c == '[' && strings.EqualFold(key, "columns"):
			s.keep("[")
			if err := s.skip(c); err != nil {
				return err
			}
			var named []struct{ Name string }
			err := json.Unmarshal(s.kept, &named)
			s.drop()
			for _, column := range named {
				columns = append(columns, column.Name)
			}
			if err != nil {
				columns = nil // the rows are refused
			}
			return nil
		case c == '[' && strings.EqualFold(key, "rows"):
			return s.rows(columns)
		default:
			return s.skip(c)
		}
	})
}

// rows reads the rows of a table, each of which is an array.
func (s *splitter) rows(columns []string) error {
	for {
		c, err := s.nextMark()
		switch {
		case err != nil:
			return err
		case c == ']':
			return nil
		case c == ',':
			continue
		case !startsValue(c):
			return &notJSONError{s.offset - 1}
		}
		s.keep(string(c))
		if err := s.skip(c); err != nil {
			return err
		}
		if s.isTooLarge {
			s.drop()
			s.refuse(tooLarge)
			continue
		}
		var cells []json.RawMessage
		err = json.Unmarshal(s.kept, &cells)
		s.drop()
		if err != nil || len(cells) != len(columns) {
			s.refuse(wrongCells)
			continue
		}
		row := make(map[string]json.RawMessage, len(cells))
		for i, name := range columns {
			row[name] = cells[i]
		}
		raw, err := json.Marshal(row)
		if err != nil {
			s.refuse(notJSON)
			continue
		}
		s.records++
		if err := s.out.put(raw, s.at()); err != nil {
			return err
		}
	}
}

// readLines reads JSON lines. A broken line costs only itself, unless it is the
// last and has no end: then the file was cut short.
func readLines(text *bufio.Reader, out outlet) (hasMore bool, err error) {
	line := &lineReader{from: text}
	s := splitter{text: bufio.NewReaderSize(line, 64<<10), out: out}
	for {
		line.isOver = false
		s.line++
		s.text.Reset(line)
		s.offset, s.records = 0, 0
		s.drop()
		err := s.all()
		if _, ok := errors.AsType[*storeError](err); ok {
			return false, err
		}
		if failed := line.finish(); failed != nil {
			return false, failed
		}
		switch {
		case err != nil && !line.isOver:
			return false, fmt.Errorf("%w in line %d", errCutShort, s.line)
		case err != nil:
			out.refuse(notJSON, s.at())
		}
		if !line.isOver {
			return s.hasMore, nil
		}
	}
}

// lineReader reads up to the end of a line.
type lineReader struct {
	from   *bufio.Reader
	isOver bool // the line feed was read
	failed error
}

func (l *lineReader) Read(p []byte) (int, error) {
	if l.isOver || l.failed != nil {
		return 0, io.EOF
	}
	if _, err := l.from.Peek(1); err != nil {
		if !errors.Is(err, io.EOF) {
			l.failed = err
		}
		return 0, io.EOF
	}
	some, err := l.from.Peek(min(l.from.Buffered(), len(p)))
	if err != nil {
		return 0, err
	}
	n := copy(p, some)
	for i, c := range p[:n] {
		if c == '\n' {
			n, l.isOver = i+1, true
			break
		}
	}
	if _, err := l.from.Discard(n); err != nil {
		return 0, err
	}
	return n, nil
}

// finish reads what is left of the line, and returns what kept it from being
// read.
func (l *lineReader) finish() error {
	if _, err := io.Copy(io.Discard, l); err != nil {
		return err
	}
	return l.failed
}
