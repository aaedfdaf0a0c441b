package intake

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"andon/internal/adf"
)

// delimiters are what cells are told apart by: a comma, or in some countries a
// semicolon.
const delimiters = ",;\t"

// knownColumns are the columns of which something is read, beside those that say
// what else a row is.
func knownColumns() []string {
	return []string{
		"runId", "pipelineName", "status", "runStart", "runEnd", "durationInMs", "message", "lastUpdated", "id", "runGroupId", "parameters",
		"invokedById", "invokedByName", "invokedByInvokedByType", "annotations", "isLatest", "and those of ADFPipelineRun: RunId, PipelineName, Status, Start, End, ErrorMessage, Parameters, Predecessors, ResourceId",
		"and those of ADFActivityRun: ActivityRunId, PipelineRunId, ActivityName, ActivityType, Status, Start, End, Input, Output, Error", "and those of ADFTriggerRun: TriggerId, TriggerName, TriggerType, Status, Start, Parameters",
	}
}

// isTable reports whether a text begins with a header that has a column runId,
// activityRunId or triggerId.
func isTable(start []byte) bool {
	for _, d := range delimiters {
		if cells, err := cellsOf(headerOf(start), d); err == nil && len(cells) > 1 && slices.ContainsFunc(cells, isRunID) {
			return true
		}
	}
	return false
}

func isRunID(cell string) bool {
	name := strings.TrimSpace(cell)
	return strings.EqualFold(name, "runId") || strings.EqualFold(name, "activityRunId") || strings.EqualFold(name, "triggerId")
}

// headerOf returns the first row of a text, with its line breaks in quotes.
func headerOf(start []byte) []byte {
	isQuoted := false
	for i, c := range start {
		switch {
		case c == '"':
			isQuoted = !isQuoted
		case c == '\n' && !isQuoted:
			return start[:i+1]
		}
	}
	return start
}

// cellsOf takes one row apart.
func cellsOf(row []byte, delimiter rune) ([]string, error) {
	r := csv.NewReader(bytes.NewReader(row))
	r.Comma, r.FieldsPerRecord, r.LazyQuotes = delimiter, -1, true
	return r.Read()
}

// column is one column of a table.
type column struct {
	name string
	// zone is that of the header, as in "Start [UTC]"; nil when it has none.
	zone *time.Location
}

// table reads rows of cells.
type table struct {
	text      *bufio.Reader
	out       outlet
	delimiter rune
	columns   []column
	line      int64 // of the row that is read
	lines     int64 // that were read
	row       []byte
}

// readTable reads rows of cells under a header, and hands each on as an object
// of texts.
func readTable(text *bufio.Reader, out outlet) error {
	t := table{text: text, out: out}
	if err := t.header(); err != nil {
		return err
	}
	for {
		isTooLarge, isOpen, err := t.next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case isOpen:
			t.out.refuse(openQuote, t.at())
		case isTooLarge:
			t.out.refuse(tooLarge, t.at())
		case len(bytes.TrimSpace(t.row)) == 0:
		default:
			if err := t.put(); err != nil {
				return err
			}
		}
	}
}

func (t *table) at() position { return position{"line", t.line} }

// header reads the names of the columns, and the zones of those that hold times.
func (t *table) header() error {
	if isTooLarge, _, err := t.next(); err != nil || isTooLarge {
		return errors.Join(errors.New("is a table without a readable header"), err)
	}
	var cells []string
	for _, d := range delimiters {
		found, err := cellsOf(t.row, d)
		if err == nil && slices.ContainsFunc(found, isRunID) {
			cells, t.delimiter = found, d
			break
		}
	}
	for _, cell := range cells {
		c, err := columnOf(cell)
		if err != nil {
			return err
		}
		t.columns = append(t.columns, c)
	}
	return nil
}

var zoneInHeader = regexp.MustCompile(`^(.*?)\s*\[([^\]]+)\]$`)

// columnOf reads a name of a column with its zone.
func columnOf(cell string) (column, error) {
	cell = strings.TrimSpace(cell)
	parts := zoneInHeader.FindStringSubmatch(cell)
	if parts == nil {
		return column{name: cell}, nil
	}
	zone := strings.ReplaceAll(parts[2], " ", "")
	if strings.EqualFold(zone, "UTC") || strings.EqualFold(zone, "GMT") || strings.EqualFold(zone, "Z") {
		return column{parts[1], time.UTC}, nil
	}
	offset := strings.TrimPrefix(strings.TrimPrefix(strings.ToUpper(zone), "UTC"), "GMT")
	for _, layout := range []string{"-07:00", "-0700", "-7"} {
		if at, err := time.Parse(layout, offset); err == nil {
			return column{parts[1], at.Location()}, nil
		}
	}
	return column{}, fmt.Errorf("has times of a zone that is no offset from UTC, in the column %.60q: set the portal's display time zone to UTC and export again", cell)
}

// next reads a row with the line breaks in its quotes. A row that is larger than
// a record may be is read to its end and not kept. isOpen says that the text ends
// within quotes.
func (t *table) next() (isTooLarge, isOpen bool, err error) {
	t.row = t.row[:0]
	t.line = t.lines + 1
	for {
		part, err := t.text.ReadSlice('\n')
		isEnd := errors.Is(err, io.EOF)
		if err != nil && !isEnd && !errors.Is(err, bufio.ErrBufferFull) {
			return false, false, err
		}
		if bytes.Count(part, []byte{'"'})%2 == 1 {
			isOpen = !isOpen
		}
		if len(t.row)+len(part) > maxRecord {
			isTooLarge = true
			t.row = t.row[:0]
		}
		if !isTooLarge {
			t.row = append(t.row, part...)
		}
		if err == nil {
			t.lines++
		}
		switch {
		case isEnd && len(t.row) == 0 && !isTooLarge:
			return false, false, io.EOF
		case isEnd, err == nil && !isOpen:
			return isTooLarge, isOpen, nil
		}
	}
}

// put hands on the row.
func (t *table) put() error {
	cells, err := cellsOf(t.row, t.delimiter)
	if err != nil || len(cells) != len(t.columns) {
		t.out.refuse(wrongCells, t.at())
		return nil //nolint:nilerr // a refused row is reported, and the next one is read
	}
	row := make(map[string]string, len(cells))
	for i, text := range cells {
		c := t.columns[i]
		if text == "" || row[c.name] != "" {
			continue
		}
		if isTimeColumn(c.name) {
			var why reason
			if text, why = timeText(text, c.zone); why.what != "" {
				t.out.refuse(why, t.at())
				return nil
			}
		}
		row[c.name] = text
	}
	raw, err := json.Marshal(row)
	if err != nil {
		t.out.refuse(notJSON, t.at())
		return nil //nolint:nilerr // as above
	}
	return t.out.put(raw, t.at())
}

func isTimeColumn(name string) bool {
	for _, known := range []string{"runStart", "runEnd", "lastUpdated", "Start", "End"} {
		if strings.EqualFold(name, known) {
			return true
		}
	}
	return false
}

// timeText returns a time of a cell as ADF writes it. Times in English, as the
// portal writes them, need the zone of their header; a time in ISO 8601 without a
// zone is of that zone, too, and of UTC where the header has none.
func timeText(text string, zone *time.Location) (string, reason) {
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02 15:04:05"} {
		if at, err := time.ParseInLocation(layout, text, orUTC(zone)); err == nil {
			return at.UTC().Format(time.RFC3339Nano), reason{}
		}
	}
	if at, err := adf.ParseTime(text); err == nil {
		return at.String(), reason{}
	}
	english := strings.NewReplacer("\u202f", " ", "\u00a0", " ", ", ", " ").Replace(strings.TrimSpace(text))
	for _, layout := range []string{"1/2/2006 3:04:05 PM", "1/2/2006 15:04:05"} {
		at, err := time.ParseInLocation(layout, english, orUTC(zone))
		switch {
		case err != nil:
		case zone == nil:
			return "", noZone
		default:
			return at.UTC().Format(time.RFC3339Nano), reason{}
		}
	}
	return "", badTime
}

// orUTC returns UTC for no zone.
func orUTC(zone *time.Location) *time.Location {
	if zone == nil {
		return time.UTC
	}
	return zone
}
