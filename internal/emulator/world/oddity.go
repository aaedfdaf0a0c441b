package world

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"time"
)

// Oddity is one way in which a row differs from what the documentation leads a client to expect, and in which real rows
// were seen, or broke a client.
type Oddity struct {
	Name       string
	What       string // what the row has, in a sentence without its full stop
	Evidence   string // section of azure.md (or azure-client.md) and tag
	Activity   bool   // shows in the activity runs of a run, not in the run's own row
	Unreadable bool   // no client can tell whose row this is
}

// Oddities lists all that the hostile scenario holds.
func Oddities() []Oddity {
	var all []Oddity
	for _, o := range oddities() {
		all = append(all, o.Oddity)
	}
	return all
}

// oddity is an Oddity and how it comes about. The row is made by the ordinary encoder and then rewritten.
type oddity struct {
	Oddity

	suits  suits
	ended  bool                       // changes nothing until the run has ended
	heavy  bool                       // so large that only a few rows have it
	change func(m *members, r *Run)   // rewrites a row; nil leaves it
	beside func(b, row []byte) []byte // appends the row and what stands beside it in a list; nil for the row alone
	apply  func(w *World, r *Run)     // changes the run itself, when it is planned
}

// suits says which runs an oddity is for, by how they end.
type suits uint8

const (
	forSucceeded suits = iota
	forFailed
	forCancelled
)

func (s suits) match(o outcome) bool {
	switch s {
	case forFailed:
		return o == failed
	case forCancelled:
		return o == cancelled
	case forSucceeded:
	}
	return o == succeeded
}

func oddities() []oddity {
	return slices.Concat(
		oddParameters(), oddNumbers(), oddDates(), oddStatuses(), oddIdentities(), oddShapes(), oddMessages(), oddEnds(),
		oddActivities(), oddActivityErrors(), oddSecrets(),
	)
}

// oddRows is what a world with odd rows knows about them.
type oddRows struct {
	table   []oddity
	byFate  [3][]uint8 // indexes into table, by outcome
	counts  map[oddCount]int
	waiting []*Run          // of the first factory, for a twin in the second
	twins   map[uint32]*Run // by number: the run of the second factory that has the id of one of the first
}

// oddCount is what runs are counted by, so that every oddity takes its turn in every factory.
type oddCount struct {
	factory *Factory
	outcome outcome
}

func newOddRows() *oddRows {
	o := &oddRows{table: oddities(), counts: map[oddCount]int{}, twins: map[uint32]*Run{}}
	for i := range o.table {
		for _, fate := range []outcome{succeeded, failed, cancelled} {
			if o.table[i].suits.match(fate) {
				o.byFate[fate] = append(o.byFate[fate], uint8(i)) // a test holds the table below 255
			}
		}
	}
	return o
}

// makeOdd gives every other run an oddity, one after the other for each factory and outcome. The runs must have their
// numbers and be in the order of their starts.
func (w *World) makeOdd(runs []*Run) {
	o := w.odd
	for _, r := range runs {
		key := oddCount{r.pipeline.factory, r.outcome}
		n := o.counts[key]
		o.counts[key]++
		turn := o.byFate[r.outcome]
		if n%2 == 1 && r.outcome == succeeded {
			continue
		}
		if r.outcome == succeeded {
			n /= 2
		}
		i := turn[n%len(turn)]
		if round := n / len(turn); o.table[i].heavy && round&(round-1) != 0 {
			continue // in the first, second, third, fifth, ninth … round only
		}
		r.oddity = i + 1
		if o.table[i].apply != nil {
			o.table[i].apply(w, r)
		}
	}
}

// pairUp gives a run of the second factory the id of one of the first.
func pairUp(w *World, r *Run) {
	o := w.odd
	switch r.pipeline.factory {
	case w.factories[0]:
		o.waiting = append(o.waiting, r)
	case w.factories[1]:
		if len(o.waiting) > 0 {
			r.number = o.waiting[0].number
			o.waiting = o.waiting[1:]
			o.twins[r.number] = r
		}
	}
}

// waverFor is how long after its end a wavering run goes on changing its status.
const waverFor = 90 * time.Second

// waver is the state of a run that has ended and has not settled: over, under way once more, over.
func (r *Run) waver(state *RunState, now instant) {
	again := r.end.add(waverFor / 3)
	if now < again {
		r.settle(state)
		state.LastUpdated = r.end.time()
		return
	}
	empty := ""
	state.Status, state.Message, state.LastUpdated = StatusInProgress, &empty, again.time()
}

// Oddity is the name of what is odd about the run's rows; empty for nearly all runs.
func (r *Run) Oddity() string {
	if r.oddity == 0 {
		return ""
	}
	return r.odd().Name
}

func (r *Run) odd() *oddity { return &r.world().odd.table[r.oddity-1] }

// AppendListed appends the run as it stands in a list: its row, with which in the hostile scenario something else may
// come.
func (r *Run) AppendListed(b []byte, s *RunState) []byte {
	if r.oddity == 0 || r.odd().beside == nil || r.odd().Activity {
		return r.AppendRow(b, s)
	}
	return r.odd().beside(b, r.AppendRow(nil, s))
}

// oddRow rewrites what follows from in b, the run's ordinary row.
func (r *Run) oddRow(b []byte, from int, s *RunState) []byte {
	o := r.odd()
	if o.Activity || o.change == nil || o.ended && !s.Terminal() {
		return b
	}
	m := membersOf(b[from:])
	o.change(&m, r)
	return m.append(b[:from])
}

// AppendActivities appends activity runs of r as they stand in a list, with commas between them.
func (r *Run) AppendActivities(b []byte, states []ActivityState) ([]byte, error) {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	for i := range states {
		text.Reset()
		if err := enc.Encode(&states[i]); err != nil {
			return nil, err
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = r.appendActivity(b, bytes.TrimSuffix(text.Bytes(), []byte("\n")), states[i].DurationInMs != nil)
	}
	return b, nil
}

func (r *Run) appendActivity(b, row []byte, ended bool) []byte {
	if r.oddity == 0 || !r.odd().Activity {
		return append(b, row...)
	}
	o := r.odd()
	if o.change != nil && (ended || !o.ended) {
		m := membersOf(row)
		o.change(&m, r)
		row = m.append(nil)
	}
	if o.beside != nil {
		return o.beside(b, row)
	}
	return append(b, row...)
}

// member is one of a JSON object, its value raw.
type member struct {
	key   string
	value []byte
}

// members are those of a JSON object in their order.
type members []member

// membersOf splits an object that this package has written.
func membersOf(object []byte) members {
	dec := json.NewDecoder(bytes.NewReader(object))
	var all members
	if _, err := dec.Token(); err != nil {
		return nil
	}
	for dec.More() {
		key, err := dec.Token()
		var value json.RawMessage
		if err != nil || dec.Decode(&value) != nil {
			return all
		}
		name, _ := key.(string)
		all = append(all, member{name, value})
	}
	return all
}

func (m members) append(b []byte) []byte {
	b = append(b, '{')
	for i := range m {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, m[i].key)
		b = append(b, ':')
		b = append(b, m[i].value...)
	}
	return append(b, '}')
}

func (m members) get(key string) []byte {
	for i := range m {
		if m[i].key == key {
			return m[i].value
		}
	}
	return nil
}

// set puts raw JSON in the place of a member, or at the end.
func (m *members) set(key, raw string) {
	for i := range *m {
		if (*m)[i].key == key {
			(*m)[i].value = []byte(raw)
			return
		}
	}
	*m = append(*m, member{key, []byte(raw)})
}

func (m *members) setText(key, text string) { m.set(key, string(appendString(nil, text))) }

func (m *members) drop(keys ...string) {
	*m = slices.DeleteFunc(*m, func(one member) bool { return slices.Contains(keys, one.key) })
}

func (m members) rename(from, to string) {
	for i := range m {
		if m[i].key == from {
			m[i].key = to
		}
	}
}

// inside changes a member that is an object.
func (m *members) inside(key string, change func(*members)) {
	if value := m.get(key); len(value) > 0 && value[0] == '{' {
		inner := membersOf(value)
		change(&inner)
		m.set(key, string(inner.append(nil)))
	}
}

// dates rewrites every date of a row; one that is null stays null.
func (m *members) dates(write func(time.Time) string) {
	for _, key := range []string{"runStart", "runEnd", "lastUpdated", "activityRunStart", "activityRunEnd"} {
		if t, ok := m.date(key); ok {
			m.set(key, strconv.Quote(write(t)))
		}
	}
}

func (m *members) date(key string) (time.Time, bool) {
	text, err := strconv.Unquote(string(m.get(key)))
	if err != nil {
		return time.Time{}, false
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	return t, err == nil
}
