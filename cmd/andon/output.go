package main

import (
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"andon/internal/adf"
)

// runWriter writes a list of runs in one of the forms of --output.
type runWriter interface {
	row(raw json.RawMessage) error
	end(e listEnd) error
}

// listEnd is what is known of a list once its rows are written.
type listEnd struct {
	asOf    *string // nil when nothing is known of any factory
	limited bool    // runs may be missing because not everything is known
	more    bool    // further runs match, and --limit ended the list
}

func newRunWriter(form string, w io.Writer) runWriter {
	switch form {
	case "json":
		return &jsonRuns{w: w}
	case "csv":
		return &csvRuns{w: csv.NewWriter(w), terminal: isTerminalWriter(w)}
	default:
		return &tableRuns{w: w, colour: colourful(w)}
	}
}

// jsonRuns writes the API's own rows as one array.
type jsonRuns struct {
	w    io.Writer
	some bool
}

func (j *jsonRuns) row(raw json.RawMessage) error {
	lead := ",\n"
	if !j.some {
		lead, j.some = "[\n", true
	}
	_, err := io.WriteString(j.w, lead+printableJSON(raw))
	return err
}

func (j *jsonRuns) end(listEnd) error {
	text := "\n]\n"
	if !j.some {
		text = "[]\n"
	}
	_, err := io.WriteString(j.w, text)
	return err
}

// csvRuns writes one line a run, in ADF's field names.
type csvRuns struct {
	w        *csv.Writer
	some     bool
	terminal bool // cells are printable; a file gets them as they are
}

func csvHead() []string {
	return []string{"runId", "factory", "pipelineName", "status", "runStart", "runEnd", "durationInMs", "invokedByType", "invokedByName", "message", "cause", "recovery", "recoveredBy", "runGroupId", "isLatest", "lastUpdated", "parameters"}
}

func (c *csvRuns) row(raw json.RawMessage) error {
	var r runRow
	if err := json.Unmarshal(raw, &r); err != nil {
		return fmt.Errorf("a run: %w", err)
	}
	if err := c.head(); err != nil {
		return err
	}
	byType := ""
	if r.InvokedBy != nil {
		byType = text(r.InvokedBy.InvokedByType)
	}
	duration := ""
	if r.DurationInMs != nil {
		duration = strconv.FormatInt(*r.DurationInMs, 10)
	}
	line := []string{
		r.RunID, r.Factory, r.PipelineName, r.Status, text(r.RunStart), text(r.RunEnd), duration,
		byType, text(r.StartedBy), text(r.Message), r.Cause.sentence(), r.recovery(), r.recoveredBy(), text(r.RunGroupID), strconv.FormatBool(r.IsLatest), text(r.LastUpdated), string(r.Parameters),
	}
	for i := range line {
		if line[i] = inert(line[i]); c.terminal {
			line[i] = printable(line[i])
		}
	}
	return c.w.Write(line)
}

func (c *csvRuns) head() error {
	if c.some {
		return nil
	}
	c.some = true
	return c.w.Write(csvHead())
}

func (c *csvRuns) end(listEnd) error {
	if err := c.head(); err != nil {
		return err
	}
	c.w.Flush()
	return c.w.Error()
}

// tableRuns writes a table for eyes.
type tableRuns struct {
	w      io.Writer
	colour bool
	rows   int
}

const statusWidth = 12 // of a mark, a space and a word

func (t *tableRuns) line(status string, cells ...any) error {
	line := status + fmt.Sprintf("  %-36s  %-24s  %-16s  %-20s  %-20s  %10s  %s", cells...)
	_, err := fmt.Fprintln(t.w, strings.TrimRight(line, " "))
	return err
}

func (t *tableRuns) row(raw json.RawMessage) error {
	var r runRow
	if err := json.Unmarshal(raw, &r); err != nil {
		return fmt.Errorf("a run: %w", err)
	}
	if t.rows == 0 {
		err := t.line(pad("STATUS", statusWidth), "RUN", "PIPELINE", "FACTORY", "INVOKED BY", "START (UTC)", "DURATION", "WHY")
		if err != nil {
			return err
		}
	}
	t.rows++
	return t.line(t.status(r), onOneLine(r.RunID), cut(r.PipelineName, 24), cut(r.FactoryName, 16),
		cut(r.invoker(), 20), r.start(), r.duration(), cut(r.why(), 120))
}

func (t *tableRuns) end(e listEnd) error {
	if t.rows == 0 {
		said := "No runs match."
		if e.limited {
			said = "No known runs match."
		}
		_, err := fmt.Fprintln(t.w, said)
		return err
	}
	if e.asOf == nil {
		return nil
	}
	said := counted(int64(t.rows), "run")
	if e.more { // else the number reads as that of all
		said = firstRuns(t.rows)
	}
	_, err := fmt.Fprintf(t.w, "%s, as of %s\n", said, onOneLine(*e.asOf))
	return err
}

// firstRuns names a part of a list: "the first run", "the first 50 runs".
func firstRuns(n int) string {
	if n == 1 {
		return "the first run"
	}
	return fmt.Sprintf("the first %d runs", n)
}

// status writes the word, with a mark, so that colour is not the only sign.
func (t *tableRuns) status(r runRow) string {
	mark, colour := "?", ""
	switch adf.Status(r.Status) { //nolint:exhaustive // an open set; the rest has the mark above
	case adf.StatusSucceeded:
		mark, colour = "✓", "32"
	case adf.StatusFailed:
		mark, colour = "✕", "31"
		switch r.recovery() {
		case "notRedone":
			mark = "▢"
		case "recovered":
			mark, colour = "▢", ""
		}
	case adf.StatusInProgress:
		mark, colour = "◌", "34"
	case adf.StatusQueued:
		mark, colour = "○", "35"
	case adf.StatusCanceling, adf.StatusCancelled:
		mark = "⊘"
	}
	said := r.Status
	if r.EndUnknown != nil {
		mark, colour, said = "?", "", "Unknown" // whatever it was when it was last seen
	}
	word := pad(mark+" "+cut(said, statusWidth-2), statusWidth)
	if !t.colour || colour == "" {
		return word
	}
	return "\x1b[" + colour + "m" + word + "\x1b[0m"
}

func pad(s string, n int) string {
	if missing := n - len([]rune(s)); missing > 0 {
		return s + strings.Repeat(" ", missing)
	}
	return s
}

// why returns the cause of a failure, and the message of a run that did not
// fail.
func (r runRow) why() string {
	if r.Cause != nil {
		return r.Cause.sentence()
	}
	return text(r.Message)
}

// invoker names what started the run: a trigger, a parent's pipeline, or the
// type where no name is known.
func (r runRow) invoker() string {
	if r.InvokedBy == nil {
		return "–"
	}
	name := cmp.Or(text(r.StartedBy), text(r.InvokedBy.InvokedByType), "–")
	if r.InvokedBy.PipelineRunID != nil {
		return "↳ " + name
	}
	return name
}

func (r runRow) start() string {
	if r.RunStart == nil {
		return "–"
	}
	t, err := time.Parse(time.RFC3339, *r.RunStart)
	if err != nil {
		return onOneLine(*r.RunStart)
	}
	return t.UTC().Format("2006-01-02 15:04:05")
}

func (r runRow) duration() string {
	if r.DurationInMs == nil {
		return "–"
	}
	d := time.Duration(*r.DurationInMs) * time.Millisecond
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d m %02d s", int(d.Minutes()), int(d.Seconds())%60)
	case d < 24*time.Hour:
		return fmt.Sprintf("%d h %02d m", int(d.Hours()), int(d.Minutes())%60)
	default:
		return fmt.Sprintf("%d d %02d h", int(d.Hours())/24, int(d.Hours())%24)
	}
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// colourful reports whether w is a terminal whose user wants colour.
func colourful(w io.Writer) bool {
	return isTerminalWriter(w) && os.Getenv("NO_COLOR") == ""
}

// printer prints lines and keeps the first error.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) printf(format string, args ...any) {
	_, err := fmt.Fprintf(p.w, format, args...)
	p.note(err)
}

func (p *printer) note(err error) {
	if p.err == nil {
		p.err = err
	}
}
