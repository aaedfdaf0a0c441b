package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/ncruces/go-sqlite3"

	"andon/internal/adf"
)

// SurroundingKind is a kind of what stands around the runs of a factory.
type SurroundingKind string

// The kinds of surroundings.
const (
	SurroundingFactory     SurroundingKind = "factory" // its own facts and tags: PutFactory
	SurroundingPipelines   SurroundingKind = "pipelines"
	SurroundingTriggers    SurroundingKind = "triggers"
	SurroundingTriggerRuns SurroundingKind = "triggerRuns"
	SurroundingRuntimes    SurroundingKind = "integrationRuntimes"
)

// SurroundingState says what is known of a kind of surroundings.
type SurroundingState struct {
	AsOf    adf.Time // it was read to its end then; zero when never, which is not "there are none"
	Trouble *Trouble // why it could not be read since; nil when it could
}

// Reading is an answer of Azure about the resources of one kind.
type Reading struct {
	Factory FactoryKey
	// AsOf is when Azure answered, by its clock. What a reading says counts
	// only where nothing newer is stored, so readings may arrive in any order.
	AsOf adf.Time
	// Partial says that there may be others than those read: one was asked
	// for alone, or elements of the list had no name. Otherwise what is not
	// among them is gone.
	Partial bool
}

func (s *Store) checkReading(r Reading) error {
	if err := s.checkFactory(r.Factory); err != nil {
		return err
	}
	if r.AsOf.IsZero() {
		return &InvalidError{Field: "reading", Problem: "says not when Azure answered: give AsOf"}
	}
	return nil
}

// SetSurroundings says that a kind of surroundings of a factory was read as of
// a time, or with a trouble that it could not be: then what was known before
// stays as old as it is. PutDefinitions, PutTriggers and PutRuntimes say the
// first themselves.
func (s *Store) SetSurroundings(ctx context.Context, factory FactoryKey, kind SurroundingKind, asOf adf.Time, trouble *Trouble) error {
	if err := s.checkFactory(factory); err != nil {
		return err
	}
	var text any
	if trouble != nil {
		b, err := json.Marshal(trouble)
		if err != nil {
			return fmt.Errorf("store the trouble with the %s of factory %d: %w", kind, factory, err)
		}
		text = string(b)
	}
	err := s.submit(ctx, func(w *writer) error {
		if trouble == nil {
			return w.setAsOf(factory, kind, asOf)
		}
		return w.exec(`INSERT INTO surroundings (place_id, kind, as_of, trouble) VALUES (?, ?, 0, ?)
			ON CONFLICT DO UPDATE SET trouble = excluded.trouble`, factory, string(kind), text)
	}, func() { s.publishResource(factory, kind) })
	if err != nil {
		return fmt.Errorf("store until when the %s of factory %d were read: %w", kind, factory, err)
	}
	return nil
}

// setAsOf moves the freshness of a kind on, never back.
func (w *writer) setAsOf(factory FactoryKey, kind SurroundingKind, asOf adf.Time) error {
	return w.exec(`INSERT INTO surroundings (place_id, kind, as_of, trouble) VALUES (?, ?, ?, NULL)
		ON CONFLICT DO UPDATE SET as_of = max(as_of, excluded.as_of), trouble = NULL`, factory, string(kind), int64(asOf))
}

func (s *Store) publishResource(factory FactoryKey, kind SurroundingKind) {
	place, _ := s.dicts.place(factory)
	s.live.publish([]Change{{Kind: ChangeResource, Factory: place, Resource: kind}})
}

// SurroundingsAsOf returns what is known of each kind of surroundings of a
// factory; a kind that nobody tried to read is not in it.
func (s *Store) SurroundingsAsOf(ctx context.Context, factory FactoryKey) (map[SurroundingKind]SurroundingState, error) {
	out := map[SurroundingKind]SurroundingState{}
	b := newStmt().add("SELECT kind, as_of, trouble FROM surroundings WHERE place_id = ").arg(int64(factory))
	err := b.each(ctx, s.read, func(rows *sql.Rows) error {
		var kind SurroundingKind
		var st SurroundingState
		var trouble sql.NullString
		if err := rows.Scan(&kind, &st.AsOf, &trouble); err != nil {
			return err
		}
		if trouble.Valid {
			st.Trouble = &Trouble{}
			if err := json.Unmarshal([]byte(trouble.String), st.Trouble); err != nil {
				return err
			}
		}
		out[kind] = st
		return nil
	})
	if err != nil {
		return nil, s.unavailable(fmt.Errorf("read until when the surroundings of factory %d are known: %w", factory, err))
	}
	return out, nil
}

// arrivingResource is a resource on its way into the store.
type arrivingResource struct {
	name, etag string
	digest     []byte // of what matters of it
	packed     []byte // nil where versions hold it
}

// digestOf tells contents apart.
func digestOf(content []byte) []byte {
	sum := sha256.Sum256(content)
	return sum[:]
}

// knownResource is a row of table resource. told is the newest answer that it
// follows: an older one says nothing about it any more.
type knownResource struct {
	id         int64
	name, etag string
	digest     []byte
	gone       bool
	told       int64
}

func (w *writer) knownResources(r Reading, kind SurroundingKind) (map[string]knownResource, error) {
	known := map[string]knownResource{}
	err := w.query(`SELECT r.id, r.name_key, r.name, r.etag, r.digest, r.gone IS NOT NULL, max(r.changed, coalesce(r.gone, 0), coalesce(n.status_as_of, 0))
		FROM resource r LEFT JOIN runtime_reading n ON n.resource_id = r.id WHERE r.place_id = ? AND r.kind = ?`, func(st *sqlite3.Stmt) bool {
		known[st.ColumnText(1)] = knownResource{
			id: st.ColumnInt64(0), name: st.ColumnText(2), etag: st.ColumnText(3), digest: st.ColumnBlob(4, nil),
			gone: st.ColumnInt64(5) != 0, told: st.ColumnInt64(6),
		}
		return true
	}, r.Factory, string(kind))
	return known, err
}

// resourceChange says what a reading did to a resource.
type resourceChange int

const (
	resourceSame    resourceChange = iota
	resourceTouched                // published again, spelled otherwise, or back as it was
	resourceChanged                // new, or with another content
)

// putResources brings the resources of a kind up to date. each is told of
// every resource of the reading that the store follows, in their order, and
// lost of every one that is gone with it. changed says whether anything looks
// different.
func (w *writer) putResources(r Reading, kind SurroundingKind, list []arrivingResource, each func(i int, id int64, change resourceChange) error, lost func(id int64) error) (changed bool, err error) {
	var before int64
	err = w.queryRow("SELECT as_of FROM surroundings WHERE place_id = ? AND kind = ?", func(st *sqlite3.Stmt) { before = st.ColumnInt64(0) }, r.Factory, string(kind))
	if err != nil || int64(r.AsOf) < before {
		return false, err
	}
	known, err := w.knownResources(r, kind)
	if err != nil {
		return false, err
	}
	named := map[string]bool{}
	for i := range list {
		key := nameKey(list[i].name)
		if named[key] {
			continue // the list names it twice: the first one counts
		}
		named[key] = true
		old, isKnown := known[key]
		id, change, err := w.putResource(r, kind, key, &list[i], old, isKnown)
		if err != nil {
			return false, err
		}
		changed = changed || change != resourceSame
		if id != 0 {
			if err := each(i, id, change); err != nil {
				return false, err
			}
		}
	}
	if r.Partial {
		return changed, nil
	}
	for key, old := range known {
		if named[key] || old.gone || old.told >= int64(r.AsOf) {
			continue
		}
		changed = true
		if err := w.exec("UPDATE resource SET gone = ? WHERE id = ?", int64(r.AsOf), old.id); err != nil {
			return false, err
		}
		if err := lost(old.id); err != nil {
			return false, err
		}
	}
	return changed, w.setAsOf(r.Factory, kind, r.AsOf)
}

// putResource stores one resource. id is 0 when a newer answer has told more.
func (w *writer) putResource(r Reading, kind SurroundingKind, key string, a *arrivingResource, old knownResource, isKnown bool) (id int64, change resourceChange, err error) {
	now := int64(r.AsOf)
	if !isKnown {
		err = w.exec("INSERT INTO resource (place_id, kind, name_key, name, etag, digest, raw, since, changed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
			r.Factory, string(kind), key, a.name, a.etag, a.digest, a.packed, now, now)
		return w.conn.LastInsertRowID(), resourceChanged, err
	}
	isSame := string(a.digest) == string(old.digest)
	switch {
	case isSame && !old.gone && a.etag == old.etag && a.name == old.name:
		return old.id, resourceSame, nil
	case now <= old.told:
		return 0, resourceSame, nil
	case isSame && !old.gone:
		err = w.exec("UPDATE resource SET name = ?, etag = ?, raw = ? WHERE id = ?", a.name, a.etag, a.packed, old.id)
		return old.id, resourceTouched, err
	}
	if change = resourceChanged; isSame {
		change = resourceTouched
	}
	err = w.exec("UPDATE resource SET name = ?, etag = ?, digest = ?, raw = ?, changed = ?, gone = NULL WHERE id = ?",
		a.name, a.etag, a.digest, a.packed, now, old.id)
	return old.id, change, err
}

// storedResource is what the store knows of a resource beside its content.
type storedResource struct {
	id                   int64
	place                FactoryKey
	name                 string
	raw                  []byte // nil where versions hold it
	since, changed, gone adf.Time
}

// resources returns the resources of a kind in factories, given by their short
// ids, of all factories for none, in order of factory and name.
func (s *Store) resources(ctx context.Context, kind SurroundingKind, factories []string) ([]storedResource, error) {
	if err := s.refresh(ctx); err != nil {
		return nil, err
	}
	places, err := s.factoryIDs(factories)
	if err != nil {
		return nil, err
	}
	if factories == nil {
		places = s.dicts.placeIDs()
	}
	var out []storedResource
	err = resourcesStmt(kind, places).each(ctx, s.read, func(rows *sql.Rows) error {
		var r storedResource
		var packed []byte
		if err := rows.Scan(&r.id, &r.place, &r.name, &packed, &r.since, &r.changed, &r.gone); err != nil {
			return err
		}
		if packed != nil {
			if r.raw, err = s.codec.unpack(packed); err != nil {
				return err
			}
		}
		out = append(out, r)
		return nil
	})
	if err != nil {
		return nil, s.unavailable(fmt.Errorf("read the %s: %w", kind, err))
	}
	return out, nil
}

func resourcesStmt(kind SurroundingKind, places []int64) *stmt {
	b := newStmt().add("SELECT id, place_id, name, raw, since, changed, coalesce(gone, 0) FROM resource WHERE place_id IN ").nums(places)
	return b.add(" AND kind = ").arg(string(kind)).add(" ORDER BY place_id, name_key")
}

// nameKey is what names are compared by.
func nameKey(name string) string { return strings.ToLower(name) }
