package doctor

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// stepWidth is the widest name of a step.
const stepWidth = len("integrationRuntimeStatus")

// WriteText writes the report for a terminal. Nothing in it is told by colour.
func (r *Report) WriteText(w io.Writer) error {
	b := bufio.NewWriter(w)
	t := text{b}
	if len(r.Settings) > 0 {
		t.part("settings")
		t.steps(r.Settings)
	}
	for _, s := range r.Sources {
		t.part("source " + s.Name)
		t.steps(s.Steps)
		for _, f := range s.Factories {
			t.part("factory " + f.ID)
			t.steps(f.Steps)
		}
		if len(s.NotLookedAt) > 0 {
			t.part(count(len(s.NotLookedAt), "further factory was", "further factories were") + " not looked at (--all looks at each)")
			for _, id := range s.NotLookedAt {
				t.line("  " + id)
			}
		}
	}
	if r.Store != nil {
		t.part("store " + r.Store.Address)
		t.steps(r.Store.Steps)
	}
	t.line("")
	t.line(r.Summary())
	return b.Flush()
}

// Summary counts the steps in one sentence.
func (r *Report) Summary() string {
	n := map[Status]int{}
	for step := range r.Steps {
		n[step.Status]++
	}
	parts := []string{}
	for _, s := range []Status{Failed, Warning, NotReached, OK} {
		if n[s] > 0 {
			parts = append(parts, strconv.Itoa(n[s])+" "+word(s))
		}
	}
	return strings.Join(parts, ", ") + "."
}

// Steps yields every step, in the order of the text.
func (r *Report) Steps(yield func(Step) bool) {
	lists := [][]Step{r.Settings}
	for _, s := range r.Sources {
		lists = append(lists, s.Steps)
		for _, f := range s.Factories {
			lists = append(lists, f.Steps)
		}
	}
	if r.Store != nil {
		lists = append(lists, r.Store.Steps)
	}
	for _, list := range lists {
		for _, s := range list {
			if !yield(s) {
				return
			}
		}
	}
}

// text writes lines; the writer keeps the first error.
type text struct{ b *bufio.Writer }

func (t text) line(s string) {
	_, _ = t.b.WriteString(strings.TrimRight(s, " ") + "\n") // Flush returns the error
}

func (t text) part(title string) { t.line(printable(title)) }

func (t text) steps(steps []Step) {
	said := ""
	for _, s := range steps {
		t.line(fmt.Sprintf("  %s %-*s  %-11s  %s", mark(s.Status), stepWidth, s.Step, word(s.Status), printable(s.What)))
		if e := s.Evidence.String(); e != "" {
			t.line("      evidence: " + printable(e))
		}
		if s.Advice != "" {
			t.line("      next: " + printable(s.Advice))
		}
		if s.Command != "" && s.Command == said {
			t.line("      $ … (as above)")
			continue
		}
		said = cmp.Or(s.Command, said)
		for line := range strings.SplitSeq(s.Command, "\n") {
			if line != "" {
				t.line("      $ " + printable(line))
			}
		}
	}
}

func mark(s Status) string {
	switch s {
	case OK:
		return "✓"
	case Failed:
		return "✗"
	case Warning:
		return "!"
	default:
		return "?"
	}
}

func word(s Status) string {
	if s == NotReached {
		return "not reached"
	}
	return string(s)
}

// String returns what there is of the evidence; "" where there is none.
func (e *Evidence) String() string {
	if e == nil {
		return ""
	}
	var parts []string
	add := func(format, value string) {
		if value != "" {
			parts = append(parts, fmt.Sprintf(format, value))
		}
	}
	switch {
	case e.Host != "" && e.Call != "":
		parts = append(parts, e.Call+" at "+e.Host)
	default:
		add("%s", e.Call+e.Host)
	}
	if e.HTTPStatus != 0 {
		parts = append(parts, "HTTP "+strconv.Itoa(e.HTTPStatus))
	}
	add("%s", e.Code)
	add("action %s", e.Action)
	add("scope %s", e.Scope)
	if e.RetryAt != nil {
		parts = append(parts, "not before "+e.RetryAt.UTC().Format(time.RFC3339))
	}
	add("%q", e.System)
	return strings.Join(parts, ", ")
}

// printable keeps a terminal from obeying what came from outside.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == utf8.RuneError {
			return ' '
		}
		return r
	}, s)
}
