package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode"

	"andon/internal/adf"
)

// runWriter writes a list of runs in one of the forms of --output.
type runWriter interface {
	row(raw json.RawMessage) error
	// end closes the list. limited says that it may lack runs.
	end(asOf *string, limited bool) error
}

func newRunWriter(form string, w io.Writer) runWriter {
	switch form {
	case "json":
		return &jsonRuns{w: w}
	case "csv":
		return &csvRuns{w: csv.NewWriter(w)}
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
	_, err := fmt.Fprintf(j.w, "%s%s", lead, raw)
	return err
}

func (j *jsonRuns) end(*string, bool) error {
	text := "\n]\n"
	if !j.some {
		text = "[]\n"
	}
	_, err := io.WriteString(j.w, text)
	return err
}

// csvRuns writes one line a run, in ADF's field names.
type csvRuns struct {
	w    *csv.Writer
	some bool
}

func csvHead() []string {
	return []string{"runId", "factory", "pipelineName", "status", "runStart", "runEnd", "durationInMs", "invokedByType", "invokedByName", "message", "open", "healedBy", "runGroupId", "isLatest", "lastUpdated"}
}

func (c *csvRuns) row(raw json.RawMessage) error {
	var r runRow
	if err := json.Unmarshal(raw, &r); err != nil {
		return fmt.Errorf("a run: %w", err)
	}
	if err := c.head(); err != nil {
		return err
	}
	var byType, byName string
	if r.InvokedBy != nil {
		byType, byName = text(r.InvokedBy.InvokedByType), text(r.InvokedBy.Name)
	}
	duration := ""
	if r.DurationInMs != nil {
		duration = strconv.FormatInt(*r.DurationInMs, 10)
	}
	line := []string{
		r.RunID, r.Factory, r.PipelineName, r.Status, text(r.RunStart), text(r.RunEnd), duration,
		byType, byName, text(r.Message), strconv.FormatBool(r.Open), text(r.HealedBy), text(r.RunGroupID), strconv.FormatBool(r.IsLatest), text(r.LastUpdated),
	}
	for i := range line {
		line[i] = inert(line[i])
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

func (c *csvRuns) end(*string, bool) error {
	if err := c.head(); err != nil {
		return err
	}
	c.w.Flush()
	return c.w.Error()
}

// inert keeps a spreadsheet from running a cell as a formula: names and
// messages come from outside.
func inert(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
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
	return t.line(t.status(r), r.RunID, cut(r.PipelineName, 24), cut(r.FactoryName, 16),
		cut(r.invoker(), 20), r.start(), r.duration(), cut(text(r.Message), 120))
}

func (t *tableRuns) end(asOf *string, limited bool) error {
	if t.rows == 0 {
		said := "No runs match."
		if limited {
			said = "No known runs match."
		}
		_, err := fmt.Fprintln(t.w, said)
		return err
	}
	if asOf == nil {
		return nil
	}
	_, err := fmt.Fprintf(t.w, "%d runs, as of %s\n", t.rows, *asOf)
	return err
}

// status writes the word, with a mark, so that colour is not the only sign.
func (t *tableRuns) status(r runRow) string {
	mark, colour := "?", ""
	switch adf.Status(r.Status) { //nolint:exhaustive // an open set; the rest has the mark above
	case adf.StatusSucceeded:
		mark, colour = "✓", "32"
	case adf.StatusFailed:
		mark, colour = "✕", "31"
		if !r.Open {
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

func (r runRow) invoker() string {
	switch {
	case r.InvokedBy == nil:
		return "–"
	case r.InvokedBy.PipelineName != nil:
		return "↳ " + *r.InvokedBy.PipelineName
	case r.InvokedBy.Name != nil:
		return *r.InvokedBy.Name
	default:
		return "–"
	}
}

func (r runRow) start() string {
	if r.RunStart == nil {
		return "–"
	}
	t, err := time.Parse(time.RFC3339, *r.RunStart)
	if err != nil {
		return *r.RunStart
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

// cut shortens s to n characters on one line, without control characters that
// a terminal would obey.
func cut(s string, n int) string {
	clean := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
	if runes := []rune(clean); len(runes) > n {
		return string(runes[:n-1]) + "…"
	}
	return clean
}

// colourful reports whether w is a terminal whose user wants colour.
func colourful(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && isTerminal(f) && os.Getenv("NO_COLOR") == ""
}
