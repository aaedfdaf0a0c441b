package world

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// causeText is what the failed step s of this run says, in one attempt (0 is the last, whose text the run's message wraps).
func (r *Run) causeText(s *step, attempt int) string { return r.textOf(r.cause, s, attempt) }

func (r *Run) textOf(cause uint8, s *step, attempt int) string {
	return r.fillIn(r.world().causes[cause].text, s, attempt)
}

// fillIn puts the words of this failure into a text of the table, for each %{name} one.
func (r *Run) fillIn(text string, s *step, attempt int) string {
	words := &words{
		run: r, step: s,
		rng: dice(r.world().seed, saltFailure, uint64(r.number), textKey(s.name), uint64(attempt)), //nolint:gosec // not negative
	}
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "%{")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		name, after, _ := strings.Cut(rest, "}")
		b.WriteString(words.word(name))
		text = after
	}
}

// words finds the changing words of a failure.
type words struct {
	run  *Run
	step *step
	rng  *rand.Rand

	cluster string // part of a cluster's id, which one message names twice
}

func (w *words) word(name string) string {
	if text, ok := w.place(name); ok {
		return text
	}
	when := w.run.end.time()
	switch name {
	case "guid":
		return formatGUID(w.rng.Uint64(), w.rng.Uint64())
	case "GUID":
		return strings.ToUpper(formatGUID(w.rng.Uint64(), w.rng.Uint64()))
	case "hex32":
		return fmt.Sprintf("%016x%016x", w.rng.Uint64(), w.rng.Uint64())
	case "hex16":
		return fmt.Sprintf("%016x", w.rng.Uint64())
	case "small", "small2":
		return strconv.Itoa(2 + w.rng.IntN(88))
	case "small4":
		return when.Format("0102")
	case "clock":
		return when.Format("150405")
	case "percent":
		return strconv.Itoa(41 + w.rng.IntN(58))
	case "big", "big2":
		return strconv.Itoa(10_000 + w.rng.IntN(900_000))
	case "ip":
		return fmt.Sprintf("20.%d.%d.%d", 50+w.rng.IntN(60), w.rng.IntN(256), 1+w.rng.IntN(254))
	case "letters":
		if w.cluster == "" {
			w.cluster = w.letters(8)
		}
		return w.cluster
	case "timeISO":
		return when.Format("2006-01-02 15:04:05Z")
	case "timeRFC":
		return when.Format("Mon, 02 Jan 2006 15:04:05 GMT")
	case "timeUS":
		return when.Format("1/2/2006 3:04:05 PM")
	case "day":
		return when.AddDate(0, 0, -1).Format(time.DateOnly)
	}
	return ""
}

// place is the words that depend on where the failure happened.
func (w *words) place(name string) (string, bool) {
	systems := &w.run.pipeline.factory.systems
	switch name {
	case "server":
		return systems.sqlServer, true
	case "serverName":
		host, _, _ := strings.Cut(systems.sqlServer, ".")
		return host, true
	case "database":
		return systems.database, true
	case "storage":
		return systems.lake, true
	case "databricks":
		return systems.databricks, true
	case "workspace":
		return systems.workspace, true
	case "onPremises":
		return systems.onPremises, true
	case "table", "about", "url":
		return w.step.about, true
	case "notebook":
		return lastPart(w.step.about), true
	case "activity":
		return w.step.name, true
	case "choice":
		return w.run.choiceOf(), true
	case "app":
		return guid(w.run.world().seed, saltCompany, textKey(w.run.pipeline.factory.Name), 3), true
	case "path":
		return fmt.Sprintf("landing/%s/%s/part-%05d.parquet", lastPart(w.step.about), w.run.end.time().Format("2006/01/02"), w.rng.IntN(400)), true
	}
	return "", false
}

func (w *words) letters(n int) string {
	const alphabet = "abcdefghijklmnopqrstuvwxyz"
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[w.rng.IntN(len(alphabet))]
	}
	return string(b)
}
