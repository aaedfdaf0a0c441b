package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"andon/internal/adf"
)

// FactoryKey is the row id of a factory in this store. It never changes and
// means nothing outside of it.
type FactoryKey int64

// Place says which factory a row belongs to.
type Place struct {
	Key   FactoryKey
	ID    adf.FactoryID // as Azure spells it
	Short string        // unique in this store and stable: the {factory} of the HTTP API
	Name  string        // as Azure spells it
}

// Factory is a factory and what this store knows of it.
type Factory struct {
	Place
	Location  string          // "" when unknown
	Tags      json.RawMessage // object of strings; nil when absent
	Source    string          // name of the source that sees it; "" for one that was only imported
	State     State           // as the collector said last; how old AsOf may be is the caller's judgement
	GoneAt    adf.Time        // since when Azure no longer lists it; zero when it does, and where that is not known
	AsOf      adf.Time        // end of the last completed window; zero before the first
	Coverage  Coverage
	Counts    map[adf.Status]int64 // all time, by status; statuses that don't occur are left out
	Runs      int64                // all time
	FirstRun  adf.Time             // oldest runStart; zero without runs
	LastRun   adf.Time             // newest runStart; zero without runs
	LastError *Trouble             // nil when all is well
	Fill      *Fill                // how the first reading of history goes on; nil before it was planned
	OddRows   int64                // rows that were kept though a field was unreadable, and rows that couldn't be kept
}

// Coverage says which part of a factory's history is really here.
type Coverage struct {
	From, To          adf.Time // of the covered time as a whole, in lastUpdated; zero when nothing is covered
	Complete          bool     // everything from WantedFrom to To is covered
	Gaps              []Window // what is missing between WantedFrom or From, whichever is earlier, and To, oldest first
	ActivitiesPending int      // finished runs whose activities are still to be read
	WantedFrom        adf.Time // where the collector means to begin; zero when it hasn't said
	DoneShare         *float64 // covered share of WantedFrom…To, 0 to 1; nil without WantedFrom
}

// State is the state of a factory's collection.
type State string

// The states of a factory.
const (
	StateFilling      State = "filling"       // history is being read for the first time
	StateFresh        State = "fresh"         // the last poll was completed
	StateStale        State = "stale"         // polls break off, and are tried again
	StateRefused      State = "refused"       // Azure refuses: a person has to act
	StateGone         State = "gone"          // Azure doesn't list the factory any more
	StateNotCollected State = "not collected" // nobody polls it
)

// Trouble is why something could not be read, and what to do about it.
type Trouble struct {
	Kind    string   `json:"kind"`    // of internal/azure's error: auth, forbidden, throttled, network …
	What    string   `json:"what"`    // a sentence
	Where   string   `json:"where"`   // the call
	Advice  string   `json:"advice"`  // a sentence
	Command string   `json:"command"` // a command that mends it; "" when there is none
	At      adf.Time `json:"at"`
	RetryAt adf.Time `json:"retryAt"` // zero when it won't be tried again
}

// Fill is how the first reading of a factory's history goes on. What is left is
// an estimate from what was read so far.
type Fill struct {
	Reason       string   `json:"reason"`       // why it stands still, a sentence; "" while it goes on or is done
	RecordsRead  int64    `json:"recordsRead"`  // for history, by earlier starts of the server too
	RecordsLeft  *int64   `json:"recordsLeft"`  // nil while unknown
	RequestsLeft *int64   `json:"requestsLeft"` // nil while unknown
	SecondsLeft  *float64 `json:"secondsLeft"`  // nil while unknown
	Ceiling      int64    `json:"ceiling"`      // records that may be read for history; 0: no ceiling
}

// FactoryState is what the collector says of a factory.
type FactoryState struct {
	State      State
	WantedFrom adf.Time // zero leaves what was said before
	Trouble    *Trouble // nil = all is well
	Fill       *Fill    // nil leaves what was said before
}

// SourceState is what the collector says of a source.
type SourceState struct {
	Source        string
	State         string // ok, error or not collected
	What          string // "" when ok
	Advice        string
	Command       string
	At            adf.Time
	Subscriptions *int // nil when unknown
}

// PutFactory adds a factory, or brings what is known of it up to date, and
// returns its place. A factory is told by its id without regard to case. Its
// short id is made of its name, with four hex digits of its id where another
// factory has that name, and never changes.
func (s *Store) PutFactory(ctx context.Context, f adf.Factory, source string) (Place, error) {
	var place Place
	changed := false
	err := s.submit(ctx, func(w *writer) (err error) {
		place, changed, err = w.putFactory(f, source)
		return err
	}, func() {
		if changed {
			s.live.publish([]Change{{Kind: ChangeFreshness, Factory: place}})
		}
	})
	if err != nil {
		return Place{}, fmt.Errorf("store factory %s: %w", f.ID, err)
	}
	return place, nil
}

func (w *writer) putFactory(f adf.Factory, source string) (Place, bool, error) {
	d := w.s.dicts
	d.mu.RLock()
	key, known := d.byARM[f.ID.Key()]
	before := d.places[key]
	d.mu.RUnlock()
	name := f.Name
	if name == "" {
		name = f.ID.Name()
	}
	if !known {
		return w.addFactory(f, name, source)
	}
	place := before
	// An import knows no more than the id: it doesn't take away what Azure told,
	// nor how Azure spells it.
	if source != "" {
		place.ID, place.Name = f.ID, name
	}
	err := w.exec(`UPDATE factory SET arm_id = ?, name = ?, location = iif(? = '', location, ?), tags = coalesce(?, tags), source = iif(? = '', source, ?)
		WHERE id = ?`, string(place.ID), place.Name, f.Location, f.Location, rawText(f.Tags), source, source, key)
	if err != nil {
		return Place{}, false, err
	}
	changed := w.conn.Changes() > 0 && place != before
	w.setPlace(place, before)
	return place, changed, nil
}

// SetReader says which source reads a factory.
func (s *Store) SetReader(ctx context.Context, factory FactoryKey, source string) error {
	err := s.submit(ctx, func(w *writer) error {
		return w.exec("UPDATE factory SET source = ? WHERE id = ?", source, factory)
	}, func() {
		place, _ := s.dicts.place(factory)
		s.live.publish([]Change{{Kind: ChangeFreshness, Factory: place}})
	})
	if err != nil {
		return fmt.Errorf("store who reads factory %d: %w", factory, err)
	}
	return nil
}

func (w *writer) addFactory(f adf.Factory, name, source string) (Place, bool, error) {
	short := w.freeShort(name, f.ID)
	err := w.exec("INSERT INTO factory (arm_key, arm_id, short, name, location, tags, source, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		f.ID.Key(), string(f.ID), short, name, f.Location, rawText(f.Tags), source, string(StateNotCollected))
	if err != nil {
		return Place{}, false, err
	}
	place := Place{Key: FactoryKey(w.conn.LastInsertRowID()), ID: f.ID, Short: short, Name: name}
	w.setPlace(place, Place{})
	return place, true, nil
}

// setPlace lets memory know a place until the transaction is rolled back.
func (w *writer) setPlace(place, before Place) {
	d := w.s.dicts
	d.mu.Lock()
	defer d.mu.Unlock()
	d.addPlace(place)
	w.undo = append(w.undo, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if before.Key != 0 {
			d.addPlace(before)
			return
		}
		delete(d.places, place.Key)
		delete(d.byShort, place.Short)
		delete(d.byARM, place.ID.Key())
	})
}

// freeShort makes a short id of a name that no other factory has.
func (w *writer) freeShort(name string, id adf.FactoryID) string {
	d := w.s.dicts
	d.mu.RLock()
	defer d.mu.RUnlock()
	slug := slugOf(name)
	sum := sha256.Sum256([]byte(id.Key()))
	digits := hex.EncodeToString(sum[:])
	short := slug
	for n := 4; ; n += 4 {
		if _, taken := d.byShort[short]; !taken || n > len(digits) {
			return short
		}
		short = slug + "-" + digits[:n]
	}
}

// slugOf keeps what can stand in a URL: a to z, digits and single hyphens.
func slugOf(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	slug := strings.TrimSuffix(b.String(), "-")
	if slug == "" {
		return "factory"
	}
	return slug
}

func rawText(raw json.RawMessage) any {
	if len(raw) == 0 {
		return nil
	}
	return string(raw)
}

// Places returns every factory, in order of their short ids.
func (s *Store) Places(ctx context.Context) ([]Place, error) {
	if err := s.refresh(ctx); err != nil {
		return nil, err
	}
	s.dicts.mu.RLock()
	defer s.dicts.mu.RUnlock()
	return slices.SortedFunc(maps.Values(s.dicts.places), func(a, b Place) int { return strings.Compare(a.Short, b.Short) }), nil
}

// SetFactoryState keeps what the collector says of a factory.
func (s *Store) SetFactoryState(ctx context.Context, factory FactoryKey, state FactoryState) error {
	var trouble any
	if state.Trouble != nil {
		b, err := json.Marshal(state.Trouble)
		if err != nil {
			return fmt.Errorf("store the trouble of factory %d: %w", factory, err)
		}
		trouble = string(b)
	}
	var fill any
	if state.Fill != nil {
		b, err := json.Marshal(state.Fill)
		if err != nil {
			return fmt.Errorf("store how the history of factory %d is read: %w", factory, err)
		}
		fill = string(b)
	}
	err := s.submit(ctx, func(w *writer) error {
		return w.exec(`UPDATE factory SET state = ?, trouble = ?, wanted_from = iif(? = 0, wanted_from, ?), fill = coalesce(?, fill),
			gone_at = iif(?, iif(state = ?, gone_at, ?), NULL) WHERE id = ?`,
			string(state.State), trouble, int64(state.WantedFrom), int64(state.WantedFrom), fill,
			boolInt(state.State == StateGone), string(StateGone), int64(adf.TimeOf(s.now())), factory)
	}, func() {
		place, _ := s.dicts.place(factory)
		s.live.publish([]Change{{Kind: ChangeFreshness, Factory: place}})
	})
	if err != nil {
		return fmt.Errorf("store the state of factory %d: %w", factory, err)
	}
	return nil
}

// SetSourceState keeps what the collector says of a source.
func (s *Store) SetSourceState(ctx context.Context, state SourceState) error {
	var subscriptions any
	if state.Subscriptions != nil {
		subscriptions = int64(*state.Subscriptions)
	}
	err := s.submit(ctx, func(w *writer) error {
		return w.exec("INSERT OR REPLACE INTO source_state (source, state, what, advice, command, at, subscriptions) VALUES (?, ?, ?, ?, ?, ?, ?)",
			state.Source, state.State, state.What, state.Advice, state.Command, int64(state.At), subscriptions)
	}, nil)
	if err != nil {
		return fmt.Errorf("store the state of source %q: %w", state.Source, err)
	}
	return nil
}

// Sources returns the state of every source, in order of their names.
func (s *Store) Sources(ctx context.Context) ([]SourceState, error) {
	var out []SourceState
	err := newStmt().add("SELECT source, state, what, advice, command, at, subscriptions FROM source_state ORDER BY source").each(ctx, s.read, func(rows *sql.Rows) error {
		var st SourceState
		if err := rows.Scan(&st.Source, &st.State, &st.What, &st.Advice, &st.Command, &st.At, &st.Subscriptions); err != nil {
			return err
		}
		out = append(out, st)
		return nil
	})
	if err != nil {
		return nil, s.unavailable(fmt.Errorf("read the sources: %w", err))
	}
	return out, nil
}

// Factories returns every factory, in order of their short ids.
func (s *Store) Factories(ctx context.Context) ([]Factory, error) {
	if err := s.refresh(ctx); err != nil {
		return nil, err
	}
	out, err := s.readFactories(ctx, "")
	if err != nil {
		return nil, s.unavailable(fmt.Errorf("read the factories: %w", err))
	}
	return out, nil
}

// Factory returns one factory by its short id, or a NotFoundError.
func (s *Store) Factory(ctx context.Context, short string) (Factory, error) {
	if err := s.refresh(ctx); err != nil {
		return Factory{}, err
	}
	out, err := s.readFactories(ctx, short)
	if err != nil {
		return Factory{}, s.unavailable(fmt.Errorf("read factory %s: %w", short, err))
	}
	if len(out) == 0 {
		return Factory{}, &NotFoundError{What: "factory " + short}
	}
	return out[0], nil
}

// readFactories reads one factory, or all for "".
func (s *Store) readFactories(ctx context.Context, short string) ([]Factory, error) {
	out, err := s.factoryRows(ctx, short, true)
	if err != nil || len(out) == 0 {
		return nil, err
	}
	if _, err := s.coverFactories(ctx, out); err != nil {
		return nil, err
	}
	return out, s.countFactories(ctx, out)
}

// factoryRows reads what a factory's own row holds, and with ends when its
// oldest and newest run started.
func (s *Store) factoryRows(ctx context.Context, short string, ends bool) ([]Factory, error) {
	b := newStmt().add("SELECT id, arm_id, short, name, location, tags, source, as_of, state, coalesce(gone_at, 0), wanted_from, trouble, fill, odd_rows, unread")
	for _, end := range []string{"min", "max"} {
		if !ends {
			b.add(", 0")
			continue
		}
		b.add(", coalesce((SELECT ", end, "(run_start) FROM run INDEXED BY run_key WHERE factory_id = factory.id), 0)")
	}
	b.add(" FROM factory")
	if short != "" {
		b.add(" WHERE short = ").arg(short)
	}
	b.add(" ORDER BY short")
	var out []Factory
	err := b.each(ctx, s.read, func(rows *sql.Rows) error {
		var f Factory
		var tags, trouble, fill sql.NullString
		err := rows.Scan(&f.Key, &f.ID, &f.Short, &f.Name, &f.Location, &tags, &f.Source, &f.AsOf, &f.State, &f.GoneAt, &f.Coverage.WantedFrom, &trouble, &fill,
			&f.OddRows, &f.Coverage.ActivitiesPending, &f.FirstRun, &f.LastRun)
		if err != nil {
			return err
		}
		if tags.Valid {
			f.Tags = json.RawMessage(tags.String)
		}
		if trouble.Valid {
			f.LastError = &Trouble{}
			if err := json.Unmarshal([]byte(trouble.String), f.LastError); err != nil {
				return err
			}
		}
		if fill.Valid {
			f.Fill = &Fill{}
			if err := json.Unmarshal([]byte(fill.String), f.Fill); err != nil {
				return err
			}
		}
		s.tellTrouble(&f)
		out = append(out, f)
		return nil
	})
	return out, err
}
