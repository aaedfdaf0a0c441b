package api

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"andon/internal/store"
)

// BasisCause is one thing that keeps factories of a source from being read or up to
// date.
type BasisCause struct {
	Source    *string        `json:"source" doc:"Name of the source; null when unknown."`
	Kind      *string        `json:"kind" doc:"Kind of trouble, one word; null where there is none, such as for a poll that is late."`
	What      string         `json:"what" doc:"What happened."`
	Where     *string        `json:"where" doc:"In which call; of one factory where it concerns several."`
	Advice    *string        `json:"advice" doc:"What to do."`
	Command   *string        `json:"command" doc:"The commands that fix it for all factories here, one a line; null where there are none."`
	Count     int            `json:"count" doc:"Factories concerned; 0 when the source as a whole is."`
	NeverRead int            `json:"neverRead" doc:"Those of them of which nothing was ever read."`
	Factories []NamedFactory `json:"factories" nullable:"false" doc:"The first 50 of them."`
	At        NullTime       `json:"at" doc:"When it was last met."`
	RetryAt   NullTime       `json:"retryAt" doc:"When it is tried again; null when a person has to act or Azure did not say."`
}

// causes groups what keeps factories from being read or up to date. Factories
// of one source with the same trouble are one cause, and its commands are those
// of all of them without repeats. Example: 40 factories without the same right
// are one cause with one command that defines the role and 40 that assign it.
func (w *weighing) causes() []BasisCause {
	var all []*BasisCause
	find := func(source, what string) *BasisCause {
		for _, c := range all {
			if c.What == what && text(c.Source) == source {
				return c
			}
		}
		return nil
	}
	ofSource := map[string]*BasisCause{} // the trouble of a source as a whole
	for i := range w.sources {
		if s := &w.sources[i]; s.State == sourceError {
			c := &BasisCause{
				Source: &s.Source, What: cmp.Or(text(s.What), "the source can't be read"),
				Advice: s.Advice, Command: s.Command, At: s.At, RetryAt: s.RetryAt,
			}
			ofSource[s.Source] = c
			all = append(all, c)
		}
	}
	for _, f := range slices.Concat(w.by[readNever], w.by[readStale]) {
		c := ofSource[f.Source]
		t := w.troubleOf(f)
		if found := find(f.Source, t.What); f.LastError != nil || c == nil {
			c = found
		}
		if c == nil {
			c = &BasisCause{Source: orNull(f.Source), What: t.What, Advice: orNull(t.Advice), At: NullTime(t.At), RetryAt: NullTime(t.RetryAt)}
			all = append(all, c)
		}
		c.Kind, c.Where = cmp.Or(c.Kind, orNull(t.Kind)), cmp.Or(c.Where, orNull(t.Where))
		if c.RetryAt == 0 {
			c.RetryAt = NullTime(t.RetryAt)
		}
		c.Command = orNull(mergeCommands(text(c.Command), t.Command))
		c.add(f)
	}
	out := make([]BasisCause, len(all))
	for i, c := range all {
		out[i] = *c
		if c.Factories == nil {
			out[i].Factories = []NamedFactory{}
		}
	}
	return out
}

func (c *BasisCause) add(f *store.Basis) {
	c.Count++
	if f.Coverage.From.IsZero() {
		c.NeverRead++
	}
	if len(c.Factories) < mostNamed {
		c.Factories = append(c.Factories, NamedFactory{Factory: f.Short, Name: f.Name, AsOf: NullTime(f.AsOf)})
	}
}

// troubleOf returns the trouble of a factory. One without any of its own waits
// for its source, or for a poll that is late.
func (w *weighing) troubleOf(f *store.Basis) store.Trouble {
	if f.LastError != nil {
		return *f.LastError
	}
	i := slices.IndexFunc(w.sources, func(s Source) bool { return s.Source == f.Source })
	switch {
	case i < 0 || w.sources[i].State == sourceNotCollected:
		return store.Trouble{
			What:   "this server does not collect with the source of the factory",
			Advice: "configure the source again; until then its history stays as it is",
		}
	case w.sources[i].Pace != nil:
		return store.Trouble{What: *w.sources[i].Pace, Advice: text(w.sources[i].PaceAdvice)}
	default:
		return store.Trouble{
			What:   "Azure was not asked in time",
			Advice: "a check says whether Azure answers; the log says what Andon is busy with",
		}
	}
}

// mergeCommands appends the lines of more that lines lacks. A role has one
// definition in its tenant, so that definitions of one role become one that can
// be assigned wherever any of them can. Example: two factories in two
// subscriptions need one definition for both and two assignments.
func mergeCommands(lines, more string) string {
	if lines == "" || more == "" {
		return lines + more
	}
	all := strings.Split(lines, "\n")
	for line := range strings.SplitSeq(more, "\n") {
		if slices.Contains(all, line) {
			continue
		}
		if i := slices.IndexFunc(all, func(known string) bool { return mergeDefinitions(known, line) != "" }); i >= 0 {
			all[i] = mergeDefinitions(all[i], line)
			continue
		}
		all = append(all, line)
	}
	return strings.Join(all, "\n")
}

// defineRole begins the command that defines a role, before its JSON in quotes.
const defineRole = "az role definition create --role-definition '"

// mergeDefinitions returns the command that defines the role of both commands;
// "" unless both define the same role in other places.
func mergeDefinitions(a, b string) string {
	type definition struct {
		fields map[string]json.RawMessage
		places []string
		rest   string // all but the places
	}
	read := func(line string) (d definition, ok bool) {
		text, defines := strings.CutPrefix(line, defineRole)
		text, closed := strings.CutSuffix(text, "'")
		if !defines || !closed || strings.Contains(text, "'") || json.Unmarshal([]byte(text), &d.fields) != nil ||
			json.Unmarshal(d.fields[assignableScopes], &d.places) != nil {
			return d, false
		}
		others := maps.Clone(d.fields)
		delete(others, assignableScopes)
		rest, err := json.Marshal(others)
		d.rest = string(rest)
		return d, err == nil
	}
	x, isX := read(a)
	y, isY := read(b)
	if !isX || !isY || x.rest != y.rest {
		return ""
	}
	for _, place := range y.places {
		if !slices.Contains(x.places, place) {
			x.places = append(x.places, place)
		}
	}
	places, err := json.Marshal(x.places)
	if err != nil {
		return ""
	}
	x.fields[assignableScopes] = places
	text, err := json.Marshal(x.fields)
	if err != nil || strings.Contains(string(text), "'") {
		return ""
	}
	return defineRole + string(text) + "'"
}

// assignableScopes is the member of a role definition that names the places at
// which the role can be assigned.
const assignableScopes = "AssignableScopes"
